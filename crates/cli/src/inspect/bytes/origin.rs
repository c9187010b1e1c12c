use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use onair::demux::{Format, PacketSource};
use onair::flv::{Muxer, Tag, file};
use onair::media::{Kind, Tracks};

use crate::failure::Failure;
use crate::inspect;
use crate::inspect::Inspect;

/// Where tags come from, each with its header and its back-pointer.
pub(super) enum Origin {
    /// From the file.
    Flv(Box<dyn Read>),
    /// Made from its packets.
    Muxed(Box<Muxed>),
}

/// A file of another kind, as onair would send it.
pub(super) struct Muxed {
    input: Box<dyn PacketSource>,
    muxer: Muxer,
    ready: VecDeque<Tag>,
}

impl Origin {
    /// Opens the input; gives it with an FLV header.
    pub(super) fn open(opts: &Inspect) -> Result<(Self, Vec<u8>), Failure> {
        let flv = if opts.input == Path::new("-") {
            let is_flv = opts.format == Some(Format::Flv);
            is_flv.then(|| Box::new(io::stdin()) as Box<dyn Read>)
        } else if let Some(url) = opts.url() {
            Some(Box::new(inspect::watch(opts, url)?) as Box<dyn Read>)
        } else {
            flv_file(&opts.input)
        };
        match flv {
            Some(mut file) => {
                let header = file_header(&mut file);
                let named = |error| inspect::about(opts, &error);
                Ok((Self::Flv(file), header.map_err(named)?))
            }
            None => Ok(Self::muxed(inspect::open(opts)?.media)),
        }
    }

    /// The heading of what is shown.
    pub(super) const fn words(&self) -> &'static str {
        match self {
            Self::Flv(_) => "The file's or the stream's own bytes.\n",
            Self::Muxed(_) => "What is in the file, as onair makes FLV of it.\n",
        }
    }

    /// The next tag; `None` at the end.
    pub(super) fn next_tag(&mut self) -> Result<Option<Vec<u8>>, String> {
        match self {
            Self::Flv(file) => read_tag(file).map_err(|error| inspect::unread(&error)),
            Self::Muxed(muxed) => muxed.next_tag().map_err(|error| error.to_string()),
        }
    }

    fn muxed(input: Box<dyn PacketSource>) -> (Self, Vec<u8>) {
        let has = |kind| input.tracks().iter().any(|track| track.kind() == kind);
        let header = file::header(has(Kind::Audio), has(Kind::Video));
        let muxer = Muxer::new();
        let ready = [muxer.metadata(&describe(input.as_ref()))].into();
        let muxed = Muxed {
            input,
            muxer,
            ready,
        };
        (Self::Muxed(Box::new(muxed)), header.to_vec())
    }
}

impl Muxed {
    fn next_tag(&mut self) -> Result<Option<Vec<u8>>, onair::demux::Error> {
        if self.ready.is_empty() {
            let Some(packet) = self.input.next_packet()? else {
                return Ok(None);
            };
            self.ready.extend(self.muxer.mux(&packet));
        }
        Ok(self.ready.pop_front().map(|tag| {
            let mut bytes = Vec::new();
            file::write_tag(&tag, &mut bytes);
            bytes
        }))
    }
}

/// The file, if it begins like an FLV file: one that goes wrong later is worth showing too.
fn flv_file(path: &Path) -> Option<Box<dyn Read>> {
    let mut signature = [0; 3];
    File::open(path).ok()?.read_exact(&mut signature).ok()?;
    let file = File::open(path).ok().filter(|_| signature == *b"FLV")?;
    Some(Box::new(io::BufReader::new(file)))
}

/// The header, however long, and the back-pointer after it.
pub(super) fn file_header(file: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut header = take(file, 9)?;
    if !header.starts_with(b"FLV") {
        return Err(io::Error::other("it does not begin as an FLV file does"));
    }
    let length = header
        .last_chunk()
        .map_or(9, |bytes| u32::from_be_bytes(*bytes));
    // A longer one is read as far as a later version might need.
    let more = u64::from(length.clamp(9, LONGEST_HEADER) - 9) + 4;
    header.extend(take(file, more)?);
    Ok(header)
}

fn read_tag(file: &mut dyn Read) -> io::Result<Option<Vec<u8>>> {
    let mut tag = take(file, 11)?;
    let &[_, a, b, c, ..] = &tag[..] else {
        return Ok(Some(tag).filter(|tag| !tag.is_empty()));
    };
    let body = u32::from_be_bytes([0, a, b, c]);
    tag.extend(take(file, u64::from(body) + 4)?);
    Ok(Some(tag))
}

/// `count` bytes, or as many as there are.
fn take(file: &mut dyn Read, count: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(count).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn describe(input: &dyn PacketSource) -> Tracks {
    let tracks = input.tracks().iter();
    tracks.map(|track| track.config.clone()).collect()
}

const LONGEST_HEADER: u32 = 1024;
