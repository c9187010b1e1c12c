//! The last words on a broadcast.

use std::fmt::Write as _;

use onair::demux::Damage;
use onair::{DestinationReport, Outcome, RecordingReport, Report, State};

use super::skipped;
use crate::text::{Bytes, Clock, Count};

/// Without the reason for a failure, which is the program's last word.
pub(super) fn of(report: &Report) -> String {
    let reason = match report.outcome {
        Outcome::Failed => "failed",
        Outcome::Finished | Outcome::Stopped => &report.reason,
    };
    let length = Clock(report.duration);
    let mut text = match report.outcome {
        // Other failures came earlier.
        Outcome::Finished | Outcome::Stopped if !report.ok => {
            format!("after {length}: {reason}\n")
        }
        _ => format!("{reason} after {length}\n"),
    };
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
    if let Some(damage) = &report.damage {
        write_damage(&mut text, damage);
    }
    if let Some(recording) = &report.recording {
        write_recording(&mut text, recording);
    }
    let left_out = report
        .encoder
        .video
        .as_ref()
        .map_or(0, |video| video.left_out);
    if left_out > 0 {
        let pictures = Count(left_out, "picture");
        let _infallible = writeln!(text, "  {pictures} never encoded: a line was behind");
    }
    let skipped = skipped(&report.encoder);
    if skipped > 0 {
        let pictures = Count(skipped, "picture");
        let _infallible = writeln!(
            text,
            "  {pictures} never encoded: this machine was too slow or busy"
        );
    }
    text
}

fn write_recording(text: &mut String, recording: &RecordingReport) {
    let path = recording.path.display();
    let _infallible = match recording.bytes {
        0 => writeln!(text, "  {path}: nothing recorded"),
        bytes => {
            let length = Clock(recording.duration);
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
    text.push_str(&dropped(report));
}

/// What did not go out, by track, and how much of it for want of a connection.
fn dropped(report: &DestinationReport) -> String {
    let (video, audio) = (report.video, report.audio);
    let tracks = [
        (video.dropped, "picture"),
        (audio.dropped, "packet of sound"),
    ];
    let tracks: Vec<_> = tracks
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| Count(count, name).to_string())
        .collect();
    if tracks.is_empty() {
        return ", nothing dropped".to_owned();
    }
    let mut text = format!(", {} dropped", tracks.join(" and "));
    if !report.gaps.is_empty() {
        let _infallible = write!(text, " in {}", Count(report.gaps.len() as u64, "gap"));
    }
    match video.lost + audio.lost {
        0 => text.push_str(": the line was too slow"),
        lost if lost == video.dropped + audio.dropped => {
            text.push_str(": there was no connection");
        }
        lost => {
            let _infallible = write!(text, ": {lost} of them without a connection");
        }
    }
    text
}

/// What was missing in a damaged file or pipe.
fn write_damage(text: &mut String, damage: &Damage) {
    for (name, track) in [("picture", damage.video), ("packet of sound", damage.audio)] {
        let unread = track.damaged + track.missing + track.undecodable;
        if unread > 0 {
            let unread = Count(unread, name);
            let _infallible = writeln!(
                text,
                "  {unread} of the source could not be read: it is damaged"
            );
        }
    }
}
