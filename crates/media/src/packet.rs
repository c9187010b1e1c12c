use std::time::Duration;

use bytes::Bytes;

use crate::{Config, Kind, Timestamp};

/// One access unit of video or one frame of audio, compressed.
///
/// Every packet names the configuration it needs to be decoded with, so a
/// queue may drop any of its neighbours without losing a parameter set. The
/// clone is two reference counts: no payload byte is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// What a decoder must be set up with before this packet.
    pub config: Config,
    /// When it is shown or heard.
    pub pts: Timestamp,
    /// When it is decoded; never decreases within a track.
    pub dts: Timestamp,
    /// How long it lasts, where the source says so.
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

    /// What it costs to hold it, in bytes, but for the configuration that packets share: tiny ones
    /// are not free.
    pub const fn weight(&self) -> usize {
        OVERHEAD + self.payload.len()
    }

    /// True for an IDR picture: where a viewer, or a GOP, can begin.
    pub const fn is_video_keyframe(&self) -> bool {
        self.keyframe && matches!(self.config, Config::Video(_))
    }
}

/// What it takes to hold a packet of any size: a list that has grown is up to twice as large as
/// what is in it, and a payload has its own allocation.
const OVERHEAD: usize = 2 * size_of::<Packet>() + 64;
