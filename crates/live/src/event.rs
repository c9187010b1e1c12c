use std::fmt;
use std::time::Duration;

use onair_media::{Bitrate, FrameRate, Size, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Failure, Gap, Report};

/// Something that happened to a broadcast. Destinations are named by the order in which they were added.
#[derive(Clone, Debug)]
pub enum Event {
    /// A connection is being opened.
    Connecting {
        /// Which destination.
        destination: usize,
        /// Counts from 1 in each outage.
        attempt: u32,
    },
    /// The server agreed to the publish: the stream is on air.
    Live {
        /// Which destination.
        destination: usize,
        /// How long after [`Event::Connecting`].
        after: Duration,
        /// How the server calls itself, if it does.
        server: Option<String>,
    },
    /// The server said no, in its own words.
    Refused {
        /// Which destination.
        destination: usize,
        /// With its [`refusal`](Failure::refusal).
        failure: Failure,
    },
    /// The connection was lost, or never came about; another attempt follows.
    Reconnecting {
        /// Which destination.
        destination: usize,
        /// What happened.
        failure: Failure,
        /// The last media time that was sent.
        at: Timestamp,
        /// The number of the coming attempt in this outage.
        attempt: u32,
        /// How long until it is made.
        delay: Duration,
    },
    /// The line lags: this much media waits for it. Told once, until the queue has recovered.
    Congested {
        /// Which destination.
        destination: usize,
        /// The media time waiting.
        queued: Duration,
    },
    /// The line carries less than was asked for, and video takes less. Told when that matters, and not
    /// at each change: [`Stats`](crate::Stats) has them all.
    BitrateLimited {
        /// Which destination.
        destination: usize,
        /// What is left for video.
        bitrate: Bitrate,
        /// What was asked for.
        wanted: Bitrate,
        /// What the line carries of everything, audio and all.
        carries: Bitrate,
    },
    /// The line carries what was asked for again.
    BitrateRestored {
        /// Which destination.
        destination: usize,
        /// What video takes.
        bitrate: Bitrate,
    },
    /// Video was shed or lost.
    Dropped {
        /// Which destination.
        destination: usize,
        /// How many frames this gap has.
        frames: u64,
        /// From when to when, in media time.
        gap: Gap,
    },
    /// The server asked us to reconnect, and we do.
    ReconnectRequested {
        /// Which destination.
        destination: usize,
        /// The server's own words.
        description: String,
    },
    /// Another connection has taken over from the one that was on air, or was until it failed; told
    /// right after the new one's [`Live`](Self::Live).
    HandedOver {
        /// Which destination.
        destination: usize,
        /// The address that was on air, its key redacted; the first one, if none was yet.
        from: String,
        /// The address that is on air now, likewise: often the same.
        to: String,
        /// What made it necessary.
        why: HandoverReason,
    },
    /// The system took the video encoder away; until it is back, the last IDR picture goes out
    /// again and again.
    EncoderLost {
        /// In the system's words.
        why: String,
    },
    /// There is a video encoder again, and it begins with an IDR picture.
    EncoderBack,
    /// From now on a smaller picture is encoded, or fewer of them, because a line carries no more; or
    /// a larger one, because it does.
    PictureChanged {
        /// The size.
        size: Size,
        /// How many a second.
        frame_rate: FrameRate,
        /// Whether that is what was asked for.
        is_full: bool,
        /// What the weakest line carries of everything, if that is known.
        carries: Option<Bitrate>,
    },
    /// From now on audio is encoded at another rate, or is all that is sent, because a line carries no
    /// more; or pictures are sent beside it again, because it does.
    AudioChanged {
        /// What audio takes.
        bitrate: Bitrate,
        /// What was asked for.
        wanted: Bitrate,
        /// No pictures are sent.
        is_alone: bool,
        /// None were sent until now: they begin again with an IDR picture.
        was_alone: bool,
        /// What the weakest line carries of everything; `None` if that is no limit any more.
        carries: Option<Bitrate>,
    },
    /// Something a person should know; the broadcast goes on.
    Warning {
        /// Which destination it is about, if one.
        destination: Option<usize>,
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
        destination: usize,
        /// Why it failed; `None` when it ended as asked.
        failure: Option<Failure>,
    },
    /// The broadcast is over. Nothing follows.
    Ended(Report),
}

/// Declares the reasons once, so that the list of them is complete.
macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident: $words:literal,)*) => {
        /// Why another connection takes over. `Display` says it in words.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum HandoverReason {
            $($(#[$doc])* $name,)*
        }

        impl HandoverReason {
            /// Each of them once.
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }

        impl fmt::Display for HandoverReason {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$name => $words,)*
                })
            }
        }
    };
}

reasons! {
    /// Nothing that was sent arrived any more.
    Stalled: "nothing arrived any more",
    /// The application [asked](crate::Broadcast::reconnect_now) for it.
    Asked: "a new connection was asked for",
    /// The system has found another way to the network, and would take it.
    NetworkChanged: "there is another way to the network",
    /// The server asked for it.
    ServerAsked: "the server asked for it",
    /// The destination's other address failed.
    Failed: "the other address failed",
    /// The destination's first address answers again.
    Recovered: "the first address answers again",
}
