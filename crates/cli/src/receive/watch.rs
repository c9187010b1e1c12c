//! What people see while a receiver runs, and what programs read.

use std::collections::VecDeque;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver as Queue, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use onair::media::Bitrate;
use onair_receiver::{
    Event, EventStream, Recording, RelayFailure, Repeats, StreamInfo, StreamName, StreamRegistry,
    Unrecorded,
};
use serde::Serialize;

use super::words::in_words;
use crate::board::{Field, columns, fit, shorten};
use crate::failure::Failure;
use crate::json::{Json, StatsFormat};
use crate::outlet::{say, show};
use crate::text::{Clock, Count};

/// How often the numbers are told.
const TICK: Duration = Duration::from_secs(1);

/// Tells what happens, and the numbers.
pub(super) struct Watch {
    began: Instant,
    stats: StatsFormat,
    on_terminal: bool,
    json: Option<Json>,
    report: Report,
    repeats: Repeats,
}

/// How many events of a kind are told in a minute, whoever causes them.
const LINES: u64 = 60;

/// The most recordings in the report.
const LISTED: usize = 1000;

/// The present state.
#[derive(Serialize)]
struct Stats {
    elapsed_s: f64,
    /// As `/api/streams` lists them.
    streams: Vec<StreamInfo>,
}

/// The report at the end.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// Always true: tells the report from the numbers before it.
    report: bool,
    duration_s: f64,
    /// How often a stream went live.
    published: u64,
    /// How often a peer was turned away.
    refused: u64,
    /// The files written; only the last ones if they are many.
    recordings: VecDeque<Recorded>,
    /// How many of all files failed.
    recordings_failed: u64,
    /// How many of the failed ones have no content.
    #[serde(skip)]
    recordings_empty: u64,
    /// Streams that were not recorded although that was asked for, not counting those of less than
    /// half a second, also before a change.
    not_recorded: u64,
    /// How often a relay was given up.
    relays_failed: u64,
    /// How often a relay stayed on air without its publisher.
    relays_held: u64,
    /// How often it ended so.
    relays_not_back: u64,
}

/// A file that was written.
#[derive(Debug, Serialize)]
struct Recorded {
    stream: String,
    path: PathBuf,
    duration_s: f64,
    bytes: u64,
    frames: u64,
    audio_frames: u64,
    /// Pictures and audio frames it lacks because the disk was too slow.
    dropped: u64,
    dropped_audio: u64,
    /// Why it ended before its stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Watch {
    pub(super) fn new(stats: StatsFormat) -> Self {
        let is_json = stats == StatsFormat::Json;
        Self {
            began: Instant::now(),
            stats,
            on_terminal: io::stderr().is_terminal(),
            json: is_json.then(Json::new),
            report: Report {
                report: true,
                ..Report::default()
            },
            repeats: Repeats::new(LINES),
        }
    }

