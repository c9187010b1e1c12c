//! Times in a track's ticks.

use std::time::Duration;

/// The nearest tick; times before the origin are at the origin.
pub(crate) fn ticks(nanos: i64, timescale: u32) -> u64 {
    let scaled = i128::from(nanos.max(0)) * i128::from(timescale) + 500_000_000;
    u64::try_from(scaled / 1_000_000_000).unwrap_or(0)
}

/// The nearest tick, on either side of the origin.
pub(crate) fn signed(nanos: i64, timescale: u32) -> i64 {
    let magnitude = ticks(nanos.saturating_abs(), timescale);
    let magnitude = i64::try_from(magnitude).unwrap_or(i64::MAX);
    if nanos < 0 { -magnitude } else { magnitude }
}

/// How many ticks it lasts.
pub(crate) fn lasting(duration: Duration, timescale: u32) -> u64 {
    let nanos = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    ticks(nanos, timescale)
}

/// As many as a sample can last.
pub(crate) fn within(ticks: u64) -> u32 {
    u32::try_from(ticks).unwrap_or(u32::MAX)
}
