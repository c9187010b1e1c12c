//! How RTMP and `.flv` files carry audio and video.
//!
//! A [`Muxer`] makes [`Tag`]s of packets, a [`Demuxer`] packets of tags; a tag
//! is at once an FLV tag and an RTMP media message. [`amf0`] is what scripts
//! and RTMP commands are written in, [`mod@file`] the bytes of a file.
//!
//! | what | where | law |
//! |---|---|---|
//! | values | [`amf0`] | AMF0 (December 2007) |
//! | tag | [`Tag`] | FLV 10.1 §E.4.1 |
//! | sound | [`AacPacketType`] | FLV 10.1 §E.4.2 |
//! | pictures | [`VideoHeader`], [`AvcHeader`] | FLV 10.1 §E.4.3 |
//! | `onMetaData` | [`Metadata`] | FLV 10.1 §E.5 |
//! | file | [`mod@file`] | FLV 10.1 §E.2, §E.3 |
//! | pictures by `FourCC` | [`HevcHeader`], `avc1`; others are refused by name | Enhanced RTMP v2 |
//! | packet modifiers, several tracks | `enhanced.rs`: track 0 is kept, others are named | Enhanced RTMP v2 |
//!
//! Pure: no I/O, no clock, no unsafe, and no panic on any input.
#![forbid(unsafe_code)]

pub mod amf0;
mod audio;
mod demuxer;
mod enhanced;
mod error;
pub mod file;
mod fourcc;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod hevc;
mod muxer;
mod script;
mod tag;
mod video;

pub use audio::{AacPacketType, format_name};
pub use demuxer::{Demuxed, Demuxer};
pub use error::Error;
pub use fourcc::FourCc;
pub use hevc::{HevcHeader, HevcPacketType};
pub use muxer::{Muxed, Muxer};
pub use script::{Metadata, video_codec_id};
pub use tag::{Head, Tag, TagKind};
pub use video::{AvcHeader, AvcPacketType, FrameType, VideoHeader, codec_name};
