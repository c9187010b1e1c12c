//! Turns media time into a transport stream's 33 bits of 90 kHz, and says when clock and tables are
//! due.

use std::time::Duration;

use onair_media::Timestamp;

/// The time written for the stream's origin. It leaves room for earlier packets, from edit lists
/// and encoders' delays, and for the clock ahead of them.
const START: i64 = 126_000;

/// By how many ticks of 90 kHz the clock is behind decoding times: how late the other track may
/// come and still be in time, and how much a receiver holds before it begins.
const LEAD: i64 = 63_000;

/// The longest a stream should go without its clock is 100 ms (ISO/IEC 13818-1 §2.7.2). A frame
/// of audio may pass before it can be written.
const CLOCK_INTERVAL: Duration = Duration::from_millis(60);

/// The longest a stream may go without its tables is 500 ms (ETSI TR 101 290 §5.2.1).
const TABLES_INTERVAL: Duration = Duration::from_millis(400);

/// A stream's progress.
#[derive(Debug)]
pub(crate) struct Clock {
    origin: Timestamp,
    /// The latest decoding time.
    now: Option<Timestamp>,
    clock_at: Option<Timestamp>,
    tables_at: Option<Timestamp>,
}

impl Clock {
    pub(crate) const fn new(origin: Timestamp) -> Self {
        Self {
            origin,
            now: None,
            clock_at: None,
            tables_at: None,
        }
    }

    /// A packet is to be decoded at `dts`. The clock never goes back.
    pub(crate) fn advance(&mut self, dts: Timestamp) {
        self.now = self.now.max(Some(dts));
    }

    /// A time as PES packets carry it.
    pub(crate) fn ticks(&self, time: Timestamp) -> u64 {
        self.shifted(time, START)
    }

    /// The clock's reading, if it is due or `wanted` anyway.
    pub(crate) fn take_reading(&mut self, wanted: bool) -> Option<u64> {
        let now = self.now.unwrap_or(self.origin);
        if !wanted && !is_due(self.clock_at, now, CLOCK_INTERVAL) {
            return None;
        }
        self.clock_at = Some(now);
        Some(self.shifted(now, START - LEAD))
    }

    /// Whether the tables are due, or `wanted` anyway: they are taken to be written then.
    pub(crate) fn take_tables(&mut self, wanted: bool) -> bool {
        let now = self.now.unwrap_or(self.origin);
        let due = wanted || is_due(self.tables_at, now, TABLES_INTERVAL);
        if due {
            self.tables_at = Some(now);
        }
        due
    }

    fn shifted(&self, time: Timestamp, by: i64) -> u64 {
        let nanos = i128::from(time.as_nanos()) - i128::from(self.origin.as_nanos());
        let ticks = (nanos * 9 + 50_000).div_euclid(100_000) + i128::from(by);
        u64::try_from(ticks.rem_euclid(1 << 33)).unwrap_or(0)
    }
}

fn is_due(last: Option<Timestamp>, now: Timestamp, interval: Duration) -> bool {
    last.is_none_or(|last| now.since(last) >= interval)
}
