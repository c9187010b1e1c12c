//! What to do about a failure, in a sentence after the cause.

use std::fmt::Display;

use onair::Fault;

/// What went wrong and, below it, a cure if one is known.
pub(crate) fn with_cure(words: impl Display, fault: Fault) -> String {
    match cure(fault) {
        Some(cure) => format!("{words}\n  {cure}"),
        None => words.to_string(),
    }
}

/// A cause's name in JSON.
pub(crate) fn name(fault: Fault) -> String {
    match serde_json::to_value(fault) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// `None` if the words say it all.
pub(crate) const fn cure(fault: Fault) -> Option<&'static str> {
    use Fault as F;
    Some(match fault {
        F::KeyInUse => {
            "Another publisher is using this key. Stop it, or wait: after a lost connection \
             some servers hold a key for up to 90 s."
        }
        F::NobodyListens => {
            "Nothing listens there: is the server running, and are host and port right?"
        }
        F::UnknownHost => {
            "Look for a typing mistake in the host name, and whether this machine is online."
        }
        F::Unreachable => "Is this machine online, and does its network lead to that address?",
        F::CertificateExpired => "Its owner has to renew it (or this machine's clock is wrong).",
        F::CertificateName => {
            "Use the host name the service gives, not an address or another name of it."
        }
        F::CertificateUntrusted => {
            "For a server of your own, name its certificate, or the one that signed it: --ca FILE."
        }
        F::CertificateUnusable => "The server's owner has to replace it.",
        F::NotTls => "Write rtmp:// for a server without TLS, or find the port that has it.",
        F::AddressUnusable => "An address is rtmp://HOST/APP/KEY, or rtmps:// for TLS.",
        F::LoginRejected => "Check both: a mistyped password looks like this too.",
        F::LoginNeeded => "Give --user NAME and --password-file FILE (or set ONAIR_PASSWORD).",
        F::KeyRejected => {
            "Check the stream key: it may be mistyped, expired, or meant for another server."
        }
        F::AppUnknown => {
            "Check the application: what stands between the host and the key in the URL."
        }
        F::CodecRefused => "Leave --codec out, or give --codec h264.",
        F::RedirectRefused => "Give the address that the service shows now: see --to.",
        F::AcceptedThenDropped => {
            "Check the stream key first; then whether the service takes this size, rate and codec, \
             and whether the account may go live."
        }
        F::NothingToWatch => {
            "Does somebody publish it now, and send? If so, check the application and the name in \
             the URL."
        }
        F::Stalled => "Is this machine still online, and does the line carry the bitrate?",
        F::TimedOut => {
            "Is the port right (1935 for rtmp, 443 for rtmps), and does no firewall swallow it?"
        }
        F::DiskFull => "Make room, or name a file on another disk.",
        F::DiskStuck => "Look after that disk, or name a file on another one.",
        F::FileUnwritable => "Is its folder there, and may this user write into it?",
        F::Internal => "That is a mistake in onair: please report it, with what -vv says.",
        F::TlsFailed
        | F::Refused
        | F::ServerMisbehaved
        | F::ServerClosed
        | F::ConnectionBroken
        | F::Renewed => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use onair::{
        DestinationReport, EncoderReport, Event, Failure, FailureStage, Outcome, Report, State,
    };
    use serde_json::{Value, json};

    use super::*;
    use crate::progress;
    use crate::publish::verdict;

    /// A part of this cause's cure alone; `None` if the words say it all.
    const fn part(fault: Fault) -> Option<&'static str> {
        use Fault as F;
        Some(match fault {
            F::KeyInUse => "Another publisher is using this key",
            F::NobodyListens => "is the server running",
            F::UnknownHost => "typing mistake in the host name",
            F::Unreachable => "lead to that address",
            F::CertificateExpired => "renew it",
            F::CertificateName => "Use the host name the service gives",
            F::CertificateUntrusted => "--ca FILE",
            F::CertificateUnusable => "replace it",
            F::NotTls => "Write rtmp://",
            F::AddressUnusable => "rtmp://HOST/APP/KEY",
            F::LoginRejected => "a mistyped password",
            F::LoginNeeded => "--user NAME",
            F::KeyRejected => "Check the stream key: it may be mistyped",
            F::AppUnknown => "Check the application",
            F::CodecRefused => "--codec h264",
            F::RedirectRefused => "the service shows now",
            F::AcceptedThenDropped => "Check the stream key first",
            F::NothingToWatch => "Does somebody publish it now",
            F::Stalled => "carry the bitrate",
            F::TimedOut => "Is the port right",
            F::DiskFull => "Make room",
            F::DiskStuck => "Look after that disk",
            F::FileUnwritable => "Is its folder there",
            F::Internal => "please report it",
            F::TlsFailed
            | F::Refused
            | F::ServerMisbehaved
            | F::ServerClosed
            | F::ConnectionBroken
            | F::Renewed => return None,
        })
    }

    fn assert_told(fault: Fault, text: &str, words: &str) {
        match part(fault) {
            Some(part) => {
                let words = format!("{words}\n  ");
                assert!(text.starts_with(&words), "{fault:?}: {text}");
                assert!(text.contains(part), "{fault:?}: {text}");
            }
            None => assert_eq!(text, words, "{fault:?}"),
        }
    }

    fn failure(fault: Fault) -> Failure {
        Failure::new(FailureStage::Live, fault, "it rains")
    }

    fn report(fault: Fault) -> Report {
        Report {
            reason: "every destination failed".to_owned(),
            outcome: Outcome::Failed,
            duration: Duration::from_secs(1),
            encoder: EncoderReport::default(),
            capture: None,
            damage: None,
            recording: None,
            ok: false,
            destinations: vec![DestinationReport {
                url: "rtmp://host/app/***".to_owned(),
                state: State::Failed,
                failure: Some(failure(fault)),
                ..DestinationReport::default()
            }],
        }
    }

    #[test]
    fn every_cause_is_the_programs_last_word_with_its_cure_and_status_1() {
        for &fault in Fault::ALL {
            let error = verdict(&report(fault)).expect_err("it failed");
            let words = "rtmp://host/app/***: it rains";
            assert_told(fault, &error.to_string(), words);
            assert_eq!(error, crate::failure::Failure::Failed(error.to_string()));
        }
    }

    #[test]
    fn every_cause_is_told_while_the_recording_goes_on() {
        for &fault in Fault::ALL {
            let ended = Event::DestinationEnded {
                destination: 0,
                failure: Some(failure(fault)),
            };
            let mut progress = progress::recorded(1);
            progress.event(&ended);
            let text = progress.describe(&ended).expect("it is told");
            assert_told(fault, &text, "given up: it rains; the recording goes on");
        }
    }

    #[test]
    fn every_cause_has_the_name_in_json_that_the_schema_gives() {
        let schema = include_str!("../../../docs/json/publish.schema.json");
        let schema: Value = serde_json::from_str(schema).unwrap();
        let named = &schema["$defs"]["destination"]["properties"]["fault"]["enum"];
        let named = named.as_array().expect("a list");
        let told = Fault::ALL.iter().map(|&fault| {
            let json = serde_json::to_value(progress::report_in_json(&report(fault))).unwrap();
            let json = &json["destinations"][0];
            assert_eq!(
                (&json["error"], &json["stage"]),
                (&json!("it rains"), &json!("live"))
            );
            json["fault"].clone()
        });
        assert_eq!(&told.collect::<Vec<_>>(), named);
    }
}
