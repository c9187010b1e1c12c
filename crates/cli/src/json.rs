//! Numbers for programs: one object a line on stdout, each with the time of day.

use std::fmt::Write as _;
use std::io;

use clap::ValueEnum;
use onair::media::text::is_printable;
use serde::Serialize;
use time::{Duration, OffsetDateTime};

use crate::failure::Failure;
use crate::outlet::Outlet;

/// The format of the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatsFormat {
    Text,
    Json,
    None,
}

/// Where `--stats json` goes.
#[derive(Debug)]
pub(crate) struct Json(Outlet);

/// Numbers, and when they were taken.
#[derive(Serialize)]
pub(crate) struct Timed<'a, T> {
    time: String,
    #[serde(flatten)]
    numbers: &'a T,
}

impl<'a, T> Timed<'a, T> {
    pub(crate) fn now(numbers: &'a T) -> Self {
        Self {
            time: rfc3339(OffsetDateTime::now_utc()),
            numbers,
        }
    }
}

impl Json {
    pub(crate) fn new() -> Self {
        Self(Outlet::new(io::stdout(), None))
    }

    pub(crate) fn write(&self, numbers: &impl Serialize) {
        if let Ok(json) = serde_json::to_string(&Timed::now(numbers)) {
            self.0.put(escaped(&json) + "\n");
        }
    }

    /// # Errors
    ///
    /// When not all of it could be written.
    pub(crate) fn finish(&self) -> Result<(), Failure> {
        self.0.finish().map_err(Failure::stdout)
    }
}

/// The same JSON without characters that act on a terminal: they occur only in strings, where an
/// escape replaces them.
pub(crate) fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if is_printable(c) || c == '\n' {
            text.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _infallible = write!(text, "\\u{unit:04x}");
        }
    }
    text
}

/// The time of day as in RFC 3339, in UTC, to the nearest millisecond.
fn rfc3339(time: OffsetDateTime) -> String {
    let time = time.saturating_add(Duration::microseconds(500));
    let (year, month, day) = time.to_calendar_date();
    let (hour, minute, second, millisecond) = time.to_hms_milli();
    let month = u8::from(month);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_rounded_to_the_millisecond() {
        let at = |nanos| rfc3339(OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap());
        assert_eq!(at(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(at(1_767_225_599_998_499_999), "2025-12-31T23:59:59.998Z");
        assert_eq!(at(1_767_225_599_999_500_000), "2026-01-01T00:00:00.000Z");
    }

    #[test]
    fn nothing_in_json_turns_the_direction_of_reading_and_it_says_the_same() {
        let value = serde_json::json!({"name": "a\u{202e}b\u{9b}c\u{e0001}d"});
        let text = escaped(&value.to_string());
        assert!(text.chars().all(is_printable), "{text:?}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).ok(),
            Some(value)
        );
    }
}
