use std::num::NonZeroU32;

use shiguredo_mp4::boxes::{
    Co64Box, CttsBox, CttsEntry, StcoBox, StscBox, StscEntry, StssBox, StszBox, SttsBox, SttsEntry,
};

use super::boxes::{BoxRef, decode};

/// Where a sample lies and when it is due, in its track's timescale and before
/// any edit list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) at: u64,
    pub(super) size: u32,
    pub(super) dts: i64,
    pub(super) pts: i64,
    pub(super) duration: u32,
    pub(super) keyframe: bool,
    /// Sample description, counted from 0.
    pub(super) description: u32,
}

/// A track's sample tables (ISO/IEC 14496-12 §8.6.1, §8.7), walked sample by sample.
pub(super) struct Tables {
    durations: Vec<SttsEntry>,
    offsets: Vec<CttsEntry>,
    chunks: Vec<StscEntry>,
    sizes: StszBox,
    chunk_offsets: ChunkOffsets,
    /// `None`: every sample is a sync sample.
    sync: Option<Vec<NonZeroU32>>,
    walk: Walk,
}

/// Where the walk through the tables stands.
#[derive(Clone, Copy, Default)]
struct Walk {
    sample: u32,
    dts: i64,
    duration: Run,
    offset: Run,
    sync: usize,
    /// Chunk, counted from 0.
    chunk: u32,
    chunk_run: usize,
    in_chunk: u32,
    position: u64,
}

/// A position in a run-length table.
#[derive(Clone, Copy, Default)]
struct Run {
    entry: usize,
    used: u32,
}

enum ChunkOffsets {
    Short(Vec<u32>),
    Long(Vec<u64>),
}

impl Tables {
    /// Reads the tables below an `stbl` box; `None` when a needed one is missing or wrong.
    pub(super) fn parse(stbl: BoxRef<'_>) -> Option<Self> {
        let chunk_offsets = match stbl.child(b"stco") {
            Some(stco) => ChunkOffsets::Short(decode::<StcoBox>(stco)?.chunk_offsets),
            None => ChunkOffsets::Long(decode::<Co64Box>(stbl.child(b"co64")?)?.chunk_offsets),
        };
        Some(Self {
            durations: decode::<SttsBox>(stbl.child(b"stts")?)?.entries,
            offsets: stbl
                .child(b"ctts")
                .and_then(decode::<CttsBox>)
                .map_or_else(Vec::new, |ctts| ctts.entries),
            chunks: decode::<StscBox>(stbl.child(b"stsc")?)?.entries,
            sizes: decode::<StszBox>(stbl.child(b"stsz")?)?,
            chunk_offsets,
            sync: stbl
                .child(b"stss")
                .and_then(decode::<StssBox>)
                .map(|stss| stss.sample_numbers),
            walk: Walk::default(),
        })
    }

    /// How far presentation can run before decoding: the largest negative
    /// composition offset, made positive.
    pub(super) fn lead(&self) -> i64 {
        let lowest = self.offsets.iter().map(composition_offset).min();
        lowest.map_or(0, |offset| offset.min(0).saturating_neg())
    }

    /// Samples not yet walked over.
    pub(super) fn left(&self) -> u64 {
        let count = match &self.sizes {
            StszBox::Fixed { sample_count, .. } => u64::from(*sample_count),
            StszBox::Variable { entry_sizes } => entry_sizes.len() as u64,
        };
        count.saturating_sub(u64::from(self.walk.sample))
    }

    /// Bytes of all samples together.
    pub(super) fn total(&self) -> u64 {
        match &self.sizes {
            StszBox::Fixed {
                sample_size,
                sample_count,
            } => u64::from(sample_size.get()) * u64::from(*sample_count),
            StszBox::Variable { entry_sizes } => entry_sizes.iter().copied().map(u64::from).sum(),
        }
    }

