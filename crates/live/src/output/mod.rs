//! Where a broadcast goes: servers and files.

pub(crate) mod recording;
pub(crate) mod rtmp;
pub(crate) mod tls;
pub(crate) mod transport;
