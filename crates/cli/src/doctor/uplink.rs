//! What a line carries, from what it took.

use std::time::Duration;

use onair::media::Bitrate;

use super::cause::Cause;
use super::report::{Carries, Finding, Rate};

/// What was sent, and when the line took it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flow {
    /// How long it lasted.
    pub(crate) lasted: Duration,
    /// After how long how many bytes had been taken in all.
    pub(crate) taken: Vec<(Duration, u64)>,
    /// By how much the last packet was late.
    pub(crate) late: Duration,
}

/// What a line carries.
///
/// The first third is left out: until the buffers on the way are full, a slow line seems fast.
pub(crate) fn carried(flow: &Flow) -> Carries {
    let settled = flow.lasted / 3;
    let before = flow.taken.iter().rev().find(|(at, _)| *at <= settled);
    let (from, start) = before.copied().unwrap_or_default();
    let end = flow.taken.last().map_or(0, |(_, bytes)| *bytes);
    let seconds = flow.lasted.saturating_sub(from).as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let bits = end.saturating_sub(start) as f64 * 8.0;
    let rate = if seconds > 0.0 { bits / seconds } else { 0.0 };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "never negative, and far from the limit"
    )]
    let rate = Bitrate::bps(rate.round() as u64);
    Carries {
        rate,
        at_least: flow.late <= IN_TIME,
    }
}

/// Whether that is enough for what is wanted.
///
/// # Errors
///
/// When it is less.
pub(crate) fn judge(carries: Carries, wanted: Bitrate) -> Result<Option<Finding>, Finding> {
    let (rate, need) = (carries.rate.as_bps(), wanted.as_bps());
    // What kept up carries what was asked for: the encoder made no more than that.
    if carries.at_least || rate >= need / 100 * ROOM {
        return Ok(None);
    }
    let (carried, asked) = (Rate(carries.rate), Rate(wanted));
    let less = rate * 8 / 10 / 100_000 * 100_000;
    let cure = match less {
        0 => "That is too little for pictures: use another line.".to_owned(),
        _ => format!(
            "Ask for --bitrate {}k; use a cable in place of Wi-Fi; end other uploads.",
            less / 1000
        ),
    };
    if rate >= need {
        let words = format!("the line carries {carried}, hardly more than the {asked} wanted");
        return Ok(Some(Finding::new(Cause::LineTight, words).cured_by(cure)));
    }
    let words = format!("the line carries {carried}, and {asked} is wanted");
    Err(Finding::new(Cause::LineTooSlow, words).cured_by(cure))
}

/// What is no later than this was carried as it came.
const IN_TIME: Duration = Duration::from_millis(250);

/// Percent of what is wanted that a line should carry.
const ROOM: u64 = 120;

#[cfg(test)]
mod tests {
    use super::*;

    /// Three seconds of a line of `rate`, with a buffer of `buffer` bytes before it.
    fn flow(rate: u64, buffer: u64, offered: u64) -> Flow {
        let taken = (1..=30u64).map(|tenth| {
            let offered = offered / 8 * tenth / 10;
            let carried = rate / 8 * tenth / 10 + buffer;
            (Duration::from_millis(tenth * 100), offered.min(carried))
        });
        let taken: Vec<_> = taken.collect();
        let total = taken[29].1;
        let owed = offered / 8 * 3 - total;
        Flow {
            lasted: Duration::from_secs(3),
            late: Duration::from_millis(owed * 8000 / offered),
            taken,
        }
    }

    #[test]
    fn a_buffer_does_not_make_a_line_seem_faster() {
        let found = carried(&flow(2_000_000, 300_000, 9_000_000));
        let kbps = found.rate.as_bps() / 1000;
        assert!((1990..=2010).contains(&kbps), "{found:?}");
        assert!(!found.at_least);
    }

    #[test]
    fn a_line_that_carries_everything_carries_at_least_that() {
        let found = carried(&flow(50_000_000, 0, 6_000_000));
        assert!(found.at_least, "{found:?}");
        assert!(
            found.rate.as_bps().abs_diff(6_000_000) < 60_000,
            "{found:?}"
        );
    }

    #[test]
    fn less_than_wanted_fails_and_hardly_more_is_told() {
        let carries = |kbps| Carries {
            rate: Bitrate::kbps(kbps),
            at_least: false,
        };
        let wanted = Bitrate::kbps(4000);
        let slow = judge(carries(2000), wanted).unwrap_err();
        assert_eq!(slow.cause, Cause::LineTooSlow);
        assert!(slow.cure().contains("--bitrate 1600k"), "{slow:?}");
        let tight = judge(carries(4100), wanted).unwrap().unwrap();
        assert_eq!(tight.cause, Cause::LineTight);
        assert_eq!(judge(carries(4800), wanted), Ok(None));
        assert!(judge(carries(0), wanted).is_err());
    }
}
