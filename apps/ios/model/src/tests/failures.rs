//! Every cause of a failure, as the user reads it.

use super::*;

/// A part of this cause's cure alone; `None` if the engine's own words say it all.
const fn cure(fault: Fault) -> Option<&'static str> {
    use Fault as F;
    Some(match fault {
        F::KeyInUse => "Another publisher is using this key",
        F::NobodyListens => "Is the server running",
        F::UnknownHost => "Check the server's name",
        F::Unreachable => "Is there a network",
        F::CertificateExpired => "renew it",
        F::CertificateName => "the server name the service gives",
        F::CertificateUntrusted => "trust it in Settings",
        F::CertificateUnusable => "has to replace it",
        F::NotTls => "Write rtmp://",
        F::AddressUnusable => "rtmps://host/app",
        F::LoginRejected => "Check user name and password",
        F::LoginNeeded => "rtmp://user:password@host/app",
        F::KeyRejected => "Check the stream key: mistyped",
        F::AppUnknown => "what follows the host",
        F::RedirectRefused => "the service shows now",
        F::AcceptedThenDropped => "takes this size and frame rate",
        F::DiskFull => "Make room",
        F::Stalled => "fast enough for the bitrate",
        F::TimedOut => "Check the port",
        F::TlsFailed
        | F::CodecRefused
        | F::Refused
        | F::ServerMisbehaved
        | F::ServerClosed
        | F::NothingToWatch
        | F::ConnectionBroken
        | F::Renewed
        | F::DiskStuck
        | F::FileUnwritable
        | F::Internal => return None,
    })
}

fn assert_told(fault: Fault, text: &str) {
    match cure(fault) {
        Some(cure) => {
            assert!(text.starts_with("It rains. "), "{fault:?}: {text}");
            assert!(text.contains(cure), "{fault:?}: {text}");
        }
        None => assert_eq!(text, "It rains.", "{fault:?}"),
    }
}

#[test]
fn every_cause_is_told_with_its_cure_and_blames_no_other() {
    for &fault in Fault::ALL {
        let failure = Failure::new(FailureStage::Live, fault, "it rains");
        let mut rig = Rig::on_air(1);
        rig.lose_by(0, failure.clone());
        let banner = rig.screen().banner.expect("a banner");
        assert_told(fault, &banner.text);
        rig.event(Event::DestinationEnded {
            destination: 0,
            failure: Some(failure),
        });
        rig.ended(Outcome::Failed);
        assert_told(fault, &rig.screen().alert.expect("an alert").text);
    }
}
