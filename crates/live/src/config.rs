use std::path::PathBuf;
use std::time::Duration;

use onair_media::{Bitrate, Size};

use crate::rate::Adaptive;

/// Which servers to trust when the address demands that they prove their identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// A PEM file of certificates to trust besides the system's: of authorities, or of a server
    /// itself, which is then trusted whatever name and date its certificate has.
    pub ca: Option<PathBuf>,
    /// Accept any certificate: for tests on one's own network. A warning announces it.
    pub insecure: bool,
}

/// Whether to try again, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// False: the first failure is the last.
    pub enabled: bool,
    /// How many attempts in a row may fail before the destination is given up.
    pub max_attempts: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            enabled: true,
            max_attempts: 100,
        }
    }
}

impl RetryPolicy {
    /// Never try again.
    pub const NEVER: Self = Self {
        enabled: false,
        max_attempts: 0,
    };
}

/// How fast media that is not live by nature is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Pace {
    /// As fast as it is watched.
    #[default]
    Realtime,
    /// As fast as the slowest destination takes it; nothing is ever shed.
    Max,
}

/// How video that is encoded here adapts to lines that carry less than was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Adapt {
    /// The least bitrate to which a line may bring video down; by size when `None`.
    pub min: Option<Bitrate>,
    /// Whether smaller pictures are encoded where a line carries no more; otherwise fewer of them.
    pub sizes: SizeChanges,
}

/// When pictures may change their size in the middle of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SizeChanges {
    /// Where no destination is of a service that is not known to take it.
    #[default]
    WhereTaken,
    /// Whatever the destinations are.
    Always,
    /// Not at all.
    Never,
}

impl Adapt {
    /// The least bitrate for video of a size.
    pub(crate) fn min_for(self, size: Size) -> Bitrate {
        self.min.unwrap_or_else(|| Adaptive::min_for(size))
    }
}

/// How much a destination's queue may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The media time between its ends.
    pub(crate) time: Duration,
    /// The payload bytes.
    pub(crate) bytes: usize,
}

impl Limits {
    /// What a live broadcast tolerates as lateness; the bytes only guard against absurd streams.
    pub(crate) const REALTIME: Self = Self {
        time: Duration::from_millis(1500),
        bytes: 16 * 1024 * 1024,
    };
    /// Enough to keep a fast line busy between two wake-ups of the reader, and no more: bytes
    /// that have left the processor's cache cost more to send.
    pub(crate) const MAX_PACE: Self = Self {
        time: Duration::MAX,
        bytes: 256 * 1024,
    };
    /// What a recording may lag behind while its disk is busy.
    pub(crate) const RECORDING: Self = Self {
        time: Duration::MAX,
        bytes: 64 * 1024 * 1024,
    };
}
