//! A microphone's clock is not the host's.

/// Keeps audio that is counted in samples in step with the clock that stamps it.
///
/// A crystal that is 50 parts per million off makes a broadcast of an hour 180 ms
/// too long or too short: visible on lips after fifteen minutes. So the distance
/// between a block's timestamp and the count of what came before it is averaged
/// ([`SMOOTHING`]: one late callback says nothing), and audio is stretched in proportion to what
/// exceeds [`SLACK`], so that the excess would be gone within [`HORIZON`], by [`MOST`] at most.
///
/// Proportional control comes to rest where stretch and drift are equal: a drift of
/// 50 ppm is held at 2.4 ms, one of 1000 ppm at 10 ms. That is far below what can
/// be seen (about 45 ms, ITU-R BT.1359), so there is no integral part to wind up
/// while timestamps are wrong. `HORIZON` is a little more than three times
/// `SMOOTHING`, which damps the loop just below critically: it does not ring. The greatest stretch
/// is a fiftieth of a semitone, which is inaudible.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Drift {
    /// How late blocks are against the count, in seconds, averaged.
    late: f64,
}

impl Drift {
    /// By how much to stretch a block of `lasting` seconds that is stamped `late` seconds after the
    /// end of the last one, as a fraction of its length.
    pub(super) fn observe(&mut self, late: f64, lasting: f64) -> f64 {
        self.late += (late - self.late) * lasting / (SMOOTHING + lasting);
        let excess = self.late - self.late.clamp(-SLACK, SLACK);
        (excess / HORIZON).clamp(-MOST, MOST)
    }

    /// Audio was cut or filled up to its timestamp: nothing is late any longer.
    pub(super) const fn forget(&mut self) {
        self.late = 0.0;
    }
}

/// The time constant of the average, in seconds.
const SMOOTHING: f64 = 2.5;
/// The lateness left alone, in seconds. Within it, a device that is in step or stamps with jitter
/// keeps its samples bit for bit.
const SLACK: f64 = 0.002;
/// How soon an excess is made up for, in seconds.
const HORIZON: f64 = 8.0;
/// The greatest stretch: reached at 10 ms, where cutting and filling take over.
pub(super) const MOST: f64 = 0.001;

#[cfg(test)]
mod tests {
    use super::*;

    /// How late audio is, in milliseconds, after each block of 10 ms from a clock
    /// that is `ppm` slow, with `jitter` on its timestamps.
    fn lateness(ppm: f64, seconds: u32, jitter: impl Fn(u32) -> f64) -> Vec<f64> {
        let mut drift = Drift::default();
        let mut late = 0.0;
        let step = |block| {
            let stretch = drift.observe(late + jitter(block), 0.01);
            late += 0.01 * (ppm / 1e6 - stretch);
            late * 1000.0
        };
        (0..seconds * 100).map(step).collect()
    }

    fn extent(lateness: &[f64]) -> f64 {
        lateness.iter().fold(0.0, |most, late| late.abs().max(most))
    }

    #[test]
    fn an_hour_of_drift_stays_within_milliseconds() {
        for (ppm, most) in [(20.0, 2.3), (50.0, 2.6), (-50.0, 2.6), (500.0, 7.0)] {
            let most_late = extent(&lateness(ppm, 3600, |_| 0.0));
            assert!(most_late < most, "{ppm} ppm: {most_late} ms");
        }
        assert!(extent(&lateness(990.0, 3600, |_| 0.0)) < 10.5);
    }

    #[test]
    fn it_settles_without_ringing() {
        let late = lateness(100.0, 600, |_| 0.0);
        let settled = late[59_999];
        assert!((settled - 2.8).abs() < 0.01, "{settled}");
        assert!(extent(&late) < settled * 1.02);
    }

    #[test]
    fn jitter_around_the_truth_changes_nothing() {
        let jitter = |block: u32| f64::from(block * 7919 % 81) / 10_000.0 - 0.004;
        assert!(lateness(0.0, 3600, jitter).iter().all(|&late| late == 0.0));
    }

    #[test]
    fn an_early_first_timestamp_is_worked_off_down_to_the_slack() {
        let late = lateness(0.0, 120, |_| 0.008);
        let heard = 8.0 + late[11_999];
        assert!((heard - 2.0).abs() < 0.1, "{heard}");
    }

    #[test]
    fn the_stretch_is_bounded_whatever_is_claimed() {
        let mut drift = Drift::default();
        for late in [1e9, -1e9, 0.0] {
            assert!(drift.observe(late, 1.0).abs() <= MOST);
        }
        drift.forget();
        assert!(drift.observe(0.0, 0.01) == 0.0);
    }
}
