//! The last words on a broadcast.

use std::fmt::Write as _;

use onair::{DestinationReport, Outcome, RecordingReport, Report, State};

use super::skipped;
use crate::text::{Bytes, Clock, Count};

/// Why a broadcast failed is the program's last word, not told here.
pub(super) fn of(report: &Report) -> String {
    let reason = match report.outcome {
        Outcome::Failed => "failed",
        Outcome::Finished | Outcome::Stopped => &report.reason,
    };
    let mut text = format!("{reason} after {}\n", Clock(report.duration_s));
    let several = report.destinations.len() > 1;
    for (index, destination) in report.destinations.iter().enumerate() {
        text.push_str("  ");
        if several {
            let _infallible = write!(text, "[{}] ", index + 1);
        }
        let _infallible = write!(text, "{}: ", destination.url);
        write_summary(&mut text, destination);
        text.push('\n');
    }
    if let Some(recording) = &report.recording {
        write_recording(&mut text, recording);
    }
    let skipped = skipped(&report.encoder);
    if skipped > 0 {
        let pictures = Count(skipped, "picture");
        let _infallible = writeln!(
            text,
            "  {pictures} skipped: this machine was too slow or busy"
        );
    }
    text
}

fn write_recording(text: &mut String, recording: &RecordingReport) {
    let path = recording.path.display();
    let _infallible = match recording.bytes {
        0 => writeln!(text, "  {path}: nothing recorded"),
        bytes => {
            let length = Clock(recording.duration_s);
            writeln!(text, "  {path}: {length} recorded, {}", Bytes(bytes))
        }
    };
}

fn write_summary(text: &mut String, report: &DestinationReport) {
    if report.connects == 0 {
        text.push_str("never on air");
    } else {
        write_amounts(text, report);
    }
    if report.state == State::Failed && report.connects > 0 {
        text.push_str(", given up");
    }
}

fn write_amounts(text: &mut String, report: &DestinationReport) {
    let (video, audio) = (report.video, report.audio);
    let _infallible = write!(
        text,
        "{}, {} of sound, {}, {}",
        Count(video.frames, "picture"),
        Count(audio.frames, "packet"),
        Bytes(report.bytes),
        Count(report.connects, "connection"),
    );
    let lost = video.dropped + audio.dropped;
    let _infallible = match lost {
        0 => write!(text, ", nothing lost"),
        _ => {
            let gaps = Count(report.gaps.len() as u64, "gap");
            write!(text, ", {lost} lost in {gaps}")
        }
    };
}
