//! What the machine reports of a failed conversation, in terms that suit any protocol.

use onair_flv::enhanced_four_cc;
use onair_media::VideoCodec;
use onair_rtmp::Error;
use onair_rtmp::publisher::Step;

use crate::Fault;
use crate::failure::{Cause, Failure, FailureStage, Refusal};

/// Why a conversation failed at `step`; `codec` is the one that is sent, if not every server
/// knows it.
pub fn failure(error: &Error, step: Step, codec: Option<VideoCodec>) -> Failure {
    let fault = if step == Step::Play {
        fault_of_play(error)
    } else {
        fault(error)
    };
    let mut failure = Failure::new(stage_of(step), fault, words(error, codec));
    failure.cause = cause(error);
    if let Error::Refused { code, description } = error {
        failure.refusal = Some(Refusal {
            code: code.clone(),
            description: description.clone(),
        });
    }
    failure
}

pub(super) const fn stage_of(step: Step) -> FailureStage {
    match step {
        Step::Handshake | Step::Connect => FailureStage::Negotiate,
        Step::CreateStream | Step::Publish | Step::Play => FailureStage::Publish,
        Step::Live => FailureStage::Live,
        Step::Farewell | Step::Closed => FailureStage::End,
    }
}

fn cause(error: &Error) -> Cause {
    match error {
        error if error.is_already_publishing() => Cause::Busy {
            is_said: !error.is_final(),
        },
        error if error.is_final() => Cause::Rejected,
        Error::Closed { .. } => Cause::Dropped,
        Error::Refused { .. }
        | Error::TimedOut { .. }
        | Error::CredentialsNeeded { .. }
        | Error::CredentialsRejected { .. }
        | Error::Redirected { .. }
        | Error::CodecRefused { .. }
        | Error::Url(_)
        | Error::Invalid { .. }
        | Error::PeerMisbehaved { .. }
        | Error::LimitExceeded { .. }
        | Error::Misuse { .. } => Cause::Lost,
    }
}

fn words(error: &Error, codec: Option<VideoCodec>) -> String {
    match error {
        Error::Refused { code, description } if description.is_empty() => {
            format!("the server refused: {code}")
        }
        Error::Refused { code, description } => {
            format!("the server refused: {code} ({description})")
        }
        Error::Closed { .. } => format!("{error}{}", codec_hint(codec)),
        other => other.to_string(),
    }
}

/// A connection that broke. A server that closes before it has read everything resets it: the
/// operating system decides which of the two is seen here.
pub(super) fn lost(failure: Failure, codec: Option<VideoCodec>) -> Failure {
    if failure.cause == Cause::Dropped {
        failure.adding(&codec_hint(codec))
    } else {
        failure
    }
}

/// What else a close may mean where not every server knows the codec.
fn codec_hint(codec: Option<VideoCodec>) -> String {
    match codec.filter(|codec| enhanced_four_cc(*codec).is_some()) {
        Some(codec) => {
            format!("; or the server does not take {codec}, where H.264 would work")
        }
        None => String::new(),
    }
}

/// Where a stream is asked for, a server that is silent, hangs up or knows no such stream says one
/// thing: nobody publishes it.
fn fault_of_play(error: &Error) -> Fault {
    match error {
        Error::Refused { code, .. } if code == STREAM_NOT_FOUND => Fault::NothingToWatch,
        Error::TimedOut { .. } | Error::Closed { .. } => Fault::NothingToWatch,
        other => fault(other),
    }
}

/// RTMP 1.0 section 7.2.2.1 and the servers' practice.
const STREAM_NOT_FOUND: &str = "NetStream.Play.StreamNotFound";

fn fault(error: &Error) -> Fault {
    match error {
        Error::Refused { code, description } => of_refusal(code, description),
        Error::TimedOut { .. } => Fault::TimedOut,
        Error::CredentialsNeeded { .. } => Fault::LoginNeeded,
        Error::CredentialsRejected { .. } => Fault::LoginRejected,
        Error::Redirected { .. } => Fault::RedirectRefused,
        Error::CodecRefused { .. } => Fault::CodecRefused,
        Error::Closed { .. } => Fault::ServerClosed,
        Error::Url(_) => Fault::AddressUnusable,
        Error::Invalid { .. } | Error::PeerMisbehaved { .. } | Error::LimitExceeded { .. } => {
            Fault::ServerMisbehaved
        }
        Error::Misuse { .. } => Fault::Internal,
    }
}

