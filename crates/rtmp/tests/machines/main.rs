//! The publisher and the server, in virtual time.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

mod auth;
mod client;
mod codecs;
mod common;
mod floods;
mod host;
mod hostile;
mod play;
mod publish;
mod script;
mod serve;
mod servers;
