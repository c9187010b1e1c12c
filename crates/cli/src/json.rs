//! Numbers for a program: one object a line on stdout, each with the time of day.

use std::fmt::Write as _;
use std::io;

use clap::ValueEnum;
use jiff::{Timestamp, Unit};
use onair::media::text::is_printable;
use serde::Serialize;

use crate::failure::Failure;
use crate::outlet::Outlet;

/// How numbers are told.
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
struct Timed<'a, T> {
    time: String,
    #[serde(flatten)]
    numbers: &'a T,
}

impl Json {
    pub(crate) fn new() -> Self {
        Self(Outlet::new(io::stdout(), None))
    }

    pub(crate) fn write(&self, numbers: &impl Serialize) {
        let timed = Timed {
            time: now(),
            numbers,
        };
        if let Ok(json) = serde_json::to_string(&timed) {
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

/// The same JSON, in which nothing acts on a terminal: such characters are in strings alone, and
/// there an escape stands for them.
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

/// The time of day, as RFC 3339 writes it, in UTC to the millisecond.
fn now() -> String {
    let now = Timestamp::now();
    let rounded = now.round(Unit::Millisecond).unwrap_or(now);
    format!("{rounded:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

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
