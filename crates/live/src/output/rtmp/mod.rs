//! RTMP, plain and inside TLS.

pub(crate) mod failure;
pub(crate) mod playback;
pub(crate) mod session;
