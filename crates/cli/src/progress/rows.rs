//! The numbers of a running broadcast in rows: one for each destination, as wide as the terminal.

use std::fmt::Display;
use std::time::{Duration, Instant};

use onair::rate::LimitedBy;
use onair::{DestinationReport, DestinationStats, State, Stats};

use super::skipped;
use crate::board::{Field, fit};
use crate::text::{Bytes, Clock};

/// The last values of the counters, and since when they stand still.
#[derive(Debug, Default)]
pub(super) struct Before {
    destinations: Vec<Seen>,
    skipped: u64,
    left_out: u64,
    at: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    video: Moving,
    audio: Moving,
    /// Left out because the line was too slow.
    shed: u64,
}

/// A counter, and when it last moved.
#[derive(Clone, Copy, Debug, Default)]
struct Moving {
    count: u64,
    at: Option<Instant>,
    /// When it was first looked at, and its value then.
    first: Option<(Instant, u64)>,
}

/// With more media than this waiting the line is slow.
const SLOW: Duration = Duration::from_millis(500);

/// How long without a picture or audio until it counts as gone; longer for slides.
const STILL: Duration = Duration::from_millis(900);

impl Before {
    /// Notes the numbers.
    pub(super) fn note(&mut self, stats: &Stats, now: Instant) {
        self.destinations
            .resize_with(stats.destinations.len(), Seen::default);
        for (seen, stats) in self.destinations.iter_mut().zip(&stats.destinations) {
            seen.video.note(stats.so_far.video.frames, now);
            seen.audio.note(stats.so_far.audio.frames, now);
            seen.shed = shed(&stats.so_far);
        }
        self.skipped = skipped(&stats.encoder);
        self.left_out = left_out(stats);
        self.at = Some(now);
    }

    fn seen(&self, index: usize) -> Seen {
        self.destinations.get(index).copied().unwrap_or_default()
    }
}

impl Moving {
    fn note(&mut self, count: u64, now: Instant) {
        // Frames that did not arrive with a lost connection are subtracted and counted anew.
        if count < self.count {
            self.first = None;
        }
        self.first.get_or_insert((now, count));
        if count != self.count {
            (self.count, self.at) = (count, Some(now));
        }
    }

    /// Whether it moved before, but not for twice the usual time.
    fn is_still(&self, count: u64, now: Instant) -> bool {
        let since = self.at.map(|at| now.saturating_duration_since(at));
        let limit = STILL.max(self.interval().saturating_mul(2));
        count == self.count && since.is_some_and(|since| since > limit)
    }

    /// The average time between moves.
    fn interval(&self) -> Duration {
        let (Some((first, before)), Some(at)) = (self.first, self.at) else {
            return Duration::ZERO;
        };
        let moves = u32::try_from(self.count.saturating_sub(before)).unwrap_or(u32::MAX);
        let time = at.saturating_duration_since(first);
        time.checked_div(moves).unwrap_or_default()
    }
}

/// What the rows show.
pub(super) struct Numbers<'a> {
    pub(super) stats: &'a Stats,
    pub(super) before: &'a Before,
    pub(super) now: Instant,
    /// What users call the source.
    pub(super) source: &'static str,
    pub(super) is_verbose: bool,
}

