use std::collections::VecDeque;
use std::time::Duration;

use onair_media::{Bitrate, Config, FrameRate, Kind, Timestamp};
use shiguredo_mp4::boxes::{ElstBox, MdhdBox, TkhdBox};

use super::boxes::{BoxRef, decode};
use super::sample_entry;
use super::tables::{Sample, Tables};
use crate::selection::Unusable;
use crate::{Error, Track};

/// Reads one track: its samples and their times on the timeline.
pub(super) struct TrackReader {
    pub(super) id: u32,
    pub(super) configs: Vec<Config>,
    /// How long a frame of each lasts, for audio.
    pub(super) frames: Vec<Option<Duration>>,
    timescale: u32,
    edit: Edit,
    /// How far decoding times move back so that none is after its presentation.
    lead: i64,
    tables: Option<Tables>,
    /// Samples of fragments read ahead.
    pub(super) queue: VecDeque<Sample>,
    /// The sample whose turn is next.
    pub(super) head: Option<Sample>,
    last_dts: Timestamp,
    /// The edit list's end has been reached.
    pub(super) finished: bool,
}

/// What an edit list (ISO/IEC 14496-12 §8.6.6) asks for, in media ticks.
#[derive(Clone, Copy, Default)]
struct Edit {
    /// Media time at which presentation starts.
    from: i64,
    /// Media time at which it ends.
    until: Option<i64>,
    /// Empty time before it.
    delay: i64,
}

impl TrackReader {
    /// Reads a `trak` box; `movie_scale` is the timescale of its edit list.
    pub(super) fn parse(trak: BoxRef<'_>, movie_scale: u32) -> Result<(Self, Track), Unusable> {
        let missing = |what| Error::invalid(what, trak.at);
        let kind = kind(trak).ok_or_else(|| missing("mp4 track is neither video nor audio"))?;
        let stsd = trak
            .descendant(&[b"mdia", b"minf", b"stbl", b"stsd"])
            .ok_or_else(|| missing("mp4 track lacks its stsd"))?;
        let configs = sample_entry::configs(stsd, kind)?;
        let header: MdhdBox = trak
            .descendant(&[b"mdia", b"mdhd"])
            .and_then(decode)
            .ok_or_else(|| missing("mp4 track lacks its mdhd"))?;
        let tkhd: TkhdBox = trak
            .child(b"tkhd")
            .and_then(decode)
            .ok_or_else(|| missing("mp4 track lacks its tkhd"))?;
        let tables = trak
            .descendant(&[b"mdia", b"minf", b"stbl"])
            .and_then(Tables::parse)
            .ok_or_else(|| missing("mp4 track's sample tables are missing or wrong"))?;
        let timescale = header.timescale.get();
        let (edit, notes) = Edit::parse(trak, movie_scale, timescale);
        let mut reader = Self {
            id: tkhd.track_id,
            timescale,
            edit,
            lead: tables.lead(),
            frames: configs.iter().map(Config::frame_duration).collect(),
            configs,
            tables: Some(tables),
            queue: VecDeque::new(),
            head: None,
            last_dts: Timestamp::from_nanos(i64::MIN),
            finished: false,
        };
        reader.fill_frame_rate();
        reader.skip_unseen();
        let track = reader.describe(&header, &tkhd, notes);
        Ok((reader, track))
    }

    pub(super) fn kind(&self) -> Kind {
        self.configs[0].kind()
    }

    /// Makes sure `head` holds the next sample, if one is known.
    pub(super) fn advance(&mut self) {
        while self.head.is_none() {
            let from_tables = self.tables.as_mut().and_then(Tables::next);
            if from_tables.is_none() {
                self.tables = None;
            }
            let Some(sample) = from_tables.or_else(|| self.queue.pop_front()) else {
                return;
            };
            if !self.is_wanted(&sample) {
                self.finish();
            } else if sample.size > 0 {
                self.head = Some(sample);
            }
        }
    }

    /// The edit list ends here: what follows is not wanted either.
    fn finish(&mut self) {
        self.tables = None;
        self.queue.clear();
        self.finished = true;
    }

    /// Takes a fragment's sample in.
    pub(super) fn push(&mut self, sample: Sample) {
        if self.finished {
            return;
        }
        self.lead = self.lead.max(sample.dts.saturating_sub(sample.pts));
        self.queue.push_back(sample);
    }

    /// Samples not yet given, as far as they are known.
    pub(super) fn left(&self) -> u64 {
        let listed = self.tables.as_ref().map_or(0, Tables::left);
        listed + self.queue.len() as u64 + u64::from(self.head.is_some())
    }

    /// When the next sample is decoded.
    pub(super) fn head_dts(&self) -> Option<Timestamp> {
        self.head.map(|sample| self.dts(&sample))
    }

    /// A sample's decoding and presentation time; decoding never goes back.
    pub(super) fn times(&mut self, sample: &Sample) -> (Timestamp, Timestamp) {
        let dts = self.dts(sample).max(self.last_dts);
        self.last_dts = dts;
        (dts, self.time(sample.pts))
    }

    /// A sample's duration.
    pub(super) fn duration(&self, sample: &Sample) -> Duration {
        Timestamp::from_ticks(i64::from(sample.duration), self.timescale).since(Timestamp::ZERO)
    }

    fn dts(&self, sample: &Sample) -> Timestamp {
        self.time(sample.dts.saturating_sub(self.lead).min(sample.pts))
    }

    fn time(&self, media: i64) -> Timestamp {
        let shift = self.edit.delay.saturating_sub(self.edit.from);
        Timestamp::from_ticks(media.saturating_add(shift), self.timescale)
    }

