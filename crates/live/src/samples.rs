//! Packets for tests.

use onair_media::Packet;
use onair_samples::{audio_packet, video_packet};

/// A video packet of 1000 bytes at `millis`.
pub(crate) fn video(millis: i64, keyframe: bool) -> Packet {
    video_packet(millis, keyframe, 1000)
}

/// An audio packet of 100 bytes at `millis`.
pub(crate) fn audio(millis: i64) -> Packet {
    Packet {
        payload: vec![0; 100].into(),
        ..audio_packet(millis)
    }
}
