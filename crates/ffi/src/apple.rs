//! What a feed needs to take Apple's buffers.

#[cfg(target_vendor = "apple")]
use std::fmt;
#[cfg(target_vendor = "apple")]
use std::sync::{Arc, Mutex};
#[cfg(not(target_vendor = "apple"))]
use std::time::Instant;

#[cfg(target_vendor = "apple")]
use onair::av::capture::apple::{Screen, host_clock};
use onair::av::clock::{Clock, HostClock};

/// What a feed needs to take Apple's buffers.
#[derive(Clone, Debug)]
pub(crate) struct Apple {
    pub(crate) host: HostClock,
    #[cfg(target_vendor = "apple")]
    pub(crate) screen: SharedScreen,
}

impl Apple {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            host: host_clock(clock),
            #[cfg(target_vendor = "apple")]
            screen: SharedScreen::default(),
        }
    }
}

/// A simulated host's time begins when a feed does.
#[cfg(not(target_vendor = "apple"))]
fn host_clock(clock: Clock) -> HostClock {
    HostClock::anchored(clock, Instant::now(), 0)
}

/// A feed's screen, made for its first sample.
#[cfg(target_vendor = "apple")]
#[derive(Clone, Default)]
pub(crate) struct SharedScreen(pub(crate) Arc<Mutex<Option<Screen>>>);

#[cfg(target_vendor = "apple")]
impl fmt::Debug for SharedScreen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedScreen(..)")
    }
}
