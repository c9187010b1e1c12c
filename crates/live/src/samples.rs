//! Packets for tests.
use std::sync::Arc;

use bytes::Bytes;
use onair_media::{
    AudioCodec, AudioConfig, Config, Packet, Size, Timestamp, VideoCodec, VideoConfig,
};

/// A picture of 1000 bytes at so many milliseconds.
pub(crate) fn video(millis: i64, keyframe: bool) -> Packet {
    let config = VideoConfig {
        codec: VideoCodec::H264,
        size: Size::new(16, 16),
        frame_rate: None,
        decoder_config: Bytes::from_static(b"avcC"),
    };
    packet(Config::Video(Arc::new(config)), millis, keyframe, 1000)
}

/// A frame of sound of 100 bytes at so many milliseconds.
pub(crate) fn audio(millis: i64) -> Packet {
    let config = AudioConfig {
        codec: AudioCodec::Aac,
        sample_rate: 48_000,
        channels: 2,
        decoder_config: Bytes::from_static(&[0x11, 0x90]),
    };
    packet(Config::Audio(Arc::new(config)), millis, true, 100)
}

fn packet(config: Config, millis: i64, keyframe: bool, size: usize) -> Packet {
    Packet {
        config,
        pts: Timestamp::from_millis(millis),
        dts: Timestamp::from_millis(millis),
        duration: None,
        keyframe,
        payload: Bytes::from(vec![0; size]),
    }
}
