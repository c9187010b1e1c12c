//! The RTMP protocol, sans I/O: bytes and time in, bytes and events out.
//!
//! | what | where | specification |
//! |---|---|---|
//! | [`Url`] | `url.rs` | `rtmp://` and `rtmps://` as servers read them |
//! | [`handshake`] | `handshake.rs` | Adobe RTMP 1.0, section 5.2 |
//! | [`chunk`] | `chunk/` | Adobe RTMP 1.0, section 5.3 |
//! | [`Message`], [`Control`] | `message.rs`, `control.rs` | Adobe RTMP 1.0, sections 5.4, 6 and 7.1 |
//!
//! Pure: no I/O, no clock, no unsafe, and no panic on any input.
#![forbid(unsafe_code)]

mod auth;
pub mod chunk;
mod command;
mod control;
mod error;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
pub mod handshake;
mod io;
mod message;
pub mod publisher;
mod secret;
pub mod server;
mod slices;
mod status;
mod url;
mod window;
mod wire;

pub use command::Command;
pub use control::{Control, LimitType, UserControl};
pub use error::Error;
pub use io::{Input, Output};
pub use message::{Aggregate, Message, MessageKind};
pub use publisher::Publisher;
pub use secret::{Credentials, Secret};
pub use server::Server;
pub use slices::Slices;
pub use url::{Scheme, Url, UrlError};
pub use window::{Acknowledged, Window};
