//! Packets for tests: well-formed configurations, payloads of any size.
#![forbid(unsafe_code)]

use std::sync::Arc;

use bytes::Bytes;
use onair_media::{AudioConfig, Config, Packet, Timestamp, VideoConfig};

/// 1280x720, Baseline.
const SPS: &[u8] = &[
    0x67, 0x42, 0xC0, 0x1F, 0xDA, 0x01, 0x40, 0x16, 0xE8, 0x06, 0xD0, 0xA1, 0x35,
];
const PPS: &[u8] = &[0x68, 0xCE, 0x3C, 0x80];

/// H.264 Baseline, 1280x720.
///
/// # Panics
///
/// Never: the parameter sets are good.
pub fn video_config() -> Arc<VideoConfig> {
    let sets = |set: &'static [u8]| [Bytes::from_static(set)];
    let config = VideoConfig::from_parameter_sets(&sets(SPS), &sets(PPS));
    Arc::new(config.expect("good parameter sets"))
}

/// AAC-LC, 48 kHz, stereo.
///
/// # Panics
///
/// Never: the configuration is good.
pub fn audio_config() -> Arc<AudioConfig> {
    let config = AudioConfig::aac(Bytes::from_static(&[0x11, 0x90]));
    Arc::new(config.expect("a good AudioSpecificConfig"))
}

/// A video packet of so many bytes at so many milliseconds, its time written all over it.
pub fn video_packet(millis: i64, keyframe: bool, size: usize) -> Packet {
    packet(Config::Video(video_config()), millis, keyframe, size)
}

/// An audio packet of 20 bytes at so many milliseconds.
pub fn audio_packet(millis: i64) -> Packet {
    packet(Config::Audio(audio_config()), millis, true, 20)
}

/// Video 40 ms apart, a keyframe every `gop` packets, audio in between.
pub fn stream(pictures: i64, gop: i64) -> Vec<Packet> {
    let pair = |i: i64| {
        [
            video_packet(i * 40, i % gop == 0, 100),
            audio_packet(i * 40 + 20),
        ]
    };
    (0..pictures).flat_map(pair).collect()
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
