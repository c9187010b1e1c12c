//! Reads packets out of media files and streams.
//!
//! [`open`] tells mp4, mov, flv, ts and mkv apart by content and gives a
//! [`PacketSource`]: H.264 and AAC access units with exact times, untouched. [`read`]
//! does the same for what arrives through a pipe, [`open_repeated`] repeats
//! a file without end, and [`Survey`] says what a file is made of.
//!
//! ```no_run
//! let mut file = onair_demux::open("show.mp4".as_ref())?;
//! for track in file.tracks() {
//!     println!("{track:?}");
//! }
//! while let Some(packet) = file.next_packet()? {
//!     println!("{} {} bytes", packet.dts, packet.payload.len());
//! }
//! # Ok::<(), onair_demux::Error>(())
//! ```
//!
//! Files are read as needed. Apart from an mp4's index, memory does not grow with a file's length,
//! and every length in a file is checked before it is used.
#![forbid(unsafe_code)]

mod advice;
mod block_cache;
mod block_stream;
mod codec;
mod container;
mod damage;
mod error;
mod flv;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod interleave;
mod matroska;
mod mp4;
mod open;
mod packet_source;
mod reader;
mod refused;
mod reorder;
mod repeat;
mod selection;
mod survey;
mod track;
mod ts;

pub use container::{Container, Format};
pub use damage::{Damage, TrackDamage};
pub use error::Error;
pub use open::{extensions, open, open_lenient, read, read_lenient};
pub use packet_source::{Opened, PacketSource};
pub use refused::Refused;
pub use repeat::open_repeated;
pub use survey::{Fault, Faults, Gops, Objection, Report, Span, Survey, TrackReport, Verdict};
pub use track::Track;
