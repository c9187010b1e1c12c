//! Events in words.

use onair_receiver::{Event, Recording, RelayFailure};

use crate::explain::with_cure;
use crate::text::{Bytes, Clock};

pub(super) fn in_words(event: &Event) -> String {
    match event {
        Event::Published { name, origin } => {
            format!("{name}: live, from {} ({})", origin.peer, origin.software)
        }
        Event::Interrupted { name, why } => format!("{name}: interrupted: {why}"),
        Event::Unpublished { name } => format!("{name}: ended"),
        Event::Playing { name, peer } => format!("{name}: watched by {peer}"),
        Event::Stopped {
            name,
            peer,
            dropped,
        } => format!("{name}: no longer watched by {peer} ({dropped} pictures dropped)"),
        Event::Refused { peer, why, times } if *times > 1 => {
            format!("{peer} was refused: {why} (the last of {times})")
        }
        Event::Refused { peer, why, .. } => format!("{peer} was refused: {why}"),
        Event::Recording { name, path } => format!("{name}: recording to {}", path.display()),
        Event::Recorded { name, recording } => format!("{name}: {}", recorded(recording)),
        Event::LeftOut { name, what } => format!("{name}: left out: {what}"),
        Event::NotRecorded { name, reason } => format!("{name}: not recorded: {reason}"),
        Event::RelayFailed { name, url, failure } => {
            format!("{name}: relay to {url}: {}", given_up(failure))
        }
        Event::Relay { name, url, message } => format!("{name}: relay to {url}: {message}"),
        Event::RelayHeld {
            name,
            url,
            is_gone,
            limit,
        } => {
            let why = match is_gone {
                true => "its publisher is gone",
                false => "its publisher sends nothing",
            };
            let limit = Clock(*limit);
            format!(
                "{name}: relay to {url}: held: {why}; it stays on air without, for up to {limit}"
            )
        }
        Event::RelayBack { name, url, after } => {
            let after = after.as_secs_f64();
            format!("{name}: relay to {url}: its publisher is back, after {after:.1} s")
        }
        Event::RelayNotBack { name, url, after } => {
            let after = Clock(*after);
            format!(
                "{name}: relay to {url}: its publisher did not come back, and it ends after {after}"
            )
        }
        Event::Warning { message } => message.clone(),
    }
}

fn given_up(failure: &RelayFailure) -> String {
    match failure {
        RelayFailure::NotBegun(why) => format!("not relayed: {why}"),
        RelayFailure::Destination(failure) => {
            with_cure(format_args!("given up: {failure}"), failure.fault)
        }
        RelayFailure::NotStarted(why) => why.clone(),
    }
}

fn recorded(recording: &Recording) -> String {
    let path = recording.path.display();
    let mut words = match &recording.failure {
        Some(why) if recording.bytes == 0 => {
            return format!(
                "the recording to {path} failed, the stream goes on: {why}; nothing was recorded"
            );
        }
        Some(why) => format!("the recording to {path} failed, the stream goes on: {why}; it has "),
        None => format!("recorded to {path}: "),
    };
    words += &format!(
        "{}, {}, {} pictures",
        Clock(recording.duration),
        Bytes(recording.bytes),
        recording.frames
    );
    if recording.dropped + recording.dropped_audio > 0 {
        words += &format!(
            "; {} pictures and {} audio frames are lost: the disk was too slow",
            recording.dropped, recording.dropped_audio
        );
    }
    words
}
