//! MP4, fragmented MP4 and QuickTime (ISO/IEC 14496-12, -14, -15; QTFF).
//!
//! The boxes a track needs are decoded by `shiguredo_mp4`; finding them is done
//! here, so that an unknown or odd box elsewhere in the file does no harm.

mod boxes;
mod fragments;
mod sample_entry;
mod tables;
mod track_reader;

use std::time::Duration;

use bytes::Bytes;
use onair_media::{Kind, Packet, Timestamp};
use shiguredo_mp4::boxes::MvhdBox;

use crate::block_cache::{BlockCache, Storage};
use crate::reader::{Output, Reader, opened};
use crate::selection::TrackSelection;
use crate::{Container, Damage, Error, Opened};
use boxes::{BoxRef, Header, decode};
use fragments::Fragments;
use tables::Sample;
use track_reader::TrackReader;

/// An open MP4 or QuickTime file.
struct Mp4 {
    blocks: BlockCache,
    readers: Vec<TrackReader>,
    fragments: Option<Fragments>,
    /// The error that ended the fragments, returned after their samples.
    failure: Option<Error>,
    damage: Damage,
}

/// Whether a file that begins like this is one: a box that comes first.
pub(crate) fn recognizes(head: &[u8]) -> bool {
    let first = head.get(4..8).unwrap_or_default();
    FIRST_BOXES.iter().any(|kind| *kind == first)
}

/// Reads the index, wherever it is in the file.
pub(crate) fn open(storage: Box<dyn Storage>) -> Result<Opened, Error> {
    let mut blocks = BlockCache::new(storage)?;
    let found = find_index(&mut blocks)?;
    let moov = BoxRef {
        kind: *b"moov",
        whole: &found.moov,
        body: found.moov.get(found.header..).unwrap_or_default(),
        at: found.at,
    };
    let header: Option<MvhdBox> = moov.child(b"mvhd").and_then(decode);
    let scale = header.as_ref().map_or(1, |header| header.timescale.get());
    let mut chosen = TrackSelection::default();
    for trak in moov.children().filter(|child| child.kind == *b"trak") {
        if let Some(kind) = track_reader::kind(trak) {
            chosen.offer(kind, TrackReader::parse(trak, scale));
        }
    }
    let selected = chosen.finish(found.container)?;
    let mut out = Output::in_order();
    let readers: Vec<_>;
    (readers, out.tracks) = selected.tracks.into_iter().unzip();
    out.notes = selected.notes;
    out.duration = header.as_ref().and_then(duration);
    let end = found.at.saturating_add(found.moov.len() as u64);
    let mp4 = Mp4 {
        blocks,
        readers,
        fragments: moov.child(b"mvex").map(|mvex| Fragments::parse(mvex, end)),
        failure: None,
        damage: Damage::default(),
    };
    opened(found.container, mp4, out, selected.refused)
}

impl Reader for Mp4 {
    fn step(&mut self, out: &mut Output) {
        match self.read_next() {
            Ok(Some(packet)) => out.push(packet),
            Ok(None) => out.end(None),
            Err(error) => {
                self.give_up();
                out.end(Some(error));
            }
        }
    }

    fn damage(&self) -> Damage {
        self.damage
    }
}

impl Mp4 {
    fn read_next(&mut self) -> Result<Option<Packet>, Error> {
        self.fill();
        let heads = self.readers.iter().enumerate();
        let first = heads.filter_map(|(i, reader)| Some((reader.head_dts()?, i)));
        let Some((_, index)) = first.min() else {
            return self.failure.take().map_or(Ok(None), Err);
        };
        let Some(sample) = self.readers[index].head.take() else {
            return Ok(None);
        };
        if sample.size > MAX_SAMPLE {
            return Err(Error::invalid("mp4 sample is too large", sample.at));
        }
        let size = u64::from(sample.size);
        let payload = self.blocks.bytes(sample.at, size, "mp4 sample");
        let payload = payload.inspect_err(|_| {
            let kind = self.readers[index].kind();
            self.damage.of_mut(kind).damaged += 1;
        })?;
        Ok(Some(packet(&mut self.readers[index], &sample, payload)))
    }

