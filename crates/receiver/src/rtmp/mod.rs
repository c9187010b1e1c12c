//! RTMP and RTMPS: a listener, and a driver for each connection's machine.

mod connection;
mod context;
mod listener;
mod playing;
mod publishing;

pub(crate) use context::Context;
pub(crate) use listener::{Listener, serve};
