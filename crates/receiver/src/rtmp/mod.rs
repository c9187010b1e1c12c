//! RTMP and RTMPS: a listener, and a driver for each connection's machine.

mod connection;
mod listener;
mod playing;
mod publishing;
mod stream;

pub(crate) use listener::{Context, Door, serve};