    /// Counts the samples left as missing.
    fn give_up(&mut self) {
        for reader in &self.readers {
            self.damage.of_mut(reader.kind()).missing += reader.left();
        }
    }

    /// Finds each track's next sample, reading fragments as needed.
    fn fill(&mut self) {
        loop {
            self.readers.iter_mut().for_each(TrackReader::advance);
            let Some(fragments) = &mut self.fragments else {
                return;
            };
            let satisfied = |reader: &TrackReader| reader.head.is_some() || reader.finished;
            let ahead = self.readers.iter().map(|reader| reader.queue.len()).max();
            if self.readers.iter().all(satisfied) || ahead.is_some_and(|ahead| ahead > MAX_AHEAD) {
                return;
            }
            match fragments.read_next(&mut self.blocks, &mut self.readers) {
                Ok(true) => {}
                Ok(false) => self.fragments = None,
                Err(error) => {
                    self.failure = Some(error);
                    self.fragments = None;
                }
            }
        }
    }
}

fn packet(reader: &mut TrackReader, sample: &Sample, payload: Bytes) -> Packet {
    let (dts, pts) = reader.times(sample);
    let description = (sample.description as usize).min(reader.configs.len() - 1);
    Packet {
        config: reader.configs[description].clone(),
        pts,
        dts,
        duration: reader.frames[description]
            .or_else(|| Some(reader.duration(sample)).filter(|d| !d.is_zero())),
        keyframe: sample.keyframe || reader.kind() == Kind::Audio,
        payload,
    }
}

/// The `moov`, wherever it is in the file.
struct Index {
    moov: Bytes,
    at: u64,
    /// Bytes of its header.
    header: usize,
    container: Container,
}

fn find_index(blocks: &mut BlockCache) -> Result<Index, Error> {
    let mut at = 0;
    let mut container = Container::QuickTime;
    while let Some(header) = Header::read(blocks, at)? {
        let size = header.size.unwrap_or(blocks.len() - at);
        match &header.kind {
            b"ftyp" => container = brand(blocks, at, size)?,
            b"moov" if size > MAX_INDEX => {
                return Err(Error::invalid("mp4 index (moov) is too large", at));
            }
            b"moov" => {
                return Ok(Index {
                    moov: blocks.bytes(at, size, "mp4 index (moov)")?,
                    at,
                    header: header.length,
                    container,
                });
            }
            _ => {}
        }
        at = at.saturating_add(size);
    }
    let what = "mp4 file without its index (moov): the recording was cut off before it was \
                written, and it";
    Err(Error::truncated(what, blocks.len()))
}

fn brand(blocks: &mut BlockCache, at: u64, size: u64) -> Result<Container, Error> {
    let ftyp = blocks.bytes(at, size.min(12), "mp4 ftyp")?;
    Ok(match ftyp.get(8..12) {
        Some(b"qt  ") => Container::QuickTime,
        _ => Container::Mp4,
    })
}

fn duration(header: &MvhdBox) -> Option<Duration> {
    let ticks = i64::try_from(header.duration).ok().filter(|d| *d > 0)?;
    let unknown = [u64::from(u32::MAX), u64::MAX].contains(&header.duration);
    let end = Timestamp::from_ticks(ticks, header.timescale.get());
    (!unknown).then(|| end.since(Timestamp::ZERO))
}

/// What an MP4 file or a QuickTime movie begins with.
const FIRST_BOXES: [&[u8; 4]; 7] = [
    b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot",
];

/// Largest index read: enough for days of video.
const MAX_INDEX: u64 = 256 * 1024 * 1024;

/// Largest sample read.
const MAX_SAMPLE: u32 = 64 * 1024 * 1024;

/// Samples of fragments held for one track while looking for the other's.
const MAX_AHEAD: usize = 65_536;
