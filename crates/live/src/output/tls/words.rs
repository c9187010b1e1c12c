//! What rustls and webpki report, in words for people: cause by cause, never in their own.

use rustls::pki_types::pem;
use rustls::{AlertDescription, CertificateError, Error};

use crate::Fault;
use crate::failure::{Failure, FailureStage};

/// Why a TLS handshake with `host` failed, if TLS was the cause.
///
/// `advice` is what to try if the server does not speak TLS.
pub(crate) fn failure(error: &std::io::Error, host: &str, advice: &str) -> Option<Failure> {
    let inner = error.get_ref()?.downcast_ref::<Error>()?;
    tracing::debug!(error = ?inner, host, "TLS failed");
    Some(of(inner, host, advice))
}

/// The server does not speak TLS on this port.
pub(crate) fn not_tls(host: &str, advice: &str) -> Failure {
    let words = format!("{host} does not speak TLS on this port ({advice})");
    Failure::untrusted(Fault::NotTls, words)
}

/// Why certificates that a user named, or that the system keeps, cannot be trusted.
pub(super) fn store(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(_) => "a certificate in it is damaged, or of an old kind",
        _ => "there are no certificates in it",
    }
    .to_owned()
}

/// Why a file of certificates cannot be read.
pub(super) fn pem(error: &pem::Error) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        pem::Error::NoItemsFound => "no certificate in it".to_owned(),
        _ => "it is no PEM file, or a damaged one".to_owned(),
    }
}

fn of(error: &Error, host: &str, advice: &str) -> Failure {
    match error {
        Error::InvalidCertificate(fault) => certificate(fault, host),
        Error::InvalidMessage(_) => not_tls(host, advice),
        Error::AlertReceived(alert) => said(*alert, host),
        Error::PeerIncompatible(_) | Error::NoApplicationProtocol => nothing_in_common(host),
        other => Failure::untrusted(Fault::TlsFailed, breach(other, host)),
    }
}

fn breach(error: &Error, host: &str) -> String {
    match error {
        Error::NoCertificatesPresented => format!("{host} shows no certificate"),
        Error::UnsupportedNameType => format!("{host} is no name that a certificate can have"),
        Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. }
        | Error::PeerMisbehaved(_)
        | Error::PeerSentOversizedRecord
        | Error::DecryptError => format!(
            "{host} does not keep to the rules of TLS: its software is faulty, or something on the \
             way changes what it sends"
        ),
        Error::FailedToGetCurrentTime => "this machine does not know what time it is".to_owned(),
        Error::FailedToGetRandomBytes => "this machine has no random numbers to give".to_owned(),
        Error::InvalidCertRevocationList(_) => unknown_revocation(host),
        _ => format!("a TLS connection to {host} cannot be set up on this machine"),
    }
}

fn nothing_in_common(host: &str) -> Failure {
    let words = format!(
        "{host} takes none of our versions and ciphers of TLS: it has to know TLS 1.2 or 1.3"
    );
    Failure::untrusted(Fault::TlsFailed, words)
}

/// The server refuses to go on. Reasons that may pass are worth another attempt.
fn said(alert: AlertDescription, host: &str) -> Failure {
    use AlertDescription as A;
    let (fault, words) = match alert {
        A::HandshakeFailure | A::ProtocolVersion | A::InsufficientSecurity => {
            return nothing_in_common(host);
        }
        A::UnrecognisedName => (
            Fault::CertificateName,
            format!(
                "the server has no certificate for {host}: use the name that the service gives"
            ),
        ),
        A::NoCertificate
        | A::BadCertificate
        | A::UnsupportedCertificate
        | A::CertificateRevoked
        | A::CertificateExpired
        | A::CertificateUnknown
        | A::UnknownCA
        | A::AccessDenied
        | A::CertificateRequired => (
            Fault::TlsFailed,
            format!("{host} asks for a certificate of ours, which this program cannot show"),
        ),
        other => return broken_off(other, host),
    };
    Failure::untrusted(fault, words)
}

fn broken_off(alert: AlertDescription, host: &str) -> Failure {
    use AlertDescription as A;
    let words = match alert {
        A::InternalError | A::UserCanceled | A::CloseNotify => {
            format!("{host} broke the TLS handshake off because of a trouble of its own")
        }
        other => format!(
            "{host} broke the TLS handshake off (alert {} of RFC 8446)",
            u8::from(other)
        ),
    };
    Failure::new(FailureStage::Tls, Fault::TlsFailed, words)
}

