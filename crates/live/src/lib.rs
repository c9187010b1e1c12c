//! Puts a camera and microphone, a test card or a file on air over RTMP, and keeps it there.
//!
//! A [`Broadcast`] encodes once (or passes a file through untouched) and sends to any number of
//! [`Destination`]s, each with its own queue and its own failures. It outlives its connections:
//! when a line drops, the timeline goes on, and the next connection begins at the next keyframe.
//! When a line narrows, whole GOP tails of video are shed and listed; audio never is.
//!
//! The thinking parts (`interleave`, `queue`, `rate`, `reconnect`, `failover`, `handover`, `pace`) are pure and know no
//! clock. `output` reaches servers and files, one protocol or format in each of its modules; all
//! sockets are on one thread.
#![cfg_attr(not(target_vendor = "apple"), forbid(unsafe_code))]
#![cfg_attr(target_vendor = "apple", deny(unsafe_code))] // but for `kernel/apple.rs`

mod audio_monitor;
mod broadcast;
mod builder;
mod config;
mod delay;
mod destination;
pub mod director;
mod error;
mod event;
mod events;
mod failover;
mod failure;
mod fanout;
mod fault;
#[cfg(test)]
mod fifty_days;
#[cfg(test)]
mod flapping;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod handover;
mod interleave;
mod kernel;
mod meter;
mod network;
mod output;
mod pace;
mod pipeline;
pub mod probe;
mod program;
mod queue;
pub mod rate;
mod reconnect;
mod renewal;
mod report;
#[cfg(test)]
mod samples;
mod shared_queue;
mod stop;
pub mod studio;
mod subscription;
pub mod trace;

pub use broadcast::{Broadcast, Stopper};
pub use builder::Builder;
pub use config::{Adapt, Pace, RetryPolicy, SizeChanges, Tls};
pub use error::Error;
pub use event::{Event, HandoverReason};
pub use failure::{Failure, FailureStage, Refusal};
pub use fault::Fault;
pub use output::recording::recording_extensions;
pub use output::rtmp::playback::Playback;
pub use output::{Address, AddressError, Credentials, Destination, Secret};
pub use report::{
    AudioCapture, CaptureReport, DestinationReport, DestinationStats, EncoderReport, EncoderTrack,
    Encoding, Gap, Outcome, QueueDelay, RecordingReport, Report, State, Stats, TrackReport,
    VideoCapture,
};

pub use studio::Studio;
pub use subscription::{Subscriber, Subscription};

pub use onair_av as av;
pub use onair_demux as demux;
pub use onair_flv as flv;
pub use onair_media as media;
pub use onair_rtmp as rtmp;

/// The README's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
