//! Writes seconds of the test card as YUV4MPEG2 to standard output:
//!
//! ```text
//! cargo run -p onair-av --example testcard -- 1280x720 30 5 | ffplay -
//! ```

use std::io::{self, BufWriter};

use onair_av::capture::{TestCard, VideoSource, Y4mWriter};
use onair_av::{Error, Surface};
use onair_media::{FrameRate, Size};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |default: &str| arguments.next().unwrap_or_else(|| default.into());
    let size: Size = next("1280x720").parse()?;
    let rate: FrameRate = next("30").parse()?;
    let seconds: f64 = next("5").parse()?;
    Ok(write(size, rate, seconds)?)
}

fn write(size: Size, rate: FrameRate, seconds: f64) -> Result<(), Error> {
    let mut card = TestCard::new(size, rate);
    let mut out = Y4mWriter::new(BufWriter::new(io::stdout().lock()), size, rate)?;
    while let Some(frame) = card.next_frame()? {
        if frame.timestamp.as_secs_f64() >= seconds {
            break;
        }
        if let Surface::I420(image) = &frame.surface {
            out.write(image)?;
        }
    }
    Ok(())
}
