use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::block_cache::Storage;
use crate::flv::Flv;
use crate::matroska::Matroska;
use crate::mp4::Mp4;
use crate::ts::{Ts, sync};
use crate::{Container, Error, Format, Opened, PacketSource, Refused};

/// Opens a file, whatever its name, by what its first bytes say it is. If a kind
/// of track in it cannot be sent as it is, that is an error.
pub fn open(path: &Path) -> Result<Box<dyn PacketSource>, Error> {
    open_lenient(path)?.whole()
}

/// Opens a file to look at it: what cannot be sent is named, and the rest read.
pub fn open_lenient(path: &Path) -> Result<Opened, Error> {
    let file = File::open(path).map_err(|e| Error::io("open the file", e))?;
    open_storage(Box::new(file))
}

/// Reads a stream that cannot be seeked, such as standard input. If a kind of
/// track in it cannot be sent as it is, that is an error.
pub fn read(reader: Box<dyn Read + Send>, format: Format) -> Result<Box<dyn PacketSource>, Error> {
    read_lenient(reader, format)?.whole()
}

/// Reads a stream to look at it: what cannot be sent is named, and the rest read.
pub fn read_lenient(reader: Box<dyn Read + Send>, format: Format) -> Result<Opened, Error> {
    match format {
        Format::Flv => Ok(opened(Flv::open(reader)?)),
        Format::Ts => Ok(opened(Ts::open(reader)?)),
    }
}

fn opened((media, refused): (impl PacketSource + 'static, Vec<Refused>)) -> Opened {
    Opened {
        media: Box::new(media),
        refused,
    }
}

pub(crate) fn open_storage(mut storage: Box<dyn Storage>) -> Result<Opened, Error> {
    let mut head = Vec::new();
    let io = |e| Error::io("read the file", e);
    (&mut storage)
        .take(PROBE)
        .read_to_end(&mut head)
        .map_err(io)?;
    storage.seek(SeekFrom::Start(0)).map_err(io)?;
    match sniff(&head) {
        Some(Container::Mp4 | Container::QuickTime) => Ok(opened(Mp4::open(storage)?)),
        Some(Container::Flv) => read_lenient(Box::new(storage), Format::Flv),
        Some(Container::Ts) => read_lenient(Box::new(storage), Format::Ts),
        Some(Container::Matroska) => Ok(opened(Matroska::open(storage)?)),
        None => Err(unrecognized(&head)),
    }
}

fn sniff(head: &[u8]) -> Option<Container> {
    match head.get(4..8) {
        Some(b"ftyp") => return Some(Container::Mp4),
        Some(b"moov" | b"mdat" | b"wide" | b"free" | b"skip" | b"pnot") => {
            return Some(Container::QuickTime);
        }
        _ => {}
    }
    match head {
        [b'F', b'L', b'V', ..] => Some(Container::Flv),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Some(Container::Matroska),
        _ => sync::find(head).map(|_| Container::Ts),
    }
}

/// Says what a file that is none of the known containers looks like.
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

/// Bytes looked at to tell containers apart.
const PROBE: u64 = 4096;
