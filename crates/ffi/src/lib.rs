//! onair for Swift: control through [UniFFI](https://mozilla.github.io/uniffi-rs/), video and audio
//! through a C interface of a handful of functions, so that no frame is ever copied.
//!
//! There are two ways in. With a [`Broadcaster`] the application owns camera and microphone and
//! hands over their media: see [`feed`]. With a [`Studio`] onair owns them, and decides what to do
//! about calls, heat and a lost network.
//!
//! Nothing here waits for a network or a camera, and everything may be called from any thread.
//! [`Events`] and [`StudioEvents`] report what happens; the Swift package makes `AsyncSequence`s of
//! them. Dropping an object stops what it runs. An error is one sentence that names cause and cure;
//! neither errors nor printed objects contain stream keys or passwords.
#![deny(unsafe_code)]

#[cfg(apple_media)]
mod apple;
mod broadcaster;
#[cfg(apple_media)]
pub mod c;
mod config;
mod error;
mod event;
mod failure;
pub mod feed;
mod mailbox;
mod notice;
mod preview;
#[cfg(apple_media)]
mod push;
mod report;
mod studio;
mod table;

pub use broadcaster::{Broadcaster, Events};
pub use config::{AudioConfig, BroadcastConfig, Codec, Destination, VideoConfig};
pub use error::OnairError;
pub use event::{Event, HandoverReason};
pub use failure::Failure;
pub use notice::{Notice, StudioEvent, Why};
pub use report::{
    AudioCapture, DestinationReport, DestinationState, DestinationStats, EncoderStats, Gap,
    LimitedBy, Outcome, Report, Stats, TrackStats, VideoCapture,
};
pub use studio::{Facing, Rotation, ShowConfig, Stabilisation, Studio, StudioConfig, StudioEvents};

uniffi::setup_scaffolding!();
