use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

/// A point on the broadcast's one timeline, in nanoseconds.
///
/// Signed, because an edit list or B-frame reordering can place a decoding
/// time before the timeline's origin. Arithmetic saturates: 292 years of
/// nanoseconds fit, so saturation only ever meets hostile input.
///
/// This is *media* time. Timeouts are driven by [`std::time::Instant`], and the wire's wrapping
/// milliseconds exist only in `onair-flv`'s muxer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The origin of the timeline.
    pub const ZERO: Self = Self(0);
    /// The latest representable point.
    pub const MAX: Self = Self(i64::MAX);

    /// A point `nanos` nanoseconds after the origin.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// A point `millis` milliseconds after the origin.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// A point `ticks` ticks of `timescale` per second after the origin, rounded
    /// to the nearest nanosecond. A timescale of zero gives the origin.
    pub fn from_ticks(ticks: i64, timescale: u32) -> Self {
        if timescale == 0 {
            return Self::ZERO;
        }
        let scale = i128::from(timescale);
        let nanos = (i128::from(ticks) * 1_000_000_000 + scale / 2).div_euclid(scale);
        Self(i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX }))
    }

    /// Nanoseconds after the origin.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Whole milliseconds after the origin, rounded down.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Seconds after the origin, for people to read.
    #[expect(clippy::cast_precision_loss, reason = "for display")]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The time since `earlier`; zero if `earlier` is in fact later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The signed distance from `other` in nanoseconds.
    pub const fn nanos_from(self, other: Self) -> i64 {
        self.0.saturating_sub(other.0)
    }

    /// This point moved by a signed number of nanoseconds.
    #[must_use]
    pub const fn offset(self, nanos: i64) -> Self {
        Self(self.0.saturating_add(nanos))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(nanos(rhs)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, rhs: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(rhs)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}s", self.as_secs_f64())
    }
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_round_to_the_nearest_nanosecond() {
        assert_eq!(Timestamp::from_ticks(1, 3).as_nanos(), 333_333_333);
        assert_eq!(Timestamp::from_ticks(2, 3).as_nanos(), 666_666_667);
        assert_eq!(Timestamp::from_ticks(-3003, 90_000).as_millis(), -34);
    }

    #[test]
    fn hostile_ticks_saturate() {
        assert_eq!(Timestamp::from_ticks(i64::MAX, 1), Timestamp::MAX);
        assert_eq!(Timestamp::from_ticks(i64::MIN, 1).as_nanos(), i64::MIN);
        assert_eq!(Timestamp::from_ticks(5, 0), Timestamp::ZERO);
        assert_eq!(Timestamp::MAX + Duration::MAX, Timestamp::MAX);
    }

    #[test]
    fn since_never_goes_negative() {
        let (a, b) = (Timestamp::from_millis(5), Timestamp::from_millis(9));
        assert_eq!(b.since(a), Duration::from_millis(4));
        assert_eq!(a.since(b), Duration::ZERO);
        assert_eq!(a.nanos_from(b), -4_000_000);
    }
}
