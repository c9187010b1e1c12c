//! One piece of news out of many. Pure: time is an argument.

use std::time::{Duration, Instant};

/// Messages that come together: one cable brings a dozen.
#[derive(Debug, Default)]
pub(super) struct Burst {
    /// When the first and the last came that have not been told.
    untold: Option<(Instant, Instant)>,
}

/// How long nothing more may come before it is told.
const QUIET: Duration = Duration::from_millis(100);

/// How long it may wait for that.
const LONGEST: Duration = Duration::from_millis(500);

impl Burst {
    /// A message came.
    pub(super) fn hear(&mut self, now: Instant) {
        let first = self.untold.map_or(now, |(first, _)| first);
        self.untold = Some((first, now));
    }

    /// When to tell.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let (first, last) = self.untold?;
        Some((first + LONGEST).min(last + QUIET))
    }

    /// Whether to tell now, once.
    pub(super) fn poll(&mut self, now: Instant) -> bool {
        let is_due = self.deadline().is_some_and(|at| now >= at);
        is_due && self.untold.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When messages that come at these times are told, in milliseconds.
    fn told(messages: &[u64]) -> Vec<u64> {
        let (mut burst, start) = (Burst::default(), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        (0..5000)
            .filter(|&millis| {
                if messages.contains(&millis) {
                    burst.hear(at(millis));
                }
                burst.poll(at(millis))
            })
            .collect()
    }

    #[test]
    fn what_comes_together_is_told_once_and_what_never_ends_now_and_then() {
        assert!(told(&[]).is_empty());
        assert_eq!(told(&[10]), [110]);
        assert_eq!(told(&[10, 20, 90, 150]), [250]);
        assert_eq!(told(&[10, 200]), [110, 300]);
        let always: Vec<u64> = (0..1100).step_by(10).collect();
        assert_eq!(told(&always), [500, 1010, 1190]);
    }
}
