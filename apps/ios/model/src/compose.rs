//! State in, screen out.

use std::time::{Duration, Instant};

use onair::av::device::Position;

use crate::air::Air;
use crate::device::Device;
use crate::form;
use crate::health::Health;
use crate::question::Question;
use crate::screen::{
    Alert, Answer, Banner, Button, Choice, Dot, Meters, Phase, Reading, Record, Role, Screen,
    Status, Voice,
};
use crate::{App, words};

impl App {
    /// The screen at `now`.
    pub fn screen(&self, now: Instant) -> Screen {
        screen(self, now)
    }
}

fn screen(app: &App, now: Instant) -> Screen {
    let health = app.health(now);
    Screen {
        record: record(app),
        flip: flip(app),
        torch: torch(app),
        mute: mute(app),
        settings: settings(),
        status: status(app, &health, now),
        banner: device_banner(app).or(health.banner),
        note: app.note().map(str::to_owned),
        zoom: app.camera.shown_zoom(now).map(|zoom| format!("{zoom:.1}×")),
        reticle: app.camera.reticle(now),
        alert: app.question.as_ref().map(alert),
        pages: app.pages.iter().map(|page| form::page(app, page)).collect(),
        picture: voice(words::VOICE_PICTURE, "", words::VOICE_PICTURE_HINT),
        is_rotation_locked: app.air.is_some(),
        is_awake: app.is_awake,
    }
}

/// Time on air, as in `2:03` or `1:02:03`.
pub(crate) fn clock(time: Duration) -> String {
    let (hours, minutes, seconds) = split(time);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

fn record(app: &App) -> Record {
    let phase = app.phase();
    let (label, hint) = match phase {
        Phase::Idle => (words::VOICE_RECORD, words::VOICE_RECORD_HINT),
        _ => (words::VOICE_END, words::VOICE_END_HINT),
    };
    let is_enabled = match phase {
        Phase::Idle => app.device == Device::Ready,
        Phase::Ending => false,
        _ => true,
    };
    Record {
        phase,
        is_enabled,
        voice: voice(label, phase_words(phase), hint),
    }
}

fn phase_words(phase: Phase) -> &'static str {
    match phase {
        Phase::Idle => "",
        Phase::Connecting => words::CONNECTING,
        Phase::Live => words::ON_AIR,
        Phase::Reconnecting => words::RECONNECTING,
        Phase::Ending => words::ENDING,
    }
}

fn flip(app: &App) -> Button {
    let is_front = app.camera.facing == Position::Front;
    let value = if is_front { words::FRONT } else { words::BACK };
    Button {
        is_on: false,
        is_enabled: app.has_camera(),
        voice: voice(words::VOICE_FLIP, value, words::VOICE_FLIP_HINT),
    }
}

fn torch(app: &App) -> Button {
    let is_on = app.camera.torch;
    let value = if is_on { words::ON } else { words::OFF };
    Button {
        is_on,
        is_enabled: app.has_torch(),
        voice: voice(words::VOICE_TORCH, value, words::VOICE_TORCH_HINT),
    }
}

fn mute(app: &App) -> Button {
    let value = if app.is_muted {
        words::SILENT
    } else {
        words::HEARD
    };
    Button {
        is_on: app.is_muted,
        is_enabled: true,
        voice: voice(words::VOICE_MUTE, value, words::VOICE_MUTE_HINT),
    }
}

fn settings() -> Button {
    Button {
        is_on: false,
        is_enabled: true,
        voice: voice(words::SETTINGS, "", words::VOICE_SETTINGS_HINT),
    }
}

fn status(app: &App, health: &Health, now: Instant) -> Status {
    let (dot, words) = match (&app.device, &app.air) {
        (Device::Opening, None) => (Dot::Grey, words::STARTING),
        (Device::Failed(_), None) => (Dot::Red, words::NO_PICTURE),
        _ => (health.dot, health.words.as_str()),
    };
    let meters = app.air.as_ref().map(|air| meters(air, now));
    let spoken = meters.iter().flat_map(Meters::readings);
    let spoken = spoken.map(|reading| reading.spoken.as_str());
    let value: Vec<_> = [words]
        .into_iter()
        .chain(spoken)
        .filter(|text| !text.is_empty())
        .collect();
    Status {
        dot,
        words: words.to_owned(),
        voice: voice(words::VOICE_STATUS, &value.join(", "), ""),
        meters,
    }
}

