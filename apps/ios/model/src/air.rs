use std::path::PathBuf;
use std::time::{Duration, Instant};

use onair::media::Bitrate;
use onair::{DestinationStats, Event, Failure, State, Stats};

use crate::screen::Phase;

/// One show: its destinations and measurements.
#[derive(Clone, Debug)]
pub(crate) struct Air {
    pub(crate) lines: Vec<Line>,
    pub(crate) asked: Asked,
    pub(crate) gauge: Gauge,
    pub(crate) live_since: Option<Instant>,
    pub(crate) recording: Option<PathBuf>,
    /// Why there is no recording although one was asked for.
    pub(crate) recording_failure: Option<String>,
    /// The system took the video encoder away.
    pub(crate) has_no_encoder: bool,
    /// What a line carries that has no room for pictures.
    pub(crate) audio_alone: Option<Bitrate>,
    pub(crate) is_ending: bool,
}

/// One destination of a show.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) state: State,
    /// The last failure, while it is not on air.
    pub(crate) failure: Option<Failure>,
    /// It carries less than was asked for.
    pub(crate) limit: Option<Limit>,
}

/// What a line makes of the bitrate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    /// What it carries, audio and all.
    pub(crate) carries: Bitrate,
    /// What is left for video.
    pub(crate) video: Bitrate,
}

/// The show that was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) bitrate: Bitrate,
    pub(crate) frame_rate: f64,
}

/// Measurements, from one [`Stats`] to the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gauge {
    /// What goes out to all destinations together.
    pub(crate) bitrate: Option<Bitrate>,
    /// What goes out to the destination that gets least.
    pub(crate) least_bitrate: Option<Bitrate>,
    /// Frames a second that the encoder gave.
    pub(crate) frame_rate: Option<f64>,
    /// The media time that waits for the slowest line.
    pub(crate) queued: Duration,
    /// When frames were last found missing at a destination.
    pub(crate) dropped: Option<Instant>,
    /// When the encoder was last found too slow.
    pub(crate) overloaded: Option<Instant>,
    /// For how many measurements in a row the camera gave so little that frames were repeated.
    pub(crate) still: u32,
    /// For how many measurements in a row silence was inserted for missing audio.
    pub(crate) silent: u32,
    /// When a destination was last off air, or just came back.
    away: Option<Instant>,
    before: Option<Counts>,
}

/// For this long after a line came back, drops are those from while there was none.
const CATCHING_UP: Duration = Duration::from_secs(3);

/// Numbers that only grow.
#[derive(Clone, Copy, Debug)]
struct Counts {
    overtaken: u64,
    dropped: u64,
    repeated: u64,
    silence: Duration,
}

