//! What to do about a failure, in a sentence after the cause.

use onair::{Failure, Fault};

/// What happened, and below it a cure where one is known.
pub(crate) fn in_full(failure: &Failure) -> String {
    with_cure(&failure.to_string(), failure.fault)
}

/// The cause, and below it a cure where one is known.
pub(crate) fn with_cure(cause: &str, fault: Fault) -> String {
    match cure(fault) {
        Some(cure) => format!("{cause}\n  {cure}"),
        None => cause.to_owned(),
    }
}

fn cure(fault: Fault) -> Option<&'static str> {
    Some(match fault {
        Fault::KeyInUse => {
            "Another publisher is using this key. Stop it, or wait: after a lost connection \
             some servers hold a key for up to 90 s."
        }
        Fault::NobodyListens => {
            "Nothing listens there: is the server running, and are host and port right?"
        }
        Fault::UnknownHost => {
            "Look for a typing mistake in the host name, and whether this machine is online."
        }
        Fault::CertificateExpired => {
            "Its owner has to renew it (or this machine's clock is wrong)."
        }
        Fault::CertificateName => {
            "Use the host name the service gives, not an address or another name of it."
        }
        Fault::CertificateUntrusted => {
            "For a server of your own, name its certificate, or the one that signed it: --ca FILE."
        }
        Fault::NotTls => "Write rtmp:// for a server without TLS, or find the port that has it.",
        Fault::LoginRejected => "Check both: a mistyped password looks like this too.",
        Fault::LoginNeeded => "Give --user NAME and --password-file FILE (or set ONAIR_PASSWORD).",
        Fault::KeyRejected => {
            "Check the stream key: it may be mistyped, expired, or meant for another server."
        }
        Fault::AppUnknown => {
            "Check the application: what stands between the host and the key in the URL."
        }
        Fault::AcceptedThenDropped => {
            "Check the stream key first; then whether the service takes this size, rate and codec, \
             and whether the account may go live."
        }
        Fault::Stalled => "Is this machine still online, and does the line carry the bitrate?",
        Fault::TimedOut => {
            "Is the port right (1935 for rtmp, 443 for rtmps), and does no firewall swallow it?"
        }
        Fault::Unreachable
        | Fault::CertificateUnusable
        | Fault::TlsFailed
        | Fault::CodecRefused
        | Fault::RedirectRefused
        | Fault::Refused
        | Fault::AddressUnusable
        | Fault::ServerClosed
        | Fault::ServerMisbehaved
        | Fault::ConnectionBroken
        | Fault::Renewed
        | Fault::DiskFull
        | Fault::DiskStuck
        | Fault::FileUnwritable
        | Fault::Internal => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_cause_gets_its_cure_and_an_unknown_one_stays_alone() {
        let refused = with_cure("Already publishing", Fault::KeyInUse);
        assert!(refused.contains("Another publisher"), "{refused}");
        assert_eq!(
            with_cure("the moon fell down", Fault::Refused),
            "the moon fell down"
        );
    }
}
