//! Where "live" is in a stream: how far its media had come at a given moment. Pure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use onair_media::Timestamp;

/// The newest frame there could be, judged by the quickest frames of the last seconds.
///
/// A frame arrives when its publisher, encoder and line are done with it, some sooner than others.
/// The one that arrived soonest after its own time tells best where that clock is now.
#[derive(Debug)]
pub(crate) struct LiveEdge {
    /// Before anything came.
    start: Instant,
    /// When frames came, and the stream's time minus ours by each, in nanoseconds, in falling
    /// order.
    seen: VecDeque<(Instant, i128)>,
}

impl LiveEdge {
    pub(crate) const fn new(start: Instant) -> Self {
        Self {
            start,
            seen: VecDeque::new(),
        }
    }

    /// A frame with this time arrives.
    pub(crate) fn observe(&mut self, now: Instant, time: Timestamp) {
        let ahead = i128::from(time.as_nanos()) - self.nanos(now);
        // One that a newer one beats will never be the best again.
        while self.seen.back().is_some_and(|(_, other)| *other <= ahead) {
            self.seen.pop_back();
        }
        // The best is in front: if there is no room, the newest replaces the one before it.
        self.seen.truncate(MAX_SEEN - 1);
        self.seen.push_back((now, ahead));
        while self.is_old(now) {
            self.seen.pop_front();
        }
    }

    /// The time of the frame that would arrive now if all were as quick; `None` before the first.
    pub(crate) fn time(&self, now: Instant) -> Option<Timestamp> {
        let (_, ahead) = self.seen.front()?;
        let time = i64::try_from(ahead + self.nanos(now)).ok()?;
        Some(Timestamp::from_nanos(time))
    }

    fn is_old(&self, now: Instant) -> bool {
        let first = self.seen.front();
        let age = first.map(|(at, _)| now.saturating_duration_since(*at));
        age.is_some_and(|age| age > WINDOW) && self.seen.len() > 1
    }

    fn nanos(&self, now: Instant) -> i128 {
        let since = now.saturating_duration_since(self.start).as_nanos();
        i128::try_from(since).unwrap_or(i128::MAX)
    }
}

const WINDOW: Duration = Duration::from_secs(8);
/// More than a stream in which each frame is later than the one before; bounds the memory.
const MAX_SEEN: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    const fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn the_quickest_frame_says_where_live_is() {
        let start = Instant::now();
        let mut edge = LiveEdge::new(start);
        assert_eq!(edge.time(start), None);
        for (arrival, time) in [(50, 0), (70, 33), (140, 66), (150, 100)] {
            edge.observe(start + ms(arrival), at(time));
        }
        assert_eq!(edge.time(start + ms(1037)), Some(at(1000)));
    }

    #[test]
    fn a_burst_from_the_past_does_not_hold_it_back_and_an_old_truth_is_forgotten() {
        let start = Instant::now();
        let mut edge = LiveEdge::new(start);
        for frame in 0..60 {
            edge.observe(start, at(frame * 33));
        }
        assert_eq!(edge.time(start), Some(at(59 * 33)));
        // The publisher's clock stands still for a second: within the window it is believed.
        for frame in 0..400_i64 {
            let arrival = ms(1000 + frame.unsigned_abs() * 33);
            edge.observe(start + arrival, at(2000 + frame * 33));
        }
        let now = start + ms(1000 + 399 * 33);
        assert_eq!(edge.time(now), Some(at(2000 + 399 * 33)));
    }

    #[test]
    fn what_it_remembers_is_bounded_and_the_best_stays() {
        let start = Instant::now();
        let mut edge = LiveEdge::new(start);
        for frame in 0..10_000_u32 {
            edge.observe(start + Duration::from_micros(u64::from(frame)), at(0));
        }
        assert!(edge.seen.len() <= MAX_SEEN);
        assert_eq!(edge.time(start), Some(at(0)), "the first was the quickest");
    }
}
