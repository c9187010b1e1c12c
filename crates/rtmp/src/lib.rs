//! The RTMP protocol, sans I/O: bytes and time in, bytes and events out.
//!
//! | what | where | specification |
//! |---|---|---|
//! | [`Url`], [`Target`] | `url/`, `target.rs` | `rtmp://` and `rtmps://` as publishers write and servers read them |
//! | [`handshake`] | `handshake.rs` | Adobe RTMP 1.0, section 5.2 |
//! | [`chunk`] | `chunk/` | Adobe RTMP 1.0, section 5.3 |
//! | [`Message`], [`Control`] | `message.rs`, `control.rs` | Adobe RTMP 1.0, sections 5.4, 6 and 7.1 |
//! | [`Command`] | `command.rs`, `status.rs` | Adobe RTMP 1.0, section 7.2 |
//! | [`Publisher`] | `publisher/` | sections 7.2.1 and 7.2.2 as servers practise them; E-RTMP v2 reconnect |
//! | [`Player`] | `player.rs` | sections 7.2.1 and 7.2.2.1: one who watches |
//! | [`Server`] | `server/` | the same, from the other side |
//! | [`Credentials`] | `auth.rs` | Adobe's and Limelight's challenges, which no specification has |
//!
//! # Driving a machine
//!
//! All machines have the same shape, [`Machine`]. [`Input`] goes in with the time it happened; then
//! `poll_output` is drained until it answers [`Output::Timeout`]; then comes the next input.
//! **One mutation, then drain to the timeout**: nothing is lost by it, and nothing has to be
//! remembered between.
//!
//! 1. Open a connection, make the machine.
//! 2. Drain: write what it transmits, look at what it tells, remember its timeout.
//! 3. Wait for bytes, the end of the connection, the timeout, or something of your own to say.
//! 4. Hand that over, and drain again.
//!
//! A peer that does not read must not cost memory: a [`SendBuffer`] holds what the kernel has not
//! taken, and says when to stop reading and when to give up.
//!
//! Here the connection is two byte strings; `examples/blocking.rs` does the same with a socket.
//!
//! ```
//! use std::time::Instant;
//!
//! use bytes::{Buf, Bytes};
//! use onair_flv::{Tag, TagKind};
//! use onair_rtmp::{Input, Machine, Output, Publisher, Server, publisher, server};
//!
//! let now = Instant::now();
//! let config = publisher::Config::new("rtmp://live.example/app/key".parse()?);
//! let mut client = Publisher::new(config, now);
//! let mut host = Server::new(server::Config::default(), now);
//!
//! // The first flight: media leaves before the server has said a word.
//! assert!(client.ready());
//! client.send(&Tag::from_body(TagKind::Audio, 0, Bytes::from_static(&[0xAF, 1, 0])))?;
//!
//! let (mut is_live, mut heard) = (false, 0);
//! while !is_live {
//!     let up = drain(|| client.poll_output(), |event| match event {
//!         publisher::Event::Publishing => is_live = true,
//!         other => println!("{other:?}"),
//!     });
//!     host.handle_input(Input::Receive(now, &up))?;
//!     let mut asked = None;
//!     let mut down = drain(|| host.poll_output(), |event| match event {
//!         server::Event::Publish { stream, .. } => asked = Some(stream),
//!         server::Event::Media { .. } => heard += 1,
//!         other => println!("{other:?}"),
//!     });
//!     if let Some(stream) = asked {
//!         host.accept(stream);
//!         down.extend(drain(|| host.poll_output(), |event| match event {
//!             server::Event::Media { .. } => heard += 1,
//!             other => println!("{other:?}"),
//!         }));
//!     }
//!     client.handle_input(Input::Receive(now, &down))?;
//! }
//! assert_eq!(heard, 1);
//!
//! fn drain<E>(mut poll: impl FnMut() -> Output<E>, mut told: impl FnMut(E)) -> Vec<u8> {
//!     let mut wire = Vec::new();
//!     loop {
//!         match poll() {
//!             Output::Transmit(mut bytes) => wire.extend(bytes.copy_to_bytes(bytes.remaining())),
//!             Output::Event(event) => told(event),
//!             Output::Timeout(_at) => return wire,
//!         }
//!     }
//! }
//! # Ok::<(), onair_rtmp::Error>(())
//! ```
//!
//! # How a connection ends
//!
//! `handle_input` fails when the stream cannot be published: [`Error`] says whose fault it is, in
//! the server's own words where it had any. [`publisher::End::Finished`] is the end that was asked
//! for. [`publisher::End::Retry`] is neither: the machine wants a new connection and a new
//! [`Publisher`] with the configuration it gives, at once. Challenges, redirects and servers that
//! do not take the first flight are all settled that way, and bounded: it never asks for ever.
//!
//! Pure: no I/O, no clock, no unsafe, and no panic on any input.
#![forbid(unsafe_code)]

mod auth;
pub mod chunk;
mod codecs;
mod command;
mod control;
mod error;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
pub mod handshake;
mod io;
mod message;
pub mod player;
pub mod publisher;
mod secret;
mod send_buffer;
pub mod server;
mod slices;
mod status;
mod target;
mod url;
mod window;
mod wire;
mod words;

pub use command::Command;
pub use control::{Control, LimitType, UserControl};
pub use error::Error;
pub use io::{Input, Machine, Output};
pub use message::{Aggregate, Message, MessageKind};
pub use player::Player;
pub use publisher::Publisher;
pub use secret::{Credentials, Secret};
pub use send_buffer::SendBuffer;
pub use server::Server;
pub use slices::Slices;
pub use target::Target;
pub use url::{Scheme, Url, UrlError};
pub use window::{Acknowledged, Window};
