//! The attacks, by what they are after.

pub(crate) mod answers;
pub(crate) mod connections;
pub(crate) mod fairness;
pub(crate) mod guessing;
pub(crate) mod items;
pub(crate) mod log;
pub(crate) mod recordings;
pub(crate) mod relays;
pub(crate) mod viewers;

use std::time::Duration;

/// How long a flood lasts.
const FLOOD: Duration = Duration::from_secs(3);
