use std::time::Duration;

use onair::media::{Bitrate, Timestamp};

use crate::{Failure, Gap, Report};

/// Something that happened to a broadcast. Destinations are numbered from 0, in the order in which
/// they were given.
#[derive(Clone, Debug, PartialEq, uniffi::Enum)]
#[non_exhaustive]
pub enum Event {
    /// A connection is being opened.
    Connecting {
        /// Which destination.
        destination: u32,
        /// Counts from 1 in each outage.
        attempt: u32,
    },
    /// The server agreed to the publish: the stream is on air.
    Live {
        /// Which destination.
        destination: u32,
        /// How long after [`Event::Connecting`].
        after: Duration,
        /// The server's name for itself, if it has one.
        server: Option<String>,
    },
    /// The server said no, in its own words.
    Refused {
        /// Which destination.
        destination: u32,
        /// With its `refusal`.
        failure: Failure,
    },
    /// The connection was lost, or never came about; another attempt follows.
    Reconnecting {
        /// Which destination.
        destination: u32,
        /// What happened.
        failure: Failure,
        /// The last media time that was sent.
        at: Duration,
        /// The number of the coming attempt in this outage.
        attempt: u32,
        /// How long until it is made.
        delay: Duration,
    },
    /// The line lags: this much media waits for it. Told once, until the queue has recovered.
    Congested {
        /// Which destination.
        destination: u32,
        /// The media time waiting.
        queued: Duration,
    },
    /// The line carries less than was asked for, and video takes less. Told when that matters, and
    /// not at each change.
    BitrateLimited {
        /// Which destination.
        destination: u32,
        /// What is left for video, in bits a second.
        bitrate: u64,
        /// What was asked for.
        wanted: u64,
        /// What the line carries of everything, audio and all.
        carries: u64,
    },
    /// The line carries what was asked for again.
    BitrateRestored {
        /// Which destination.
        destination: u32,
        /// What video takes, in bits a second.
        bitrate: u64,
    },
    /// Video was shed or lost.
    Dropped {
        /// Which destination.
        destination: u32,
        /// How many frames this gap has.
        frames: u64,
        /// From when to when, in media time.
        gap: Gap,
    },
    /// The server asked us to reconnect, and we do.
    ReconnectRequested {
        /// Which destination.
        destination: u32,
        /// The server's own words.
        description: String,
    },
    /// Another connection has taken over from the one that was on air, or was until it failed; told
    /// right after the new one's `live`.
    HandedOver {
        /// Which destination.
        destination: u32,
        /// The address that was on air, its key redacted; the first one, if none was yet.
        from: String,
        /// The address that is on air now, likewise: often the same.
        to: String,
        /// What made it necessary.
        why: HandoverReason,
    },
    /// The system took the video encoder away; until it is back, the last keyframe goes out again
    /// and again.
    EncoderLost {
        /// In the system's words.
        why: String,
    },
    /// There is a video encoder again, and it begins with a keyframe.
    EncoderBack,
    /// From now on a smaller picture is encoded, or fewer of them, because a line carries no more; or
    /// a larger one, because it does.
    PictureChanged {
        /// The width, in pixels.
        width: u32,
        /// The height, in pixels.
        height: u32,
        /// Pictures a second.
        frame_rate: f64,
        /// Whether that is what was asked for.
        is_full: bool,
        /// What the weakest line carries of everything, if that is known.
        carries: Option<u64>,
    },
    /// From now on audio is encoded at another rate, or is all that is sent, because a line carries no
    /// more; or pictures are sent beside it again, because it does.
    AudioChanged {
        /// What audio takes, in bits a second.
        bitrate: u64,
        /// What was asked for.
        wanted: u64,
        /// No pictures are sent.
        is_alone: bool,
        /// None were sent until now.
        was_alone: bool,
        /// What the weakest line carries of everything; `None` if that is no limit any more.
        carries: Option<u64>,
    },
    /// Something a person should know; the broadcast goes on.
    Warning {
        /// Which destination it is about, if one.
        destination: Option<u32>,
        /// In words.
        message: String,
    },
    /// The local recording stopped; the broadcast goes on.
    RecordingFailed {
        /// What happened.
        reason: String,
    },
    /// A destination is done, for good.
    DestinationEnded {
        /// Which destination.
        destination: u32,
        /// Why it failed; `None` when it ended as asked.
        failure: Option<Failure>,
    },
    /// Nobody asked for events for so long that the oldest were dropped.
    Missed {
        /// How many.
        events: u64,
    },
    /// The broadcast is over. Nothing follows.
    Ended {
        /// What it did.
        report: Report,
    },
}

