//! The `.flv` file (FLV 10.1 §E.2, §E.3), as bytes: no `File` is opened here.

mod buffer;

use bytes::Bytes;

use self::buffer::Buffer;
use crate::{Error, Tag, TagKind};

/// The file's header and the back-pointer behind it.
pub const fn header(audio: bool, video: bool) -> [u8; 13] {
    let flags = (audio as u8) << 2 | video as u8;
    [b'F', b'L', b'V', 1, flags, 0, 0, 0, 9, 0, 0, 0, 0]
}

/// A tag's header in a file: the eleven bytes before its body. A body of 16 MiB or more, which the
/// format cannot express, is given the greatest length.
pub fn tag_header(tag: &Tag) -> [u8; TAG_HEADER] {
    let [_, l0, l1, l2] = body_len(tag).to_be_bytes();
    let [extended, t0, t1, t2] = tag.timestamp.to_be_bytes();
    let kind = tag.kind.code();
    [kind, l0, l1, l2, t0, t1, t2, extended, 0, 0, 0]
}

/// The back-pointer after a tag's body: the length of header and body.
pub fn back_pointer(tag: &Tag) -> [u8; BACK_POINTER] {
    (body_len(tag) + 11).to_be_bytes()
}

/// Appends a tag and its back-pointer, which copies the payload. A body too
/// long for the format is cut.
pub fn write_tag(tag: &Tag, out: &mut Vec<u8>) {
    let keep = usize::try_from(MAX_BODY).unwrap_or(usize::MAX) - tag.head.len();
    out.extend_from_slice(&tag_header(tag));
    out.extend_from_slice(&tag.head);
    out.extend_from_slice(&tag.payload[..tag.payload.len().min(keep)]);
    out.extend_from_slice(&back_pointer(tag));
}

fn body_len(tag: &Tag) -> u32 {
    u32::try_from(tag.len()).unwrap_or(MAX_BODY).min(MAX_BODY)
}

/// Takes bytes of a file and gives tags, however the bytes are cut.
///
/// A tag within one pushed piece is a slice of it; any other is joined, which is the only copy.
/// Drain [`Parser::next`] before the next [`Parser::push`], and at most one tag (16 MiB) is held.
/// Nothing is skipped: after an error the parser repeats it, for no byte after a broken tag header
/// can be trusted.
#[derive(Debug, Default)]
pub struct Parser {
    buffer: Buffer,
    state: State,
    has: Option<(bool, bool)>,
    wrong_back_pointers: u64,
}

impl Parser {
    /// A parser at a file's first byte.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next bytes.
    pub fn push(&mut self, bytes: Bytes) {
        self.buffer.push(bytes);
    }

