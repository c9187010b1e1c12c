use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::block_cache::Storage;
use crate::{Error, Format, Opened, PacketSource, flv, matroska, mp4, ts};

/// Opens a file; its first bytes, not its name, say what it is. A kind of track that cannot be sent
/// as it is is an error.
pub fn open(path: &Path) -> Result<Box<dyn PacketSource>, Error> {
    open_lenient(path)?.whole()
}

/// Opens a file to inspect it: names what cannot be sent, and reads the rest.
pub fn open_lenient(path: &Path) -> Result<Opened, Error> {
    let file = File::open(path).map_err(|e| Error::io("open the file", e))?;
    open_storage(Box::new(file))
}

/// Reads a stream that cannot be seeked, such as standard input. A kind of track that cannot be
/// sent as it is is an error.
pub fn read(reader: Box<dyn Read + Send>, format: Format) -> Result<Box<dyn PacketSource>, Error> {
    read_lenient(reader, format)?.whole()
}

/// Reads a stream to inspect it: names what cannot be sent, and reads the rest.
pub fn read_lenient(reader: Box<dyn Read + Send>, format: Format) -> Result<Opened, Error> {
    match format {
        Format::Flv => flv::open(reader),
        Format::Ts => ts::open(reader),
    }
}

/// The file formats: to add one, write a module and a row here.
const FORMATS: &[FileFormat] = &[
    FileFormat {
        extensions: &["mp4", "mov"],
        recognizes: mp4::recognizes,
        open: mp4::open,
    },
    FileFormat {
        extensions: &["flv"],
        recognizes: flv::recognizes,
        open: |file| flv::open(file),
    },
    FileFormat {
        extensions: &["mkv"],
        recognizes: matroska::recognizes,
        open: matroska::open,
    },
    FileFormat {
        extensions: &["ts"],
        recognizes: ts::recognizes,
        open: |file| ts::open(file),
    },
];

struct FileFormat {
    /// How the names of such files end.
    extensions: &'static [&'static str],
    /// Whether a file that begins like this is one.
    recognizes: fn(&[u8]) -> bool,
    open: fn(Box<dyn Storage>) -> Result<Opened, Error>,
}

/// How the names of the files end that can be read, dot included. What is in one is told by its
/// first bytes, whatever its name.
pub fn extensions() -> Vec<String> {
    let extensions = FORMATS.iter().flat_map(|format| format.extensions);
    extensions
        .map(|extension| format!(".{extension}"))
        .collect()
}

pub(crate) fn open_storage(mut storage: Box<dyn Storage>) -> Result<Opened, Error> {
    let mut head = Vec::new();
    let io = |e| Error::io("read the file", e);
    (&mut storage)
        .take(PROBE)
        .read_to_end(&mut head)
        .map_err(io)?;
    storage.seek(SeekFrom::Start(0)).map_err(io)?;
    let format = FORMATS.iter().find(|format| (format.recognizes)(&head));
    let format = format.ok_or_else(|| unrecognized(&head))?;
    (format.open)(storage)
}

/// Says what an unknown file looks like.
fn unrecognized(head: &[u8]) -> Error {
    let found = match head {
        [] => "it is empty",
        [b'R', b'I', b'F', b'F', ..] => "it looks like AVI or WAV",
        [0x30, 0x26, 0xb2, 0x75, ..] => "it looks like Windows Media",
        [b'O', b'g', b'g', b'S', ..] => "it looks like Ogg",
        [0, 0, 1, 0xba, ..] => "it looks like an MPEG program stream",
        [0, 0, 0, 1, ..] | [0, 0, 1, ..] => "it looks like a bare H.264 or HEVC stream",
        [b'I', b'D', b'3', ..] => "it looks like MP3",
        [0xff, second, ..] if second & 0xe0 == 0xe0 => "it looks like bare AAC or MP3",
        [b'Y', b'U', b'V', b'4', b'M', b'P', b'E', b'G', ..] => "it is Y4M: raw pictures",
        _ => "its first bytes are of no container",
    };
    Error::Unrecognized {
        found: found.to_owned(),
    }
}

/// Bytes read to recognise a container.
const PROBE: u64 = 4096;
