//! Relays: incoming streams are published to other servers, untouched, by `onair`.
//!
//! `relays` decides which run, `worker` is the thread of one, `target` says where to, `info` what
//! state it is in, `hold` what viewers get while a publisher is away.

mod hold;
mod info;
mod relays;
mod source;
mod target;
mod worker;

#[cfg(any(test, fuzzing))]
pub use hold::fuzz::hold as fuzz_hold;
pub use hold::{HoldSettings, HoldSlate};
pub use info::{RelayError, RelayFailure, RelayInfo, RelayState};
pub(crate) use relays::{RelayWatch, Relays};
pub use target::{RelayTarget, TargetError};
