//! A second of real video and audio, for tests.

use std::time::Duration;

use onair_av::capture::{TestCard, Tone};
use onair_av::encode::{AudioEncoder, AudioSettings, VideoEncoder, VideoSettings};
use onair_av::{AudioSource, VideoSource};
use onair_media::{Bitrate, FrameRate, Packet, Size, Timestamp};

/// A picture every 33 ms, a keyframe every half second.
pub(super) fn video(size: Size, frames: usize) -> Vec<Packet> {
    let rate = FrameRate::new(30, 1).unwrap();
    let settings = VideoSettings {
        bitrate: Bitrate::kbps(400),
        keyframe_interval: Duration::from_millis(500),
        ..VideoSettings::new(size, rate)
    };
    let mut encoder = VideoEncoder::open(&settings).unwrap();
    let mut card = TestCard::new(size, rate);
    let mut packets = Vec::new();
    for _ in 0..frames {
        let frame = card.next_frame().unwrap().unwrap();
        packets.extend(encoder.encode(&frame, false).unwrap());
    }
    packets
}

/// A tone, always from the same beginning.
pub(super) fn audio(length: Duration) -> Vec<Packet> {
    let mut encoder = AudioEncoder::open(&AudioSettings::default()).unwrap();
    let mut tone = Tone::new(48_000, 2);
    let mut packets: Vec<Packet> = Vec::new();
    let end = Timestamp::ZERO + length;
    while packets.last().is_none_or(|packet| packet.dts < end) {
        let samples = tone.next_samples().unwrap().unwrap();
        packets.extend(encoder.encode(&samples).unwrap());
    }
    packets
}

/// Both, in decoding order.
pub(super) fn interleaved(frames: usize) -> Vec<Packet> {
    let mut packets = video(Size::new(160, 96), frames);
    let length = packets.last().map_or(0, |packet| packet.dts.as_millis());
    packets.extend(audio(Duration::from_millis(length.unsigned_abs())));
    packets.sort_by_key(|packet| packet.dts);
    packets
}
