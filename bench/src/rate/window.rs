use std::collections::VecDeque;
use std::time::{Duration, Instant};

use onair_media::Bitrate;

/// A count, and what it was up to a while ago.
#[derive(Debug, Default)]
pub struct Window {
    samples: VecDeque<(Instant, u64)>,
}

impl Window {
    /// Notes a count, and forgets what is older than `kept`.
    pub fn push(&mut self, at: Instant, count: u64, kept: Duration) {
        self.samples.push_back((at, count));
        while self
            .samples
            .front()
            .is_some_and(|(then, _)| at - *then > kept)
        {
            self.samples.pop_front();
        }
    }

    /// The rate from the oldest count to the newest.
    pub fn rate(&self) -> Bitrate {
        match (self.samples.front(), self.samples.back()) {
            (Some(first), Some(last)) => Bitrate::of(last.1 - first.1, last.0 - first.0),
            _ => Bitrate::default(),
        }
    }

    /// For how long the count has been more than `count`.
    pub fn age_of(&self, count: u64) -> Duration {
        let passed = self.samples.partition_point(|(_, then)| *then <= count);
        match (self.samples.get(passed), self.samples.back()) {
            (Some((since, _)), Some((now, _))) => *now - *since,
            _ => Duration::ZERO,
        }
    }
}
