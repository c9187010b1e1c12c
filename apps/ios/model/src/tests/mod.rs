//! The app, played through: a line for each thing the user does or the engine reports.

use std::time::{Duration, Instant};

use onair::Secret;
use onair::av::device::Rotation;
use onair::director::{Notice, Path};
use onair::media::{Bitrate, Timestamp};
use onair::studio::{News, Show};
use onair::{
    CaptureReport, DestinationReport, DestinationStats, EncoderReport, EncoderTrack, Encoding,
    Event, Failure, FailureStage, Fault, Outcome, Report, State, Stats, TrackReport,
};

use crate::{
    Address, Answer, App, Change, Control, Effect, Id, Input, Page, Row, RowId, RowKind, Screen,
    Setup, Turn,
};

mod failures;
mod scripts;
mod settings;
mod table;

/// An app, the time, and its effects.
struct Rig {
    app: App,
    now: Instant,
    effects: Vec<Effect>,
    second: u32,
    capture: CaptureReport,
}

/// The state of one destination, for a test.
#[derive(Clone, Copy)]
struct Line {
    state: State,
    kbps: u64,
    queued_ms: u64,
    dropped: u64,
}

const FINE: Line = Line {
    state: State::Live,
    kbps: 2500,
    queued_ms: 5,
    dropped: 0,
};

const PORTRAIT: Turn = Turn {
    rotation: Rotation::Quarter,
    is_portrait: true,
};

const LANDSCAPE: Turn = Turn {
    rotation: Rotation::None,
    is_portrait: false,
};

impl Rig {
    /// Just launched, with nothing loaded.
    fn launched() -> Self {
        Self {
            app: App::new(),
            now: Instant::now(),
            effects: Vec::new(),
            second: 0,
            capture: CaptureReport::default(),
        }
    }

    /// Ready, with `count` destinations called A, B and so on.
    fn with_destinations(count: u32) -> Self {
        let mut rig = Self::launched();
        let letters = ["A", "B", "C"];
        let line = |id: u32| {
            format!(
                "to {id} on rtmp://live.example/app {}\n",
                letters[id as usize]
            )
        };
        rig.send(Input::Loaded(Setup {
            saved: Some((0..count).map(line).collect()),
            recordings: "rec".into(),
            stamp: "7".to_owned(),
            leftovers: Vec::new(),
        }));
        let address = Address::new("rtmp://live.example/app", "hush").unwrap();
        let keys = (0..count).map(|id| (Id(id), address.write()));
        rig.send(Input::Keys(keys.collect()));
        rig.send(Input::DeviceReady);
        rig.effects.clear();
        rig
    }

    /// On air at `count` destinations.
    fn on_air(count: u32) -> Self {
        let mut rig = Self::with_destinations(count);
        rig.tap(Control::Record);
        for destination in 0..count as usize {
            rig.live(destination);
        }
        rig.effects.clear();
        rig
    }

    fn send(&mut self, input: Input) {
        self.app.handle_input(input, self.now);
        while let Some(effect) = self.app.poll_effect() {
            self.effects.push(effect);
        }
    }

    fn tap(&mut self, control: Control) {
        self.send(Input::Tap(control));
    }

    fn answer(&mut self, answer: Answer) {
        self.send(Input::Answer(answer));
    }

    fn event(&mut self, event: Event) {
        self.send(Input::News(News::Broadcast(event)));
    }

    fn notice(&mut self, notice: Notice) {
        self.send(Input::News(News::Notice(notice)));
    }

    fn tap_row(&mut self, id: RowId) {
        self.send(Input::Row(id, Change::Tap));
    }

    fn type_into(&mut self, id: RowId, text: &str) {
        self.send(Input::Row(id, Change::Text(Secret::from(text))));
    }

    fn after(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.send(Input::Timeout);
    }

    fn live(&mut self, destination: usize) {
        self.event(Event::Live {
            destination,
            after: Duration::from_millis(300),
            server: None,
        });
    }

    fn lose(&mut self, destination: usize, why: &str) {
        self.lose_by(destination, failure(why));
    }

    fn lose_by(&mut self, destination: usize, failure: Failure) {
        self.event(Event::Reconnecting {
            destination,
            failure,
            at: Timestamp::ZERO,
            attempt: 1,
            delay: Duration::from_secs(1),
        });
    }

    fn give_up(&mut self, destination: usize, why: &str) {
        self.event(Event::DestinationEnded {
            destination,
            failure: Some(failure(why)),
        });
    }