impl From<onair::Event> for Event {
    #[expect(clippy::too_many_lines, reason = "a table: one row for each event")]
    fn from(event: onair::Event) -> Self {
        use onair::Event as E;
        match event {
            E::Connecting {
                destination,
                attempt,
            } => Self::Connecting {
                destination: number(destination),
                attempt,
            },
            E::Live {
                destination,
                after,
                server,
            } => Self::Live {
                destination: number(destination),
                after,
                server,
            },
            E::Reconnecting {
                destination,
                failure,
                at,
                attempt,
                delay,
            } => Self::Reconnecting {
                destination: number(destination),
                failure: failure.into(),
                at: at.since(Timestamp::ZERO),
                attempt,
                delay,
            },
            E::DestinationEnded {
                destination,
                failure,
            } => Self::DestinationEnded {
                destination: number(destination),
                failure: failure.map(Into::into),
            },
            E::EncoderLost { why } => Self::EncoderLost { why },
            E::EncoderBack => Self::EncoderBack,
            E::PictureChanged {
                size,
                frame_rate,
                is_full,
                carries,
            } => Self::PictureChanged {
                width: size.width,
                height: size.height,
                frame_rate: frame_rate.as_f64(),
                is_full,
                carries: carries.map(Bitrate::as_bps),
            },
            E::AudioChanged {
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
                carries: carries.map(Bitrate::as_bps),
            },
            E::RecordingFailed { reason } => Self::RecordingFailed { reason },
            E::Ended(report) => Self::Ended {
                report: report.into(),
            },
            E::Refused {
                destination,
                failure,
            } => Self::Refused {
                destination: number(destination),
                failure: failure.into(),
            },
            E::Congested {
                destination,
                queued,
            } => Self::Congested {
                destination: number(destination),
                queued,
            },
            E::BitrateLimited {
                destination,
                bitrate,
                wanted,
                carries,
            } => Self::BitrateLimited {
                destination: number(destination),
                bitrate: bitrate.as_bps(),
                wanted: wanted.as_bps(),
                carries: carries.as_bps(),
            },
            E::BitrateRestored {
                destination,
                bitrate,
            } => Self::BitrateRestored {
                destination: number(destination),
                bitrate: bitrate.as_bps(),
            },
            E::Dropped {
                destination,
                frames,
                gap,
            } => Self::Dropped {
                destination: number(destination),
                frames,
                gap: gap.into(),
            },
            E::ReconnectRequested {
                destination,
                description,
            } => Self::ReconnectRequested {
                destination: number(destination),
                description,
            },
            E::HandedOver {
                destination,
                from,
                to,
                why,
            } => Self::HandedOver {
                destination: number(destination),
                from,
                to,
                why: why.into(),
            },
            E::Warning {
                destination,
                message,
            } => Self::Warning {
                destination: destination.map(number),
                message,
            },
        }
    }
}

/// Why another connection takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum HandoverReason {
    /// Nothing that was sent arrived any more.
    Stalled,
    /// The application asked for it.
    Asked,
    /// The system has found another way to the network (Linux; on Apple's systems the application asks).
    NetworkChanged,
    /// The server asked for it.
    ServerAsked,
    /// The destination's other address failed.
    Failed,
    /// The destination's first address answers again.
    Recovered,
}

impl From<onair::HandoverReason> for HandoverReason {
    fn from(why: onair::HandoverReason) -> Self {
        match why {
            onair::HandoverReason::Stalled => Self::Stalled,
            onair::HandoverReason::Asked => Self::Asked,
            onair::HandoverReason::NetworkChanged => Self::NetworkChanged,
            onair::HandoverReason::ServerAsked => Self::ServerAsked,
            onair::HandoverReason::Failed => Self::Failed,
            onair::HandoverReason::Recovered => Self::Recovered,
        }
    }
}

fn number(destination: usize) -> u32 {
    u32::try_from(destination).unwrap_or(u32::MAX)
}
