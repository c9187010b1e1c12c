//! How well it goes.
//!
//! The first rule that applies decides. On air they are, from top to bottom:
//!
//! | when | dot | words |
//! |---|---|---|
//! | the show is being ended | grey | Ending |
//! | there is no network | red | Offline |
//! | no destination was on air yet, and the first attempt goes on | grey | Connecting |
//! | the same, after a failure | yellow | Connecting |
//! | none is on air, but was | red | Reconnecting |
//! | some are on air, some not | yellow | 1 of 2 on air |
//! | there is no picture, or no sound | red | No picture, No sound |
//! | the system took the video encoder away | red | Picture stands still |
//! | the camera gave no picture for two seconds | red | Picture stands still |
//! | the microphone gave no sound for two seconds | red | No sound |
//! | ≥ 1 s waits for the line, or pictures were dropped within 5 s | red | Line too slow |
//! | ≥ 0.3 s waits, or pictures were dropped within 15 s | yellow | Line slow |
//! | less than half the bitrate goes out while ≥ 0.1 s waits | yellow | Line slow |
//! | a line carries less than was asked for | yellow | Line weak |
//! | the encoder was too slow within 10 s | yellow | Phone too slow |
//! | quality was stepped down for heat | yellow | Hot |
//! | less than ¾ of the pictures a second are made | yellow | Few pictures |
//! | the recording failed | yellow | Not recording |
//! | the microphone is muted | yellow | Muted |
//! | otherwise | green | Good |
//!
//! Frames lost while a line was down do not count: that was reported then.
//!
//! A queue sheds frames when 1.5 s wait in it, so 1 s is the last moment to warn. A bitrate below
//! the requested one is no fault by itself: a still picture needs less. Too few frames need not be
//! one either (in the dark a camera takes its time), so that rule comes late.

use std::time::{Duration, Instant};

use onair::State;

use crate::air::{Air, Line};
use crate::notices::Notices;
use crate::screen::{Banner, Dot, Phase};
use crate::{App, words};

/// How well it goes, by colour and in words, and what to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Health {
    pub(crate) dot: Dot,
    pub(crate) words: String,
    pub(crate) banner: Option<Banner>,
}

const LATE: Duration = Duration::from_millis(1000);
const SLOW: Duration = Duration::from_millis(300);
const WAITING: Duration = Duration::from_millis(100);
const JUST_DROPPED: Duration = Duration::from_secs(5);
const DROPPED: Duration = Duration::from_secs(15);
const OVERLOADED: Duration = Duration::from_secs(10);
const FEW_PICTURES: f64 = 0.75;
/// This many measurements, a second each, are more than a moment's pause.
const STILL: u32 = 2;

/// What the rules judge.
struct Situation<'a> {
    air: &'a Air,
    notices: &'a Notices,
    is_muted: bool,
    now: Instant,
}

