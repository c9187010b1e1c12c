//! What the tests of the wire share.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test binary uses its own part"
)]

use bytes::{Buf, Bytes};
use onair_rtmp::chunk::{Header, Limits, Reader, StreamId, Writer};
use onair_rtmp::{Error, Message, MessageKind, Slices};

/// The bytes of `slices`, as a socket would get them.
pub(crate) fn flat(mut slices: Slices) -> Vec<u8> {
    slices.copy_to_bytes(slices.remaining()).to_vec()
}

/// Hexadecimal digits, white space ignored.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<char> = digits.chars().filter(|c| !c.is_whitespace()).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&String::from_iter(pair), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

pub(crate) fn pattern(length: usize) -> Bytes {
    (0..251u8).cycle().step_by(31).take(length).collect()
}

pub(crate) fn reader() -> Reader {
    Reader::new(Limits::default())
}

/// A Set Chunk Size message, so that a reader takes what follows in chunks of `size`.
pub(crate) fn set_chunk_size(size: u32) -> Vec<u8> {
    [
        &hex("02 000000 000004 01 00000000")[..],
        &size.to_be_bytes(),
    ]
    .concat()
}

/// All messages in `bytes`, and the error that ends them if one does.
pub(crate) fn read_cut(bytes: &[u8], cut: usize, limits: Limits) -> (Vec<Message>, Option<Error>) {
    let (mut reader, mut messages) = (Reader::new(limits), Vec::new());
    for piece in bytes.chunks(cut.max(1)) {
        reader.feed(piece);
        loop {
            match reader.next() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => return (messages, Some(error)),
            }
        }
    }
    (messages, None)
}

/// All messages in valid bytes, the same in several cuts.
pub(crate) fn read(bytes: &[u8]) -> Vec<Message> {
    let whole = read_cut(bytes, bytes.len(), Limits::default());
    for cut in [1, 3, 127, 4096] {
        assert_eq!(read_cut(bytes, cut, Limits::default()), whole, "cut {cut}");
    }
    assert_eq!(whole.1, None);
    whole.0
}

/// The error in invalid bytes.
pub(crate) fn fault(bytes: &[u8]) -> Error {
    read_cut(bytes, bytes.len(), Limits::default()).1.unwrap()
}

pub(crate) fn video(timestamp: u32) -> Header {
    Header {
        chunk_stream: StreamId::VIDEO,
        stream_id: 1,
        kind: MessageKind::Video,
        timestamp,
    }
}

pub(crate) fn audio(timestamp: u32) -> Header {
    Header {
        chunk_stream: StreamId::AUDIO,
        kind: MessageKind::Audio,
        ..video(timestamp)
    }
}

/// The bytes that `writer` makes of one message.
pub(crate) fn write(writer: &mut Writer, header: &Header, payload: &Bytes) -> Vec<u8> {
    let mut out = Slices::new();
    writer.write(header, &[], payload, &mut out).unwrap();
    flat(out)
}