    fn ended(&mut self, outcome: Outcome) {
        self.event(Event::Ended(Report {
            reason: "every destination failed".to_owned(),
            outcome,
            duration: Duration::from_secs(1),
            destinations: Vec::new(),
            capture: None,
            encoder: EncoderReport::default(),
            damage: None,
            recording: None,
            ok: outcome != Outcome::Failed,
        }));
    }

    /// Another second passes, at `frame_rate` and without trouble at the encoder.
    fn measure(&mut self, frame_rate: u32, lines: &[Line]) {
        self.measure_with(frame_rate, 0, lines);
    }

    /// The same, with so many frames overtaken before the encoder so far.
    fn measure_with(&mut self, frame_rate: u32, overtaken: u64, lines: &[Line]) {
        self.after(1);
        self.second += 1;
        let stats = stats(self.second, frame_rate, overtaken, lines);
        let capture = self.capture;
        let stats = Stats { capture, ..stats };
        self.send(Input::Stats(stats));
    }

    fn screen(&self) -> Screen {
        self.app.screen(self.now)
    }

    /// The rows of the page in front.
    fn rows(&self) -> Vec<Row> {
        match self.screen().pages.pop() {
            Some(Page::Form(form)) => form.sections.into_iter().flat_map(|one| one.rows).collect(),
            other => panic!("no form in front: {other:?}"),
        }
    }

    fn row(&self, id: RowId) -> Row {
        let mut rows = self.rows().into_iter();
        rows.find(|row| row.id == id)
            .unwrap_or_else(|| panic!("no row {id:?}"))
    }

    fn text_of(&self, id: RowId) -> String {
        match self.row(id).kind {
            RowKind::Text { value, .. } => value.expose().to_owned(),
            other => panic!("{id:?} is no text: {other:?}"),
        }
    }

    /// The effects since the last call, by name, without haptics and announcements.
    fn done(&mut self) -> Vec<String> {
        let effects = std::mem::take(&mut self.effects);
        let is_deed = |effect: &Effect| !matches!(effect, Effect::Haptic(_) | Effect::Announce(_));
        let deeds = effects.iter().filter(|effect| is_deed(effect));
        deeds.map(|effect| format!("{effect:?}")).collect()
    }

    /// The show asked for since the last call.
    fn show(&mut self) -> Show {
        let effects = std::mem::take(&mut self.effects);
        let show = effects.into_iter().find_map(|effect| match effect {
            Effect::GoLive(show) => Some(*show),
            _ => None,
        });
        show.expect("a show was asked for")
    }

    /// VoiceOver's announcements since the last call.
    fn said(&mut self) -> Vec<String> {
        let effects = std::mem::take(&mut self.effects);
        let words = effects.into_iter().filter_map(|effect| match effect {
            Effect::Announce(words) => Some(words),
            _ => None,
        });
        words.collect()
    }
}

/// The engine's failure in these words.
fn failure(why: &str) -> Failure {
    let cause = match why {
        "connection refused" => Fault::NobodyListens,
        "the connection took nothing for 5 s" => Fault::Stalled,
        _ if why.starts_with("NetStream.Publish.BadName") => Fault::KeyInUse,
        _ => Fault::Refused,
    };
    Failure::new(FailureStage::Publish, cause, why)
}

fn stats(second: u32, frame_rate: u32, overtaken: u64, lines: &[Line]) -> Stats {
    let encoder = EncoderTrack {
        name: "fake".to_owned(),
        frames: u64::from(second * frame_rate),
        dropped: overtaken,
        ..EncoderTrack::default()
    };
    Stats {
        elapsed: Duration::from_secs(second.into()),
        destinations: lines.iter().map(destination_stats).collect(),
        encoder: EncoderReport {
            video: Some(encoder),
            audio: None,
            audio_alone: false,
        },
        encoding: Encoding {
            video_frame_rate: f64::from(frame_rate),
            ..Encoding::default()
        },
        capture: CaptureReport::default(),
        source_dry: Duration::ZERO,
        is_muted: false,
        recording: None,
    }
}

fn destination_stats(line: &Line) -> DestinationStats {
    DestinationStats {
        so_far: DestinationReport {
            url: "rtmp://live.example/app/***".to_owned(),
            state: line.state,
            connects: 1,
            bytes: 0,
            video: TrackReport {
                dropped: line.dropped,
                ..TrackReport::default()
            },
            ..DestinationReport::default()
        },
        bitrate: Bitrate::kbps(line.kbps),
        delivery: None,
        carries: None,
        unsent_bytes: None,
        queued: Duration::from_millis(line.queued_ms),
    }
}

fn path(is_up: bool) -> Path {
    Path {
        is_up,
        interface: 1,
        is_expensive: false,
    }
}