impl Air {
    pub(crate) fn new(names: Vec<String>, asked: Asked, recording: Option<PathBuf>) -> Self {
        let line = |name| Line {
            name,
            state: State::Connecting,
            failure: None,
            limit: None,
        };
        Self {
            lines: names.into_iter().map(line).collect(),
            asked,
            gauge: Gauge::default(),
            live_since: None,
            recording,
            recording_failure: None,
            has_no_encoder: false,
            audio_alone: None,
            is_ending: false,
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        if self.is_ending {
            Phase::Ending
        } else if self.lines.iter().any(|line| line.state == State::Live) {
            Phase::Live
        } else if self.live_since.is_some() {
            Phase::Reconnecting
        } else {
            Phase::Connecting
        }
    }

    /// Takes the broadcast's events, except its end.
    pub(crate) fn handle_event(&mut self, event: &Event, now: Instant) {
        match event {
            Event::Live { destination, .. } => {
                self.live_since.get_or_insert(now);
                self.gauge.away = Some(now);
                self.set(*destination, State::Live, None);
            }
            Event::Refused {
                destination,
                failure,
            } => self.set_failure(*destination, failure),
            Event::Reconnecting {
                destination,
                failure,
                ..
            } => {
                self.set_away(*destination);
                self.set_failure(*destination, failure);
            }
            Event::DestinationEnded {
                destination,
                failure,
            } => {
                let state = failure.as_ref().map_or(State::Ended, |_| State::Failed);
                self.set(*destination, state, failure.clone());
            }
            Event::BitrateLimited {
                destination,
                bitrate,
                carries,
                ..
            } => {
                let (carries, video) = (*carries, *bitrate);
                self.set_limit(*destination, Some(Limit { carries, video }));
            }
            Event::BitrateRestored { destination, .. } => self.set_limit(*destination, None),
            Event::AudioChanged {
                is_alone, carries, ..
            } => self.audio_alone = carries.filter(|_| *is_alone),
            Event::EncoderLost { .. } => self.has_no_encoder = true,
            Event::EncoderBack => self.has_no_encoder = false,
            Event::RecordingFailed { reason } => self.recording_failure = Some(reason.clone()),
            Event::Connecting { .. }
            | Event::Congested { .. }
            | Event::Dropped { .. }
            | Event::ReconnectRequested { .. }
            | Event::HandedOver { .. }
            | Event::PictureChanged { .. }
            | Event::Warning { .. }
            | Event::Ended(_) => {}
        }
    }

    fn set(&mut self, destination: usize, state: State, failure: Option<Failure>) {
        if let Some(line) = self.lines.get_mut(destination) {
            *line = Line {
                name: std::mem::take(&mut line.name),
                state,
                failure,
                limit: None,
            };
        }
    }

    fn set_limit(&mut self, destination: usize, limit: Option<Limit>) {
        if let Some(line) = self.lines.get_mut(destination) {
            line.limit = limit;
        }
    }

    /// A line that was on air reconnects; one that never was still connects.
    fn set_away(&mut self, destination: usize) {
        if let Some(line) = self.lines.get_mut(destination)
            && line.state == State::Live
        {
            line.state = State::Reconnecting;
            line.limit = None;
        }
    }

    fn set_failure(&mut self, destination: usize, failure: &Failure) {
        if let Some(line) = self.lines.get_mut(destination) {
            line.failure = Some(failure.clone());
        }
    }
}

impl Gauge {
    /// Takes the present measurements.
    pub(crate) fn handle_stats(&mut self, stats: &Stats, now: Instant) {
        let live = || {
            stats
                .destinations
                .iter()
                .filter(|one| one.so_far.state == State::Live)
        };
        self.bitrate = live()
            .map(|one| one.bitrate.as_bps())
            .reduce(u64::saturating_add)
            .map(Bitrate::bps);
        self.least_bitrate = live().map(|one| one.bitrate).min();
        self.queued = live().map(|one| one.queued).max().unwrap_or_default();
        let frame_rate = stats.encoding.video_frame_rate;
        self.frame_rate = (frame_rate > 0.0).then_some(frame_rate);
        if stats.destinations.iter().any(is_away) {
            self.away = Some(now);
        }
        let counts = Counts::of(stats);
        if let Some(before) = self.before.replace(counts) {
            self.compare(before, counts, now);
        }
    }

    fn compare(&mut self, before: Counts, counts: Counts, now: Instant) {
        let is_back = |since: Instant| now.saturating_duration_since(since) >= CATCHING_UP;
        if counts.dropped > before.dropped && self.away.is_none_or(is_back) {
            self.dropped = Some(now);
        }
        if counts.overtaken > before.overtaken {
            self.overloaded = Some(now);
        }
        let on_end = |count: u32, goes_on: bool| if goes_on { count + 1 } else { 0 };
        self.still = on_end(self.still, counts.repeated > before.repeated);
        self.silent = on_end(self.silent, counts.silence > before.silence);
    }
}

fn is_away(destination: &DestinationStats) -> bool {
    matches!(
        destination.so_far.state,
        State::Connecting | State::Reconnecting
    )
}

impl Counts {
    fn of(stats: &Stats) -> Self {
        let video = stats.encoder.video.as_ref();
        let dropped = stats
            .destinations
            .iter()
            .map(|one| one.so_far.video.dropped);
        Self {
            overtaken: video.map_or(0, |track| track.dropped),
            dropped: dropped.fold(0, u64::saturating_add),
            repeated: stats.capture.video.map_or(0, |video| video.repeated),
            silence: stats
                .capture
                .audio
                .map_or(Duration::ZERO, |audio| audio.silence),
        }
    }
}