    /// Whether the edit list wants a sample. What is shown before its start was
    /// skipped already, as far as it is not needed for decoding.
    fn is_wanted(&self, sample: &Sample) -> bool {
        let Some(until) = self.edit.until else {
            return true;
        };
        match self.kind() {
            Kind::Video => sample.dts < until,
            Kind::Audio => sample.pts < until,
        }
    }

    /// Skips what the edit list cuts off: video up to the keyframe before the
    /// start, audio up to one frame before it. An encoder's priming stays.
    fn skip_unseen(&mut self) {
        let (from, kind) = (self.edit.from, self.kind());
        let Some(tables) = self.tables.as_mut().filter(|_| from > 0) else {
            return;
        };
        match kind {
            Kind::Video => tables.seek(from),
            Kind::Audio if from > MAX_PRIMING => tables.seek(from - AAC_FRAME),
            Kind::Audio => {}
        }
    }

    /// Takes the frame rate from a constant sample duration when the SPS has none.
    fn fill_frame_rate(&mut self) {
        let constant = self.tables.as_ref().and_then(Tables::constant_duration);
        let rate = constant.and_then(|delta| FrameRate::new(self.timescale, delta));
        for config in &mut self.configs {
            if let Config::Video(video) = config
                && video.frame_rate.is_none()
            {
                std::sync::Arc::make_mut(video).frame_rate = rate;
            }
        }
    }

    fn describe(&mut self, header: &MdhdBox, tkhd: &TkhdBox, mut notes: Vec<String>) -> Track {
        let bytes = self.tables.as_ref().map_or(0, Tables::total);
        self.advance();
        let start = self.head.map(|sample| self.time(sample.pts));
        if let Some(early) = start.filter(|start| *start < PREROLL) {
            let cut = early.nanos_from(Timestamp::ZERO).unsigned_abs() / 1_000_000;
            notes.push(format!(
                "the edit list starts between keyframes: {cut} ms that it hides are sent too"
            ));
        }
        let ticks = i64::try_from(header.duration).unwrap_or(0);
        let duration = Timestamp::from_ticks(ticks, self.timescale).since(Timestamp::ZERO);
        Track {
            rotation: Some(rotation(&tkhd.matrix)).filter(|turn| *turn != 0),
            start,
            duration: Some(duration).filter(|d| !d.is_zero()),
            bitrate: Some(Bitrate::of(bytes, duration)).filter(|rate| rate.as_bps() > 0),
            notes,
            ..Track::new(self.configs[0].clone())
        }
    }
}

impl Edit {
    fn parse(trak: BoxRef<'_>, movie_scale: u32, scale: u32) -> (Self, Vec<String>) {
        let list: Option<ElstBox> = trak.descendant(&[b"edts", b"elst"]).and_then(decode);
        let entries = list.map_or_else(Vec::new, |list| list.entries);
        let ticks = |duration: u64| convert(duration, movie_scale, scale);
        let mut edit = Self::default();
        let mut notes = Vec::new();
        let mut open = false;
        for entry in &entries {
            let length = ticks(entry.edit_duration);
            if entry.media_time < 0 {
                edit.delay = edit.delay.saturating_add(if open { 0 } else { length });
            } else if !open {
                edit.from = entry.media_time;
                let end = entry.media_time.saturating_add(length);
                edit.until = (length > 0).then_some(end);
                open = true;
            } else {
                edit.until = (length > 0).then(|| entry.media_time.saturating_add(length));
                notes.push("the edit list has several parts; they are played as one".to_owned());
                notes.dedup();
            }
        }
        (edit, notes)
    }
}

/// Whether a `trak` holds video or audio, from its handler (§8.4.3).
pub(super) fn kind(trak: BoxRef<'_>) -> Option<Kind> {
    let handler = trak.descendant(&[b"mdia", b"hdlr"])?;
    match handler.body.get(8..12)? {
        b"vide" => Some(Kind::Video),
        b"soun" => Some(Kind::Audio),
        _ => None,
    }
}

/// By how many degrees a track header's matrix turns frames clockwise (§6.2.2).
fn rotation(matrix: &[i32; 9]) -> u16 {
    let [a, b, _, c, d, ..] = matrix.map(i32::signum);
    match (a, b, c, d) {
        (0, 1, -1, 0) => 90,
        (-1, 0, 0, -1) => 180,
        (0, -1, 1, 0) => 270,
        _ => 0,
    }
}

/// A duration in another timescale, to the nearest tick.
fn convert(duration: u64, from: u32, to: u32) -> i64 {
    let scaled = u128::from(duration) * u128::from(to) + u128::from(from / 2);
    let ticks = scaled.checked_div(u128::from(from)).unwrap_or(0);
    i64::try_from(ticks).unwrap_or(i64::MAX)
}

/// A start earlier than this is more than an encoder's delay.
const PREROLL: Timestamp = Timestamp::from_millis(-150);

/// Up to this many samples, an audio track's start is encoder priming (AAC: 1024 to 2112
/// samples, doubled under SBR); beyond, somebody cut the beginning off.
const MAX_PRIMING: i64 = 4224;

/// Samples in an AAC frame: one is decoded ahead of a cut.
const AAC_FRAME: i64 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_turn_clockwise() {
        let one = 0x1_0000;
        for (matrix, degrees) in [
            ([one, 0, 0, 0, one, 0, 0, 0, 1 << 30], 0),
            ([0, one, 0, -one, 0, 0, 0, 0, 1 << 30], 90),
            ([-one, 0, 0, 0, -one, 0, 0, 0, 1 << 30], 180),
            ([0, -one, 0, one, 0, 0, 0, 0, 1 << 30], 270),
        ] {
            assert_eq!(rotation(&matrix), degrees);
        }
    }
}
