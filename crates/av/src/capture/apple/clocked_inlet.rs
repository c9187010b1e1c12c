use std::time::Instant;

use onair_media::Timestamp;

use super::host_time;
use crate::capture::{AudioInlet, FrameInlet};
use crate::clock::{Clock, HostClock};

/// An inlet with the host's clock on its broadcast's timeline.
#[derive(Clone, Debug)]
pub(super) struct ClockedInlet<I> {
    pub(super) inlet: I,
    time: HostClock,
}

impl ClockedInlet<FrameInlet> {
    pub(super) fn of_video(inlet: FrameInlet) -> Self {
        let time = host_clock(inlet.clock());
        Self { inlet, time }
    }
}

impl ClockedInlet<AudioInlet> {
    pub(super) fn of_audio(inlet: AudioInlet) -> Self {
        let time = host_clock(inlet.clock());
        Self { inlet, time }
    }
}

impl<I> ClockedInlet<I> {
    /// Where `host`, in nanoseconds of the host's clock, is on the broadcast's timeline.
    pub(super) const fn timestamp(&self, host: i64) -> Timestamp {
        self.time.timestamp(host)
    }
}

/// Core Media's host time on `clock`'s timeline. Both clocks stand still while the machine sleeps,
/// so one reading ties them together for good.
pub fn host_clock(clock: Clock) -> HostClock {
    HostClock::anchored(clock, Instant::now(), host_time::now())
}