    /// Runs until there are no more events.
    pub(super) fn run(
        mut self,
        events: EventStream,
        registry: &StreamRegistry,
    ) -> Result<(), Failure> {
        let events = queue(events);
        let mut next_tick = Instant::now() + TICK;
        loop {
            match events.recv_timeout(next_tick.saturating_duration_since(Instant::now())) {
                Ok(event) => self.event(&event),
                Err(RecvTimeoutError::Timeout) => {
                    self.tick(registry.streams());
                    next_tick += TICK;
                }
                Err(RecvTimeoutError::Disconnected) => return self.report(),
            }
        }
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Published { .. } => self.report.published += 1,
            Event::Refused { times, .. } => self.report.refused += times,
            Event::NotRecorded { reason, .. } => self.report.leave_out(reason),
            Event::RelayFailed { failure, .. } => self.report.give_up(failure),
            Event::RelayHeld { .. } => self.report.relays_held += 1,
            Event::RelayNotBack { .. } => self.report.relays_not_back += 1,
            Event::Recorded { name, recording } => {
                self.report.note(recorded(name, recording));
            }
            Event::Interrupted { .. }
            | Event::Unpublished { .. }
            | Event::LeftOut { .. }
            | Event::Playing { .. }
            | Event::Stopped { .. }
            | Event::Recording { .. }
            | Event::Relay { .. }
            | Event::RelayBack { .. }
            | Event::Warning { .. } => {}
        }
        let kind = std::mem::discriminant(event);
        match self.repeats.note(kind, Instant::now()) {
            Some(1) => say(in_words(event)),
            Some(more) => say(format!(
                "{} (and {} more events of this kind)",
                in_words(event),
                more - 1
            )),
            None => {}
        }
    }

    fn tick(&self, streams: Vec<StreamInfo>) {
        let elapsed = self.began.elapsed();
        // Rows would fill a log; there the events are enough.
        if self.stats == StatsFormat::Text && self.on_terminal {
            show(rows(elapsed, &streams, seconds_now(), columns()));
        }
        if let Some(json) = &self.json {
            json.write(&Stats {
                elapsed_s: elapsed.as_secs_f64(),
                streams,
            });
        }
    }

    fn report(mut self) -> Result<(), Failure> {
        show(Vec::new());
        self.report.duration_s = self.began.elapsed().as_secs_f64();
        let written = self.json.as_ref().map_or(Ok(()), |json| {
            json.write(&self.report);
            json.finish()
        });
        self.report.verdict().and(written)
    }
}

impl Report {
    fn note(&mut self, recorded: Recorded) {
        self.recordings_failed += u64::from(recorded.error.is_some());
        let is_empty = recorded.error.is_some() && recorded.bytes == 0;
        self.recordings_empty += u64::from(is_empty);
        if self.recordings.len() == LISTED {
            self.recordings.pop_front();
        }
        self.recordings.push_back(recorded);
    }

    /// A stream of a moment, or its first moment, makes no file, and nobody misses one: it is no
    /// failure.
    fn leave_out(&mut self, reason: &Unrecorded) {
        self.not_recorded += u64::from(!matches!(
            reason,
            Unrecorded::TooShort | Unrecorded::Changed
        ));
    }

    /// If a stream finds its relay taken by another, that is no failure.
    fn give_up(&mut self, failure: &RelayFailure) {
        self.relays_failed += u64::from(!matches!(failure, RelayFailure::NotBegun(_)));
    }

    /// A failed recording is a failure, whatever else went well.
    fn verdict(&self) -> Result<(), Failure> {
        if self.recordings_failed > 0 {
            let files = Count(self.recordings_failed, "recording");
            let left = match (self.recordings_empty, self.recordings_failed) {
                (empty, failed) if empty == failed => "nothing was recorded",
                (0, 1) => "what it has plays",
                (0, _) => "what they have plays",
                _ => "what they have plays, where they have anything",
            };
            return Err(Failure::failed(format_args!("{files} failed; {left}")));
        }
        if self.not_recorded > 0 {
            let streams = Count(self.not_recorded, "stream");
            return Err(Failure::failed(format_args!("{streams} not recorded")));
        }
        if self.relays_failed > 0 {
            let relays = Count(self.relays_failed, "relay");
            return Err(Failure::failed(format_args!("{relays} given up")));
        }
        Ok(())
    }
}

fn recorded(name: &StreamName, recording: &Recording) -> Recorded {
    Recorded {
        stream: name.to_string(),
        path: recording.path.clone(),
        duration_s: recording.duration.as_secs_f64(),
        bytes: recording.bytes,
        frames: recording.frames,
        audio_frames: recording.audio_frames,
        dropped: recording.dropped,
        dropped_audio: recording.dropped_audio,
        error: recording.failure.clone(),
    }
}

/// Events that can be waited for with a timeout.
fn queue(mut events: EventStream) -> Queue<Event> {
    let (sender, queue) = mpsc::channel();
    thread::spawn(move || {
        while let Some(event) = events.blocking_next() {
            let _nobody_listens = sender.send(event);
        }
    });
    queue
}

