//! What a compressed live stream consists of: time, units, packets, and the bitstream facts of
//! H.264, HEVC and AAC that a publisher needs.
//!
//! Pure: no I/O, no clock, no unsafe, and no panic on any input.
#![forbid(unsafe_code)]

pub mod aac;
mod bits;
mod codec;
mod config;
mod descriptor;
mod error;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
pub mod h264;
pub mod hevc;
mod kind;
mod packet;
mod parameter_sets;
mod probe;
#[cfg(test)]
mod test_data;
pub mod text;
mod time;
mod tracks;
mod units;

pub use codec::{AudioCodec, VideoCodec};
pub use config::{AudioConfig, Config, VideoConfig};
pub use descriptor::FourCc;
pub use error::Error;
pub use kind::Kind;
pub use packet::Packet;
pub use probe::{Probed, TrackProbe};
pub use time::Timestamp;
pub use tracks::{AudioTrack, Language, Property, Tracks, VideoTrack};
pub use units::{Bitrate, FrameRate, Size};
