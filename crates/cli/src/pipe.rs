//! Checks how stdin begins, to report a pipe that brings nothing, or something else.

use std::io::{Cursor, Read};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use onair::demux::Format;

use crate::failure::Failure;
use crate::text::one_of;

/// What a pipe may bring to be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StdinFormat {
    /// Packets in a container.
    Packets(Format),
    /// Raw pictures with a header (YUV4MPEG2).
    Y4m,
}

const Y4M: &str = "y4m";

impl StdinFormat {
    /// Each of them once.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let packets = Format::ALL.iter().copied().map(Self::Packets);
        packets.chain([Self::Y4m])
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Packets(format) => format.name(),
            Self::Y4m => Y4M,
        }
    }

    fn describe(self) -> String {
        match self {
            Self::Packets(format) => format.container().to_string(),
            Self::Y4m => "Y4M".to_owned(),
        }
    }

    fn is_begun_by(self, start: &[u8]) -> bool {
        match self {
            Self::Packets(format) => format.is_begun_by(start),
            Self::Y4m => start == b"YUV4MPEG2",
        }
    }
}

/// Reads the name of what a pipe may bring to be published.
pub(crate) fn parse_format() -> impl TypedValueParser<Value = StdinFormat> {
    let y4m = PossibleValue::new(Y4M).help("Raw pictures with a header (YUV4MPEG2)");
    let names = containers().chain([y4m]);
    PossibleValuesParser::new(names).try_map(|name| {
        let mut known = StdinFormat::all();
        known.find(|format| format.name() == name).ok_or("unknown")
    })
}

/// Reads the name of what a pipe may bring to be inspected.
pub(crate) fn parse_container() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(containers()).try_map(|name| {
        let mut known = Format::ALL.iter().copied();
        known.find(|format| format.name() == name).ok_or("unknown")
    })
}

fn containers() -> impl Iterator<Item = PossibleValue> {
    let formats = Format::ALL.iter();
    formats.map(|format| PossibleValue::new(format.name()).help(format.container().to_string()))
}

/// The names of all that can be published, for a sentence.
pub(crate) fn formats() -> String {
    one_of(StdinFormat::all().map(StdinFormat::name))
}

/// Enough to tell FLV, MPEG-TS and Y4M apart.
const START: u64 = 9;

/// Waits for the first bytes: all of `reader`, if it brings what was announced.
///
/// # Errors
///
/// When nothing comes, or clearly another of the formats.
pub(crate) fn begun(
    mut reader: impl Read + Send + 'static,
    format: StdinFormat,
) -> Result<Box<dyn Read + Send>, Failure> {
    let mut start = Vec::new();
    let read = (&mut reader).take(START).read_to_end(&mut start);
    read.map_err(|error| Failure::failed(format_args!("stdin: {error}")))?;
    if start.is_empty() {
        return Err(Failure::failed(
            "nothing came on stdin; see what the program before the pipe says",
        ));
    }
    match StdinFormat::all().find(|known| known.is_begun_by(&start)) {
        Some(found) if found != format => Err(Failure::usage(format_args!(
            "stdin: this looks like {}: say --format {}",
            found.describe(),
            found.name()
        ))),
        _ => Ok(Box::new(Cursor::new(start).chain(reader))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bytes: &'static [u8], format: StdinFormat) -> Option<String> {
        begun(bytes, format).err().map(|error| error.to_string())
    }

    #[test]
    fn what_comes_is_named_when_it_is_nothing_or_another_format() {
        for format in StdinFormat::all() {
            let words = refused(b"", format).expect("a failure");
            assert!(words.starts_with("nothing came on stdin"), "{words}");
        }
        let words = "stdin: this looks like FLV: say --format flv";
        let found = refused(b"FLV\x01\x05\0\0\0\x09\0", StdinFormat::Packets(Format::Ts));
        assert_eq!(found.as_deref(), Some(words));
        let words = "stdin: this looks like MPEG-TS: say --format ts";
        let found = refused(
            b"\x47\x40\x11\x10\0\0\0\0\0\0",
            StdinFormat::Packets(Format::Flv),
        );
        assert_eq!(found.as_deref(), Some(words));
    }

    #[test]
    fn what_was_announced_is_read_from_its_first_byte() {
        let bytes = b"FLV\x01\x05\0\0\0\x09\0\0\0\0";
        let mut read = Vec::new();
        let mut reader = begun(&bytes[..], StdinFormat::Packets(Format::Flv)).expect("FLV");
        reader.read_to_end(&mut read).expect("memory");
        assert_eq!(read, bytes);
    }
}
