use std::time::Duration;

use onair_media::{FrameRate, Timestamp};

/// Leaves out pictures that come faster than they are wanted, before any work is done on them.
#[derive(Clone, Debug)]
pub(crate) struct Thinner {
    /// From one picture to the next at least.
    least: Duration,
    last: Option<Timestamp>,
}

impl Thinner {
    /// For about so many pictures a second: three quarters of an interval pass for one, so that
    /// a source of just that rate loses none however unsteady its stamps are.
    pub(crate) fn new(rate: FrameRate) -> Self {
        Self {
            least: rate.time_of(1) * 3 / 4,
            last: None,
        }
    }

    /// Whether a picture of this time is wanted. One from before the last is: time began anew.
    pub(crate) fn wants(&mut self, at: Timestamp) -> bool {
        let wanted = match self.last {
            Some(last) => at < last || at.since(last) >= self.least,
            None => true,
        };
        if wanted {
            self.last = Some(at);
        }
        wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of a second's pictures at `rate` are wanted for 30; every other is late by `jitter`.
    fn wanted(rate: u64, jitter: Duration) -> usize {
        let mut thinner = Thinner::new(FrameRate::new(30, 1).unwrap());
        let source = FrameRate::new(u32::try_from(rate).unwrap(), 1).unwrap();
        let times = (0..rate).map(|index| {
            let late = if index % 2 == 1 {
                jitter
            } else {
                Duration::ZERO
            };
            Timestamp::ZERO + source.time_of(index) + late
        });
        times.filter(|time| thinner.wants(*time)).count()
    }

    #[test]
    fn twice_as_many_are_halved_and_fewer_are_all_taken() {
        let steady = Duration::ZERO;
        let wanted = [15, 30, 60, 90, 120].map(|rate| wanted(rate, steady));
        assert_eq!(wanted, [15, 30, 30, 30, 40]);
    }

    #[test]
    fn an_unsteady_source_of_the_right_rate_loses_none() {
        assert_eq!(wanted(30, Duration::from_millis(8)), 30);
    }

    #[test]
    fn time_that_begins_anew_is_taken() {
        let mut thinner = Thinner::new(FrameRate::new(30, 1).unwrap());
        assert!(thinner.wants(Timestamp::from_millis(5000)));
        assert!(thinner.wants(Timestamp::ZERO));
        assert!(!thinner.wants(Timestamp::from_millis(16)));
        assert!(thinner.wants(Timestamp::from_millis(33)));
    }
}
