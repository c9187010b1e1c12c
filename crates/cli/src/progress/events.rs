//! Events in words.

use std::time::Duration;

use onair::media::Bitrate;
use onair::{Event, Gap};

use super::Progress;
use crate::explain::with_cure;
use crate::text::Count;

impl Progress {
    /// Whether there are several destinations to tell apart.
    const fn several(&self) -> bool {
        self.told.destinations > 1
    }

    /// Whether the recording goes on without any server.
    fn records_on(&self) -> bool {
        self.is_recording && !self.told.ends_with_servers && self.is_without_servers()
    }

    /// What happened, and where if there are several destinations; `None` for what is told
    /// elsewhere.
    pub(crate) fn describe(&self, event: &Event) -> Option<String> {
        let words = match event {
            Event::DestinationEnded { failure, .. } if self.records_on() => {
                let failure = failure.as_ref()?;
                let why = format!("{failure}; the recording goes on");
                format!("given up: {}", with_cure(why, failure.fault))
            }
            // For a single destination the program's last words say it.
            Event::DestinationEnded { failure, .. } if self.several() => {
                format!("given up: {}", failure.as_ref()?)
            }
            Event::Reconnecting {
                destination,
                failure,
                attempt,
                delay,
                ..
            } => {
                let was_live = self.was_live.contains(destination);
                let state = if was_live { "off air" } else { "not on air" };
                let delay = delay.as_secs_f64();
                format!("{state}: {failure}; attempt {attempt} in {delay:.1} s")
            }
            Event::Connecting { attempt, .. } if self.told.log.is_verbose() => {
                format!("connecting, attempt {attempt}")
            }
            other => in_words(other)?,
        };
        Some(match destination(event) {
            Some(index) if self.several() => format!("[{}] {words}", index + 1),
            _ => words,
        })
    }
}

pub(super) const fn destination(event: &Event) -> Option<usize> {
    match event {
        Event::Connecting { destination, .. }
        | Event::Live { destination, .. }
        | Event::Refused { destination, .. }
        | Event::Reconnecting { destination, .. }
        | Event::Congested { destination, .. }
        | Event::BitrateLimited { destination, .. }
        | Event::BitrateRestored { destination, .. }
        | Event::Dropped { destination, .. }
        | Event::ReconnectRequested { destination, .. }
        | Event::HandedOver { destination, .. }
        | Event::DestinationEnded { destination, .. } => Some(*destination),
        Event::Warning { destination, .. } => *destination,
        Event::EncoderLost { .. }
        | Event::EncoderBack
        | Event::PictureChanged { .. }
        | Event::AudioChanged { .. }
        | Event::RecordingFailed { .. }
        | Event::Ended(_) => None,
    }
}

fn in_words(event: &Event) -> Option<String> {
    Some(match event {
        Event::Live { after, server, .. } => live(*after, server.as_deref()),
        Event::ReconnectRequested { description, .. } => {
            format!("the server asks for a new connection: {description}")
        }
        Event::HandedOver { from, to, why, .. } if from == to => {
            format!("another connection took over: {why}")
        }
        Event::HandedOver { to, why, .. } => format!("on air at {to} now: {why}"),
        Event::Congested { queued, .. } => format!(
            "the line is too slow: {} ms are waiting for it",
            queued.as_millis()
        ),
        Event::BitrateLimited {
            bitrate,
            wanted,
            carries,
            ..
        } => format!("the line carries {carries}: video takes {bitrate} of {wanted}"),
        Event::BitrateRestored { bitrate, .. } => {
            format!("the line carries enough again: video takes {bitrate}")
        }
        Event::Dropped { frames, gap, .. } => dropped(*frames, *gap),
        Event::Warning { message, .. } => format!("warning: {message}"),
        Event::EncoderLost { why } => {
            format!("warning: {why}; the last picture stays until it is back")
        }
        Event::EncoderBack => "the encoder is back".to_owned(),
        Event::PictureChanged {
            size,
            frame_rate,
            is_full,
            carries,
        } => {
            let rate = (frame_rate.as_f64() * 100.0).round() / 100.0;
            let line = line_carries(carries.filter(|_| !is_full));
            format!("{line}: pictures are {size}, {rate} a second")
        }
        Event::AudioChanged {
            bitrate,
            wanted,
            is_alone,
            was_alone,
            carries,
        } => sound([*bitrate, *wanted], [*was_alone, *is_alone], *carries),
        Event::RecordingFailed { reason } => {
            format!("warning: the recording stopped: {reason}; the broadcast goes on")
        }
        // What the server said comes again with what follows from it.
        Event::Connecting { .. }
        | Event::Refused { .. }
        | Event::Reconnecting { .. }
        | Event::DestinationEnded { .. }
        | Event::Ended(_) => return None,
    })
}

fn dropped(frames: u64, gap: Gap) -> String {
    let what = match frames {
        // How many frames were on their way when the line went down is unknown.
        0 => "nothing was on air".to_owned(),
        _ => format!("{} dropped", Count(frames, "picture")),
    };
    let (from, to) = (gap.from.as_millis(), gap.to.as_millis());
    format!("{what} between {from} and {to} ms")
}