fn seconds_now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// A row for all, and one for each stream.
fn rows(elapsed: Duration, streams: &[StreamInfo], now: u64, columns: usize) -> Vec<String> {
    let viewers = streams.iter().map(|stream| stream.viewers as u64).sum();
    let first = vec![
        field(0, Clock(elapsed)),
        field(0, Count(streams.len() as u64, "stream")),
        field(1, Count(viewers, "viewer")),
    ];
    let rows = streams.iter().map(|stream| row(stream, now, columns));
    std::iter::once(fit(first, columns)).chain(rows).collect()
}

fn row(stream: &StreamInfo, now: u64, columns: usize) -> String {
    let name = shorten(stream.name.as_str(), (columns / 3).max(12));
    let age = Duration::from_secs(now.saturating_sub(stream.since));
    let mut fields = vec![field(0, format_args!("  {name}")), field(3, Clock(age))];
    if let Some(held) = &stream.held {
        let [since, left] = [held.for_s, held.remaining_s].map(Duration::from_secs_f64);
        fields.push(field(0, format_args!("held {}", Clock(since))));
        fields.push(field(1, format_args!("ends in {}", Clock(left))));
        return fit(fields, columns);
    }
    if stream.interrupted {
        fields.push(field(0, "interrupted"));
        return fit(fields, columns);
    }
    let (video, audio) = (stream.video.as_ref(), stream.audio.as_ref());
    let rates = [
        video.and_then(|video| video.bitrate_bps),
        audio.and_then(|audio| audio.bitrate_bps),
    ];
    let rate = rates.into_iter().flatten().sum();
    fields.push(field(1, Bitrate::bps(rate)));
    if let Some(video) = video {
        let fps = video.frame_rate.unwrap_or_default();
        fields.push(field(2, format_args!("{fps:.0} fps")));
        fields.push(field(4, format_args!("{}x{}", video.width, video.height)));
    }
    fields.push(field(2, Count(stream.viewers as u64, "viewer")));
    let codecs = [
        video.map(|video| &video.codec),
        audio.map(|audio| &audio.codec),
    ];
    for codec in codecs.into_iter().flatten() {
        fields.push(field(6, codec));
    }
    fields.push(field(5, format_args!("from {}", stream.publisher.peer)));
    fit(fields, columns)
}

fn field(rank: u8, text: impl std::fmt::Display) -> Field {
    Field {
        text: text.to_string(),
        rank,
    }
}

#[cfg(test)]
mod tests {
    use onair_receiver::{Origin, PublisherKind, RegistryConfig};

    use super::*;

    #[test]
    fn a_recording_that_failed_is_a_failure() {
        let mut report = Report::default();
        report.leave_out(&Unrecorded::TooShort);
        assert_eq!(report.verdict(), Ok(()));
        report.leave_out(&Unrecorded::Refused("no room".to_owned()));
        let words = Failure::failed("1 stream not recorded");
        assert_eq!(report.verdict(), Err(words));
    }

    #[test]
    fn each_stream_has_a_row_that_fits() {
        let registry = StreamRegistry::new(RegistryConfig::default());
        let origin = Origin::new("192.0.2.1:5000", PublisherKind::Rtmp, "OBS");
        let name = StreamName::new("live", &"a-very-long-name-".repeat(4)).unwrap();
        let _ingest = registry.publish(name, origin).unwrap();
        let streams = registry.streams();
        for columns in [20, 40, 80, 200] {
            let rows = rows(
                Duration::from_secs(5),
                &streams,
                streams[0].since + 61,
                columns,
            );
            assert!(rows[0].starts_with("0:00:05  1 stream"), "{rows:?}");
            assert!(rows[1].starts_with("  live/a-"), "{rows:?}");
            assert!(
                rows.iter().all(|row| row.chars().count() < columns),
                "{rows:?}"
            );
            assert_eq!(rows[1].contains("0:01:01"), columns >= 80, "{rows:?}");
        }
    }
}
