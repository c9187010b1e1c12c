use std::time::{Duration, Instant};

const NANOS: u128 = 1_000_000_000;

/// When the line may carry how much: a rate that changes, and stalls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schedule {
    /// From when on how many bits per second; in order of time.
    rates: Vec<(Instant, u64)>,
    /// Nothing departs between these.
    stalls: Vec<(Instant, Instant)>,
}

impl Schedule {
    pub(crate) fn new(mut rates: Vec<(Instant, u64)>) -> Self {
        rates.sort_by_key(|&(from, _)| from);
        Self {
            rates,
            stalls: Vec::new(),
        }
    }

    pub(crate) fn add_rate(&mut self, from: Instant, bits_per_second: u64) {
        self.rates.retain(|&(other, _)| other < from);
        self.rates.push((from, bits_per_second));
    }

    pub(crate) fn add_stall(&mut self, from: Instant, until: Instant) {
        self.stalls.push((from, until));
    }

    /// When `bytes` bytes that start at `start` have left; `None` for never.
    pub(crate) fn finish(&self, start: Instant, bytes: usize) -> Option<Instant> {
        let mut at = start;
        // In bit-nanoseconds per second, so that slow lines lose no fraction.
        let mut left = bytes as u128 * 8 * NANOS;
        loop {
            let (rate, until) = self.at(at);
            let done = match rate {
                None => Some(at),
                Some(0) => None,
                Some(rate) => {
                    let nanos = left.div_ceil(u128::from(rate));
                    at.checked_add(duration(nanos))
                }
            };
            match (done, until) {
                (Some(done), Some(until)) if done <= until => return Some(done),
                (done, None) => return done,
                (_, Some(until)) => {
                    let carried = (until - at).as_nanos() * u128::from(rate.unwrap_or(0));
                    left = left.saturating_sub(carried);
                    at = until;
                }
            }
        }
    }

    /// The rate at a time (`None`: unlimited) and until when it holds.
    fn at(&self, time: Instant) -> (Option<u64>, Option<Instant>) {
        let stall = self
            .stalls
            .iter()
            .filter(|&&(from, until)| from <= time && time < until);
        if let Some(until) = stall.map(|&(_, until)| until).max() {
            return (Some(0), Some(until));
        }
        let rate = self.rates.iter().rev().find(|&&(from, _)| from <= time);
        let rates = self.rates.iter().map(|&(from, _)| from);
        let starts = rates.chain(self.stalls.iter().map(|&(from, _)| from));
        let until = starts.filter(|&from| from > time).min();
        (rate.map(|&(_, rate)| rate), until)
    }
}

fn duration(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epoch;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_line_without_a_rate_takes_no_time() {
        let start = epoch();
        assert_eq!(Schedule::default().finish(start, 1 << 30), Some(start));
    }

    #[test]
    fn bytes_cross_a_change_of_rate_in_two_parts() {
        let start = epoch();
        // 1 ms at 8 Mbit/s carries 1000 bytes; the other 1000 take 10 ms at a tenth.
        let schedule = Schedule::new(vec![(start + MS, 800_000), (start, 8_000_000)]);
        assert_eq!(schedule.finish(start, 2000), Some(start + 11 * MS));
        assert_eq!(schedule.finish(start, 1000), Some(start + MS));
        assert_eq!(schedule.finish(start + MS, 100), Some(start + 2 * MS));
    }

    #[test]
    fn a_stall_in_the_middle_adds_exactly_its_length() {
        let start = epoch();
        let mut schedule = Schedule::new(vec![(start, 8_000)]);
        schedule.add_stall(start + 3 * MS, start + 8 * MS);
        schedule.add_stall(start + 5 * MS, start + 9 * MS);
        assert_eq!(schedule.finish(start, 10), Some(start + 16 * MS));
        assert_eq!(schedule.finish(start + 4 * MS, 0), Some(start + 9 * MS));
    }

    #[test]
    fn a_dead_line_never_finishes_and_a_revived_one_does() {
        let start = epoch();
        let mut schedule = Schedule::new(vec![(start, 0)]);
        assert_eq!(schedule.finish(start, 1), None);
        schedule.add_rate(start + 5 * MS, 8_000_000);
        assert_eq!(schedule.finish(start, 1000), Some(start + 6 * MS));
    }
}