impl Numbers<'_> {
    /// One row for a single destination; for several a row for all, and one for each.
    pub(super) fn rows(&self, columns: usize) -> Vec<String> {
        let mut first = vec![field(0, Clock(self.stats.elapsed))];
        if let [destination] = &self.stats.destinations[..] {
            first.extend(self.fields(destination, 0));
            first.extend(self.recording());
            first.extend(self.encoder());
            return vec![fit(first, columns)];
        }
        first.push(field(0, on_air(self.stats)));
        first.extend(self.recording());
        first.extend(self.encoder());
        let rows = self.stats.destinations.iter().enumerate();
        let rows = rows.map(|(index, destination)| {
            let mut fields = vec![field(0, format_args!("  [{}]", index + 1))];
            fields.extend(self.fields(destination, index));
            fit(fields, columns)
        });
        std::iter::once(fit(first, columns)).chain(rows).collect()
    }

    fn fields(&self, stats: &DestinationStats, index: usize) -> Vec<Field> {
        let seen = self.before.seen(index);
        let mut fields = vec![field(0, self.state(stats, seen))];
        if stats.so_far.state != State::Live {
            fields.push(field(4, &stats.so_far.address));
            return fields;
        }
        let frames = stats.so_far.video.frames.saturating_sub(seen.video.count);
        fields.push(field(1, stats.bitrate));
        fields.push(field(2, format_args!("{} fps", self.a_second(frames))));
        fields.push(field(
            3,
            format_args!("dropped {}", stats.so_far.video.dropped),
        ));
        fields.push(field(
            4,
            format_args!("queue {:.0} ms", millis(stats.queued)),
        ));
        if let Some(rtt) = stats.so_far.rtt {
            fields.push(field(5, format_args!("rtt {:.0} ms", millis(rtt))));
        }
        fields.push(field(6, &stats.so_far.address));
        if self.is_verbose {
            fields.extend(self.details(stats, seen));
        }
        fields
    }

    /// What -v adds.
    fn details(&self, stats: &DestinationStats, seen: Seen) -> Vec<Field> {
        let frames = stats.so_far.audio.frames.saturating_sub(seen.audio.count);
        let mut fields = vec![
            field(7, format_args!("{} audio frames/s", self.a_second(frames))),
            field(7, format_args!("{} sent", Bytes(stats.so_far.bytes))),
        ];
        if let Some(unsent) = stats.unsent_bytes {
            fields.push(field(7, format_args!("{} unsent", Bytes(unsent))));
        }
        if let Some(carries) = stats.carries {
            fields.push(field(7, format_args!("line carries {carries}")));
        }
        if let Some(delivery) = stats.delivery {
            fields.push(field(7, format_args!("line {delivery}")));
        }
        let waited = &stats.so_far.queue_delay;
        fields.push(field(
            7,
            format_args!("waited {:.0} ms at most", millis(waited.max)),
        ));
        fields
    }

    /// How many a second since the last rows.
    fn a_second(&self, count: u64) -> u64 {
        let before = self.before.at.unwrap_or(self.now);
        let millis = self.now.saturating_duration_since(before).as_millis();
        let millis = u64::try_from(millis).unwrap_or(u64::MAX);
        (count * 1000 + millis / 2)
            .checked_div(millis)
            .unwrap_or(count)
    }

    fn state(&self, stats: &DestinationStats, seen: Seen) -> String {
        let so_far = &stats.so_far;
        let words = match so_far.state {
            State::Connecting => "connecting",
            State::Reconnecting => "off air: reconnecting",
            State::Ended => "ended",
            State::Failed => "given up",
            State::Live if shed(so_far) > seen.shed => "line too slow: dropping pictures",
            State::Live if stats.queued > SLOW || self.is_starved(so_far, seen) => "line is slow",
            State::Live if so_far.video.frames == 0 && so_far.audio.frames == 0 => {
                return format!("waiting for {}", self.source);
            }
            State::Live => {
                return self
                    .missing(so_far, seen)
                    .unwrap_or_else(|| self.well().to_owned());
            }
        };
        words.to_owned()
    }

    /// Of a destination: nothing is ok beside a failed recording or missing pictures.
    fn well(&self) -> &'static str {
        let is_less = self.stats.encoder.audio_alone || self.is_skipping();
        match self.recording().is_some() || is_less {
            true => "on air",
            false => "ok",
        }
    }

    fn is_skipping(&self) -> bool {
        skipped(&self.stats.encoder) > self.before.skipped
    }

    /// Whether pictures are left out for a line's sake.
    fn is_leaving_out(&self) -> bool {
        self.stats.encoder.audio_alone || left_out(self.stats) > self.before.left_out
    }

    /// Whether the picture stands still for the line's sake, though a line carries some.
    fn is_starved(&self, so_far: &DestinationReport, seen: Seen) -> bool {
        let is_still = seen.video.is_still(so_far.video.frames, self.now);
        is_still && self.is_leaving_out() && !self.stats.encoder.audio_alone
    }

    /// What a line with room to spare gets no more of.
    fn missing(&self, so_far: &DestinationReport, seen: Seen) -> Option<String> {
        // A repeated frame is none that comes.
        let is_dry = self.stats.source_dry >= STILL;
        let is_still = seen.video.is_still(so_far.video.frames, self.now);
        let no_video = is_dry || is_still && !self.is_leaving_out();
        let no_audio = seen.audio.is_still(so_far.audio.frames, self.now);
        let (video, audio) = (so_far.video.frames > 0, so_far.audio.frames > 0);
        let what = match (video && no_video, audio && no_audio) {
            (false, false) => return None,
            (true, false) if audio => "no picture",
            (false, true) if video => "no sound",
            _ => "nothing",
        };
        Some(format!("{what} comes from {}", self.source))
    }

    /// What has stopped coming from the source, if some line would take it.
    pub(super) fn stall(&self) -> Option<String> {
        let all = self.stats.destinations.iter().enumerate();
        let mut well = all.filter(|(index, stats)| {
            let shed = shed(&stats.so_far) > self.before.seen(*index).shed;
            stats.so_far.state == State::Live && !shed && stats.queued <= SLOW
        });
        let (index, stats) = well.next()?;
        self.missing(&stats.so_far, self.before.seen(index))
    }

    /// A recording that goes well is not mentioned.
    fn recording(&self) -> Option<Field> {
        let recording = self.stats.recording.as_ref()?;
        recording.error.as_ref()?;
        Some(field(0, "the recording failed"))
    }

    /// What video is limited to, where a line does that.
    fn limit(&self) -> Option<Field> {
        if self.stats.encoder.audio_alone {
            return Some(field(1, "only sound, for the line"));
        }
        let limit = self.stats.encoder.video.as_ref()?.bitrate?;
        let is_known = self
            .stats
            .destinations
            .iter()
            .any(|one| one.carries.is_some());
        let is_limited = limit.limited_by == LimitedBy::Line && is_known;
        let text = || format!("video {} of {} for the line", limit.bitrate, limit.wanted);
        is_limited.then(|| field(3, text()))
    }

    fn encoder(&self) -> Vec<Field> {
        let mut fields: Vec<_> = self.limit().into_iter().collect();
        if self.is_skipping() {
            fields.push(field(1, "encoder too slow: try a smaller --size"));
        }
        if self.is_verbose {
            let encoder = &self.stats.encoder;
            let names = [&encoder.video, &encoder.audio].into_iter().flatten();
            fields.extend(names.map(|track| field(8, format_args!("by {}", track.name))));
        }
        fields
    }
}

