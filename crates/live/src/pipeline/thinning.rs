use std::time::Duration;

use onair_media::Timestamp;

/// Leaves out frames so that those which stay are as far apart as they should be, whatever the
/// jitter of their times. Pure.
#[derive(Debug, Default)]
pub(super) struct Thinning {
    /// When the next frame that stays should come.
    due: Option<Timestamp>,
}

impl Thinning {
    /// Whether the frame at `now` stays, if one of `every` frames does that come `apart`.
    pub(super) fn keeps(&mut self, now: Timestamp, every: u32, apart: Duration) -> bool {
        let due = self.due.filter(|_| every > 1).unwrap_or(now);
        // Half a frame early is still the frame that is meant.
        if now + apart / 2 < due {
            return false;
        }
        let late = now.since(due);
        // Jitter is smoothed, and a pause begins anew.
        let from = if late > apart {
            now
        } else {
            due.offset((now.nanos_from(due)) / 2)
        };
        self.due = Some(from + apart * every);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(times: impl Iterator<Item = i64>, every: u32) -> Vec<i64> {
        let mut thinning = Thinning::default();
        let apart = Duration::from_millis(33);
        let keeps = |time: &i64| thinning.keeps(Timestamp::from_millis(*time), every, apart);
        times.filter(keeps).collect()
    }

    #[test]
    fn every_second_frame_stays_though_the_times_jitter() {
        let times = [0, 42, 59, 110, 132, 174, 191, 242];
        assert_eq!(kept(times.into_iter(), 2), [0, 59, 132, 191]);
        assert_eq!(kept((0..8).map(|frame| frame * 33), 4), [0, 132]);
    }

    #[test]
    fn all_stay_where_all_should_and_a_pause_shifts_nothing() {
        let times = [0, 33, 66, 500, 533, 566];
        assert_eq!(kept(times.into_iter(), 1), times);
        assert_eq!(kept(times.into_iter(), 2), [0, 66, 500, 566]);
    }
}
