//! How RTMP and `.flv` files carry audio and video.
//!
//! A [`Muxer`] turns packets into [`Tag`]s, a [`Demuxer`] tags into packets; a tag is both an FLV
//! tag and an RTMP media message. Scripts and RTMP commands are written in [`amf0`]; [`mod@file`]
//! has the bytes of a file.
//!
//! | what | where | specification |
//! |---|---|---|
//! | values | [`amf0`] | AMF0 (December 2007) |
//! | tag | [`Tag`] | FLV 10.1 §E.4.1 |
//! | audio | [`AudioTagHeader`] | FLV 10.1 §E.4.2 |
//! | pictures | [`VideoHeader`], [`VideoTagHeader`] | FLV 10.1 §E.4.3 |
//! | `onMetaData` | [`metadata`] | FLV 10.1 §E.5 |
//! | file | [`mod@file`] | FLV 10.1 §E.2, §E.3 |
//! | which codec has which form | `codec.rs`; others are refused by name | FLV 10.1, Enhanced RTMP v2 |
//! | packet modifiers, several tracks | `enhanced.rs`: track 0 is kept, others are named | Enhanced RTMP v2 |
//!
//! Pure: no I/O, no clock, no unsafe, and no panic on any input.
#![forbid(unsafe_code)]

pub mod amf0;
mod audio;
mod codec;
mod demuxer;
mod enhanced;
mod error;
pub mod file;
mod folded;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod head;
pub mod metadata;
mod muxer;
mod tag;
mod video;

pub use audio::{AudioPacketType, AudioTagHeader, format_name};
pub use codec::enhanced_four_cc;
pub use demuxer::{Demuxed, Demuxer};
pub use error::Error;
pub use head::{Head, TagKind};
pub use muxer::{Muxed, Muxer};
pub use tag::Tag;
pub use video::{FrameType, VideoHeader, VideoPacketType, VideoTagHeader, codec_name};
