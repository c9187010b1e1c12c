//! Packets for tests: well-formed configurations, payloads of any size.
#![forbid(unsafe_code)]

mod configs;

pub use configs::Configs;

use std::sync::Arc;

use onair_media::{AudioConfig, Config, Packet, Timestamp, VideoConfig};

/// A sequence parameter set: 1280x720, Baseline.
pub const SPS: &[u8] = &[
    0x67, 0x42, 0xC0, 0x1F, 0xDA, 0x01, 0x40, 0x16, 0xE8, 0x06, 0xD0, 0xA1, 0x35,
];

/// Two picture parameter sets: one decoder configuration each.
const PPS: [&[u8]; 2] = [&[0x68, 0xCE, 0x3C, 0x80], &[0x68, 0xCE, 0x3C, 0x81]];

/// AAC-LC, 48 kHz, stereo.
const ASC: &[u8] = &[0x11, 0x90];

/// H.264 Baseline, 1280x720.
pub fn video_config() -> Arc<VideoConfig> {
    let [config, _] = Configs::new().video;
    config
}

/// AAC-LC, 48 kHz, stereo.
pub fn audio_config() -> Arc<AudioConfig> {
    Configs::new().audio
}

/// A video packet of `size` bytes at `millis`, filled with its time.
pub fn video_packet(millis: i64, keyframe: bool, size: usize) -> Packet {
    packet(Config::Video(video_config()), millis, keyframe, size)
}

/// An audio packet of 20 bytes at `millis`.
pub fn audio_packet(millis: i64) -> Packet {
    packet(Config::Audio(audio_config()), millis, true, 20)
}

/// Video 40 ms apart, a keyframe every `gop` packets, audio in between.
pub fn stream(frames: i64, gop: i64) -> Vec<Packet> {
    let pair = |i: i64| {
        [
            video_packet(i * 40, i % gop == 0, 100),
            audio_packet(i * 40 + 20),
        ]
    };
    (0..frames).flat_map(pair).collect()
}

fn packet(config: Config, millis: i64, keyframe: bool, size: usize) -> Packet {
    let mark = millis.to_be_bytes();
    let payload: Vec<u8> = mark.iter().copied().cycle().take(size).collect();
    Packet {
        config,
        pts: Timestamp::from_millis(millis),
        dts: Timestamp::from_millis(millis),
        duration: None,
        keyframe,
        payload: payload.into(),
    }
}
