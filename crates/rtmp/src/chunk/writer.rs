use std::ops::RangeInclusive;

use bytes::Bytes;

use super::{DEFAULT_SIZE, EXTENDED, MAX_MESSAGE_SIZE};
use crate::{Command, Control, Error, MessageKind, Slices};

/// A chunk stream to send on, 2 to 31.
///
/// nginx-rtmp ends the session at 32, and others do not read the longer forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StreamId(u8);

impl StreamId {
    /// Protocol control messages; the specification reserves it.
    pub const CONTROL: Self = Self(2);
    /// Commands of the connection.
    pub const COMMAND: Self = Self(3);
    /// Audio.
    pub const AUDIO: Self = Self(4);
    /// Commands and data of a stream.
    pub const DATA: Self = Self(5);
    /// Video.
    pub const VIDEO: Self = Self(6);

    /// The chunk stream `id`, if every server can read it.
    pub const fn new(id: u8) -> Option<Self> {
        match id {
            2..=31 => Some(Self(id)),
            _ => None,
        }
    }
}

/// Everything about a message to send but its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The chunk stream to send on.
    pub chunk_stream: StreamId,
    /// The message stream; 0 is the connection itself.
    pub stream_id: u32,
    /// What the message carries.
    pub kind: MessageKind,
    /// Milliseconds, wrapping at 2^32.
    pub timestamp: u32,
}

/// Cuts messages into chunks.
///
/// The first message of each chunk stream has a full header (type 0), later ones a delta (types
/// 1 and 2), so that absolute times of 0xFFFFFF and more, which many servers get wrong, stay off
/// the wire. A type 3 chunk only ever continues a message. Messages never interleave.
#[derive(Clone, Debug)]
pub struct Writer {
    chunk_size: usize,
    streams: [Option<Sent>; 32],
}

/// What the peer remembers of a chunk stream's last message.
#[derive(Clone, Copy, Debug)]
struct Sent {
    header: Header,
    length: usize,
}

/// The chunk sizes every server accepts.
const CHUNK_SIZES: RangeInclusive<u32> = 128..=65536;

/// Basic header, full message header, extended timestamp.
const MAX_HEADER: usize = 1 + 11 + 4;

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

impl Writer {
    /// A writer at the protocol's initial chunk size.
    pub const fn new() -> Self {
        Self {
            chunk_size: DEFAULT_SIZE as usize,
            streams: [None; 32],
        }
    }

    /// The chunk size in force.
    pub const fn chunk_size(&self) -> usize {
        self.chunk_size
    }

    /// Announces a new chunk size, 128 to 65536, and uses it from the next message on.
    pub fn set_chunk_size(&mut self, size: u32, out: &mut Slices) -> Result<(), Error> {
        self.write_control(&Control::SetChunkSize(size), out)
    }

    /// Sends a control message on chunk stream 2.
    pub fn write_control(&mut self, control: &Control, out: &mut Slices) -> Result<(), Error> {
        if let Control::SetChunkSize(size) = control
            && !CHUNK_SIZES.contains(size)
        {
            return Err(Error::Misuse {
                what: "a chunk size outside 128 to 65536",
            });
        }
        let mut body = Vec::with_capacity(16);
        control.write(&mut body);
        let header = Header {
            chunk_stream: StreamId::CONTROL,
            stream_id: 0,
            kind: control.kind(),
            timestamp: 0,
        };
        self.write(&header, &body, &Bytes::new(), out)?;
        if let Control::SetChunkSize(size) = control {
            self.chunk_size = *size as usize;
        }
        Ok(())
    }

    /// Sends a command on the connection (stream 0) or on a message stream.
    pub fn write_command(
        &mut self,
        stream_id: u32,
        command: &Command,
        out: &mut Slices,
    ) -> Result<(), Error> {
        let header = Header {
            chunk_stream: match stream_id {
                0 => StreamId::COMMAND,
                _ => StreamId::DATA,
            },
            stream_id,
            kind: MessageKind::CommandAmf0,
            timestamp: 0,
        };
        self.write(&header, &[], &command.write(), out)
    }