/// What of the sound is sent of what was wanted, and whether it was, and is, all that is sent.
fn sound([bitrate, wanted]: [Bitrate; 2], alone: [bool; 2], carries: Option<Bitrate>) -> String {
    let line = line_carries(carries);
    let sound = match bitrate == wanted {
        true => format!("all of {wanted}"),
        false => format!("{bitrate} of {wanted}"),
    };
    match alone {
        [_, true] => format!("{line}: only sound is sent, {sound}"),
        [true, false] => format!("{line}: pictures are sent again, sound takes {sound}"),
        [false, false] => format!("{line}: sound takes {sound}"),
    }
}

fn line_carries(carries: Option<Bitrate>) -> String {
    carries.map_or_else(
        || "the line carries enough again".to_owned(),
        |carries| format!("the line carries {carries}"),
    )
}

fn live(after: Duration, server: Option<&str>) -> String {
    let name = server.map(|name| format!(" ({name})")).unwrap_or_default();
    format!("on air after {} ms{name}", after.as_millis())
}

#[cfg(test)]
mod tests {
    use onair::media::Timestamp;
    use onair::{Failure, FailureStage, Fault, HandoverReason};

    use super::*;
    use crate::progress::recorded as progress;

    #[test]
    fn each_step_for_a_line_says_what_the_line_carries() {
        let audio = |kbps, [was_alone, is_alone]: [bool; 2], carries| Event::AudioChanged {
            bitrate: Bitrate::kbps(kbps),
            wanted: Bitrate::kbps(128),
            is_alone,
            was_alone,
            carries: Some(Bitrate::kbps(carries)),
        };
        let picture = |is_full, carries: Option<u64>| Event::PictureChanged {
            size: onair::media::Size::new(640, 360),
            frame_rate: onair::media::FrameRate::new(30_000, 1001).expect("a rate"),
            is_full,
            carries: carries.map(Bitrate::kbps),
        };
        for (event, words) in [
            (
                audio(64, [false, false], 250),
                "250 kbit/s: sound takes 64 kbit/s of 128 kbit/s",
            ),
            (
                audio(48, [false, true], 90),
                "90 kbit/s: only sound is sent, 48 kbit/s of 128 kbit/s",
            ),
            (
                audio(48, [true, false], 400),
                "400 kbit/s: pictures are sent again, sound takes 48 kbit/s of 128 kbit/s",
            ),
            (
                audio(128, [false, false], 900),
                "900 kbit/s: sound takes all of 128 kbit/s",
            ),
            (
                picture(false, Some(500)),
                "500 kbit/s: pictures are 640x360, 29.97 a second",
            ),
            (
                picture(true, Some(4000)),
                "enough again: pictures are 640x360, 29.97 a second",
            ),
        ] {
            let words = format!("the line carries {words}");
            assert_eq!(in_words(&event), Some(words));
        }
    }

    fn failure(cause: Fault, words: &str) -> Failure {
        Failure::new(FailureStage::Publish, cause, words)
    }

    fn off_air() -> Event {
        Event::Reconnecting {
            destination: 1,
            failure: failure(Fault::ConnectionBroken, "it rains"),
            at: Timestamp::ZERO,
            attempt: 2,
            delay: Duration::from_millis(200),
        }
    }

    #[test]
    fn a_destination_is_named_only_among_several() {
        let words = "not on air: it rains; attempt 2 in 0.2 s";
        assert_eq!(progress(1).describe(&off_air()).as_deref(), Some(words));
        let named = progress(2).describe(&off_air());
        assert_eq!(named, Some(format!("[2] {words}")));
    }

    fn given_up() -> Event {
        Event::DestinationEnded {
            destination: 0,
            failure: Some(failure(Fault::KeyRejected, "no such key")),
        }
    }

    #[test]
    fn a_recording_that_goes_on_alone_is_told_with_why_and_a_cure() {
        let mut progress = progress(1);
        progress.event(&given_up());
        let words = progress.describe(&given_up()).expect("words");
        let expected = "given up: no such key; the recording goes on\n  Check the stream key";
        assert!(words.starts_with(expected), "{words}");
        assert!(!progress.is_over());
    }

    #[test]
    fn one_that_is_to_end_with_its_servers_is_over_without_them() {
        let mut progress = progress(1);
        progress.told.ends_with_servers = true;
        assert!(!progress.is_over());
        progress.event(&given_up());
        assert!(progress.is_over());
        assert_eq!(progress.describe(&given_up()), None);
    }

    #[test]
    fn a_handover_says_why_and_where_to_if_that_is_somewhere_else() {
        let words = |to: &str| {
            progress(2).describe(&Event::HandedOver {
                destination: 0,
                from: "rtmp://a/live/***".to_owned(),
                to: to.to_owned(),
                why: HandoverReason::Stalled,
            })
        };
        let same = "[1] another connection took over: nothing arrived any more";
        assert_eq!(words("rtmp://a/live/***").as_deref(), Some(same));
        let other = "[1] on air at rtmp://b/live/*** now: nothing arrived any more";
        assert_eq!(words("rtmp://b/live/***").as_deref(), Some(other));
    }

    #[test]
    fn only_what_was_on_air_goes_off_air() {
        let mut progress = progress(2);
        progress.event(&Event::Live {
            destination: 1,
            after: Duration::from_millis(12),
            server: None,
        });
        let words = progress.describe(&off_air());
        assert!(words.is_some_and(|words| words.starts_with("[2] off air: ")));
    }
}
