//! Receives live streams and passes them on: to RTMP players, browsers, files and other servers.
//!
//! A publisher's packets go into a [`StreamRegistry`], which keeps each stream's current GOP and a
//! little more, once for any number of [`Viewer`]s. A viewer that cannot keep up skips to the next
//! keyframe; it never slows the publisher or another viewer.
#![forbid(unsafe_code)]

mod address;
mod config;
mod descriptors;
mod error;
mod event;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod guesses;
mod keys;
mod listening;
mod permits;
mod private_file;
mod probe;
mod receiver;
mod record;
mod registry;
mod relay;
mod repeats;
mod rtmp;
mod stop;
mod stream_tasks;
pub mod tls;
mod web;

pub use config::Limits;
pub use error::Error;
pub use event::{Event, EventStream};
pub use keys::{KeyError, Keys};
pub use receiver::{Builder, Receiver};
pub use record::{Recording, Unrecorded};
pub use registry::{
    AudioInfo, Change, HeldInfo, Ingest, Item, Origin, PublishError, PublisherKind, PushError,
    RegistryConfig, StreamInfo, StreamName, StreamRegistry, StreamWatch, VideoInfo, Viewer,
};
pub use relay::{
    HoldSettings, HoldSlate, RelayError, RelayFailure, RelayInfo, RelayState, RelayTarget,
    TargetError,
};
pub use repeats::Repeats;
pub use web::{Dashboard, Order, Orders, Token, Web, WebLimits, WebServer, qr_code};