fn meters(air: &Air, now: Instant) -> Meters {
    let on_air = air
        .live_since
        .map(|since| now.saturating_duration_since(since));
    Meters {
        clock: reading(on_air, clock, spoken_clock),
        bitrate: reading(air.gauge.bitrate, words::bitrate, words::bitrate),
        frame_rate: reading(air.gauge.frame_rate, frame_rate, spoken_frame_rate),
    }
}

fn reading<T: Copy>(
    value: Option<T>,
    text: impl Fn(T) -> String,
    spoken: impl Fn(T) -> String,
) -> Reading {
    Reading {
        text: value.map_or_else(|| words::NO_READING.to_owned(), text),
        spoken: value.map_or_else(String::new, spoken),
    }
}

fn spoken_clock(time: Duration) -> String {
    let (hours, minutes, seconds) = split(time);
    let part = |number: u64, one: &str| match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{number} {one}s")),
    };
    let parts = [
        part(hours, "hour"),
        part(minutes, "minute"),
        part(seconds, "second"),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    parts.join(" ")
}

fn split(time: Duration) -> (u64, u64, u64) {
    let seconds = time.as_secs();
    (seconds / 3600, seconds / 60 % 60, seconds % 60)
}

fn frame_rate(pictures: f64) -> String {
    format!("{pictures:.0} fps")
}

fn spoken_frame_rate(pictures: f64) -> String {
    format!("{pictures:.0} frames a second")
}

fn device_banner(app: &App) -> Option<Banner> {
    let Device::Failed(what) = &app.device else {
        return None;
    };
    Some(Banner {
        dot: Dot::Red,
        title: words::CAMERA_FAILED.to_owned(),
        text: what.clone(),
        button: None,
    })
}

fn alert(question: &Question) -> Alert {
    match question {
        Question::End => asked(
            (words::END_TITLE, words::END_TEXT),
            &[(Answer::End, words::END, Role::Destructive)],
            words::KEEP_ON,
        ),
        Question::Nowhere => asked(
            (words::NOWHERE_TITLE, words::NOWHERE_TEXT),
            &[
                (Answer::Scan, words::SCAN, Role::Plain),
                (Answer::Type, words::TYPE, Role::Plain),
            ],
            words::CANCEL,
        ),
        Question::Add { name, address } => asked(
            (words::ADD_TITLE, &words::add_text(name, &address.shown())),
            &[(Answer::Add, words::ADD, Role::Plain)],
            words::CANCEL,
        ),
        Question::Delete(_) => asked(
            (words::DELETE_TITLE, words::DELETE_TEXT),
            &[(Answer::Delete, words::DELETE, Role::Destructive)],
            words::CANCEL,
        ),
        Question::Told { title, text } => asked((title, text), &[], words::OK),
    }
}

fn asked((title, text): (&str, &str), choices: &[(Answer, &str, Role)], no: &str) -> Alert {
    let cancel = (Answer::Cancel, no, Role::Cancel);
    let choices = choices.iter().copied().chain([cancel]);
    let choice = |(answer, label, role): (Answer, &str, Role)| Choice {
        answer,
        label: label.to_owned(),
        role,
    };
    Alert {
        title: title.to_owned(),
        text: text.to_owned(),
        choices: choices.map(choice).collect(),
    }
}

fn voice(label: &str, value: &str, hint: &str) -> Voice {
    Voice {
        label: label.to_owned(),
        value: value.to_owned(),
        hint: hint.to_owned(),
    }
}

impl Meters {
    /// All of them, in the order in which they are shown and spoken.
    pub fn readings(&self) -> [&Reading; 3] {
        [&self.clock, &self.bitrate, &self.frame_rate]
    }
}
