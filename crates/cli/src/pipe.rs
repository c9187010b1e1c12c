//! Checks how stdin begins, to report a pipe that brings nothing, or something else.

use std::io::{Cursor, Read};

use clap::ValueEnum;

use crate::failure::Failure;

/// What a pipe may bring to be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StdinFormat {
    /// Flash Video, H.264 and AAC
    Flv,
    /// MPEG transport stream, H.264 and AAC
    Ts,
    /// Raw pictures with a header (YUV4MPEG2)
    Y4m,
}

/// What a pipe may bring to be inspected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PipeFormat {
    /// Flash Video
    Flv,
    /// MPEG transport stream
    Ts,
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
    match looks_like(&start) {
        Some((found, name, option)) if found != format => Err(Failure::usage(format_args!(
            "stdin: this looks like {name}: say --format {option}"
        ))),
        _ => Ok(Box::new(Cursor::new(start).chain(reader))),
    }
}

fn looks_like(start: &[u8]) -> Option<(StdinFormat, &'static str, &'static str)> {
    match start {
        [b'F', b'L', b'V', 1, ..] => Some((StdinFormat::Flv, "FLV", "flv")),
        b"YUV4MPEG2" => Some((StdinFormat::Y4m, "Y4M", "y4m")),
        [0x47, ..] => Some((StdinFormat::Ts, "MPEG-TS", "ts")),
        _ => None,
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
        for format in [StdinFormat::Flv, StdinFormat::Ts, StdinFormat::Y4m] {
            let words = refused(b"", format).expect("a failure");
            assert!(words.starts_with("nothing came on stdin"), "{words}");
        }
        let words = "stdin: this looks like FLV: say --format flv";
        let found = refused(b"FLV\x01\x05\0\0\0\x09\0", StdinFormat::Ts);
        assert_eq!(found.as_deref(), Some(words));
        let words = "stdin: this looks like MPEG-TS: say --format ts";
        let found = refused(b"\x47\x40\x11\x10\0\0\0\0\0\0", StdinFormat::Flv);
        assert_eq!(found.as_deref(), Some(words));
    }

    #[test]
    fn what_was_announced_is_read_from_its_first_byte() {
        let bytes = b"FLV\x01\x05\0\0\0\x09\0\0\0\0";
        let mut read = Vec::new();
        let mut reader = begun(&bytes[..], StdinFormat::Flv).expect("FLV");
        reader.read_to_end(&mut read).expect("memory");
        assert_eq!(read, bytes);
    }
}
