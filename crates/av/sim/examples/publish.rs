//! Puts a test card and a tone on air through the simulated frameworks:
//! `publish --to URL [--duration SECONDS] [--record FILE.flv] [--lose FRAME]`
//!
//! With `--lose` the encoder is taken away as it has this frame inside, and given back after
//! three attempts in vain, as it is when an app leaves the screen for a moment.
//!
//! What the server gets is what our VideoToolbox backend made of simulated
//! VideoToolbox's output; the recording beside it is what it should have got. The
//! part of the report that is checked goes to standard output, with the keys that
//! `onair publish --stats json` gives it.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example talks"
)]

use std::error::Error;
use std::time::Duration;

use onair::av::capture::{TestCard, Tone};
use onair::av::encode::VideoSettings;
use onair::media::{Bitrate, FrameRate, Size};
use onair::{Address, Broadcast, Builder, Event, Report};
use onair_av_sim::Sim;
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let sim = Sim::begin();
    let rate = FrameRate::new(30, 1).ok_or("no rate")?;
    let size = Size::new(640, 360);
    let settings = VideoSettings {
        bitrate: Bitrate::kbps(800),
        encoder: Some("videotoolbox".to_owned()),
        ..VideoSettings::new(size, rate)
    };
    let builder = Broadcast::builder()
        .video(TestCard::new(size, rate))
        .video_settings(settings)
        .audio(Tone::new(48_000, 2));
    let broadcast = with_arguments(builder, &sim)?.start()?;
    let outcome = follow(&broadcast);
    drop(broadcast);
    sim.wait_until_all_is_given_back();
    outcome
}

fn with_arguments(mut builder: Builder, sim: &Sim) -> Result<Builder, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or("every option has a value")?;
        builder = match name.as_str() {
            "--to" => builder.to(value.parse::<Address>()?),
            "--duration" => builder.duration(Duration::from_secs_f64(value.parse()?)),
            "--record" => builder.record(value),
            "--lose" => {
                lose_at(value.parse()?, sim);
                builder
            }
            _ => return Err(format!("{name} is no option").into()),
        };
    }
    Ok(builder)
}

fn lose_at(frame: usize, sim: &Sim) {
    sim.turn(|knobs| {
        knobs.callback = vec![0; frame].into();
        knobs.callback.push_back(INVALID_SESSION);
        knobs.create = [0, INVALID_SESSION, INVALID_SESSION, INVALID_SESSION].into();
    });
}

/// `kVTInvalidSessionErr`.
const INVALID_SESSION: i32 = -12903;

fn follow(broadcast: &Broadcast) -> Result<(), Box<dyn Error>> {
    while let Some(event) = broadcast.next_event() {
        if let Event::Ended(report) = event {
            println!("{}", summary(&report));
            return match report.outcome {
                onair::Outcome::Failed => Err(report.reason.into()),
                _ => Ok(()),
            };
        }
        eprintln!("{event:?}");
    }
    Err("the broadcast ended without a report".into())
}

fn summary(report: &Report) -> Value {
    let video =
        report.encoder.video.as_ref().map(
            |track| json!({ "dropped": track.dropped, "lost_ms": track.lost_time.as_millis() }),
        );
    json!({ "report": true, "encoder": { "video": video } })
}
