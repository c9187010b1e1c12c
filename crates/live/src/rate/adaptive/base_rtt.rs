use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::tuning::RTT_WINDOW;

/// The line's round trip without a queue: the least in a window.
#[derive(Debug, Default)]
pub(super) struct BaseRtt {
    /// Each later and longer than the one before, so that the first is the least.
    rising: VecDeque<(Instant, Duration)>,
}

/// A longer round trip than this is no line's.
const LONGEST: Duration = Duration::from_secs(1);

/// More are not kept: the least of the oldest are what matters.
const MAX_KEPT: usize = 1100;

impl BaseRtt {
    /// Notes a round trip.
    pub(super) fn push(&mut self, at: Instant, rtt: Duration) {
        while self.rising.back().is_some_and(|(_, longer)| *longer >= rtt) {
            self.rising.pop_back();
        }
        self.rising.push_back((at, rtt));
        let is_old =
            |(then, _): &(Instant, Duration)| at.saturating_duration_since(*then) > RTT_WINDOW;
        while self.rising.len() > MAX_KEPT || self.rising.front().is_some_and(is_old) {
            self.rising.pop_front();
        }
    }

    /// Zero while none is known.
    pub(super) fn least(&self) -> Duration {
        let least = self.rising.front().map_or(Duration::ZERO, |(_, rtt)| *rtt);
        least.min(LONGEST)
    }
}
