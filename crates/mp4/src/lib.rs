//! Writes packets as MP4, without I/O.
//!
//! [`Fragmenter`] makes fragmented MP4 for files and browsers: MSE takes it, and it is whole up to
//! its last fragment whatever happens. [`Movie`] is a recording that is fragmented while it lasts
//! and an ordinary MP4 once it has ended.
//!
//! `shiguredo_mp4` knows the boxes; this crate decides what goes into them and when. `onair-demux`
//! reads MP4.
#![forbid(unsafe_code)]

mod error;
mod exact;
mod fragmenter;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod header;
mod live;
mod movie;
mod sample;
#[cfg(test)]
mod samples;
mod ticks;
mod track;

pub use error::Error;
pub use fragmenter::{Fragment, Fragmenter};
pub use movie::{Ending, Movie};
pub use track::Pacing;