fn certificate(error: &CertificateError, host: &str) -> Failure {
    use CertificateError as E;
    let (fault, words) = match error {
        E::Expired | E::ExpiredContext { .. } | E::NotValidYet | E::NotValidYetContext { .. } => {
            (Fault::CertificateExpired, out_of_time(error, host))
        }
        E::NotValidForName => (Fault::CertificateName, wrong_name(host, &[])),
        E::NotValidForNameContext { presented, .. } => {
            (Fault::CertificateName, wrong_name(host, presented))
        }
        E::UnknownIssuer => (
            Fault::CertificateUntrusted,
            format!("the certificate of {host} is not signed by anybody this system trusts"),
        ),
        E::BadSignature => (
            Fault::CertificateUntrusted,
            format!(
                "the certificate of {host} is not signed by the authority that it names: that one \
                 may have been made anew under its old name"
            ),
        ),
        E::Other(other) => match other.0.downcast_ref::<webpki::Error>() {
            Some(error) => by_webpki(error, host),
            None => (
                Fault::CertificateUnusable,
                format!("the certificate of {host} is refused: {other}"),
            ),
        },
        other => (Fault::CertificateUnusable, unusable(other, host)),
    };
    Failure::untrusted(fault, words)
}

fn out_of_time(fault: &CertificateError, host: &str) -> String {
    match fault {
        CertificateError::ExpiredContext { time, not_after } => {
            let days = time.as_secs().saturating_sub(not_after.as_secs()) / DAY;
            format!("the certificate of {host} has expired ({days} days ago)")
        }
        CertificateError::Expired => format!("the certificate of {host} has expired"),
        _ => format!("the certificate of {host} is not valid yet: is the clock right?"),
    }
}

/// `presented` is what a stranger wrote, as webpki prints it, `DnsName("live.example")`.
fn wrong_name(host: &str, presented: &[String]) -> String {
    let names = presented.iter().filter_map(|printed| {
        let (_, inner) = printed.strip_suffix(')')?.split_once('(')?;
        let name = inner.trim_matches('"');
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ".:-_*".contains(c);
        (name.len() <= MAX_NAME_LENGTH && name.chars().all(is_plain)).then_some(name)
    });
    let names: Vec<_> = names.take(MAX_NAMES).collect();
    let of = match &names[..] {
        [] => String::new(),
        names => format!(", but for {}", names.join(", ")),
    };
    format!("the certificate presented is not for {host}{of}")
}

fn unusable(fault: &CertificateError, host: &str) -> String {
    use CertificateError as E;
    let why = match fault {
        E::BadEncoding => "is damaged",
        E::Revoked => "was revoked",
        E::UnhandledCriticalExtension => "demands something that this program does not know",
        E::UnsupportedSignatureAlgorithmContext { .. }
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "is signed in a way that this program does not take, like SHA-1 or a short key"
        }
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => "is not meant for servers",
        E::UnknownRevocationStatus
        | E::ExpiredRevocationList
        | E::ExpiredRevocationListContext { .. }
        | E::InvalidOcspResponse => return unknown_revocation(host),
        _ => "is not accepted by this system",
    };
    format!("the certificate of {host} {why}")
}

fn unknown_revocation(host: &str) -> String {
    format!("whether the certificate of {host} was revoked cannot be found out")
}

/// Errors that rustls passes on from webpki.
fn by_webpki(error: &webpki::Error, host: &str) -> (Fault, String) {
    use webpki::Error as E;
    let why = match error {
        E::CaUsedAsEndEntity => {
            let words = format!(
                "the certificate of {host} is that of an authority, and signed by nobody else"
            );
            return (Fault::CertificateUntrusted, words);
        }
        E::EndEntityUsedAsCa | E::PathLenConstraintViolated => {
            "is signed by somebody whose own certificate does not allow that"
        }
        E::NameConstraintViolation => "is signed by an authority that may not speak for this name",
        E::CertDistrusted => "is signed by an authority that this system has disowned",
        E::MaximumNameConstraintComparisonsExceeded
        | E::MaximumPathBuildCallsExceeded
        | E::MaximumPathDepthExceeded
        | E::MaximumSignatureChecksExceeded => "comes with a chain that is too long to check",
        E::UnsupportedCertVersion => "is of an old kind (X.509 before version 3): make a new one",
        E::UnsupportedCriticalExtension | E::UnsupportedNameType => {
            "demands something that this program does not know"
        }
        _ => "is not well made",
    };
    let words = format!("the certificate of {host} {why}");
    (Fault::CertificateUnusable, words)
}

