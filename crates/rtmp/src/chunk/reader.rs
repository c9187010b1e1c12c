use std::cmp::Ordering;
use std::fmt;

use bytes::{Buf, Bytes, BytesMut};

use super::header::ChunkHeader;
use super::{DEFAULT_SIZE, MAX_MESSAGE_SIZE};
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
/// [`Self::feed`] takes bytes cut anywhere; [`Self::next`] then gives messages until there are none
/// left, and at most a chunk header stays behind. Set Chunk Size and Abort take effect here and are
/// given as messages too. After an error nothing more can be understood: `next` repeats the error
/// and `feed` drops its bytes.
pub struct Reader {
    limits: Limits,
    chunk_size: usize,
    input: Bytes,
    /// How many bytes were taken from the input.
    at: u64,
    /// So few that a search beats a map.
    streams: Vec<Stream>,
    /// The chunk whose payload is being read.
    open: Option<Open>,
    /// Memory held by incomplete messages.
    buffered: usize,
    failed: Option<Error>,
}

/// What is left of a chunk's payload.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// Into `Reader::streams`.
    stream: usize,
    left: usize,
}

/// What is remembered of a chunk stream.
struct Stream {
    id: u32,
    stream_id: u32,
    kind: u8,
    length: usize,
    timestamp: u32,
    /// The last timestamp field, for type 3 chunks that begin a message.
    delta: u32,
    /// The extended timestamp of the last header that had a timestamp.
    extended: Option<u32>,
    /// The body so far, while a message is incomplete.
    partial: Option<Vec<u8>>,
    /// How much of `Reader::buffered` is for `partial`.
    reserved: usize,
}

/// Payloads smaller than this are copied out, so that a kept message does not keep a whole read.
const BY_REFERENCE: usize = 4096;

impl Reader {
    /// A reader at the protocol's initial chunk size.
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            chunk_size: DEFAULT_SIZE as usize,
            input: Bytes::new(),
            at: 0,
            streams: Vec::new(),
            open: None,
            buffered: 0,
            failed: None,
        }
    }

    /// Takes bytes by copy.
    pub fn feed(&mut self, data: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        let mut joined = BytesMut::with_capacity(self.input.len() + data.len());
        joined.extend_from_slice(&self.input);
        joined.extend_from_slice(data);
        self.input = joined.freeze();
    }

    /// Takes bytes by reference, if all before them have been read.
    pub fn feed_bytes(&mut self, data: Bytes) {
        if self.input.is_empty() && self.failed.is_none() {
            self.input = data;
        } else {
            self.feed(&data);
        }
    }

    /// The chunk size the peer sends at.
    pub const fn chunk_size(&self) -> usize {
        self.chunk_size
    }

    /// How much memory incomplete messages hold, in bytes.
    pub const fn buffered(&self) -> usize {
        self.buffered
    }

    /// The next complete message, or none until more is fed.
    #[expect(clippy::should_implement_trait, reason = "more may follow a none")]
    pub fn next(&mut self) -> Result<Option<Message>, Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.read().inspect_err(|error| {
            *self = Self {
                failed: Some(error.clone()),
                ..Self::new(self.limits)
            };
        })
    }

    fn read(&mut self) -> Result<Option<Message>, Error> {
        loop {
            if self.open.is_none() && !self.begin_chunk()? {
                return Ok(None);
            }
            let Some(open) = self.open else { continue };
            if let Some(payload) = self.read_payload(open)? {
                let message = self.streams[open.stream].finish(payload);
                self.apply(&message)?;
                return Ok(Some(message));
            }
            if self.open.is_some() {
                return Ok(None);
            }
        }
    }

    /// Reads a chunk header and opens its payload, unless bytes are missing.
    fn begin_chunk(&mut self) -> Result<bool, Error> {
        let Some(mut header) = ChunkHeader::parse(&self.input) else {
            return Ok(false);
        };
        let index = self.stream(&header)?;
        let stream = &mut self.streams[index];
        if header.format == 3 {
            let Some(extended) = stream.peek_extended(&self.input[header.used..]) else {
                return Ok(false);
            };
            header.used += extended;
        }
        if stream.partial.is_none() {
            stream.begin(&header);
        } else if header.format != 3 {
            let what = "a new message begins inside another on the same chunk stream";
            return Err(Error::peer(what, self.at));
        }
        let got = stream.partial.as_ref().map_or(0, Vec::len);
        let (length, left) = (stream.length, self.chunk_size.min(stream.length - got));
        self.check_limit("bytes in a message", length, self.limits.message)?;
        self.consume(header.used);
        self.open = Some(Open {
            stream: index,
            left,
        });
        Ok(true)
    }

    /// The index of the header's chunk stream, new if need be.
    fn stream(&mut self, header: &ChunkHeader) -> Result<usize, Error> {
        let known = self.streams.iter().position(|s| s.id == header.id);
        if let Some(index) = known {
            return Ok(index);
        }
        // librtmp begins chunk stream 2 with type 1: time counts from 0, message stream 0. DJI's and
        // PTZ cameras begin one with type 2: a message of length 0 and type 0, which is nothing.
        if header.format == 3 {
            let what = "a chunk stream begins without a message header";
            return Err(Error::peer(what, self.at));
        }
        let count = self.streams.len();
        self.check_limit("chunk streams", count + 1, self.limits.chunk_streams)?;
        self.streams.push(Stream::new(header.id));
        Ok(count)
    }

    /// Reads as much of the open chunk as has arrived; gives the payload of a complete message.
    fn read_payload(&mut self, open: Open) -> Result<Option<Bytes>, Error> {
        let stream = &self.streams[open.stream];
        let fresh = stream.partial.as_ref().is_none_or(Vec::is_empty);
        if fresh && open.left == stream.length && self.input.len() >= open.left {
            self.open = None;
            return Ok(Some(self.take(open.left)));
        }
        let count = open.left.min(self.input.len());
        self.append(open.stream, count)?;
        self.open = (count < open.left).then_some(Open {
            left: open.left - count,
            ..open
        });
        let stream = &mut self.streams[open.stream];
        let done = |body: &mut Vec<u8>| body.len() == stream.length;
        let body = stream.partial.take_if(done);
        if body.is_some() {
            self.buffered -= std::mem::take(&mut stream.reserved);
        }
        Ok(body.map(Bytes::from))
    }

    /// A payload that lies in the input in one piece.
    fn take(&mut self, length: usize) -> Bytes {
        self.at += length as u64;
        if length >= BY_REFERENCE {
            return self.input.split_to(length);
        }
        let payload = Bytes::copy_from_slice(&self.input[..length]);
        self.input.advance(length);
        payload
    }

    /// Moves bytes from the input to a message.
    fn append(&mut self, stream: usize, count: usize) -> Result<(), Error> {
        let stream = &mut self.streams[stream];
        let body = stream.partial.get_or_insert_default();
        let needed = body.len() + count;
        if needed > stream.reserved {
            // The length is the peer's claim: memory follows the bytes that really come.
            let room = stream.length.min(needed.max(2 * stream.reserved));
            self.buffered += room - stream.reserved;
            stream.reserved = room;
            let limit = self.limits.buffered;
            if self.buffered > limit {
                return Err(self.limit("bytes in incomplete messages", limit));
            }
            body.reserve_exact(room - body.len());
        }
        body.extend_from_slice(&self.input[..count]);
        self.consume(count);
        Ok(())
    }

    fn consume(&mut self, count: usize) {
        self.input.advance(count);
        self.at += count as u64;
    }

    /// Obeys the messages that change how chunks are read (Adobe RTMP 1.0, 5.4.1 and 5.4.2).
    fn apply(&mut self, message: &Message) -> Result<(), Error> {
        if !matches!(message.kind, MessageKind::SetChunkSize | MessageKind::Abort) {
            return Ok(());
        }
        match Control::parse(message) {
            Ok(Some(Control::SetChunkSize(size))) => self.set_chunk_size(size),
            Ok(Some(Control::Abort(id))) => {
                self.abort(id);
                Ok(())
            }
            _ => Err(Error::peer("a control message is cut short", self.at)),
        }
    }

    fn set_chunk_size(&mut self, size: u32) -> Result<(), Error> {
        if size == 0 || size >> 31 != 0 {
            return Err(Error::peer("a chunk size of 0 or with bit 31 set", self.at));
        }
        self.chunk_size =
            usize::try_from(size).map_or(MAX_MESSAGE_SIZE, |size| size.min(MAX_MESSAGE_SIZE));
        Ok(())
    }

    fn abort(&mut self, id: u32) {
        if let Some(stream) = self.streams.iter_mut().find(|stream| stream.id == id) {
            stream.partial = None;
            self.buffered -= std::mem::take(&mut stream.reserved);
        }
    }

    fn check_limit(&self, what: &'static str, value: usize, limit: usize) -> Result<(), Error> {
        match value.cmp(&limit) {
            Ordering::Greater => Err(self.limit(what, limit)),
            _ => Ok(()),
        }
    }

    const fn limit(&self, what: &'static str, limit: usize) -> Error {
        let at = self.at;
        Error::LimitExceeded { what, limit, at }
    }
}

