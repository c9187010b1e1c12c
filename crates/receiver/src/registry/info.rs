use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::StreamName;
use crate::address::Neighbour;

/// Who publishes a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Origin {
    /// The address it comes from; left out of JSON when it is empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub peer: String,
    /// How it comes.
    pub kind: PublisherKind,
    /// The publisher's name for itself; empty if unknown.
    pub software: String,
}

impl Origin {
    /// A publisher at `peer` that calls itself `software`.
    pub fn new(peer: impl Into<String>, kind: PublisherKind, software: impl Into<String>) -> Self {
        Self {
            peer: peer.into(),
            kind,
            software: software.into(),
        }
    }

    /// The neighbour of its address; all without an address are one.
    pub(super) fn neighbour(&self) -> Neighbour {
        let peer = self.peer.parse().map(|peer: SocketAddr| peer.ip());
        peer.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED)).into()
    }
}

/// How a stream comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum PublisherKind {
    /// Over RTMP or RTMPS.
    Rtmp,
    /// From a page's `WebSocket`.
    Browser,
    /// From a broadcast in the same program.
    Broadcast,
}

/// What is known about a live stream.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StreamInfo {
    /// The name it is played by.
    pub name: StreamName,
    /// When it went live, in seconds after 1970.
    pub since: u64,
    /// Who publishes it.
    pub publisher: Origin,
    /// True while its publisher is gone and may come back.
    pub interrupted: bool,
    /// While it is held for a publisher that is gone or sends nothing: since when, and for how long.
    pub held: Option<HeldInfo>,
    /// The video, once there is any.
    pub video: Option<VideoInfo>,
    /// The audio, once there is any.
    pub audio: Option<AudioInfo>,
    /// The encoder, by its metadata; empty if unknown.
    pub encoder: String,
    /// The number of present viewers.
    pub viewers: usize,
    /// Pictures that slow viewers did not get.
    pub dropped_frames: u64,
    /// Packets that came in.
    pub packets: u64,
    /// Payload bytes that came in.
    pub bytes: u64,
    /// What the publisher sends that reaches nobody, such as another codec, and why, in words.
    pub left_out: Vec<String>,
}

/// A stream that is held for its publisher.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct HeldInfo {
    /// Seconds since the publisher's last media.
    pub for_s: f64,
    /// Seconds after which the stream ends if nobody publishes it again.
    pub remaining_s: f64,
}

impl HeldInfo {
    pub(super) fn new(silence: Duration, hold: Duration) -> Self {
        Self {
            for_s: silence.as_secs_f64(),
            remaining_s: hold.saturating_sub(silence).as_secs_f64(),
        }
    }
}

/// A stream's video. Rates are those of the last seconds, in media time.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct VideoInfo {
    /// The codec as media types name it, for instance `avc1.640028`.
    pub codec: String,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Pictures per second.
    pub frame_rate: Option<f64>,
    /// Bits per second.
    pub bitrate_bps: Option<u64>,
    /// Seconds from one keyframe to the next.
    pub keyframe_interval_s: Option<f64>,
    /// True while every frame is a keyframe.
    pub keyframes_only: bool,
    /// Frames that the publisher left out of a steady rhythm, by its own clock.
    pub missing_frames: u64,
}

/// A stream's audio.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AudioInfo {
    /// The codec as media types name it, for instance `mp4a.40.2`.
    pub codec: String,
    /// Samples per second in each channel.
    pub sample_rate: u32,
    /// Number of channels.
    pub channels: u8,
    /// Bits per second.
    pub bitrate_bps: Option<u64>,
}

/// Seconds after 1970.
pub(super) fn now_in_seconds() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
