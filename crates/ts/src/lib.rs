//! Writes packets as an MPEG-2 transport stream (ISO/IEC 13818-1), without I/O.
//!
//! A [`Muxer`] turns each packet into whole transport packets of [`PACKET`] bytes and keeps
//! nothing back. A file takes them as they come; SRT takes seven at a time.
//!
//! | what | where it is defined |
//! |---|---|
//! | transport packets, adaptation fields, the clock reference | ISO/IEC 13818-1 §2.4.3.2 to §2.4.3.5 |
//! | PES packets and their time stamps | ISO/IEC 13818-1 §2.4.3.6, §2.4.3.7 |
//! | program association and program map | ISO/IEC 13818-1 §2.4.4 |
//! | H.264 in a transport stream | ISO/IEC 13818-1 §2.14 |
//!
//! Written here because no crate does it: `mpeg2ts` serialises single transport packets and leaves
//! cutting, counters, stuffing, clock and repetition to its caller. `onair-demux` reads them.
#![forbid(unsafe_code)]

mod clock;
mod elementary;
mod error;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod muxer;
mod packet;
mod pes;
mod tables;

#[cfg(test)]
mod tests;

pub use error::Error;
pub use muxer::Muxer;
pub use packet::PACKET;
