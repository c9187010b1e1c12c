use bytes::Bytes;
use onair_media::{Config, Kind, Packet, Timestamp, Tracks};
use shiguredo_mp4::boxes::{EdtsBox, ElstBox, ElstEntry, FreeBox, MoovBox, TrakBox};
use shiguredo_mp4::mux::{Mp4FileMuxer, Sample};
use shiguredo_mp4::{BoxHeader, Encode, FixedPointNumber, TrackKind};

use crate::sample;
use crate::{Error, Fragment, Fragmenter, Pacing, header};

/// A recording that plays up to its last fragment while it lasts, and is an ordinary MP4, for
/// those who take nothing else, once it has ended. What is written is never moved:
///
/// ```text
/// while it lasts            once it has ended
/// ftyp, free                ftyp, free
/// free (16 bytes)           mdat (of 64-bit size), which hides
/// moov without samples        what lay here
/// moof mdat moof mdat …       and holds the samples where they are
///                           moov with all samples
/// ```
///
/// A change of parameter sets or of size becomes a second sample description, which only the
/// last `moov` can name: a recording that is cut short after one plays up to there.
#[derive(Debug)]
pub struct Movie {
    fragmenter: Fragmenter,
    index: Mp4FileMuxer,
    position: u64,
    /// The last fragment's samples, which enter the index once it is known to be written.
    last: Option<Unindexed>,
    /// In the order in which they entered the index.
    tracks: Vec<Indexed>,
}

/// A fragment that was given out and may not have been written.
#[derive(Debug)]
struct Unindexed {
    head: u64,
    /// Without their payloads, whose sizes stand beside them.
    samples: Vec<(sample::Sample, usize)>,
}

/// A track in the index.
#[derive(Debug)]
struct Indexed {
    kind: TrackKind,
    config: Config,
    /// When its first sample is, in nanoseconds after the origin.
    start: u64,
}

/// The bytes that turn a [`Movie`]'s fragments into an ordinary MP4.
#[derive(Clone, Debug)]
pub struct Ending {
    /// Goes behind the last fragment.
    pub moov: Vec<u8>,
    /// Then, in this order, these bytes go to these offsets. After each of them the file plays.
    pub patches: Vec<(u64, Vec<u8>)>,
}

impl Movie {
    /// A movie of the main tracks among these, whose time is 0 at `origin`, and the bytes it begins with.
    ///
    /// # Errors
    ///
    /// When a track's configuration is broken.
    pub fn begin(tracks: &Tracks, origin: Timestamp) -> Result<(Self, Vec<u8>), Error> {
        let fragmenter = Fragmenter::new(tracks, Pacing::File, origin);
        let mut index = Mp4FileMuxer::new()?;
        let init = fragmenter.init()?;
        let head = head(&init, index.initial_boxes_bytes().len())?;
        let reserved = index.initial_boxes_bytes().len();
        index.advance_position((head.len() - reserved) as u64)?;
        let movie = Self {
            fragmenter,
            index,
            position: head.len() as u64,
            last: None,
            tracks: Vec::new(),
        };
        Ok((movie, head))
    }

    /// Takes a packet, and gives a fragment to append when one is whole.
    ///
    /// # Errors
    ///
    /// When the packet's new configuration is broken, or a box cannot be written.
    pub fn push(&mut self, packet: &Packet) -> Result<Option<Fragment>, Error> {
        self.fragmenter.push(packet);
        if self.fragmenter.is_due(packet) {
            return self.take();
        }
        Ok(None)
    }

    /// The last fragment, to append; then comes [`end`](Self::end).
    ///
    /// # Errors
    ///
    /// When a box cannot be written.
    pub fn finish(&mut self) -> Result<Option<Fragment>, Error> {
        self.fragmenter.complete();
        self.take()
    }

    /// The last fragment could not be written, and nothing of it is in the file: [`end`](Self::end)
    /// leaves it out.
    pub fn discard_last(&mut self) {
        self.last = None;
    }

    /// What turns the file into an ordinary MP4.
    ///
    /// # Errors
    ///
    /// When there is nothing to play; the file stays a fragmented MP4.
    pub fn end(&mut self) -> Result<Ending, Error> {
        self.index_last()?;
        let boxes = self.index.finalize()?;
        let mut moov = boxes.moov_box().clone();
        let mut patches: Vec<_> = boxes
            .offset_and_bytes_pairs()
            .map(|(at, bytes)| (at, bytes.to_vec()))
            .collect();
        // In the index's own `moov` every track starts at zero.
        patches.retain(|(at, _)| *at < self.position);
        delay(&mut moov, &self.tracks);
        let languages = self.tracks.iter().map(|track| {
            let kind = track.config.kind();
            self.fragmenter.language(kind)
        });
        header::speak(&mut moov, languages);
        Ok(Ending {
            moov: moov.encode_to_vec()?,
            patches,
        })
    }

    fn take(&mut self) -> Result<Option<Fragment>, Error> {
        let Some((fragment, samples)) = self.fragmenter.take_samples()? else {
            return Ok(None);
        };
        self.index_last()?;
        let without_payload = |mut sample: sample::Sample| {
            let size = std::mem::take(&mut sample.payload).len();
            (sample, size)
        };
        self.last = Some(Unindexed {
            head: fragment.head.len() as u64,
            samples: samples.into_iter().map(without_payload).collect(),
        });
        Ok(Some(fragment))
    }

