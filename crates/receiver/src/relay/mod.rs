//! Relays: incoming streams are published to other servers, untouched, by `onair`.
//!
//! `relays` decides which run, `worker` is the thread of one, `target` says where to, `info` what
//! state it is in.

mod info;
mod relays;
mod source;
mod target;
mod worker;

pub use info::{RelayError, RelayFailure, RelayInfo, RelayState};
pub(crate) use relays::{RelayWatch, Relays};
pub use target::{RelayTarget, TargetError};
