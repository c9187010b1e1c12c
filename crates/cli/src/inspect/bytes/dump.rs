use std::fmt::{self, Display, Write};

use onair::media::h264::LengthSize;

/// Bytes taken off the front, field by field, each on a line with what it means.
///
/// ```text
/// 0000000d  12                       TagType 18: script data
/// ```
#[derive(Debug)]
pub(super) struct Dump<'a> {
    rest: &'a [u8],
    /// The offset of `rest` in the stream.
    at: u64,
    indent: usize,
    out: String,
}

impl<'a> Dump<'a> {
    /// A dump of `bytes`, which begin at offset `at`.
    pub(super) const fn new(bytes: &'a [u8], at: u64) -> Self {
        Self {
            rest: bytes,
            at,
            indent: 0,
            out: String::new(),
        }
    }

    /// What is left to take.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Takes a field of `len` bytes. One that is cut short says so, and ends the dump.
    pub(super) fn field(&mut self, len: usize, meaning: impl Display) -> &'a [u8] {
        let (field, rest) = self.rest.split_at(len.min(self.rest.len()));
        if field.len() < len {
            let have = field.len();
            self.lines(
                field,
                format_args!("{meaning} (cut short: {have} of {len} bytes)"),
            );
        } else {
            self.lines(field, meaning);
        }
        self.rest = rest;
        self.at += field.len() as u64;
        field
    }

    /// Takes a field whose meaning is in its `N` bytes; `None` when it is cut short.
    pub(super) fn read<const N: usize, M: Display>(
        &mut self,
        meaning: impl FnOnce([u8; N]) -> M,
    ) -> Option<[u8; N]> {
        let Some(&bytes) = self.rest.first_chunk::<N>() else {
            self.field(N, "a field");
            return None;
        };
        self.field(N, meaning(bytes));
        Some(bytes)
    }

    /// Takes the rest, if there is any.
    pub(super) fn remainder(&mut self, meaning: impl Display) {
        if !self.rest.is_empty() {
            self.field(self.rest.len(), meaning);
        }
    }

    /// Adds a note about what was just shown.
    pub(super) fn note(&mut self, text: impl Display) {
        self.line(format_args!("{:35}", ""), text);
    }

    /// Lets `body` take the next `len` bytes and no more, indented; what it leaves is shown as it
    /// is.
    pub(super) fn within<T>(&mut self, len: usize, body: impl FnOnce(&mut Self) -> T) -> T {
        let (part, after) = self.rest.split_at(len.min(self.rest.len()));
        self.rest = part;
        self.indent += 2;
        let done = body(self);
        self.remainder("more than is known here");
        self.indent -= 2;
        self.rest = after;
        done
    }

    /// The text.
    pub(super) fn finish(self) -> String {
        self.out
    }

    fn lines(&mut self, field: &[u8], meaning: impl Display) {
        let shown = if field.len() > MOST {
            FIRST
        } else {
            field.len()
        };
        let mut rows = field[..shown].chunks(ROW);
        let first = rows.next().unwrap_or_default();
        self.line(Row(self.at, first), meaning);
        for (row, index) in rows.zip(1..) {
            self.line(Row(self.at + index * ROW as u64, row), "");
        }
        if shown < field.len() {
            let more = field.len() - shown;
            self.line(
                format_args!("{:10}{:25}", "", "..."),
                format_args!("{more} more"),
            );
        }
    }

    fn line(&mut self, row: impl Display, meaning: impl Display) {
        let start = self.out.len();
        let indent = self.indent;
        // Writing to a string never fails.
        let _ = write!(self.out, "{row}{:indent$}{meaning}", "");
        let end = self.out.trim_end().len().max(start);
        self.out.truncate(end);
        self.out.push('\n');
    }
}

/// An offset and up to eight bytes.
struct Row<'a>(u64, &'a [u8]);

impl Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}  ", self.0)?;
        for byte in self.1 {
            write!(f, "{byte:02x} ")?;
        }
        write!(f, "{:1$}", "", 3 * (ROW - self.1.len()) + 1)
    }
}

/// Text from a stream, made harmless to a terminal.
pub(super) fn quoted(text: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(text))
}

const ROW: usize = 8;
/// Only the beginning of a longer field is shown.
const MOST: usize = 40;
const FIRST: usize = 16;

/// How to explain a codec's tags.
pub(super) struct Codec {
    /// Explains a decoder configuration, and takes the length size from it.
    pub(super) config: fn(&mut Dump<'_>, &mut LengthSize),
    /// Explains a NAL unit.
    pub(super) unit: fn(&[u8]) -> String,
}

/// Length-prefixed NAL units (ISO/IEC 14496-15 §5.3.4.2).
pub(super) fn units(dump: &mut Dump<'_>, lengths: LengthSize, header_of: impl Fn(&[u8]) -> String) {
    let prefix = usize::from(lengths.bytes());
    for _ in 0..MAX_UNITS {
        let Some(length) = dump.rest().get(..prefix) else {
            return;
        };
        let length = length
            .iter()
            .fold(0_u32, |n, &byte| n << 8 | u32::from(byte));
        dump.field(prefix, format_args!("length: {length} bytes"));
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let unit = dump.rest();
        let header = header_of(unit);
        dump.field(length, format_args!("NAL unit{header}"));
    }
}

/// More than a picture has; whatever a hostile one has beyond is shown as one.
const MAX_UNITS: usize = 100;
