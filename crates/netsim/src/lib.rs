//! A seeded byte link for tests, in virtual time and without I/O.
//!
//! A [`Link`] carries bytes one way with TCP's promises (in order, nothing
//! lost, backpressure) and a bad network's faults: delay, a rate that changes,
//! segments of random size, stalls, resets. A [`Duplex`] is two of them, and
//! [`Duplex::run`] drives two machines over it until nothing is left to do.
//! The same seed gives the same run, always.
//!
//! ```
//! use std::time::Duration;
//! use onair_netsim::{Link, Profile, epoch};
//!
//! let start = epoch();
//! let profile = Profile { delay: Duration::from_millis(20), ..Profile::default() };
//! let mut link = Link::new(1, profile);
//! assert_eq!(link.send(start, b"hello"), 5);
//! let due = link.next_time().expect("bytes are under way");
//! assert_eq!(due, start + Duration::from_millis(20));
//! assert_eq!(link.poll(due).as_deref(), Some(&b"hello"[..]));
//! ```
#![forbid(unsafe_code)]

mod duplex;
mod link;
mod noise;
mod run;
mod schedule;

pub use duplex::{Arrival, Duplex, Side};
pub use link::{End, Link, Profile};
pub use noise::Noise;
pub use run::{Peer, Ran};

/// A moment to start virtual time from.
#[expect(
    clippy::disallowed_methods,
    reason = "std makes no Instant without a clock"
)]
pub fn epoch() -> std::time::Instant {
    std::time::Instant::now()
}
