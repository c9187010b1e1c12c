//! The format: one line after the other.

use std::time::Duration;

use onair_media::{Bitrate, FrameRate, Size};
use serde::{Deserialize, Serialize};

use super::machine::Machine;
use super::rate;
use crate::queue::PacketQueue;
use crate::rate::{Arbiter, AudioLadder, PictureLadder, RateLaw};
use crate::reconnect::Reconnect;
use crate::{Event, Fault, HandoverReason};

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    /// The version of the format.
    pub(super) onair_trace: u32,
    /// The program's version.
    pub(super) version: String,
    /// How its rate law behaves: see [`rate::fingerprint`].
    pub(super) law: String,
}

/// The version of the format that is written and read here.
pub(super) const FORMAT: u32 = 1;

impl Header {
    pub(super) fn of_this() -> Self {
        Self {
            onair_trace: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            law: rate::fingerprint().to_owned(),
        }
    }
}

/// A call: nanoseconds since the beginning, the machine's number, what it was called with, and what
/// came of it, if anything.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub(crate) struct Note<M: Machine>(
    pub(super) u64,
    pub(super) u32,
    pub(super) M::Call,
    pub(super) Option<M::Says>,
);

/// Any line but the first.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Line {
    Rate(Note<Box<dyn RateLaw>>),
    Arbiter(Note<Arbiter>),
    Picture(Note<PictureLadder>),
    Audio(Note<AudioLadder>),
    Reconnect(Note<Reconnect>),
    Failover(Note<crate::failover::Failover>),
    Progress(Note<crate::handover::Progress>),
    Handover(Note<crate::handover::Handover>),
    Queue(Note<PacketQueue>),
    /// A frame that was left out before the encoder, because this many bytes waited for a line, and
    /// no more than so many should.
    Frame(u64, u64, u64),
    /// The system has other routes or addresses than before.
    Network(u64),
    Told(u64, Told),
    Ordered(u64, Order),
    End(End),
}

/// The last line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct End {
    /// Calls that were not written: the disk was too slow, or the file had grown too large.
    pub(super) missed: u64,
}

/// What the user wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// A keyframe.
    Keyframe,
    /// New connections.
    Reconnect,
    /// One more destination.
    Add(usize),
    /// One less.
    Remove(usize),
    /// Another attempt.
    Retry(usize),
    /// The end.
    Stop,
}

/// An event without words. Destinations are named as in [`Event`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(
    missing_docs,
    reason = "as in `Event`; times in nanoseconds, rates in bits a second"
)]
pub enum Told {
    Connecting {
        destination: usize,
        attempt: u32,
    },
    Live {
        destination: usize,
        after: u64,
    },
    Refused {
        destination: usize,
        fault: Fault,
    },
    Reconnecting {
        destination: usize,
        fault: Fault,
        attempt: u32,
        delay: u64,
    },
    Congested {
        destination: usize,
        queued: u64,
    },
    BitrateLimited {
        destination: usize,
        bitrate: u64,
        wanted: u64,
        carries: u64,
    },
    BitrateRestored {
        destination: usize,
        bitrate: u64,
    },
    /// From and to in milliseconds of media time.
    Dropped {
        destination: usize,
        frames: u64,
        from: i64,
        to: i64,
    },
    ReconnectRequested {
        destination: usize,
    },
    HandedOver {
        destination: usize,
        /// To its other address.
        is_elsewhere: bool,
        why: HandoverReason,
    },
    EncoderLost,
    EncoderBack,
    PictureChanged {
        size: [u32; 2],
        rate: [u32; 2],
        is_full: bool,
    },
    AudioChanged {
        bitrate: u64,
        wanted: u64,
        is_alone: bool,
        was_alone: bool,
        carries: Option<u64>,
    },
    Warning {
        destination: Option<usize>,
    },
    RecordingFailed,
    DestinationEnded {
        destination: usize,
        fault: Option<Fault>,
    },
    Ended {
        ok: bool,
    },
}

impl From<&Event> for Told {
    #[expect(clippy::too_many_lines, reason = "one arm an event")]
    fn from(event: &Event) -> Self {
        match *event {
            Event::Connecting {
                destination,
                attempt,
            } => Self::Connecting {
                destination,
                attempt,
            },
            Event::Live {
                destination, after, ..
            } => Self::Live {
                destination,
                after: nanos(after),
            },
            Event::Refused {
                destination,
                ref failure,
            } => Self::Refused {
                destination,
                fault: failure.fault,
            },
            Event::Reconnecting {
                destination,
                ref failure,
                attempt,
                delay,
                ..
            } => Self::Reconnecting {
                destination,
                fault: failure.fault,
                attempt,
                delay: nanos(delay),
            },
            Event::Congested {
                destination,
                queued,
            } => Self::Congested {
                destination,
                queued: nanos(queued),
            },
            Event::BitrateLimited {
                destination,
                bitrate,
                wanted,
                carries,
            } => Self::BitrateLimited {
                destination,
                bitrate: bitrate.as_bps(),
                wanted: wanted.as_bps(),
                carries: carries.as_bps(),
            },
            Event::BitrateRestored {
                destination,
                bitrate,
            } => Self::BitrateRestored {
                destination,
                bitrate: bitrate.as_bps(),
            },
            Event::Dropped {
                destination,
                frames,
                gap,
            } => Self::Dropped {
                destination,
                frames,
                from: gap.from.as_millis(),
                to: gap.to.as_millis(),
            },
            Event::ReconnectRequested { destination, .. } => {
                Self::ReconnectRequested { destination }
            }
            Event::HandedOver {
                destination,
                ref from,
                ref to,
                why,
            } => Self::HandedOver {
                destination,
                is_elsewhere: from != to,
                why,
            },
            Event::EncoderLost { .. } => Self::EncoderLost,
            Event::EncoderBack => Self::EncoderBack,
            Event::PictureChanged {
                size,
                frame_rate,
                is_full,
                ..
            } => Self::PictureChanged {
                size: sides(size),
                rate: ratio(frame_rate),
                is_full,
            },
            Event::AudioChanged {
                bitrate,
                wanted,
                is_alone,
                was_alone,
                carries,
            } => Self::AudioChanged {
                bitrate: bitrate.as_bps(),
                wanted: wanted.as_bps(),
                is_alone,
                was_alone,
                carries: bps(carries),
            },
            Event::Warning { destination, .. } => Self::Warning { destination },
            Event::RecordingFailed { .. } => Self::RecordingFailed,
            Event::DestinationEnded {
                destination,
                ref failure,
            } => Self::DestinationEnded {
                destination,
                fault: failure.as_ref().map(|failure| failure.fault),
            },
            Event::Ended(ref report) => Self::Ended { ok: report.ok },
        }
    }
}

pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

pub(super) fn bps(bitrate: Option<Bitrate>) -> Option<u64> {
    bitrate.map(Bitrate::as_bps)
}

pub(super) const fn sides(size: Size) -> [u32; 2] {
    [size.width, size.height]
}

pub(super) const fn ratio(rate: FrameRate) -> [u32; 2] {
    [rate.numerator(), rate.denominator()]
}
