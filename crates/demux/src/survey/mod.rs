//! What is in a stream, and what services will say about it.

mod coding;
mod report;
mod rules;
mod track;
mod verdict;

use onair_media::{Kind, Packet, Timestamp};

pub use report::{Fault, Faults, Gops, Objection, Report, Span, TrackReport, Verdict};

use crate::codec::kind_name;
use crate::{Container, Damage, Error, Opened, PacketSource, Refused};
use track::Tally;

/// What is in a stream, gathered packet by packet. Memory does not grow with the stream.
#[derive(Debug, Default)]
pub struct Survey {
    container: Option<Container>,
    duration: Option<f64>,
    notes: Vec<String>,
    rotation: Option<u16>,
    video: Option<Tally>,
    audio: Option<Tally>,
    /// The largest distance of the two tracks' decoding times, in nanoseconds.
    interleave: i64,
    error: Option<String>,
    ends_damaged: bool,
    refused: Vec<Refused>,
    damage: Damage,
}

impl Survey {
    /// An empty survey of what `demux` delivers.
    pub fn new(demux: &dyn PacketSource) -> Self {
        let tracks = demux.tracks().iter();
        let mut notes = demux.notes().to_vec();
        notes.extend(tracks.clone().flat_map(|track| track.notes.clone()));
        Self {
            container: demux.container(),
            duration: demux.duration().map(|d| d.as_secs_f64()),
            notes,
            rotation: tracks.clone().find_map(|track| track.rotation),
            ..Self::default()
        }
    }

    /// Reads `demux` to its end.
    pub fn of(demux: &mut dyn PacketSource) -> Self {
        let mut survey = Self::new(demux);
        loop {
            match demux.next_packet() {
                Ok(Some(packet)) => survey.push(&packet),
                Ok(None) => break,
                Err(error) => {
                    survey.fail(&error);
                    break;
                }
            }
        }
        survey.close(demux);
        survey
    }

    /// An empty survey of opened media.
    pub fn of_opened(opened: &Opened) -> Self {
        Self {
            refused: opened.refused.clone(),
            ..Self::new(opened.media.as_ref())
        }
    }

    /// Adds one packet.
    pub fn push(&mut self, packet: &Packet) {
        let (own, other) = match packet.kind() {
            Kind::Video => (&mut self.video, &self.audio),
            Kind::Audio => (&mut self.audio, &self.video),
        };
        if let Some(last) = other.as_ref().and_then(Tally::last_dts) {
            let apart = packet.dts.nanos_from(last).saturating_abs();
            self.interleave = self.interleave.max(apart);
        }
        own.get_or_insert_with(|| Tally::new(packet)).add(packet);
    }

    /// Notes that reading ended with `error` rather than at the end.
    pub fn fail(&mut self, error: &Error) {
        self.error = Some(error.to_string());
        // What could not be read may be whole all the same.
        self.ends_damaged = !matches!(error, Error::Io { .. });
    }

    /// Adds the notes that `demux` made while it was read, and what it could not read.
    pub fn close(&mut self, demux: &dyn PacketSource) {
        let new = demux.notes().iter().filter(|n| !self.notes.contains(n));
        let new: Vec<_> = new.cloned().collect();
        self.notes.extend(new);
        self.damage = demux.damage();
    }

    /// Everything found.
    pub fn report(&self) -> Report {
        let tracks: Vec<_> = [&self.video, &self.audio]
            .into_iter()
            .flatten()
            .map(Tally::report)
            .collect();
        let mut report = Report {
            container: self.container.map(|container| container.to_string()),
            duration_s: self.measured_duration().or(self.duration),
            rotation: self.rotation,
            start_skew_ms: self.skew(Tally::start),
            end_skew_ms: self.skew(Tally::end),
            interleave_ms: millis(self.interleave),
            tracks,
            notes: self.notes.clone(),
            error: self.error.clone(),
            ends_damaged: self.ends_damaged,
            damage: Some(self.damage).filter(|damage| !damage.is_none()),
            refused: self.refused.clone(),
            verdicts: Vec::new(),
            cure: None,
        };
        report.verdicts = verdict::verdicts(&report);
        report.cure = verdict::cure(&report);
        report
    }

    fn measured_duration(&self) -> Option<f64> {
        let tallies = || [&self.video, &self.audio].into_iter().flatten();
        let start = tallies().filter_map(Tally::start).min()?;
        let end = tallies().filter_map(Tally::end).max()?;
        Some(end.since(start).as_secs_f64())
    }

    /// How much later than video audio is, in milliseconds.
    fn skew(&self, point: impl Fn(&Tally) -> Option<Timestamp>) -> Option<f64> {
        let video = self.video.as_ref().and_then(&point)?;
        let audio = self.audio.as_ref().and_then(&point)?;
        Some(millis(audio.nanos_from(video)))
    }
}

/// Whether a refused track is of a kind, `video` or `audio`.
fn is(track: &Refused, kind: &str) -> bool {
    kind_name(track.kind) == kind
}

/// Nanoseconds as milliseconds for people to read.
#[expect(clippy::cast_precision_loss, reason = "for display")]
fn millis(nanos: i64) -> f64 {
    (nanos as f64 / 1e4).round() / 1e2
}
