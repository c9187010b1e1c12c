//! The RTMP protocol, sans I/O.
#![forbid(unsafe_code)]
