//! The chunk stream: messages cut into interleaved chunks (Adobe RTMP 1.0, section 5.3).

mod header;
mod reader;
mod writer;

pub use reader::{Limits, Reader};
pub use writer::{Header, StreamId, Writer};

/// The chunk size both directions start with (Adobe RTMP 1.0, section 5.4.1).
pub const DEFAULT_SIZE: u32 = 128;

/// The largest message some servers take: nginx-rtmp ends the session beyond it.
pub const CAREFUL_MESSAGE_SIZE: usize = 1 << 20;

/// The largest message the 24-bit length field can announce.
pub const MAX_MESSAGE_SIZE: usize = 0xFF_FFFF;

/// The timestamp field's value when the time follows in four bytes (section 5.3.1.3).
const EXTENDED: u32 = 0xFF_FFFF;
