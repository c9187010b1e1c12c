//! What a publisher and a server share of the network.
//!
//! [`Pump`] is the one driver of `onair-rtmp`'s machines: it moves their bytes through a connection
//! and keeps the time for them. What they tell, and how a connection ends, is the business of
//! whoever owns it. [`tls::provider`] is the one choice of cryptography.
#![forbid(unsafe_code)]

mod pump;
mod timer;
pub mod tls;

pub use pump::{Broken, Pump, ReadLimits, Received};
pub use timer::Timer;
