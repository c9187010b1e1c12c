use std::fmt;

use onair_media::Timestamp;

use super::sys::core_media::CMTime;

/// A `CMTime`: a fraction of seconds, or no time at all.
#[derive(Clone, Copy)]
pub struct Time(CMTime);

impl Time {
    /// `kCMTimeInvalid`: no time.
    pub const INVALID: Self = Self(CMTime {
        value: 0,
        timescale: 0,
        flags: 0,
        epoch: 0,
    });

    /// A number of nanoseconds, exactly.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(CMTime {
            value: nanos,
            timescale: NANOS_PER_SECOND,
            flags: VALID,
            epoch: 0,
        })
    }

    /// Nanoseconds, rounded to the nearest; `None` for what is invalid, infinite or
    /// indefinite.
    pub fn nanos(self) -> Option<i64> {
        let (value, timescale, flags) = (self.0.value, self.0.timescale, self.0.flags);
        if flags & NUMERIC_MASK != VALID || timescale == 0 {
            return None;
        }
        let timescale = u32::try_from(timescale).ok()?;
        Some(Timestamp::from_ticks(value, timescale).as_nanos())
    }

    pub(super) const fn from_raw(time: CMTime) -> Self {
        Self(time)
    }

    pub(super) const fn into_raw(self) -> CMTime {
        self.0
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, timescale) = (self.0.value, self.0.timescale);
        match self.nanos() {
            Some(_) => write!(f, "{value}/{timescale}s"),
            None => f.write_str("no time"),
        }
    }
}

const NANOS_PER_SECOND: i32 = 1_000_000_000;
/// CoreMedia/CMTime.h: `kCMTimeFlags_Valid`.
const VALID: u32 = 1;
/// `CMTIME_IS_NUMERIC`: valid, and neither infinite nor indefinite.
const NUMERIC_MASK: u32 = VALID | 0b1_1100;

#[cfg(test)]
mod tests {
    use super::*;

    fn time(value: i64, timescale: i32, flags: u32) -> Time {
        Time(CMTime {
            value,
            timescale,
            flags,
            epoch: 0,
        })
    }

    #[test]
    fn nanoseconds_survive() {
        for nanos in [0, 1, -1, 33_333_333, i64::MAX, i64::MIN] {
            assert_eq!(Time::from_nanos(nanos).nanos(), Some(nanos));
        }
    }

    #[test]
    fn other_scales_are_rounded_to_the_nearest() {
        assert_eq!(time(1, 30, VALID).nanos(), Some(33_333_333));
        assert_eq!(time(2, 30, VALID).nanos(), Some(66_666_667));
        assert_eq!(time(-1, 30, VALID).nanos(), Some(-33_333_333));
        assert_eq!(time(3003, 90_000, VALID).nanos(), Some(33_366_667));
    }

    #[test]
    fn what_is_no_number_is_no_time() {
        for flags in [0, VALID | 4, VALID | 8, VALID | 16] {
            assert_eq!(time(1, 30, flags).nanos(), None);
        }
        assert_eq!(time(1, 0, VALID).nanos(), None);
        assert_eq!(time(1, -1, VALID).nanos(), None);
        assert_eq!(Time::INVALID.nanos(), None);
    }
}
