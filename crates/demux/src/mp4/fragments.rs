use std::collections::HashMap;

use shiguredo_mp4::SampleFlags;
use shiguredo_mp4::boxes::{TfdtBox, TfhdBox, TrexBox, TrunBox};

use super::boxes::{BoxRef, Header, decode};
use super::tables::Sample;
use super::track_reader::TrackReader;
use crate::Error;
use crate::block_cache::BlockCache;

/// Movie fragments (ISO/IEC 14496-12 §8.8), found one after another.
pub(super) struct Fragments {
    /// Where the next top-level box begins.
    at: u64,
    defaults: HashMap<u32, TrexBox>,
    /// Where each track's next fragment begins if it does not say.
    clocks: HashMap<u32, i64>,
}

impl Fragments {
    /// The fragments that a `moov`'s `mvex` announces, from `at` on.
    pub(super) fn parse(mvex: BoxRef<'_>, at: u64) -> Self {
        let defaults = mvex.children().filter(|child| child.kind == *b"trex");
        Self {
            at,
            defaults: defaults
                .filter_map(decode::<TrexBox>)
                .map(|trex| (trex.track_id, trex))
                .collect(),
            clocks: HashMap::new(),
        }
    }

    /// Reads the next fragment into the tracks' readers; false when there is none left.
    pub(super) fn read_next(
        &mut self,
        blocks: &mut BlockCache,
        readers: &mut [TrackReader],
    ) -> Result<bool, Error> {
        while let Some(header) = Header::read(blocks, self.at)? {
            let start = self.at;
            let size = header.size.unwrap_or(blocks.len() - start);
            self.at = start.saturating_add(size);
            if header.kind == *b"moof" {
                if size > MAX_MOOF {
                    return Err(Error::invalid("mp4 fragment header is too large", start));
                }
                let bytes = blocks.bytes(start, size, "mp4 fragment")?;
                let moof = BoxRef {
                    kind: header.kind,
                    whole: &bytes,
                    body: bytes.get(8..).unwrap_or_default(),
                    at: start,
                };
                self.read_moof(moof, readers)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn read_moof(&mut self, moof: BoxRef<'_>, readers: &mut [TrackReader]) -> Result<(), Error> {
        let mut data_end = moof.at;
        let mut left = MAX_SAMPLES;
        for traf in moof.children().filter(|child| child.kind == *b"traf") {
            let head: TfhdBox = traf
                .child(b"tfhd")
                .and_then(decode)
                .ok_or_else(|| Error::invalid("mp4 traf lacks its tfhd", traf.at))?;
            let base = match (head.base_data_offset, head.default_base_is_moof) {
                (Some(base), _) => base,
                (None, true) => moof.at,
                (None, false) => data_end,
            };
            let mut run = self.start_run(&head, traf, base);
            for trun in traf.children().filter(|child| child.kind == *b"trun") {
                run.read(trun, base, readers, &mut left)?;
            }
            data_end = run.position;
            self.clocks.insert(head.track_id, run.dts);
        }
        Ok(())
    }

    fn start_run(&self, head: &TfhdBox, traf: BoxRef<'_>, base: u64) -> TrackRun {
        let trex = self.defaults.get(&head.track_id);
        let decode_time: Option<TfdtBox> = traf.child(b"tfdt").and_then(decode);
        let clock = self.clocks.get(&head.track_id).copied().unwrap_or(0);
        let description = head
            .sample_description_index
            .or_else(|| trex.map(|trex| trex.default_sample_description_index));
        TrackRun {
            track: head.track_id,
            dts: decode_time.map_or(clock, |time| {
                i64::try_from(time.base_media_decode_time).unwrap_or(i64::MAX)
            }),
            position: base,
            description: description.unwrap_or(1).saturating_sub(1),
            duration: head
                .default_sample_duration
                .or_else(|| trex.map(|trex| trex.default_sample_duration)),
            size: head
                .default_sample_size
                .or_else(|| trex.map(|trex| trex.default_sample_size)),
            flags: head
                .default_sample_flags
                .or_else(|| trex.map(|trex| trex.default_sample_flags)),
        }
    }
}

/// The samples of one track in one fragment, being laid out.
struct TrackRun {
    track: u32,
    dts: i64,
    position: u64,
    description: u32,
    duration: Option<u32>,
    size: Option<u32>,
    flags: Option<SampleFlags>,
}

impl TrackRun {
    /// Lays out a run's samples, of which `left` more are accepted.
    fn read(
        &mut self,
        trun: BoxRef<'_>,
        base: u64,
        readers: &mut [TrackReader],
        left: &mut u32,
    ) -> Result<(), Error> {
        let wrong = || Error::invalid("mp4 trun is wrong", trun.at);
        let count = trun.body.get(4..8).and_then(|b| b.first_chunk::<4>());
        let count = u32::from_be_bytes(*count.ok_or_else(wrong)?);
        *left = left
            .checked_sub(count)
            .ok_or_else(|| Error::invalid("mp4 fragment has too many samples", trun.at))?;
        let run: TrunBox = decode(trun).ok_or_else(wrong)?;
        if let Some(offset) = run.data_offset {
            self.position = base
                .checked_add_signed(i64::from(offset))
                .ok_or_else(wrong)?;
        }
        let mut reader = readers.iter_mut().find(|reader| reader.id == self.track);
        let mut first_flags = run.first_sample_flags;
        for entry in &run.samples {
            let flags = first_flags.take().or(entry.flags).or(self.flags);
            let sample = Sample {
                at: self.position,
                size: entry.size.or(self.size).unwrap_or(0),
                dts: self.dts,
                pts: self
                    .dts
                    .saturating_add(entry.composition_time_offset.unwrap_or(0)),
                duration: entry.duration.or(self.duration).unwrap_or(0),
                keyframe: !flags.is_some_and(SampleFlags::sample_is_non_sync_sample),
                description: self.description,
            };
            self.position = self.position.saturating_add(u64::from(sample.size));
            self.dts = self.dts.saturating_add(i64::from(sample.duration));
            if let Some(reader) = reader.as_mut() {
                reader.push(sample);
            }
        }
        Ok(())
    }
}

/// Largest fragment header read: at 10 bytes a sample this is hours.
const MAX_MOOF: u64 = 16 * 1024 * 1024;

/// Most samples in one fragment.
const MAX_SAMPLES: u32 = 1 << 20;
