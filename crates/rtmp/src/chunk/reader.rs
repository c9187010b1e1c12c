use std::collections::HashMap;

use bytes::{Buf, Bytes, BytesMut};

use super::{DEFAULT_SIZE, EXTENDED, MAX_MESSAGE_SIZE};
use crate::{Control, Error, Message, MessageKind};

/// How much memory a peer may make a [`Reader`] hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Chunk streams in use.
    pub chunk_streams: usize,
    /// Bytes in one message.
    pub message: usize,
    /// Bytes in all messages that are still incomplete.
    pub buffered: usize,
}

impl Default for Limits {
    /// 64 chunk streams, messages of 10 MiB, 16 MiB incomplete.
    fn default() -> Self {
        Self {
            chunk_streams: 64,
            message: 10 << 20,
            buffered: 16 << 20,
        }
    }
}

/// Puts messages together from chunks.
///
/// Bytes go in with [`Self::feed`], in any cut; then [`Self::next`] gives messages until there
/// is none. Set Chunk Size and Abort take effect here and are given as messages too. After an
/// error the stream cannot be understood any more, and `next` repeats the error.
#[derive(Debug)]
pub struct Reader {
    limits: Limits,
    chunk_size: usize,
    input: Bytes,
    /// How many bytes were taken from the input.
    at: u64,
    streams: HashMap<u32, Stream>,
    /// The chunk whose payload is being read.
    open: Option<Open>,
    /// Memory held by incomplete messages.
    buffered: usize,
    failed: Option<Error>,
}

/// The payload that is left of a chunk.
#[derive(Clone, Copy, Debug)]
struct Open {
    id: u32,
    left: usize,
}

/// What is remembered of a chunk stream.
#[derive(Debug, Default)]
struct Stream {
    stream_id: u32,
    kind: u8,
    length: usize,
    timestamp: u32,
    /// The last timestamp field, for type 3 chunks that begin a message.
    delta: u32,
    extended: bool,
    /// The body so far, while a message is incomplete.
    partial: Option<Vec<u8>>,
}

/// A chunk header (Adobe RTMP 1.0, section 5.3.1) as far as its type has it.
struct ChunkHeader {
    id: u32,
    format: u8,
    time: u32,
    length: usize,
    kind: u8,
    stream_id: u32,
    used: usize,
}

/// Payloads smaller than this are copied out, so that a kept message does not keep a whole read.
const BY_REFERENCE: usize = 4096;

impl Reader {
    /// A reader at the protocol's initial chunk size.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            chunk_size: DEFAULT_SIZE as usize,
            input: Bytes::new(),
            at: 0,
            streams: HashMap::new(),
            open: None,
            buffered: 0,
            failed: None,
        }
    }

    /// Takes bytes by copy.
    pub fn feed(&mut self, data: &[u8]) {
        let mut joined = BytesMut::with_capacity(self.input.len() + data.len());
        joined.extend_from_slice(&self.input);
        joined.extend_from_slice(data);
        self.input = joined.freeze();
    }

    /// Takes bytes by reference, if all before them have been read.
    pub fn feed_bytes(&mut self, data: Bytes) {
        if self.input.is_empty() {
            self.input = data;
        } else {
            self.feed(&data);
        }
    }

    /// The chunk size the peer sends at.
    pub const fn chunk_size(&self) -> usize {
        self.chunk_size
    }

    /// The next complete message, or none until more is fed.
    #[expect(clippy::should_implement_trait, reason = "more may follow a none")]
    pub fn next(&mut self) -> Result<Option<Message>, Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.read().inspect_err(|error| {
            self.failed = Some(error.clone());
            self.input = Bytes::new();
            self.streams.clear();
        })
    }

    fn read(&mut self) -> Result<Option<Message>, Error> {
        Ok(None)
    }
}
