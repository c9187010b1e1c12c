//! The wire: URL, handshake, chunks and control messages, from outside the crate.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

mod chunks;
mod common;
mod control;
mod forms;
mod handshake;
mod hostile;
mod quirks;
mod slices;
mod url;
