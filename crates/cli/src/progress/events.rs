//! Events in words.

use std::time::Duration;

use onair::Event;

use crate::text::Count;

/// What happened, and where if there are `several` destinations; `None` for
/// what is told otherwise.
pub(super) fn describe(event: &Event, several: bool) -> Option<String> {
    let words = match event {
        // Of a single destination the program's last words tell it.
        Event::DestinationEnded { failure, .. } if several => {
            format!("given up: {}", failure.as_deref()?)
        }
        other => in_words(other)?,
    };
    Some(match place(event) {
        Some(index) if several => format!("[{}] {words}", index + 1),
        _ => words,
    })
}

const fn place(event: &Event) -> Option<usize> {
    match event {
        Event::Connecting { destination, .. }
        | Event::Live { destination, .. }
        | Event::Reconnecting { destination, .. }
        | Event::Congested { destination, .. }
        | Event::Dropped { destination, .. }
        | Event::ReconnectRequested { destination, .. }
        | Event::DestinationEnded { destination, .. } => Some(*destination),
        Event::Warning { destination, .. } => *destination,
        _ => None,
    }
}

fn in_words(event: &Event) -> Option<String> {
    Some(match event {
        Event::Live { after, server, .. } => live(*after, server.as_deref()),
        Event::Reconnecting {
            why,
            attempt,
            delay,
            ..
        } => format!(
            "off air: {why}; attempt {attempt} in {:.1} s",
            delay.as_secs_f64()
        ),
        Event::ReconnectRequested { description, .. } => {
            format!("the server asks for a new connection: {description}")
        }
        other => return trouble_in_words(other),
    })
}

fn trouble_in_words(event: &Event) -> Option<String> {
    Some(match event {
        Event::Congested { queued, .. } => format!(
            "the line is too slow: {} ms are waiting for it",
            queued.as_millis()
        ),
        Event::Dropped { frames, gap, .. } => format!(
            "{} lost between {} and {} ms",
            Count(*frames, "picture"),
            gap.from_ms,
            gap.to_ms
        ),
        Event::Warning { message, .. } => format!("warning: {message}"),
        Event::RecordingFailed { reason } => {
            format!("warning: the recording stopped: {reason}; the broadcast goes on")
        }
        _ => return None,
    })
}

fn live(after: Duration, server: Option<&str>) -> String {
    let name = server.map(|name| format!(" ({name})")).unwrap_or_default();
    format!("on air after {} ms{name}", after.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_named_only_among_several() {
        let event = Event::Live {
            destination: 1,
            after: Duration::from_millis(12),
            server: None,
        };
        assert_eq!(
            describe(&event, true).as_deref(),
            Some("[2] on air after 12 ms")
        );
        assert_eq!(
            describe(&event, false).as_deref(),
            Some("on air after 12 ms")
        );
        let connecting = Event::Connecting {
            destination: 0,
            attempt: 1,
        };
        assert_eq!(describe(&connecting, true), None);
    }
}
