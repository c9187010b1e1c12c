//! What happened, in words.

use onair::Fault;
use onair::media::Bitrate;
use onair::trace::{Action, Order, Told, What};

use crate::text::Count;

/// Which destination it is about, if one.
pub(super) fn destination(what: &What) -> Option<usize> {
    match what {
        What::Told(told) => of_event(told),
        What::Handover { destination, .. } => *destination,
        What::Ordered(Order::Add(number) | Order::Remove(number) | Order::Retry(number)) => {
            Some(*number)
        }
        What::Network | What::Ordered(Order::Keyframe | Order::Reconnect | Order::Stop) => None,
    }
}

const fn of_event(told: &Told) -> Option<usize> {
    match told {
        Told::Connecting { destination, .. }
        | Told::Live { destination, .. }
        | Told::Refused { destination, .. }
        | Told::Reconnecting { destination, .. }
        | Told::Congested { destination, .. }
        | Told::BitrateLimited { destination, .. }
        | Told::BitrateRestored { destination, .. }
        | Told::Dropped { destination, .. }
        | Told::ReconnectRequested { destination }
        | Told::HandedOver { destination, .. }
        | Told::DestinationEnded { destination, .. } => Some(*destination),
        Told::Warning { destination } => *destination,
        Told::EncoderLost
        | Told::EncoderBack
        | Told::PictureChanged { .. }
        | Told::AudioChanged { .. }
        | Told::RecordingFailed
        | Told::Ended { .. } => None,
    }
}

/// The first destination is number 1.
pub(super) fn of(what: &What) -> String {
    let words = match what {
        What::Told(told) => event(told),
        What::Network => "the system has other routes or addresses".to_owned(),
        What::Ordered(order) => ordered(*order).to_owned(),
        What::Handover { action, .. } => step(*action).to_owned(),
    };
    match destination(what) {
        Some(number) => format!("[{}] {words}", number.saturating_add(1)),
        None => words,
    }
}

const fn ordered(order: Order) -> &'static str {
    match order {
        Order::Keyframe => "ordered: a keyframe",
        Order::Reconnect => "ordered: new connections",
        Order::Add(_) => "ordered: one more server",
        Order::Remove(_) => "ordered: take it down",
        Order::Retry(_) => "ordered: try it again",
        Order::Stop => "ordered: the end",
    }
}

const fn step(action: Action) -> &'static str {
    match action {
        Action::Connect => "handover: another connection is opened",
        Action::Drop => "handover: the other connection is dropped, this one goes on",
        Action::Publish => "handover: publishing on the other connection",
        Action::BreakFirst => "handover: this connection ends before the other begins",
        Action::EndOld => "handover: no answer, so the old connection ends",
    }
}

#[expect(clippy::too_many_lines, reason = "one arm an event")]
fn event(told: &Told) -> String {
    match *told {
        Told::Connecting { attempt: 1, .. } => "connecting".to_owned(),
        Told::Connecting { attempt, .. } => format!("connecting, attempt {attempt}"),
        Told::Live { after, .. } => format!("on air after {} ms", after / 1_000_000),
        Told::Refused { fault, .. } => format!("refused: {}", name(fault)),
        Told::Reconnecting {
            fault,
            attempt,
            delay,
            ..
        } => {
            let seconds = delay / 1_000_000;
            format!(
                "off air: {}; attempt {attempt} in {seconds} ms",
                name(fault)
            )
        }
        Told::Congested { queued, .. } => {
            format!(
                "the line is too slow: {} ms wait for it",
                queued / 1_000_000
            )
        }
        Told::BitrateLimited {
            bitrate,
            wanted,
            carries,
            ..
        } => {
            let [carries, bitrate, wanted] = [carries, bitrate, wanted].map(Bitrate::bps);
            format!("the line carries {carries}: video takes {bitrate} of {wanted}")
        }
        Told::BitrateRestored { bitrate, .. } => {
            let bitrate = Bitrate::bps(bitrate);
            format!("the line carries enough again: video takes {bitrate}")
        }
        Told::Dropped {
            frames: 0,
            from,
            to,
            ..
        } => {
            format!("nothing was on air between {from} and {to} ms")
        }
        Told::Dropped {
            frames, from, to, ..
        } => {
            let pictures = Count(frames, "picture");
            format!("{pictures} dropped between {from} and {to} ms")
        }
        Told::ReconnectRequested { .. } => "the server asks for a new connection".to_owned(),
        Told::HandedOver {
            is_elsewhere, why, ..
        } => match is_elsewhere {
            true => format!("on air at the other address now: {why}"),
            false => format!("another connection is on air now: {why}"),
        },
        Told::EncoderLost => "the encoder is lost".to_owned(),
        Told::EncoderBack => "the encoder is back".to_owned(),
        Told::PictureChanged {
            size: [width, height],
            rate: [of, every],
            ..
        } => {
            let rate = f64::from(of) / f64::from(every);
            format!("pictures of {width}x{height}, {rate:.1} a second")
        }
        Told::AudioChanged {
            bitrate,
            wanted,
            is_alone,
            ..
        } => {
            let [bitrate, wanted] = [bitrate, wanted].map(Bitrate::bps);
            let alone = if is_alone {
                ", and nothing else is sent"
            } else {
                ""
            };
            format!("sound takes {bitrate} of {wanted}{alone}")
        }
        Told::Warning { .. } => "a warning".to_owned(),
        Told::RecordingFailed => "the recording stopped".to_owned(),
        Told::DestinationEnded { fault: None, .. } => "ended".to_owned(),
        Told::DestinationEnded {
            fault: Some(fault), ..
        } => {
            format!("given up: {}", name(fault))
        }
        Told::Ended { ok: true } => "the broadcast is over".to_owned(),
        Told::Ended { ok: false } => "the broadcast is over, and not all went well".to_owned(),
    }
}

/// As in JSON, without the hyphens.
fn name(fault: Fault) -> String {
    let name = serde_json::to_value(fault).unwrap_or_default();
    name.as_str().unwrap_or_default().replace('-', " ")
}