    /// Sends a message whose body is `head` (copied, so meant to be short) and then `payload`
    /// (referred to, never copied).
    pub fn write(
        &mut self,
        header: &Header,
        head: &[u8],
        payload: &Bytes,
        out: &mut Slices,
    ) -> Result<(), Error> {
        let length = head.len() + payload.len();
        if length > MAX_MESSAGE_SIZE {
            return Err(Error::Misuse {
                what: "a message of more than 16777215 bytes",
            });
        }
        let chunks = length.div_ceil(self.chunk_size).max(1);
        out.reserve(chunks, MAX_HEADER + head.len() + 5 * (chunks - 1));
        let continuation = self.begin(header, length, out);
        self.write_body(&continuation, head, payload, out);
        Ok(())
    }

    /// Writes the first chunk's header; gives the header of the chunks that continue it.
    fn begin(&mut self, header: &Header, length: usize, out: &mut Slices) -> Continuation {
        let id = header.chunk_stream.0;
        let last = &mut self.streams[usize::from(id) % 32];
        let (format, time) = choose(*last, header, length);
        *last = Some(Sent {
            header: *header,
            length,
        });
        let mut bytes = [0; MAX_HEADER];
        let used = encode(&mut bytes, (format, time), header, length);
        out.copy_from(&bytes[..used]);
        Continuation::new(id, time)
    }

    fn write_body(
        &self,
        continuation: &Continuation,
        head: &[u8],
        payload: &Bytes,
        out: &mut Slices,
    ) {
        let mut room = self.chunk_size;
        for piece in head.chunks(self.chunk_size) {
            if room < piece.len() {
                out.copy_from(continuation.as_bytes());
                room = self.chunk_size;
            }
            out.copy_from(piece);
            room -= piece.len();
        }
        if payload.is_empty() {
            return;
        }
        let held = out.hold(payload.clone());
        let mut at = 0;
        while at < payload.len() {
            if room == 0 {
                out.copy_from(continuation.as_bytes());
                room = self.chunk_size;
            }
            let end = payload.len().min(at + room);
            out.refer(held, at..end);
            room -= end - at;
            at = end;
        }
    }
}

/// The header of a type 3 chunk: with the extended timestamp, if its message has one.
struct Continuation {
    bytes: [u8; 5],
    used: usize,
}

impl Continuation {
    fn new(id: u8, time: u32) -> Self {
        let [a, b, c, d] = time.to_be_bytes();
        Self {
            bytes: [3 << 6 | id, a, b, c, d],
            used: if time >= EXTENDED { 5 } else { 1 },
        }
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.used]
    }
}

/// The shortest safe chunk type, and what to put in its timestamp field.
fn choose(last: Option<Sent>, header: &Header, length: usize) -> (u8, u32) {
    let Some(last) = last else {
        return (0, header.timestamp);
    };
    let delta = header.timestamp.wrapping_sub(last.header.timestamp);
    // Time that goes back shows as a huge delta. SRS takes an extended delta for absolute.
    if last.header.stream_id != header.stream_id || delta >= EXTENDED {
        return (0, header.timestamp);
    }
    let same = last.length == length && last.header.kind == header.kind;
    (if same { 2 } else { 1 }, delta)
}

/// Lays out a basic header, a message header of type `format` and an extended timestamp
/// (Adobe RTMP 1.0, sections 5.3.1.1 to 5.3.1.3); gives the bytes used.
fn encode(
    bytes: &mut [u8; MAX_HEADER],
    (format, time): (u8, u32),
    header: &Header,
    length: usize,
) -> usize {
    let short = time.min(EXTENDED).to_be_bytes();
    let length = (length as u64).to_be_bytes();
    bytes[0] = format << 6 | header.chunk_stream.0;
    bytes[1..4].copy_from_slice(&short[1..]);
    bytes[4..7].copy_from_slice(&length[5..]);
    bytes[7] = header.kind.id();
    bytes[8..12].copy_from_slice(&header.stream_id.to_le_bytes());
    let used = match format {
        0 => 12,
        1 => 8,
        _ => 4,
    };
    if time < EXTENDED {
        return used;
    }
    bytes[used..used + 4].copy_from_slice(&time.to_be_bytes());
    used + 4
}
