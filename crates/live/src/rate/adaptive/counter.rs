use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::tuning::KEPT;

/// A count that grows, and what it was a short time ago.
#[derive(Debug, Default)]
pub(super) struct Counter {
    samples: VecDeque<(Instant, u64)>,
}

/// More samples than one each [`INTERVAL`](super::tuning::INTERVAL) makes are not kept.
const MAX_SAMPLES: usize = 400;

impl Counter {
    /// Notes the count; a count that went back stays where it was.
    pub(super) fn push(&mut self, at: Instant, count: u64) {
        let count = count.max(self.now());
        self.samples.push_back((at, count));
        let is_old = |(then, _): &(Instant, u64)| at.saturating_duration_since(*then) > KEPT;
        while self.samples.len() > MAX_SAMPLES || self.samples.front().is_some_and(is_old) {
            self.samples.pop_front();
        }
    }

    /// What was counted last.
    pub(super) fn now(&self) -> u64 {
        self.samples.back().map_or(0, |(_, count)| *count)
    }

    /// What had been counted at a time, or at the first time that is remembered.
    pub(super) fn at(&self, at: Instant) -> u64 {
        let later = self.samples.partition_point(|(then, _)| *then <= at);
        let sample = self.samples.get(later.saturating_sub(1));
        sample.map_or(0, |(_, count)| *count)
    }

    /// What was counted since.
    pub(super) fn since(&self, at: Instant) -> u64 {
        self.now().saturating_sub(self.at(at))
    }

    /// The rate in the last `window`, or in what is remembered of it; zero if that is nothing.
    pub(super) fn rate(&self, window: Duration) -> f64 {
        let (Some((first, _)), Some((last, _))) = (self.samples.front(), self.samples.back())
        else {
            return 0.0;
        };
        let from = last
            .checked_sub(window)
            .map_or(*first, |from| from.max(*first));
        let seconds = last.saturating_duration_since(from).as_secs_f64();
        if seconds > 0.0 {
            self.since(from) as f64 / seconds
        } else {
            0.0
        }
    }
}
