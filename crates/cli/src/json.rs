//! Numbers for a program: one object a line on stdout, each with the time of day.

use std::io;

use jiff::{Timestamp, Unit};
use serde::Serialize;

use crate::failure::Failure;
use crate::outlet::Outlet;

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
            self.0.put(json + "\n");
        }
    }

    /// # Errors
    ///
    /// When not all of it could be written.
    pub(crate) fn finish(&self) -> Result<(), Failure> {
        self.0.finish().map_err(Failure::stdout)
    }
}

/// The time of day, as RFC 3339 writes it, in UTC to the millisecond.
fn now() -> String {
    let now = Timestamp::now();
    let rounded = now.round(Unit::Millisecond).unwrap_or(now);
    format!("{rounded:.3}")
}