    /// The duration of a sample, if all but the last have the same.
    pub(super) fn constant_duration(&self) -> Option<u32> {
        match self.durations.as_slice() {
            [only] => Some(only.sample_delta),
            [most, last] if last.sample_count == 1 => Some(most.sample_delta),
            _ => None,
        }
        .filter(|delta| *delta > 0)
    }

    /// Moves to the sync sample from which presentation at `pts` can be decoded.
    pub(super) fn seek(&mut self, pts: i64) {
        let mut start = self.walk;
        for _ in 0..MAX_STEPS {
            let before = self.walk;
            let Some(sample) = self.next().filter(|sample| sample.dts <= pts) else {
                break;
            };
            if sample.keyframe && sample.pts <= pts {
                start = before;
            }
        }
        self.walk = start;
    }

    /// The next sample in decoding order.
    pub(super) fn next(&mut self) -> Option<Sample> {
        let size = self.size(self.walk.sample)?;
        let description = self.enter_chunk()?;
        let duration = self.duration();
        let offset = self.composition_offset();
        let sample = Sample {
            at: self.walk.position,
            size,
            dts: self.walk.dts,
            pts: self.walk.dts.saturating_add(offset),
            duration,
            keyframe: self.is_sync(),
            description,
        };
        self.walk.position = self.walk.position.saturating_add(u64::from(size));
        self.walk.in_chunk += 1;
        self.walk.sample += 1;
        self.walk.dts = self.walk.dts.saturating_add(i64::from(duration));
        Some(sample)
    }

    fn size(&self, sample: u32) -> Option<u32> {
        match &self.sizes {
            StszBox::Fixed {
                sample_size,
                sample_count,
            } => (sample < *sample_count).then_some(sample_size.get()),
            StszBox::Variable { entry_sizes } => entry_sizes.get(sample as usize).copied(),
        }
    }

    /// Steps to the chunk that holds the current sample; gives its description index.
    fn enter_chunk(&mut self) -> Option<u32> {
        let mut run = self.chunks.get(self.walk.chunk_run)?;
        if self.walk.sample == 0 && self.walk.in_chunk == 0 {
            self.walk.position = self.chunk_offset(0)?;
        }
        while self.walk.in_chunk >= run.sample_per_chunk {
            self.walk.chunk = self.walk.chunk.checked_add(1)?;
            self.walk.position = self.chunk_offset(self.walk.chunk)?;
            self.walk.in_chunk = 0;
            let following = self.chunks.get(self.walk.chunk_run + 1);
            if let Some(next) = following.filter(|n| n.first_chunk.get() - 1 <= self.walk.chunk) {
                self.walk.chunk_run += 1;
                run = next;
            }
        }
        Some(run.sample_description_index.get() - 1)
    }

    fn chunk_offset(&self, chunk: u32) -> Option<u64> {
        match &self.chunk_offsets {
            ChunkOffsets::Short(offsets) => offsets.get(chunk as usize).copied().map(u64::from),
            ChunkOffsets::Long(offsets) => offsets.get(chunk as usize).copied(),
        }
    }

    fn duration(&mut self) -> u32 {
        let run = &mut self.walk.duration;
        let entry = run.step(&self.durations, |entry| entry.sample_count);
        entry.map_or(0, |entry| entry.sample_delta)
    }

    fn composition_offset(&mut self) -> i64 {
        let run = &mut self.walk.offset;
        let entry = run.step(&self.offsets, |entry| entry.sample_count);
        entry.map_or(0, composition_offset)
    }

    fn is_sync(&mut self) -> bool {
        let Some(sync) = &self.sync else { return true };
        let number = self.walk.sample + 1;
        while sync.get(self.walk.sync).is_some_and(|n| n.get() < number) {
            self.walk.sync += 1;
        }
        sync.get(self.walk.sync).is_some_and(|n| n.get() == number)
    }
}

impl Run {
    /// The entry that covers the next sample.
    fn step<'a, T>(&mut self, entries: &'a [T], count: impl Fn(&T) -> u32) -> Option<&'a T> {
        while self.used >= count(entries.get(self.entry)?) {
            self.entry += 1;
            self.used = 0;
        }
        self.used += 1;
        entries.get(self.entry)
    }
}