/// Pictures left out before the encoder because a line was behind.
fn left_out(stats: &Stats) -> u64 {
    let video = stats.encoder.video.as_ref();
    video.map_or(0, |video| video.left_out)
}

/// What was lost without a connection is no fault of the present line.
const fn shed(report: &DestinationReport) -> u64 {
    report.video.dropped.saturating_sub(report.video.lost)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn on_air(stats: &Stats) -> String {
    let is_live = |stats: &&DestinationStats| stats.so_far.state == State::Live;
    let live = stats.destinations.iter().filter(is_live).count();
    format!("{live} of {} on air", stats.destinations.len())
}

fn field(rank: u8, text: impl Display) -> Field {
    Field {
        text: text.to_string(),
        rank,
    }
}

#[cfg(test)]
mod tests {
    use onair::media::Bitrate;
    use onair::{EncoderReport, Encoding, TrackReport};

    use super::*;

    fn track(frames: u64, dropped: u64) -> TrackReport {
        TrackReport {
            frames,
            dropped,
            ..TrackReport::default()
        }
    }

    fn destination(state: State, video: TrackReport, audio: TrackReport) -> DestinationStats {
        DestinationStats {
            so_far: DestinationReport {
                address: "rtmp://live.example/app/***".to_owned(),
                state,
                connects: 1,
                bytes: 1_000_000,
                video,
                audio,
                rtt: Some(Duration::from_millis(12)),
                ..DestinationReport::default()
            },
            bitrate: Bitrate::kbps(2500),
            delivery: None,
            carries: None,
            unsent_bytes: None,
            queued: Duration::from_millis(12),
        }
    }

    fn stats(destinations: Vec<DestinationStats>) -> Stats {
        Stats {
            elapsed: Duration::from_secs(12),
            destinations,
            encoder: EncoderReport::default(),
            encoding: Encoding::default(),
            capture: onair::CaptureReport::default(),
            source_dry: Duration::ZERO,
            is_muted: false,
            recording: None,
        }
    }

    /// The rows half a second after `before`, which stood still for that long.
    fn rows(before: &Stats, still: Duration, after: &Stats, columns: usize) -> Vec<String> {
        let start = Instant::now();
        let mut noted = Before::default();
        noted.note(before, start);
        noted.note(before, start + still);
        let numbers = Numbers {
            stats: after,
            before: &noted,
            now: start + still + Duration::from_millis(500),
            source: "stdin",
            is_verbose: columns > 200,
        };
        numbers.rows(columns)
    }

    fn one(before: [TrackReport; 2], still: u64, after: [TrackReport; 2]) -> String {
        let [before, after] = [before, after]
            .map(|[video, audio]| stats(vec![destination(State::Live, video, audio)]));
        rows(&before, Duration::from_secs(still), &after, 60).remove(0)
    }

    #[test]
    fn a_source_that_gives_nothing_is_never_well() {
        let some = [track(30, 0), track(47, 0)];
        let more = [track(60, 0), track(94, 0)];
        let none = [track(0, 0), track(0, 0)];
        for (before, still, after, words) in [
            (some, 0, more, "0:00:12  ok  2500 kbit/s  60 fps"),
            (some, 5, some, "0:00:12  nothing comes from stdin"),
            (
                some,
                5,
                [track(30, 0), track(94, 0)],
                "0:00:12  no picture comes from stdin",
            ),
            (
                some,
                5,
                [track(60, 0), track(47, 0)],
                "0:00:12  no sound comes from stdin",
            ),
            (none, 0, none, "0:00:12  waiting for stdin"),
            (
                some,
                0,
                [track(40, 20), track(94, 0)],
                "0:00:12  line too slow",
            ),
        ] {
            let row = one(before, still, after);
            assert!(row.starts_with(words), "{words}: {row}");
        }
    }

    #[test]
    fn a_stall_is_told_but_not_of_a_line_that_is_slow() {
        let start = Instant::now();
        let mut stats = stats(vec![destination(State::Live, track(30, 0), track(47, 0))]);
        let mut before = Before::default();
        before.note(&stats, start);
        let stall = |stats: &Stats, millis| {
            let numbers = Numbers {
                stats,
                before: &before,
                now: start + Duration::from_millis(millis),
                source: "stdin",
                is_verbose: false,
            };
            numbers.stall()
        };
        assert_eq!(stall(&stats, 500), None);
        let words = "nothing comes from stdin";
        assert_eq!(stall(&stats, 2000).as_deref(), Some(words));
        stats.destinations[0].queued = Duration::from_millis(900);
        assert_eq!(stall(&stats, 2000), None);
    }

    #[test]
    fn slides_are_no_stalled_source() {
        let start = Instant::now();
        let mut slides = Moving::default();
        for second in 0..10 {
            slides.note(second / 2, start + Duration::from_secs(second));
        }
        // The last came at 8 s, one every two seconds.
        assert!(!slides.is_still(4, start + Duration::from_secs(11)));
        assert!(slides.is_still(4, start + Duration::from_secs(13)));
    }

    #[test]
    fn a_count_may_fall() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut pictures = Moving::default();
        for (second, count) in [30, 0, 1, 2].into_iter().enumerate() {
            pictures.note(count, at(second as u64));
            assert!(!pictures.is_still(count, at(second as u64)));
        }
        assert_eq!(pictures.interval(), Duration::from_secs(1));
        assert!(pictures.is_still(2, at(6)));
    }

    #[test]
    fn a_picture_that_is_given_again_is_none_that_comes() {
        let media = |video| [track(video, 0), track(video, 0)];
        let at = |video, dry| {
            let [video, audio] = media(video);
            let mut stats = stats(vec![destination(State::Live, video, audio)]);
            stats.source_dry = Duration::from_secs_f64(dry);
            stats
        };
        let row = |dry| rows(&at(30, 0.0), Duration::ZERO, &at(32, dry), 60).remove(0);
        assert!(row(0.3).starts_with("0:00:12  ok"), "{}", row(0.3));
        let words = "0:00:12  no picture comes from stdin";
        assert!(row(8.0).starts_with(words), "{}", row(8.0));
    }

    #[test]
    fn what_was_lost_off_air_is_not_blamed_on_the_line_that_is_back() {
        let at = |dropped, lost| {
            let mut video = track(60, dropped);
            video.lost = lost;
            stats(vec![destination(State::Live, video, track(94, 0))])
        };
        let row = |before: &Stats, after: &Stats| rows(before, Duration::ZERO, after, 80).remove(0);
        let back = row(&at(0, 0), &at(90, 90));
        assert!(back.starts_with("0:00:12  ok"), "{back}");
        let slow = row(&at(90, 90), &at(91, 90));
        assert!(slow.starts_with("0:00:12  line too slow"), "{slow}");
    }

    #[test]
    fn verbose_rows_have_every_number() {
        let all = stats(vec![destination(State::Live, track(60, 0), track(94, 0))]);
        let row = rows(&all, Duration::ZERO, &all, usize::MAX).remove(0);
        for words in [
            "audio frames/s",
            "1.0 MB sent",
            "waited 0 ms at most",
            "rtt 12 ms",
        ] {
            assert!(row.contains(words), "{words}: {row}");
        }
    }

    #[test]
    fn rows_fit_from_40_to_200_columns_and_say_how_each_destination_is() {
        let media = || [track(60, 0), track(94, 0)];
        let states = [State::Live, State::Reconnecting, State::Failed];
        let several = stats(
            states
                .map(|state| {
                    let [video, audio] = media();
                    destination(state, video, audio)
                })
                .to_vec(),
        );
        for columns in 40..=200 {
            let rows = rows(&several, Duration::ZERO, &several, columns);
            assert!(
                rows.iter().all(|row| row.chars().count() < columns),
                "{rows:#?}"
            );
            assert_eq!(rows[0], "0:00:12  1 of 3 on air");
            assert!(rows[1].starts_with("  [1]  ok  2500 kbit/s"), "{rows:#?}");
            assert!(
                rows[2].starts_with("  [2]  off air: reconnecting"),
                "{rows:#?}"
            );
            assert!(rows[3].starts_with("  [3]  given up"), "{rows:#?}");
        }
    }

    #[test]
    fn nothing_is_ok_beside_a_recording_that_failed() {
        let mut stats = stats(vec![destination(State::Live, track(60, 0), track(94, 0))]);
        let row = |stats: &Stats| rows(stats, Duration::ZERO, stats, 80).remove(0);
        assert!(row(&stats).starts_with("0:00:12  ok"), "{}", row(&stats));
        stats.recording = Some(onair::RecordingReport {
            error: Some("disk full".to_owned()),
            ..onair::RecordingReport::default()
        });
        let alone = row(&stats);
        assert!(alone.starts_with("0:00:12  on air"), "{alone}");
        assert!(alone.contains("the recording failed"), "{alone}");
        stats.destinations.push(stats.destinations[0].clone());
        let several = rows(&stats, Duration::ZERO, &stats, 80);
        assert!(several[0].contains("2 of 2 on air"), "{several:?}");
        assert!(several[0].contains("the recording failed"), "{several:?}");
        assert!(several[1].starts_with("  [1]  on air"), "{several:?}");
        assert!(several[2].starts_with("  [2]  on air"), "{several:?}");
    }

    #[test]
    fn a_source_is_not_blamed_for_pictures_that_are_left_out_for_the_line() {
        let at = |left_out, audio_alone| {
            let mut stats = stats(vec![destination(State::Live, track(60, 0), track(94, 0))]);
            stats.encoder.audio_alone = audio_alone;
            stats.encoder.video = Some(onair::EncoderTrack {
                left_out,
                ..Default::default()
            });
            stats.destinations[0].so_far.audio.frames += left_out;
            stats
        };
        let row = |after: &Stats| rows(&at(0, false), Duration::from_secs(5), after, 120).remove(0);
        let behind = row(&at(20, false));
        assert!(behind.starts_with("0:00:12  line is slow"), "{behind}");
        let alone = row(&at(90, true));
        assert!(alone.starts_with("0:00:12  on air"), "{alone}");
        assert!(alone.contains("only sound, for the line"), "{alone}");
        let gone = row(&at(0, false));
        assert!(gone.starts_with("0:00:12  nothing comes"), "{gone}");
    }

    #[test]
    fn nothing_is_ok_beside_pictures_that_are_not_encoded() {
        let before = stats(vec![destination(State::Live, track(60, 0), track(94, 0))]);
        let mut after = before.clone();
        after.encoder.video = Some(onair::EncoderTrack {
            dropped: 3,
            ..Default::default()
        });
        let row = rows(&before, Duration::ZERO, &after, 80).remove(0);
        assert!(row.starts_with("0:00:12  on air"), "{row}");
        assert!(row.contains("encoder too slow"), "{row}");
    }
}
