//! What Apple's C frameworks hand out, owned: all raw pointers stop here.
//!
//! `sys` declares the functions, each owned type here calls those of its own kind
//! and gives out safe Rust, and everything that decides anything is built on top.
#![expect(unsafe_code, reason = "the C interface of Core Foundation and its kin")]

mod audio_buffers;
mod audio_converter;
mod block_buffer;
mod compression_session;
mod format_description;
mod object;
mod pcm;
mod pixel_buffer;
mod sample_buffer;
mod status;
pub(crate) mod sys;
mod time;

pub(crate) use audio_converter::{AudioConverter, AudioStreamBasicDescription, Feed};
pub use block_buffer::BlockBuffer;
pub(crate) use compression_session::{CompressionSession, Output};
pub use format_description::{FormatDescription, FourCharCode, ParameterSets};
pub use pcm::audio_samples;
pub use pixel_buffer::{LockedPixels, PixelBuffer, Plane};
pub use sample_buffer::SampleBuffer;
pub use status::Status;
pub use time::Time;
