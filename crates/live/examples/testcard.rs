//! Puts a test card and a tone on air: `cargo run --example testcard rtmp://localhost/live/key`
#![expect(clippy::print_stderr, reason = "an example talks")]

use std::time::Duration;

use onair::av::capture::{TestCard, Tone};
use onair::media::{FrameRate, Size};
use onair::rtmp::Url;
use onair::{Broadcast, Event};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url: Url = std::env::args().nth(1).ok_or("which URL?")?.parse()?;
    let rate = FrameRate::new(30, 1).ok_or("no rate")?;
    let broadcast = Broadcast::builder()
        .video(TestCard::new(Size::new(1280, 720), rate))
        .audio(Tone::new(48_000, 2))
        .duration(Duration::from_secs(10))
        .to(url)
        .start()?;
    while let Some(event) = broadcast.next_event() {
        match event {
            Event::Live { after, .. } => eprintln!("on air after {after:?}"),
            Event::Refused { failure, .. } => eprintln!("{failure}"),
            Event::Reconnecting { failure, delay, .. } => {
                eprintln!("{failure}; again in {delay:?}")
            }
            Event::Ended(report) => eprintln!("{}", report.reason),
            _ => {}
        }
    }
    Ok(())
}
