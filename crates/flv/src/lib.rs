//! How RTMP and `.flv` files carry audio and video.
#![forbid(unsafe_code)]