    /// The next whole tag; `None` when more bytes are needed for it.
    #[expect(
        clippy::should_implement_trait,
        reason = "an end that is only for now, and an error, are no iterator's"
    )]
    pub fn next(&mut self) -> Result<Option<Tag>, Error> {
        loop {
            match self.step() {
                Ok(Step::Wait) => return Ok(None),
                Ok(Step::Go) => {}
                Ok(Step::Tag(tag)) => return Ok(Some(tag)),
                Err(error) => {
                    self.state = State::Broken(error.clone());
                    return Err(error);
                }
            }
        }
    }

    /// Whether the file may end here: [`Error::Truncated`] inside its header or a tag. A missing
    /// last back-pointer is forgiven.
    pub fn finish(&self) -> Result<(), Error> {
        let what = match &self.state {
            State::Broken(error) => return Err(error.clone()),
            State::Signature | State::HeaderRest { .. } => "FLV header",
            State::BackPointer { .. } => return Ok(()),
            State::TagHeader if self.buffer.is_empty() => return Ok(()),
            State::TagHeader | State::Body { .. } => "FLV tag",
        };
        Err(Error::truncated(what, self.buffer.end()))
    }

    /// The offset in the file where [`Parser::next`] goes on.
    pub const fn position(&self) -> u64 {
        self.buffer.position()
    }

    /// Whether the header promises audio and video, once it has been read. Tags of a kind it does
    /// not promise are common.
    pub const fn promised(&self) -> Option<(bool, bool)> {
        self.has
    }

    /// How many back-pointers disagreed with the tag before them. They are not
    /// needed to read forwards, and some writers leave them zero.
    pub const fn wrong_back_pointers(&self) -> u64 {
        self.wrong_back_pointers
    }

    fn step(&mut self) -> Result<Step, Error> {
        match self.state {
            State::Signature => self.signature(),
            State::HeaderRest { left } => Ok(self.header_rest(left)),
            State::BackPointer { expected } => Ok(self.back_pointer(expected)),
            State::TagHeader => self.tag_header(),
            State::Body {
                kind,
                timestamp,
                len,
            } => Ok(self.body(kind, timestamp, len)),
            State::Broken(ref error) => Err(error.clone()),
        }
    }

    fn signature(&mut self) -> Result<Step, Error> {
        let Some([f, l, v, version, flags, offset @ ..]) = self.buffer.array::<9>() else {
            return Ok(Step::Wait);
        };
        if [f, l, v] != *b"FLV" {
            return Err(Error::invalid("not an FLV file", 0));
        }
        if version != 1 {
            return Err(Error::unsupported(format!("FLV version {version}")));
        }
        let left = u32::from_be_bytes(offset)
            .checked_sub(9)
            .ok_or_else(|| Error::invalid("FLV header: DataOffset inside it", 5))?;
        self.has = Some((flags & 4 != 0, flags & 1 != 0));
        self.state = State::HeaderRest { left };
        Ok(Step::Go)
    }

    /// Later versions may have a longer header, which is skipped and never held.
    fn header_rest(&mut self, left: u32) -> Step {
        let skipped = self.buffer.skip(left);
        let left = left - skipped;
        if left > 0 {
            self.state = State::HeaderRest { left };
            return Step::Wait;
        }
        self.state = State::BackPointer { expected: 0 };
        Step::Go
    }

    fn back_pointer(&mut self, expected: u32) -> Step {
        let Some(bytes) = self.buffer.array() else {
            return Step::Wait;
        };
        self.wrong_back_pointers += u64::from(u32::from_be_bytes(bytes) != expected);
        self.state = State::TagHeader;
        Step::Go
    }

    fn tag_header(&mut self) -> Result<Step, Error> {
        let at = self.position();
        let Some(header) = self.buffer.array::<TAG_HEADER>() else {
            return Ok(Step::Wait);
        };
        let [first, l0, l1, l2, t0, t1, t2, extended, _, _, _] = header;
        if first & FILTER != 0 {
            return Err(Error::unsupported("encrypted FLV tag"));
        }
        self.state = State::Body {
            kind: TagKind::from_code(first)
                .ok_or_else(|| Error::invalid("FLV tag: no such TagType", at))?,
            timestamp: u32::from_be_bytes([extended, t0, t1, t2]),
            len: u32::from_be_bytes([0, l0, l1, l2]),
        };
        Ok(Step::Go)
    }

    fn body(&mut self, kind: TagKind, timestamp: u32, len: u32) -> Step {
        let Some(body) = self.buffer.take(len) else {
            return Step::Wait;
        };
        self.state = State::BackPointer { expected: len + 11 };
        Step::Tag(Tag::from_body(kind, timestamp, body))
    }
}

/// ```text
/// Signature ─► HeaderRest ─► BackPointer ─► TagHeader ─► Body ─┐
///                                 ▲                            │
///                                 └────────────────────────────┘
/// ```
#[derive(Clone, Debug, Default)]
enum State {
    #[default]
    Signature,
    HeaderRest {
        left: u32,
    },
    BackPointer {
        expected: u32,
    },
    TagHeader,
    Body {
        kind: TagKind,
        timestamp: u32,
        len: u32,
    },
    Broken(Error),
}

enum Step {
    Wait,
    Go,
    Tag(Tag),
}

const TAG_HEADER: usize = 11;
const BACK_POINTER: usize = 4;
/// `DataSize` has 24 bits.
const MAX_BODY: u32 = (1 << 24) - 1;
/// FLV 10.1 §E.4.1: the tag is encrypted.
const FILTER: u8 = 0x20;

#[cfg(test)]
mod tests;