    fn index_last(&mut self) -> Result<(), Error> {
        let Some(last) = self.last.take() else {
            return Ok(());
        };
        self.index.advance_position(last.head)?;
        self.position += last.head;
        let mut samples = last.samples.iter();
        samples.try_for_each(|(sample, size)| self.add(sample, *size))
    }

    fn add(&mut self, sample: &sample::Sample, size: usize) -> Result<(), Error> {
        let entry = self.entry(sample)?;
        self.index.append_sample(&Sample {
            track_kind: kind(&sample.config),
            sample_entry: entry,
            keyframe: sample.keyframe,
            timescale: header::timescale(&sample.config),
            duration: sample.duration,
            composition_time_offset: (sample.offset != 0).then_some(sample.offset),
            data_offset: self.position,
            data_size: size,
        })?;
        self.position += size as u64;
        Ok(())
    }

    /// The sample description, if it differs from the track's last.
    fn entry(
        &mut self,
        sample: &sample::Sample,
    ) -> Result<Option<shiguredo_mp4::boxes::SampleEntry>, Error> {
        let kind = kind(&sample.config);
        match self.tracks.iter_mut().find(|track| track.kind == kind) {
            Some(track) if track.config.same(&sample.config) => return Ok(None),
            Some(track) => track.config = sample.config.clone(),
            None => self.tracks.push(Indexed {
                kind,
                config: sample.config.clone(),
                start: sample.start_nanos(),
            }),
        }
        header::sample_entry(&sample.config).map(Some)
    }
}

const fn kind(config: &Config) -> TrackKind {
    match config.kind() {
        Kind::Video => TrackKind::Video,
        Kind::Audio => TrackKind::Audio,
    }
}

/// `ftyp` and `moov` of fragmented MP4, and between them room for the header of an ordinary one:
/// `reserved` bytes, of which the last 16 are a box of their own.
fn head(init: &Bytes, reserved: usize) -> Result<Vec<u8>, Error> {
    let size = init
        .first_chunk()
        .map_or(0, |size| u32::from_be_bytes(*size));
    let (ftyp, moov) = init.split_at(init.len().min(size as usize));
    let room = reserved.checked_sub(ftyp.len() + MDAT_HEADER);
    let room = room.filter(|room| *room >= BoxHeader::MIN_SIZE);
    let room = room.ok_or_else(|| Error::Mux("no room for the file's head".to_owned()))?;
    let mut head = ftyp.to_vec();
    head.extend(free(room)?);
    head.extend(free(MDAT_HEADER)?);
    head.extend_from_slice(moov);
    Ok(head)
}

/// A box of `size` bytes that means nothing (ISO/IEC 14496-12 §8.1.2).
fn free(size: usize) -> Result<Vec<u8>, Error> {
    let payload = vec![0; size - BoxHeader::MIN_SIZE];
    Ok(FreeBox { payload }.encode_to_vec()?)
}

/// Lets each track begin when it does, by an empty edit (ISO/IEC 14496-12 §8.6.6).
fn delay(moov: &mut MoovBox, tracks: &[Indexed]) {
    let both = moov.trak_boxes.iter_mut().zip(tracks);
    let starts: Vec<_> = both
        .map(|(trak, track)| i128::from(track.start) - show_later(trak))
        .collect();
    let earliest = starts.iter().copied().min().unwrap_or(0);
    let timescale = i128::from(moov.mvhd_box.timescale.get());
    for (trak, start) in moov.trak_boxes.iter_mut().zip(starts) {
        let late = ((start - earliest) * timescale + 500_000_000) / 1_000_000_000;
        if let Ok(late @ 1..) = u64::try_from(late) {
            edit(trak, late);
        }
        moov.mvhd_box.duration = moov.mvhd_box.duration.max(trak.tkhd_box.duration);
    }
}

/// What is shown before it is decoded would lie before its track's beginning, which players ignore.
/// So the whole track is shown later by the nanoseconds returned, and begins as much earlier.
fn show_later(trak: &mut TrakBox) -> i128 {
    let timescale = i128::from(trak.mdia_box.mdhd_box.timescale.get());
    let Some(ctts) = &mut trak.mdia_box.minf_box.stbl_box.ctts_box else {
        return 0;
    };
    let offsets = ctts.entries.iter().map(|entry| entry.sample_offset);
    let early = -offsets.min().unwrap_or(0).min(0);
    if early > 0 {
        ctts.version = 0;
        (ctts.entries.iter_mut()).for_each(|entry| entry.sample_offset += early);
    }
    i128::from(early) * 1_000_000_000 / timescale
}

fn edit(trak: &mut TrakBox, late: u64) {
    let entry = |edit_duration, media_time| ElstEntry {
        edit_duration,
        media_time,
        media_rate: FixedPointNumber::new(1, 0),
    };
    let entries = vec![entry(late, -1), entry(trak.tkhd_box.duration, 0)];
    trak.tkhd_box.duration += late;
    trak.edts_box = Some(EdtsBox {
        elst_box: Some(ElstBox { entries }),
        unknown_boxes: Vec::new(),
    });
}

/// With a 64-bit size.
const MDAT_HEADER: usize = 16;

#[cfg(test)]
mod tests;
