//! Real video and audio to send.

use std::time::Duration;

use onair::av::capture::{TestCard, Tone};
use onair::av::encode::{AudioEncoder, AudioSettings, VideoEncoder, VideoSettings};
use onair::av::{AudioSource, VideoSource};
use onair::media::{Bitrate, FrameRate, Packet, Size};

/// A second and a half at 30 frames a second, a keyframe each half second, and a tone.
pub(crate) fn clip() -> Vec<Packet> {
    let mut packets = pictures(45);
    packets.extend(tone(66));
    packets.sort_by_key(|packet| packet.dts);
    packets
}

pub(crate) fn pictures(count: usize) -> Vec<Packet> {
    let rate = FrameRate::new(30, 1).unwrap();
    let size = Size::new(160, 96);
    let settings = VideoSettings {
        bitrate: Bitrate::kbps(400),
        keyframe_interval: Duration::from_millis(500),
        ..VideoSettings::new(size, rate)
    };
    let mut encoder = VideoEncoder::open(&settings).unwrap();
    let mut card = TestCard::new(size, rate);
    let frames = (0..count).map(|_| card.next_frame().unwrap().unwrap());
    frames
        .flat_map(|frame| encoder.encode(&frame, false).unwrap())
        .collect()
}

fn tone(count: usize) -> Vec<Packet> {
    let mut encoder = AudioEncoder::open(&AudioSettings::default()).unwrap();
    let mut tone = Tone::new(48_000, 2);
    let mut packets = Vec::new();
    while packets.len() < count {
        let samples = tone.next_samples().unwrap().unwrap();
        packets.extend(encoder.encode(&samples).unwrap());
    }
    packets
}