const DAY: u64 = 24 * 60 * 60;
/// The longest name (RFC 1035, section 2.3.4).
const MAX_NAME_LENGTH: usize = 253;
/// A certificate may have thousands.
const MAX_NAMES: usize = 5;

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use rustls::pki_types::{ServerName, UnixTime};
    use rustls::server::VerifierBuilderError;
    use rustls::{
        CertRevocationListError, InconsistentKeys, InvalidMessage, OtherError, PeerIncompatible,
        PeerMisbehaved,
    };

    use super::*;

    fn by_webpki(error: webpki::Error) -> Error {
        CertificateError::Other(OtherError(Arc::new(error))).into()
    }

    fn certificates() -> Vec<Error> {
        use CertificateError as E;
        let time = UnixTime::since_unix_epoch(Duration::from_secs(4_000_000_000));
        let other = UnixTime::since_unix_epoch(Duration::from_secs(1));
        let expected = ServerName::try_from("live.example").unwrap();
        let presented = vec![
            "DnsName(\"studio.example\")".to_owned(),
            "IpAddress(192.0.2.1)".to_owned(),
            "DirectoryName".to_owned(),
            "DnsName(\"\u{1b}[2Jtrick\")".to_owned(),
        ];
        [
            E::BadEncoding,
            E::Expired,
            E::ExpiredContext {
                time,
                not_after: other,
            },
            E::NotValidYet,
            E::NotValidYetContext {
                time: other,
                not_before: time,
            },
            E::Revoked,
            E::UnhandledCriticalExtension,
            E::UnknownIssuer,
            E::UnknownRevocationStatus,
            E::ExpiredRevocationList,
            E::BadSignature,
            E::UnsupportedSignatureAlgorithmContext {
                signature_algorithm_id: vec![1],
                supported_algorithms: Vec::new(),
            },
            E::NotValidForName,
            E::NotValidForNameContext {
                expected,
                presented,
            },
            E::InvalidPurpose,
            E::InvalidOcspResponse,
            E::ApplicationVerificationFailure,
        ]
        .map(Error::from)
        .to_vec()
    }

    fn others() -> Vec<Error> {
        let alerts = (0..=255).map(|number| Error::AlertReceived(AlertDescription::from(number)));
        alerts
            .chain([
                Error::InvalidMessage(InvalidMessage::InvalidContentType),
                Error::NoCertificatesPresented,
                Error::UnsupportedNameType,
                Error::DecryptError,
                Error::EncryptError,
                PeerIncompatible::NoCipherSuitesInCommon.into(),
                PeerMisbehaved::TooManyEmptyFragments.into(),
                Error::InvalidCertRevocationList(CertRevocationListError::BadSignature),
                Error::General("VerifierBuilderError".to_owned()),
                Error::FailedToGetCurrentTime,
                Error::FailedToGetRandomBytes,
                Error::HandshakeNotComplete,
                Error::PeerSentOversizedRecord,
                Error::NoApplicationProtocol,
                Error::BadMaxFragmentSize,
                InconsistentKeys::Unknown.into(),
                Error::Other(OtherError(Arc::new(VerifierBuilderError::NoRootAnchors))),
                by_webpki(webpki::Error::CaUsedAsEndEntity),
                by_webpki(webpki::Error::EndEntityUsedAsCa),
                by_webpki(webpki::Error::NameConstraintViolation),
                by_webpki(webpki::Error::UnsupportedCertVersion),
                by_webpki(webpki::Error::MaximumPathDepthExceeded),
                by_webpki(webpki::Error::SignatureAlgorithmMismatch),
            ])
            .collect()
    }

    /// Whether there are names of types and fields: no sentence of ours has a capital letter inside
    /// a word, except in these.
    fn looks_dumped(words: &str) -> bool {
        let ours = ["TLS", "SHA-1", "RFC", "X.509"];
        let is_word = |word: &&str| !ours.iter().any(|own| word.contains(own));
        let mut words = words.split([' ', ',', ':', ')']).filter(is_word);
        words.any(|word| {
            word.contains(['{', '"', '\u{1b}']) || word.chars().skip(1).any(char::is_uppercase)
        })
    }

    #[test]
    fn nothing_that_rustls_says_reaches_anybody_as_it_stands() {
        for error in certificates().into_iter().chain(others()) {
            let words = of(&error, "live.example", "try it without").to_string();
            assert!(!looks_dumped(&words), "{error:?}: {words}");
            assert!(words.len() > 20, "{error:?}: {words}");
        }
    }

    #[test]
    fn what_is_known_has_its_fault() {
        use CertificateError as E;
        for (error, fault) in [
            (E::Expired.into(), Fault::CertificateExpired),
            (E::NotValidForName.into(), Fault::CertificateName),
            (E::BadSignature.into(), Fault::CertificateUntrusted),
            (E::UnknownIssuer.into(), Fault::CertificateUntrusted),
            (
                by_webpki(webpki::Error::CaUsedAsEndEntity),
                Fault::CertificateUntrusted,
            ),
            (
                Error::InvalidMessage(InvalidMessage::InvalidContentType),
                Fault::NotTls,
            ),
        ] {
            assert_eq!(
                of(&error, "live.example", "try it without").fault,
                fault,
                "{error:?}"
            );
        }
    }

    #[test]
    fn the_names_of_another_host_are_shown_and_nothing_else_it_made_up() {
        let presented = [
            "DnsName(\"studio.example\")",
            "IpAddress(192.0.2.1)",
            "DnsName(\"\u{1b}[2Jtrick\")",
        ];
        let words = wrong_name("live.example", &presented.map(str::to_owned));
        let expected = "the certificate presented is not for live.example, but for \
                        studio.example, 192.0.2.1";
        assert_eq!(words, expected);
    }
}