impl fmt::Debug for Reader {
    /// No bytes: they may hold a stream key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("at", &self.at)
            .field("chunk_size", &self.chunk_size)
            .field("chunk_streams", &self.streams.len())
            .field("buffered", &self.buffered)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

impl Stream {
    const fn new(id: u32) -> Self {
        Self {
            id,
            stream_id: 0,
            kind: 0,
            length: 0,
            timestamp: 0,
            delta: 0,
            extended: None,
            partial: None,
            reserved: 0,
        }
    }

    /// Begins a message with as much of a header as the chunk has; the rest is as before.
    ///
    /// A type 3 chunk repeats the last timestamp field as a delta, even one that was absolute
    /// (section 5.3.1.2.4).
    fn begin(&mut self, header: &ChunkHeader) {
        if header.format < 3 {
            self.delta = header.time;
            self.extended = header.extended;
        }
        if header.format < 2 {
            self.length = header.length;
            self.kind = header.kind;
        }
        self.timestamp = match header.format {
            0 => header.time,
            _ => self.timestamp.wrapping_add(self.delta),
        };
        if header.format == 0 {
            self.stream_id = header.stream_id;
        }
        self.partial = Some(Vec::new());
    }

    /// How many bytes of extended timestamp a type 3 chunk has, none while that is open.
    ///
    /// It should repeat its message's, but some senders leave that out: four bytes that differ from
    /// it are payload.
    fn peek_extended(&self, rest: &[u8]) -> Option<usize> {
        let Some(extended) = self.extended else {
            return Some(0);
        };
        let expected = extended.to_be_bytes();
        if rest.starts_with(&expected) {
            return Some(4);
        }
        (!expected.starts_with(rest)).then_some(0)
    }

    fn finish(&mut self, payload: Bytes) -> Message {
        self.partial = None;
        Message {
            chunk_stream: self.id,
            stream_id: self.stream_id,
            timestamp: self.timestamp,
            kind: self.kind.into(),
            payload,
        }
    }
}
