use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The least of what was measured within a window: of a line's round trips, the one without a queue.
#[derive(Debug)]
pub(super) struct Least<T> {
    window: Duration,
    /// Each later and more than the one before, so that the first is the least.
    rising: VecDeque<(Instant, T)>,
}

/// More are not kept: the least of the oldest are what matters.
const MAX_KEPT: usize = 1100;

impl<T: Copy + PartialOrd> Least<T> {
    pub(super) const fn new(window: Duration) -> Self {
        Self {
            window,
            rising: VecDeque::new(),
        }
    }

    /// Notes a measure.
    pub(super) fn push(&mut self, at: Instant, measure: T) {
        while self.rising.back().is_some_and(|(_, more)| *more >= measure) {
            self.rising.pop_back();
        }
        self.rising.push_back((at, measure));
        while self.rising.len() > MAX_KEPT {
            self.rising.pop_front();
        }
        self.forget(at, self.window);
    }

    /// Forgets what is older than a time.
    pub(super) fn forget(&mut self, at: Instant, time: Duration) {
        let is_old = |(then, _): &(Instant, T)| at.saturating_duration_since(*then) > time;
        while self.rising.front().is_some_and(is_old) {
            self.rising.pop_front();
        }
    }

    /// `None` while nothing was measured.
    pub(super) fn get(&self) -> Option<T> {
        self.rising.front().map(|(_, measure)| *measure)
    }
}
