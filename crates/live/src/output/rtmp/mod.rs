//! RTMP, plain and inside TLS.

pub(crate) mod playback;
pub(crate) mod session;
