use std::time::Instant;

use super::{LinkSample, RateAdvice, RateLaw};

/// Runs a connection's law, and knows when it wants to see the line.
#[derive(Debug)]
pub(crate) struct Follower {
    law: Box<dyn RateLaw>,
    next: Option<Instant>,
}

impl Follower {
    pub(crate) fn new(law: Box<dyn RateLaw>, now: Instant) -> Self {
        let next = law.interval().map(|interval| now + interval);
        Self { law, next }
    }

    /// From when on to call [`update`](Self::update), if ever.
    pub(crate) const fn deadline(&self) -> Option<Instant> {
        self.next
    }

    /// When to wake up for that: at once if something waits for the line, and otherwise later, since
    /// the next packet is soon reason enough to be awake.
    pub(crate) fn wake_up(&self, is_waiting: bool) -> Option<Instant> {
        let lenience = if is_waiting { 0 } else { 9 };
        Some(self.next? + self.law.interval()? * lenience)
    }

    /// Shows the law the line as it is.
    pub(crate) fn update(&mut self, sample: &LinkSample) -> RateAdvice {
        self.next = self.law.interval().map(|interval| sample.at + interval);
        self.law.update(sample)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use onair_media::Bitrate;

    use super::super::Unlimited;
    use super::*;

    const EVERY: Duration = Duration::from_millis(10);

    /// A law by which the line carries what arrives within an interval.
    #[derive(Debug, Default)]
    struct Arriving(u64);

    impl RateLaw for Arriving {
        fn interval(&self) -> Option<Duration> {
            Some(EVERY)
        }

        fn update(&mut self, sample: &LinkSample) -> RateAdvice {
            let acked = sample.acked().unwrap_or(0);
            let arrived = acked - std::mem::replace(&mut self.0, acked);
            RateAdvice {
                bitrate: Some(Bitrate::of(arrived, EVERY)),
                ..RateAdvice::default()
            }
        }
    }

    fn sample(at: Instant, written: u64) -> LinkSample {
        LinkSample {
            at,
            queue_age: Duration::ZERO,
            queued: 0,
            pending: 0,
            written,
            unsent: Some(300),
            unacked: Some(200),
            late: None,
            delivery: None,
            rtt: None,
            min_rtt: None,
            encoded: written,
            asked: Bitrate::kbps(4000),
            most: Bitrate::kbps(4000),
            audio: Bitrate::kbps(128),
        }
    }

    #[test]
    fn a_law_sees_the_line_as_often_as_it_wants() {
        let began = Instant::now();
        let mut follower = Follower::new(Box::new(Arriving::default()), began);
        for (step, written, kbps) in [(1, 1750, 1000), (2, 3000, 1000), (3, 3000, 0)] {
            let at = began + EVERY * step;
            assert_eq!(follower.deadline(), Some(at));
            assert_eq!(follower.wake_up(true), Some(at));
            assert_eq!(follower.wake_up(false), Some(at + EVERY * 9));
            let advice = follower.update(&sample(at, written));
            assert_eq!(advice.bitrate, Some(Bitrate::kbps(kbps)));
        }
    }

    #[test]
    fn what_waits_anywhere_is_backlog_and_a_kernel_that_lies_makes_it_no_more_than_all() {
        let line = LinkSample {
            queued: 40,
            pending: 2,
            ..sample(Instant::now(), 1000)
        };
        assert_eq!((line.acked(), line.backlog()), (Some(500), 542));
        let lies = LinkSample {
            unacked: Some(u64::MAX),
            ..line
        };
        assert_eq!((lies.acked(), lies.backlog()), (Some(0), 1042));
        let silent = LinkSample {
            unacked: None,
            ..line
        };
        assert_eq!((silent.acked(), silent.backlog()), (None, 42));
    }

    #[test]
    fn the_law_without_a_limit_wants_to_see_nothing_and_says_nothing() {
        let now = Instant::now();
        let mut follower = Follower::new(Box::new(Unlimited), now);
        assert_eq!(follower.deadline(), None);
        assert_eq!(follower.update(&sample(now, 500)), RateAdvice::default());
        assert_eq!(follower.deadline(), None);
    }
}