/// A rule answers if it applies.
type Rule = fn(&Situation<'_>) -> Option<Health>;

const RULES: [Rule; 18] = [
    ending,
    |on| offline(on.notices),
    connecting,
    reconnecting,
    partly,
    |on| nothing_captured(on.notices),
    audio_alone,
    frozen,
    still,
    silent,
    late,
    slow,
    limited,
    overloaded,
    |on| hot(on.notices),
    few_pictures,
    not_recording,
    muted,
];

impl App {
    /// Applies the rules.
    pub(crate) fn health(&self, now: Instant) -> Health {
        let notices = &self.notices;
        let Some(air) = &self.air else {
            return off_air(notices);
        };
        let is_muted = self.is_muted;
        let on = Situation {
            air,
            notices,
            is_muted,
            now,
        };
        let spoken = RULES.iter().find_map(|rule| rule(&on));
        spoken.unwrap_or_else(|| plain(Dot::Green, words::GOOD))
    }
}

fn off_air(notices: &Notices) -> Health {
    let rules = [offline, nothing_captured, hot];
    let spoken = rules.iter().find_map(|rule| rule(notices));
    spoken.unwrap_or_else(|| plain(Dot::Grey, words::READY))
}

fn ending(on: &Situation<'_>) -> Option<Health> {
    let is_ending = on.air.phase() == Phase::Ending;
    is_ending.then(|| plain(Dot::Grey, words::ENDING))
}

fn offline(notices: &Notices) -> Option<Health> {
    let cure = words::OFFLINE_CURE;
    let health = || told(Dot::Red, words::OFFLINE, words::NO_NETWORK, cure);
    notices.is_offline.then(health)
}

fn connecting(on: &Situation<'_>) -> Option<Health> {
    if on.air.phase() != Phase::Connecting {
        return None;
    }
    let Some(line) = on.air.lines.iter().find(|line| line.failure.is_some()) else {
        return Some(plain(Dot::Grey, words::CONNECTING));
    };
    let title = words::not_on_air_yet(&line.name);
    Some(told(Dot::Yellow, words::CONNECTING, &title, &why(line)))
}

fn reconnecting(on: &Situation<'_>) -> Option<Health> {
    if on.air.phase() != Phase::Reconnecting {
        return None;
    }
    let text = on
        .air
        .lines
        .iter()
        .find(|line| line.failure.is_some())
        .map(why);
    let text = text.unwrap_or_default();
    Some(told(Dot::Red, words::RECONNECTING, words::LINE_LOST, &text))
}

fn partly(on: &Situation<'_>) -> Option<Health> {
    let lines = &on.air.lines;
    let line = lines.iter().find(|line| line.state != State::Live)?;
    let live = lines
        .iter()
        .filter(|line| line.state == State::Live)
        .count();
    let words = words::some_on_air(live, lines.len());
    let title = match line.state {
        State::Failed => words::given_up(&line.name),
        State::Reconnecting => words::reconnecting_to(&line.name),
        State::Connecting | State::Live | State::Ended => words::not_on_air_yet(&line.name),
    };
    Some(told(Dot::Yellow, &words, &title, &why(line)))
}

/// What went wrong, and what to do about it.
fn why(line: &Line) -> String {
    line.failure
        .as_ref()
        .map_or_else(String::new, words::with_cure)
}

fn nothing_captured(notices: &Notices) -> Option<Health> {
    let (words, title) = match (notices.no_video, notices.no_audio) {
        (Some(_), Some(_)) => (words::NO_PICTURE, words::NO_PICTURE_NOR_SOUND),
        (Some(_), None) => (words::NO_PICTURE, words::NO_PICTURE),
        (None, _) => (words::NO_SOUND, words::NO_SOUND),
    };
    let no_video = notices.no_video.map(|why| (why, words::CAMERA_ITSELF));
    let no_audio = notices.no_audio.map(|why| (why, words::MICROPHONE_ITSELF));
    let (why, what) = no_video.or(no_audio)?;
    let mut health = told(Dot::Red, words, title, &words::why(why, what));
    if let Some(banner) = &mut health.banner {
        banner.button = words::button(why);
    }
    Some(health)
}

fn frozen(on: &Situation<'_>) -> Option<Health> {
    let cure = words::FROZEN_CURE;
    let health = || told(Dot::Red, words::FROZEN, words::FROZEN_TITLE, cure);
    on.air.has_no_encoder.then(health)
}

/// The system reports no trouble, and yet nothing comes.
fn still(on: &Situation<'_>) -> Option<Health> {
    let cure = words::STILL_CURE;
    let health = || told(Dot::Red, words::FROZEN, words::STILL_TITLE, cure);
    (on.air.gauge.still >= STILL).then(health)
}

fn silent(on: &Situation<'_>) -> Option<Health> {
    let cure = words::SILENT_CURE;
    let health = || told(Dot::Red, words::NO_SOUND, words::SILENT_TITLE, cure);
    (on.air.gauge.silent >= STILL).then(health)
}

fn late(on: &Situation<'_>) -> Option<Health> {
    let is_late = on.air.gauge.queued >= LATE || on.is_recent(on.air.gauge.dropped, JUST_DROPPED);
    is_late.then(|| {
        told(
            Dot::Red,
            words::TOO_SLOW,
            words::PICTURES_LOST,
            words::SLOW_CURE,
        )
    })
}

fn slow(on: &Situation<'_>) -> Option<Health> {
    let gauge = &on.air.gauge;
    let is_thin = |sent| sent < on.air.asked.bitrate.as_bps() / 2;
    let is_thin = gauge
        .least_bitrate
        .is_some_and(|sent| is_thin(sent.as_bps()));
    let is_slow = gauge.queued >= SLOW
        || on.is_recent(gauge.dropped, DROPPED)
        || (is_thin && gauge.queued >= WAITING);
    is_slow.then(|| told(Dot::Yellow, words::SLOW, words::LINE_LAGS, words::SLOW_CURE))
}

fn audio_alone(on: &Situation<'_>) -> Option<Health> {
    let title = words::line_carries(on.air.audio_alone?);
    let text = words::SOUND_ALONE;
    Some(told(Dot::Yellow, words::WEAK, &title, text))
}

/// The weakest line decides.
fn limited(on: &Situation<'_>) -> Option<Health> {
    let limits = on.air.lines.iter().filter_map(|line| line.limit);
    let limit = limits.min_by_key(|limit| limit.video)?;
    let title = words::line_carries(limit.carries);
    let text = words::video_takes(limit.video, on.air.asked.bitrate);
    Some(told(Dot::Yellow, words::WEAK, &title, &text))
}

fn overloaded(on: &Situation<'_>) -> Option<Health> {
    let is_overloaded = on.is_recent(on.air.gauge.overloaded, OVERLOADED);
    let cure = words::OVERLOAD_CURE;
    is_overloaded.then(|| told(Dot::Yellow, words::OVERLOAD, words::OVERLOAD_TITLE, cure))
}

fn hot(notices: &Notices) -> Option<Health> {
    let is_hot = notices.heat > 0;
    is_hot.then(|| told(Dot::Yellow, words::HOT, words::HOT_TITLE, words::HOT_CURE))
}

fn few_pictures(on: &Situation<'_>) -> Option<Health> {
    let is_few = on.air.gauge.frame_rate? < on.air.asked.frame_rate * FEW_PICTURES;
    let cure = words::FEW_PICTURES_CURE;
    is_few.then(|| {
        told(
            Dot::Yellow,
            words::FEW_PICTURES,
            words::FEW_PICTURES_TITLE,
            cure,
        )
    })
}

fn not_recording(on: &Situation<'_>) -> Option<Health> {
    let why = on.air.recording_failure.as_ref()?;
    let words = words::NOT_RECORDING;
    Some(told(Dot::Yellow, words, words::RECORDING_STOPPED, why))
}

/// As asked, but easily forgotten.
fn muted(on: &Situation<'_>) -> Option<Health> {
    on.is_muted.then(|| plain(Dot::Yellow, words::MUTED))
}

impl Situation<'_> {
    fn is_recent(&self, at: Option<Instant>, within: Duration) -> bool {
        at.is_some_and(|at| self.now.saturating_duration_since(at) < within)
    }
}

fn plain(dot: Dot, words: &str) -> Health {
    Health {
        dot,
        words: words.to_owned(),
        banner: None,
    }
}

fn told(dot: Dot, words: &str, title: &str, text: &str) -> Health {
    let banner = Banner {
        dot,
        title: title.to_owned(),
        text: text.to_owned(),
        button: None,
    };
    Health {
        banner: Some(banner),
        ..plain(dot, words)
    }
}
