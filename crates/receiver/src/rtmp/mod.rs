//! RTMP and RTMPS: a listener, and a driver for each connection's machine.

mod connection;
mod listener;
mod playing;
mod publishing;
mod requests;
mod stream;
mod timing;

pub(crate) use listener::{Context, Door, serve};
