use std::time::{Duration, Instant};

/// When to try again what failed: the delay doubles with each failure in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    /// Delays from `first` to `longest`.
    pub(super) const fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            failures: 0,
        }
    }

    /// Notes a failure; gives when to try again.
    pub(super) fn failed(&mut self, now: Instant) -> Instant {
        let doublings = self.failures.min(10);
        self.failures = self.failures.saturating_add(1);
        now + (self.first * 2_u32.pow(doublings)).min(self.longest)
    }

    /// How often it has failed in a row.
    pub(super) const fn failures(self) -> u32 {
        self.failures
    }

    /// It worked, or something has changed: the next failure is a first one.
    pub(super) const fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_longest_and_begin_anew() {
        let seconds = Duration::from_secs;
        let (mut backoff, now) = (Backoff::new(seconds(1), seconds(10)), Instant::now());
        let delays: Vec<_> = (0..6)
            .map(|_| (backoff.failed(now) - now).as_secs())
            .collect();
        assert_eq!(delays, [1, 2, 4, 8, 10, 10]);
        backoff.reset();
        assert_eq!(backoff.failures(), 0);
        assert_eq!(backoff.failed(now) - now, seconds(1));
    }
}
