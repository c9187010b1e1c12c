use std::time::Duration;

use bytes::Bytes;

use crate::{Config, Kind, Timestamp};

/// One access unit of video or one frame of audio, compressed.
///
/// Every packet names the configuration that decodes it, so that a queue may drop any of its
/// neighbours without losing a parameter set. Cloning is two reference counts: no payload byte is
/// copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// What a decoder must be set up with before this packet.
    pub config: Config,
    /// When it is shown or heard.
    pub pts: Timestamp,
    /// When it is decoded; never decreases within a track.
    pub dts: Timestamp,
    /// How long it lasts, if the source says so.
    pub duration: Option<Duration>,
    /// True when decoding can start here: an IDR picture, or any audio frame.
    pub keyframe: bool,
    /// H.264 and HEVC: NAL units each behind a length of
    /// [`VideoConfig::length_size`](crate::VideoConfig::length_size), never start codes. AAC: one raw data block, never ADTS.
    pub payload: Bytes,
}

impl Packet {
    /// Whether this is video or audio.
    pub const fn kind(&self) -> Kind {
        self.config.kind()
    }

    /// What it costs to hold, in bytes, without the configuration that packets share: even tiny
    /// packets cost something.
    pub const fn weight(&self) -> usize {
        OVERHEAD + self.payload.len()
    }

    /// True for an IDR picture: where a viewer, or a GOP, can begin.
    pub const fn is_video_keyframe(&self) -> bool {
        self.keyframe && matches!(self.config, Config::Video(_))
    }
}

/// What holding any packet costs: a list that has grown may be twice as large as its content, and a
/// payload has its own allocation.
const OVERHEAD: usize = 2 * size_of::<Packet>() + 64;