/// The words that servers write beside their codes say more than the codes.
fn of_refusal(code: &str, description: &str) -> Fault {
    let description = description.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|words| description.contains(words));
    let is_about_login = says(&["unauthorized", "denied", "authentication", "key"]);
    match code {
        _ if says(&["already", "busy", "in use"]) => Fault::KeyInUse,
        "NetStream.Publish.BadName" if description.is_empty() => Fault::KeyInUse,
        "NetStream.Publish.BadName"
        | "NetStream.Publish.Denied"
        | "NetStream.Publish.Rejected"
        | "NetStream.Publish.Unauthorized" => Fault::KeyRejected,
        _ if is_about_login => Fault::KeyRejected,
        "NetConnection.Connect.Rejected" | "NetConnection.Connect.InvalidApp" => Fault::AppUnknown,
        _ => Fault::Refused,
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn refused(code: &str, description: &str) -> Fault {
        fault(&Error::Refused {
            code: code.to_owned(),
            description: description.to_owned(),
        })
    }

    #[test]
    fn a_known_failure_has_its_fault_and_an_unknown_one_has_none() {
        let busy = refused("NetStream.Publish.BadName", "Already publishing");
        assert_eq!(busy, Fault::KeyInUse);
        let unknown = refused("NetStream.Publish.BadName", "no such key");
        assert_eq!(unknown, Fault::KeyRejected);
        let new = refused("NetStream.Failed", "the moon fell down");
        assert_eq!(new, Fault::Refused);
    }

    #[test]
    fn a_server_that_plays_nothing_says_that_nobody_publishes() {
        let silent = Error::TimedOut {
            waiting_for: Step::Play.awaited(),
        };
        let gone = Error::Closed { during: Step::Play };
        let unknown = Error::Refused {
            code: "NetStream.Play.StreamNotFound".to_owned(),
            description: String::new(),
        };
        for error in [silent, gone, unknown] {
            let failure = failure(&error, Step::Play, None);
            assert_eq!(failure.fault, Fault::NothingToWatch, "{failure}");
        }
        let login = Error::CredentialsNeeded {
            description: String::new(),
        };
        let failure = failure(&login, Step::Play, None);
        assert_eq!(failure.fault, Fault::LoginNeeded);
    }

    #[test]
    fn a_close_and_a_reset_both_ask_whether_the_codec_is_taken() {
        let closed = Error::Closed { during: Step::Live };
        let broken = |kind: io::ErrorKind| Failure::broken(FailureStage::Live, &kind.into());
        for (codec, is_asked) in [(VideoCodec::Hevc, true), (VideoCodec::H264, false)] {
            let codec = Some(codec);
            let reset = lost(broken(io::ErrorKind::ConnectionReset), codec);
            for failure in [failure(&closed, Step::Live, codec), reset] {
                let words = failure.to_string();
                assert_eq!(words.contains("does not take HEVC"), is_asked, "{words}");
            }
            let unreachable = lost(broken(io::ErrorKind::HostUnreachable), codec);
            assert!(
                !unreachable.to_string().contains("HEVC"),
                "no server said it"
            );
        }
    }

    #[test]
    fn a_rejected_login_is_not_taken_for_a_missing_one() {
        let description = "code=403 need auth".to_owned();
        let rejected = Error::CredentialsRejected { description };
        assert_eq!(fault(&rejected), Fault::LoginRejected);
        let description = "please".to_owned();
        let missing = Error::CredentialsNeeded { description };
        assert_eq!(fault(&missing), Fault::LoginNeeded);
    }

    #[test]
    fn our_own_words_are_no_servers_and_blame_no_application() {
        let codec = Error::CodecRefused {
            takes: "avc1".to_owned(),
            codec: VideoCodec::Hevc.four_cc(),
        };
        let redirect = Error::Redirected {
            target: "rtmp://elsewhere/app".to_owned(),
            why: "that would leave TLS",
        };
        let url = Error::Url(onair_rtmp::UrlError::MissingApp);
        for (error, expected) in [
            (codec, Fault::CodecRefused),
            (redirect, Fault::RedirectRefused),
            (url, Fault::AddressUnusable),
        ] {
            let failure = failure(&error, Step::Connect, None);
            assert_eq!((failure.fault, failure.cause), (expected, Cause::Rejected));
            assert_eq!(failure.stage, FailureStage::Negotiate);
            assert_eq!(failure.refusal, None);
        }
    }
}