/// Version 0 calls the offset unsigned (§8.6.1.3), but writers put negative
/// ones there all the same.
fn composition_offset(entry: &CttsEntry) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the wire field has 32 bits"
    )]
    let offset = entry.sample_offset as i32;
    i64::from(offset)
}

/// Samples stepped over in search of a start: days of video.
const MAX_STEPS: u32 = 1 << 26;

#[cfg(test)]
mod tests {
    use super::*;

    /// A full box with 32-bit fields.
    fn full_box(kind: &[u8; 4], version: u8, fields: &[u32]) -> Vec<u8> {
        let body: Vec<u8> = fields
            .iter()
            .flat_map(|field| field.to_be_bytes())
            .collect();
        let size = u32::try_from(12 + body.len()).unwrap();
        [&size.to_be_bytes(), &kind[..], &[version, 0, 0, 0], &body].concat()
    }

    fn samples(boxes: &[Vec<u8>]) -> Option<(Tables, Vec<Sample>)> {
        let body = boxes.concat();
        let whole = [&[0; 8], body.as_slice()].concat();
        let stbl = BoxRef {
            kind: *b"stbl",
            whole: &whole,
            body: &whole[8..],
            at: 0,
        };
        let mut tables = Tables::parse(stbl)?;
        let all = std::iter::from_fn(|| tables.next()).collect();
        Some((tables, all))
    }

    #[test]
    fn chunks_of_varying_size_and_64_bit_offsets_place_every_sample() {
        let (_, all) = samples(&[
            full_box(b"stts", 0, &[1, 5, 10]),
            full_box(b"stsc", 0, &[2, 1, 2, 1, 3, 1, 2]),
            full_box(b"stsz", 0, &[0, 5, 1, 2, 3, 4, 5]),
            full_box(b"co64", 0, &[3, 1, 0, 1, 100, 2, 0]),
        ])
        .unwrap();
        let base = 1_u64 << 32;
        let found: Vec<_> = all.iter().map(|s| (s.at, s.size, s.description)).collect();
        assert_eq!(
            found,
            [
                (base, 1, 0),
                (base + 1, 2, 0),
                (base + 100, 3, 0),
                (base + 103, 4, 0),
                (base * 2, 5, 1)
            ]
        );
        assert!(all.iter().all(|sample| sample.keyframe));
        assert_eq!(all[4].dts, 40);
    }

    #[test]
    fn composition_offsets_may_be_negative_in_either_version() {
        for version in [0, 1] {
            let (tables, all) = samples(&[
                full_box(b"stts", 0, &[1, 3, 10]),
                full_box(b"ctts", version, &[2, 1, 20, 2, u32::MAX - 9]),
                full_box(b"stsc", 0, &[1, 1, 3, 1]),
                full_box(b"stsz", 0, &[7, 3]),
                full_box(b"stco", 0, &[1, 48]),
                full_box(b"stss", 0, &[1, 1]),
            ])
            .unwrap();
            assert_eq!(all.iter().map(|s| s.pts).collect::<Vec<_>>(), [20, 0, 10]);
            assert_eq!(tables.lead(), 10);
            let keys: Vec<_> = all.iter().map(|sample| sample.keyframe).collect();
            assert_eq!(keys, [true, false, false]);
        }
    }

    #[test]
    fn tables_that_promise_more_than_they_hold_end_where_they_end() {
        let (_, all) = samples(&[
            full_box(b"stts", 0, &[0]),
            full_box(b"stsc", 0, &[1, 1, 0, 1]),
            full_box(b"stsz", 0, &[7, u32::MAX]),
            full_box(b"stco", 0, &[2, 48, 96]),
        ])
        .unwrap();
        assert!(all.is_empty(), "chunks without samples lead nowhere");
        let lying = samples(&[full_box(b"stts", 0, &[u32::MAX])]);
        assert!(lying.is_none());
    }
}
