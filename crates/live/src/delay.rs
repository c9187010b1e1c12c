use std::time::Duration;

use crate::QueueDelay;

/// How long packets waited, in buckets that widen with the delay: exact below
/// 8 ms to half a millisecond, to an eighth of the value above.
#[derive(Clone, Debug)]
pub(crate) struct Delays {
    counts: [u64; BUCKETS],
    total: u64,
    max: Duration,
}

const BUCKETS: usize = 160;

/// What the narrowest buckets hold.
const HALF: Duration = Duration::from_micros(500);

/// Buckets of half a millisecond each before they begin to widen.
const FINE: u64 = 16;

/// Buckets to each doubling after that.
const STEPS: u64 = 8;

impl Default for Delays {
    fn default() -> Self {
        Self {
            counts: [0; BUCKETS],
            total: 0,
            max: Duration::ZERO,
        }
    }
}

impl Delays {
    pub(crate) fn add(&mut self, delay: Duration) {
        self.counts[bucket(delay)] += 1;
        self.total += 1;
        self.max = self.max.max(delay);
    }

    pub(crate) fn summary(&self) -> QueueDelay {
        QueueDelay {
            p50: self.percentile(50),
            p95: self.percentile(95),
            max: self.max,
        }
    }

    fn percentile(&self, percent: u64) -> Duration {
        let wanted = (self.total * percent).div_ceil(100).max(1);
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return upper(index as u64).min(self.max);
            }
        }
        self.max
    }
}

/// Half milliseconds to a bucket's number.
fn bucket(delay: Duration) -> usize {
    let halves = u64::try_from(delay.as_micros() / HALF.as_micros()).unwrap_or(u64::MAX);
    let index = if halves < FINE {
        halves
    } else {
        let octave = u64::from(halves.ilog2() - FINE.ilog2());
        let step = (halves >> (octave + 1)) - STEPS;
        FINE + octave * STEPS + step
    };
    usize::try_from(index).map_or(BUCKETS - 1, |index| index.min(BUCKETS - 1))
}

/// The upper edge of a bucket.
fn upper(index: u64) -> Duration {
    let halves = if index < FINE {
        index + 1
    } else {
        let (octave, step) = ((index - FINE) / STEPS, (index - FINE) % STEPS);
        (STEPS + step + 1) << (octave + 1)
    };
    HALF.saturating_mul(u32::try_from(halves).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_do_not_overlap_and_bound_their_values() {
        let mut last = 0;
        for micros in (0..100_000_000_u64).step_by(377) {
            let index = bucket(Duration::from_micros(micros));
            assert!(index == last || index == last + 1, "{micros}");
            let value = Duration::from_micros(micros);
            let edge = upper(index as u64);
            let limit = value.mul_f64(1.126).max(value + HALF);
            assert!(value < edge && edge <= limit, "{micros}");
            last = index;
        }
    }

    #[test]
    fn percentiles_of_a_ramp() {
        let mut delays = Delays::default();
        (1..=100).for_each(|ms| delays.add(Duration::from_millis(ms)));
        let summary = delays.summary();
        let millis = |delay: Duration| delay.as_millis();
        assert!((50..57).contains(&millis(summary.p50)), "{summary:?}");
        assert!((95..=100).contains(&millis(summary.p95)), "{summary:?}");
        assert_eq!(summary.max, Duration::from_millis(100));
    }

    #[test]
    fn nothing_waited_is_zero_and_for_ever_is_the_last_bucket() {
        assert_eq!(Delays::default().summary(), QueueDelay::default());
        let mut delays = Delays::default();
        delays.add(Duration::MAX);
        assert!(delays.summary().p50 > Duration::ZERO);
    }
}
