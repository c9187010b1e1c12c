//! What the main screen shows, state by state, in one table: `screens.txt`.

use onair::director::Why;
use onair::{AudioCapture, VideoCapture};

use super::*;
use crate::{Dot, Phase};

/// A state's name, and how to reach it.
type Scene = (&'static str, fn() -> Rig);

const STATES: &[Scene] = &[
    ("launched", Rig::launched),
    ("ready", || Rig::with_destinations(1)),
    ("no camera at all", || {
        let mut rig = Rig::launched();
        rig.send(Input::DeviceFailed("There is no camera.".to_owned()));
        rig
    }),
    ("camera not allowed", || {
        ready(Notice::NoVideo(Why::NotAllowed))
    }),
    ("microphone not allowed", || {
        ready(Notice::NoAudio(Why::NotAllowed))
    }),
    ("no network", || ready(Notice::Offline)),
    ("hot before the show", || ready(Notice::Heat(1))),
    ("muted", || {
        let mut rig = Rig::with_destinations(1);
        rig.tap(Control::Mute);
        rig
    }),
    ("front camera", || {
        let mut rig = Rig::with_destinations(1);
        rig.tap(Control::Flip);
        rig
    }),
    ("connecting", connecting),
    ("connecting, nobody listens", || {
        let mut rig = connecting();
        rig.lose(0, "connection refused");
        rig
    }),
    ("connecting, refused", || {
        let mut rig = connecting();
        rig.event(Event::Refused {
            destination: 0,
            failure: Failure::new(
                FailureStage::Publish,
                Fault::KeyRejected,
                "the server refused: NetStream.Publish.Denied (no)",
            ),
        });
        rig
    }),
    ("on air, not measured", || Rig::on_air(1)),
    ("on air, well", || measured(&[FINE])),
    ("on air at two, well", || measured(&[FINE, FINE])),
    ("on air for an hour", || {
        let mut rig = measured(&[FINE]);
        rig.after(3599);
        rig
    }),
    ("on air, muted", || {
        let mut rig = measured(&[FINE]);
        rig.tap(Control::Mute);
        rig
    }),
    ("a still picture", || {
        measured(&[Line { kbps: 300, ..FINE }])
    }),
    ("a thin line", || {
        measured(&[Line {
            kbps: 900,
            queued_ms: 150,
            ..FINE
        }])
    }),
    ("a weak line", || {
        let mut rig = measured(&[FINE]);
        rig.event(limited());
        rig
    }),
    ("a line that is well again", || {
        let mut rig = measured(&[FINE]);
        rig.event(limited());
        rig.event(Event::BitrateRestored {
            destination: 0,
            bitrate: Bitrate::kbps(2500),
        });
        rig
    }),
    ("a slow line", || {
        measured(&[Line {
            queued_ms: 400,
            ..FINE
        }])
    }),
    ("a line too slow", || {
        measured(&[Line {
            queued_ms: 1200,
            ..FINE
        }])
    }),
    ("one line of two too slow", || {
        let slow = Line {
            queued_ms: 1200,
            ..FINE
        };
        measured(&[FINE, slow])
    }),
    ("pictures just dropped", || dropped(0)),
    ("pictures dropped a while ago", || dropped(6)),
    ("pictures dropped long ago", || dropped(16)),
    ("encoder too slow", || {
        let mut rig = measured(&[FINE]);
        rig.measure_with(30, 4, &[FINE]);
        rig
    }),
    ("camera gives nothing", || {
        captured(|second| CaptureReport {
            video: Some(VideoCapture {
                repeated: second * 2,
                ..VideoCapture::default()
            }),
            audio: None,
        })
    }),
    ("microphone gives nothing", || {
        captured(|second| CaptureReport {
            video: None,
            audio: Some(AudioCapture {
                silence: Duration::from_secs(second),
                dropped: Duration::ZERO,
            }),
        })
    }),
    ("camera gave nothing for a moment", || {
        captured(|second| CaptureReport {
            video: Some(VideoCapture {
                repeated: second.min(1),
                ..VideoCapture::default()
            }),
            audio: None,
        })
    }),
    ("few pictures", || {
        let mut rig = Rig::on_air(1);
        rig.measure(15, &[FINE]);
        rig.measure(15, &[FINE]);
        rig
    }),
    ("hot", || noticed(Notice::Heat(2))),
    ("camera taken by a call", || {
        noticed(Notice::NoVideo(Why::InUse))
    }),
    ("in the background", || {
        noticed(Notice::NoVideo(Why::Background))
    }),
    ("microphone taken by a call", || {
        noticed(Notice::NoAudio(Why::InUse))
    }),
    ("media services died", || {
        let mut rig = noticed(Notice::NoVideo(Why::ServicesLost));
        rig.notice(Notice::NoAudio(Why::ServicesLost));
        rig
    }),
    ("encoder taken away", || {
        let mut rig = measured(&[FINE]);
        let why = "kVTInvalidSessionErr".to_owned();
        rig.event(Event::EncoderLost { why });
        rig
    }),
    ("encoder back", || {
        let mut rig = measured(&[FINE]);
        let why = "kVTInvalidSessionErr".to_owned();
        rig.event(Event::EncoderLost { why });
        rig.event(Event::EncoderBack);
        rig
    }),
    ("network gone on air", || noticed(Notice::Offline)),
    ("reconnecting", || {
        let mut rig = measured(&[FINE]);
        rig.lose(0, "the connection took nothing for 5 s");
        rig
    }),
    ("back after an outage", || {
        let mut rig = measured(&[FINE]);
        rig.lose(0, "the server closed the connection");
        let away = Line {
            state: State::Reconnecting,
            dropped: 60,
            ..FINE
        };
        rig.measure(30, &[away]);
        rig.live(0);
        rig.measure(
            30,
            &[Line {
                dropped: 90,
                ..FINE
            }],
        );
        rig
    }),
    ("one of two reconnecting", || {
        let mut rig = measured(&[FINE, FINE]);
        rig.lose(1, "the server closed the connection");
        rig
    }),
    ("one of two given up", || {
        let mut rig = measured(&[FINE, FINE]);
        rig.give_up(1, "NetStream.Publish.BadName: no");
        rig
    }),
    ("recording failed", || {
        let mut rig = measured(&[FINE]);
        rig.event(Event::RecordingFailed {
            reason: "No space left on device".to_owned(),
        });
        rig
    }),
    ("ending", || {
        let mut rig = measured(&[FINE]);
        rig.tap(Control::Record);
        rig.answer(Answer::End);
        rig
    }),
    ("ended", || {
        let mut rig = measured(&[FINE]);
        rig.ended(Outcome::Stopped);
        rig
    }),
];

fn ready(notice: Notice) -> Rig {
    let mut rig = Rig::with_destinations(1);
    rig.notice(notice);
    rig
}

fn connecting() -> Rig {
    let mut rig = Rig::with_destinations(1);
    rig.tap(Control::Record);
    rig
}

/// On air for two seconds of measurements.
fn measured(lines: &[Line]) -> Rig {
    let mut rig = Rig::on_air(u32::try_from(lines.len()).unwrap());
    rig.measure(30, lines);
    rig.measure(30, lines);
    rig
}

fn noticed(notice: Notice) -> Rig {
    let mut rig = measured(&[FINE]);
    rig.notice(notice);
    rig
}

/// On air for three seconds, with the captured media that `by` gives.
fn captured(by: fn(u64) -> CaptureReport) -> Rig {
    let mut rig = Rig::on_air(1);
    for second in 0..3 {
        rig.capture = by(second);
        rig.measure(30, &[FINE]);
    }
    rig
}

/// Frames were dropped `seconds` ago, and none since.
fn dropped(seconds: u64) -> Rig {
    let mut rig = measured(&[FINE]);
    rig.measure(30, &[Line { dropped: 9, ..FINE }]);
    rig.after(seconds);
    rig
}

/// One screen as a paragraph of the table.
fn paragraph(name: &str, screen: &Screen) -> String {
    let mut lines = vec![format!("# {name}"), main_screen(screen), spoken(screen)];
    if let Some(banner) = &screen.banner {
        let button = banner
            .button
            .as_ref()
            .map_or_else(String::new, |words| format!(" [{words}]"));
        let dot = dot(banner.dot);
        lines.push(format!(
            "  banner {dot}: {} | {}{button}",
            banner.title, banner.text
        ));
    }
    lines.extend(screen.note.as_ref().map(|note| format!("  note: {note}")));
    lines.join("\n") + "\n"
}

fn main_screen(screen: &Screen) -> String {
    let button = match (screen.record.phase, screen.record.is_enabled) {
        (Phase::Idle, true) => "(o)",
        (Phase::Idle, false) => "( )",
        (Phase::Connecting, _) => "(~)",
        (Phase::Live, _) => "[o]",
        (Phase::Reconnecting, _) => "[~]",
        (Phase::Ending, _) => "[ ]",
    };
    let meters = screen.status.meters.clone().unwrap_or_default();
    let readings = meters.readings().map(|reading| reading.text.as_str());
    let buttons = [
        ("flip", &screen.flip),
        ("torch", &screen.torch),
        ("mute", &screen.mute),
    ];
    let buttons = buttons.map(|(name, button)| {
        let is_on = if button.is_on { "*" } else { "" };
        let is_off = if button.is_enabled { "" } else { "-" };
        format!("{is_off}{name}{is_on}")
    });
    let status = [
        &[dot(screen.status.dot), &screen.status.words],
        &readings[..],
    ]
    .concat();
    let status = status.join("  ");
    format!("  {button} {} | {}", status.trim_end(), buttons.join(" "))
}

fn spoken(screen: &Screen) -> String {
    let record = &screen.record.voice;
    format!(
        "  “{}” / “{}: {}”",
        record.label, screen.status.voice.label, screen.status.voice.value
    )
}

fn dot(dot: Dot) -> &'static str {
    match dot {
        Dot::Grey => "grey",
        Dot::Green => "green",
        Dot::Yellow => "yellow",
        Dot::Red => "red",
    }
}

#[test]
fn every_state_shows_what_the_table_says() {
    let paragraphs = STATES
        .iter()
        .map(|(name, rig)| paragraph(name, &rig().screen()));
    let table = paragraphs.collect::<Vec<_>>().join("\n");
    let wanted = include_str!("screens.txt");
    if table != wanted {
        println!("{table}");
    }
    for (line, (is, should_be)) in table.lines().zip(wanted.lines()).enumerate() {
        assert_eq!(is, should_be, "line {} of screens.txt", line + 1);
    }
    assert_eq!(table.len(), wanted.len(), "the table is printed above");
}

fn limited() -> Event {
    Event::BitrateLimited {
        destination: 0,
        bitrate: Bitrate::kbps(1700),
        wanted: Bitrate::kbps(2500),
        carries: Bitrate::kbps(1900),
    }
}
