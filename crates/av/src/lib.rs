//! Raw video and audio: frames and samples, the clocks that stamp them, the
//! sources they come from, and the encoders that turn them into packets.
//!
//! Whatever is raw or a device lives here, and so does the only `unsafe` code:
//! each foreign library behind one file of [`encode`]'s backends. What is
//! compressed and pure is `onair-media`'s.
//!
//! A [`VideoSource`] gives [`VideoFrame`]s, an [`AudioSource`] gives
//! [`AudioSamples`]; an [`encode::VideoEncoder`] and an [`encode::AudioEncoder`]
//! turn them into [`Packet`](onair_media::Packet)s on one timeline.
#![deny(unsafe_code)]

#[cfg(apple_media)]
pub mod apple;
pub mod capture;
pub mod clock;
pub mod device;
pub mod encode;
pub mod pcm;

#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;

mod error;
mod frame;
mod i420;
mod samples;
mod still;

pub use capture::{AudioSource, VideoSource};
pub use error::Error;
pub use frame::{Surface, VideoFrame};
pub use i420::I420;
pub use samples::AudioSamples;
