//! Passes camera frames through the VideoToolbox backend, over an encoder that does
//! nothing, for a profiler to count: `glue_cost FRAMES PAYLOAD_BYTES`. See
//! `bench/glue.py`.

use std::error::Error;
use std::hint::black_box;

use onair_av::apple::PixelBuffer;
use onair_av::encode::{VideoEncoder, VideoSettings};
use onair_av::{I420, Surface, VideoFrame};
use onair_av_sim::{Canned, Delivery, Sim};
use onair_media::{FrameRate, Size, Timestamp};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut number = || {
        arguments
            .next()
            .ok_or("FRAMES PAYLOAD_BYTES")
            .map(|text| text.parse())
    };
    let (frames, payload): (u64, usize) = (number()??, usize::try_from(number()??)?);
    let sim = Sim::begin();
    sim.turn(|knobs| {
        knobs.delivery = Delivery::Inline;
        knobs.canned = Some(canned(payload));
    });
    let size = Size::new(1280, 720);
    let rate = FrameRate::new(30, 1).ok_or("no rate")?;
    let settings = VideoSettings {
        encoder: Some("videotoolbox".to_owned()),
        ..VideoSettings::new(size, rate)
    };
    let mut encoder = VideoEncoder::open(&settings)?;
    let frame = PixelBuffer::from_i420(&I420::black(size))?;
    for index in 0..frames {
        let timestamp = Timestamp::ZERO + rate.time_of(index);
        pass(&mut encoder, &frame, timestamp)?;
    }
    Ok(())
}

/// What is counted: from the camera's buffer to the packets, until they are let go.
#[inline(never)]
fn pass(
    encoder: &mut VideoEncoder,
    frame: &PixelBuffer,
    timestamp: Timestamp,
) -> Result<(), onair_av::Error> {
    let surface = Surface::PixelBuffer(frame.clone());
    let packets = encoder.encode(&VideoFrame { surface, timestamp }, false)?;
    assert_eq!(black_box(packets).len(), 1, "a packet for each frame");
    Ok(())
}

fn canned(payload: usize) -> Canned {
    let unit = |head: u8| {
        [&4_u32.to_be_bytes()[..], &[head, 0, 0, 0]]
            .concat()
            .repeat(payload / 8)
    };
    Canned {
        sets: vec![SPS.to_vec(), PPS.to_vec()],
        keyframe: unit(0x65),
        other: unit(0x41),
    }
}

/// High profile, 1280x720.
const SPS: [u8; 25] = [
    0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00,
    0x10, 0x00, 0x00, 0x03, 0x03, 0xc0, 0xf1, 0x83, 0x19,
];
const PPS: [u8; 6] = [0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0];
