//! The only place where a host's clocks become [`Timestamp`]s.
//!
//! Three clocks, three types: [`Instant`] is the host's monotonic time and
//! drives timeouts, [`Timestamp`] is the broadcast's timeline, and [`WallTime`]
//! is for people to read, and for nothing else.

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use onair_media::Timestamp;

/// The broadcast's timeline pinned to the host's monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A timeline whose origin is `origin`.
    pub const fn starting_at(origin: Instant) -> Self {
        Self { origin }
    }

    /// What time it is on the timeline.
    pub fn now(&self) -> Timestamp {
        self.timestamp(Instant::now())
    }

    /// How long until the host's clock shows `timestamp`; zero when it has.
    pub fn until(&self, timestamp: Timestamp) -> Duration {
        self.instant(timestamp)
            .saturating_duration_since(Instant::now())
    }

    /// Where `host` is on the timeline.
    pub fn timestamp(&self, host: Instant) -> Timestamp {
        match host.checked_duration_since(self.origin) {
            Some(after) => Timestamp::ZERO + after,
            None => Timestamp::ZERO - self.origin.duration_since(host),
        }
    }

    /// When the host's clock shows `timestamp`; the origin itself where the
    /// host cannot represent that time.
    pub fn instant(&self, timestamp: Timestamp) -> Instant {
        let after = timestamp.since(Timestamp::ZERO);
        let before = Timestamp::ZERO.since(timestamp);
        let moved = self.origin.checked_add(after);
        let moved = moved.and_then(|instant| instant.checked_sub(before));
        moved.unwrap_or(self.origin)
    }
}

/// The same timeline for devices that stamp by a host clock of their own, in nanoseconds, as Core
/// Media does. Two readings of one moment tie the clocks together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostClock {
    at_anchor: Timestamp,
    anchor: i64,
}

impl HostClock {
    /// `clock`, where `now` and `host` (in nanoseconds) are one moment.
    pub fn anchored(clock: Clock, now: Instant, host: i64) -> Self {
        Self {
            at_anchor: clock.timestamp(now),
            anchor: host,
        }
    }

    /// Where `host` (in nanoseconds) is on the timeline.
    pub const fn timestamp(&self, host: i64) -> Timestamp {
        self.at_anchor.offset(host.saturating_sub(self.anchor))
    }
}

/// Time counted in samples from an origin: it cannot accumulate rounding, as a
/// sum of durations would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleClock {
    origin: Timestamp,
    rate: u32,
    count: i64,
}

impl SampleClock {
    /// A clock of `rate` samples per second that shows `origin`.
    pub const fn starting_at(origin: Timestamp, rate: u32) -> Self {
        Self {
            origin,
            rate,
            count: 0,
        }
    }

    /// Samples per second.
    pub const fn rate(&self) -> u32 {
        self.rate
    }

    /// The time of the next sample.
    pub fn timestamp(&self) -> Timestamp {
        self.at(0)
    }

    /// The time `samples` after the next sample, or before it when negative.
    pub fn at(&self, samples: i64) -> Timestamp {
        let ticks = self.count.saturating_add(samples);
        self.origin
            .offset(Timestamp::from_ticks(ticks, self.rate).as_nanos())
    }

    /// Counts `samples` more.
    pub const fn advance(&mut self, samples: i64) {
        self.count = self.count.saturating_add(samples);
    }

    /// How many samples lie between the next sample and `timestamp`, to the
    /// nearest; negative when `timestamp` is in the past.
    pub fn samples_until(&self, timestamp: Timestamp) -> i64 {
        let nanos = i128::from(timestamp.nanos_from(self.timestamp()));
        let samples = (nanos * i128::from(self.rate) + 500_000_000).div_euclid(1_000_000_000);
        i64::try_from(samples).unwrap_or(if samples < 0 { i64::MIN } else { i64::MAX })
    }
}

/// Wall-clock time, UTC, to show to people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct WallTime(Duration);

impl WallTime {
    /// This long after the Unix epoch.
    pub const fn since_epoch(time: Duration) -> Self {
        Self(time)
    }

    /// What the host's wall clock shows.
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// Milliseconds since midnight UTC.
    pub const fn millis_of_day(self) -> u32 {
        (self.0.as_millis() % 86_400_000) as u32
    }
}

impl From<SystemTime> for WallTime {
    fn from(time: SystemTime) -> Self {
        Self(
            time.duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default(),
        )
    }
}

/// `HH:MM:SS.mmm`, UTC.
impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.millis_of_day();
        let (seconds, millis) = (millis / 1000, millis % 1000);
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{hours:02}:{minutes:02}:{seconds:02}.{millis:03}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_time_maps_both_ways_on_either_side_of_the_origin() {
        let origin = Instant::now() + Duration::from_secs(10);
        let clock = Clock::starting_at(origin);
        for (host, millis) in [
            (origin, 0),
            (origin + Duration::from_millis(40), 40),
            (origin - Duration::from_millis(40), -40),
        ] {
            assert_eq!(clock.timestamp(host), Timestamp::from_millis(millis));
            assert_eq!(clock.instant(Timestamp::from_millis(millis)), host);
        }
    }

    #[test]
    fn a_device_s_host_time_is_tied_to_the_line() {
        let origin = Instant::now();
        let clock = Clock::starting_at(origin);
        let anchor = origin + Duration::from_secs(2);
        let host = HostClock::anchored(clock, anchor, 500_000_000_000);
        assert_eq!(host.timestamp(500_000_000_000).as_millis(), 2000);
        assert_eq!(host.timestamp(499_960_000_000).as_millis(), 1960);
    }

    #[test]
    fn a_day_of_counted_samples_is_exactly_a_day() {
        let mut clock = SampleClock::starting_at(Timestamp::from_millis(7), 44_100);
        for _ in 0..44_100 * 864 {
            clock.advance(100);
        }
        assert_eq!(clock.timestamp(), Timestamp::from_millis(86_400_007));
    }

    #[test]
    fn samples_until_rounds_to_the_nearest() {
        let clock = SampleClock::starting_at(Timestamp::ZERO, 48_000);
        assert_eq!(clock.samples_until(Timestamp::from_millis(10)), 480);
        assert_eq!(clock.samples_until(Timestamp::from_millis(-10)), -480);
        assert_eq!(clock.samples_until(Timestamp::from_nanos(10_400)), 0);
        assert_eq!(clock.samples_until(Timestamp::from_nanos(10_500)), 1);
        assert_eq!(clock.samples_until(Timestamp::from_nanos(-10_400)), 0);
    }

    #[test]
    fn wall_time_reads_as_a_clock() {
        let time = WallTime::since_epoch(Duration::from_millis(86_400_000 * 3 + 45_296_007));
        assert_eq!(time.to_string(), "12:34:56.007");
        assert_eq!(time.millis_of_day(), 45_296_007);
    }
}
