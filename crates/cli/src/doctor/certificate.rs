//! What a server's certificate says, and whose fault it is when it does not do.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use onair::{Failure, Fault};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::cause::Cause;
use super::report::Finding;
use super::service;

/// What was seen of a server's identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Who it is for.
    pub(crate) subject: String,
    /// Who signed it.
    pub(crate) issuer: String,
    /// From when to when it is valid.
    pub(crate) valid: Option<(SystemTime, SystemTime)>,
    pub(crate) is_self_signed: bool,
    /// Browsers trust its authority by themselves.
    pub(crate) is_public: bool,
    /// All that names who signed it, the whole chain through.
    pub(crate) signers: String,
}

/// The clocks to compare.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clocks {
    pub(crate) own: SystemTime,
    /// The one of the server's machine, if it could be asked.
    pub(crate) theirs: Option<SystemTime>,
}

impl Shown {
    /// Reads a chain in DER, the server's own first.
    pub(crate) fn read(chain: &[Vec<u8>], is_public: bool) -> Self {
        let Some(own) = chain.first() else {
            return Self::default();
        };
        let Ok((_, leaf)) = X509Certificate::from_der(own) else {
            return Self::default();
        };
        let signers = chain.iter().filter_map(|der| {
            let (_, certificate) = X509Certificate::from_der(der).ok()?;
            Some(certificate.issuer().to_string())
        });
        let at = |seconds: i64| {
            let after = Duration::from_secs(seconds.unsigned_abs());
            let after = if seconds < 0 { Duration::ZERO } else { after };
            UNIX_EPOCH.checked_add(after).unwrap_or(UNIX_EPOCH)
        };
        let validity = leaf.validity();
        Self {
            subject: leaf.subject().to_string(),
            issuer: leaf.issuer().to_string(),
            valid: Some((
                at(validity.not_before.timestamp()),
                at(validity.not_after.timestamp()),
            )),
            is_self_signed: leaf.subject() == leaf.issuer(),
            is_public,
            signers: signers.collect::<Vec<_>>().join(", "),
        }
    }

    /// Whether a program or device that opens TLS signed it.
    fn middlebox(&self) -> Option<&'static str> {
        let signers = self.signers.to_ascii_lowercase();
        MIDDLEBOXES
            .iter()
            .copied()
            .find(|name| signers.contains(&name.to_ascii_lowercase()))
    }

    fn is_valid_at(&self, time: SystemTime) -> bool {
        self.valid
            .is_some_and(|(from, to)| from <= time && time <= to)
    }
}

/// Why a server is not trusted.
pub(crate) fn refused(failure: &Failure, shown: &Shown, clocks: Clocks, host: &str) -> Finding {
    let words = failure.to_string();
    match failure.fault {
        Fault::CertificateExpired => out_of_time(words, shown, clocks),
        Fault::CertificateUntrusted => untrusted(words, shown, host),
        Fault::CertificateUnusable if shown.is_self_signed => untrusted(words, shown, host),
        fault => Finding::new(fault, words),
    }
}

/// Who is trusted, though no browser would.
pub(crate) fn note(shown: &Shown, is_named: bool) -> Option<Finding> {
    if shown.is_public || is_named {
        return None;
    }
    let who = shown.middlebox().unwrap_or(&shown.issuer);
    let words = format!(
        "the certificate is signed by {who}, which is no public authority: this machine was told \
         to trust it"
    );
    let cure = "If that is your own authority, all is well. Otherwise a company's firewall, a \
                filter or an antivirus program opens TLS here, and reads the stream key.";
    Some(Finding::new(Cause::Intercepted, words).cured_by(cure))
}

/// A certificate too old or too new, or a clock that is wrong: whichever is likelier.
fn out_of_time(words: String, shown: &Shown, clocks: Clocks) -> Finding {
    let (own, is_early) = (
        clocks.own,
        shown.valid.is_some_and(|(from, _)| clocks.own < from),
    );
    let of_certificate = match is_early {
        true => Cause::NotYetValid,
        false => Cause::Known(Fault::CertificateExpired),
    };
    let wrong = |why: String| {
        let ours = httpdate::fmt_http_date(own);
        Finding::new(
            Cause::ClockWrong,
            format!("this machine's clock is wrong ({ours}): {why}; so {words}"),
        )
    };
    match clocks.theirs {
        Some(theirs) if apart(own, theirs) > TOLERATED && shown.is_valid_at(theirs) => {
            wrong(format!(
                "the server's machine has {}",
                httpdate::fmt_http_date(theirs)
            ))
        }
        Some(_) => Finding::new(
            of_certificate,
            format!("{words}; the server's machine has the same time as this one"),
        ),
        None if own < written() => wrong("this program was written later".to_owned()),
        None if is_early && shown.is_public => {
            wrong("no authority signs for days to come".to_owned())
        }
        None => Finding::new(
            of_certificate,
            format!(
                "{words}; this machine's clock has {}",
                httpdate::fmt_http_date(own)
            ),
        ),
    }
}

fn untrusted(words: String, shown: &Shown, host: &str) -> Finding {
    if let Some(name) = shown.middlebox() {
        let words = format!("{name} answers in place of {host}: it signed the certificate itself");
        return Finding::new(Cause::Intercepted, words);
    }
    if let Some(service) = service::of_host(host) {
        let words = format!(
            "somebody answers in place of {}: the certificate is signed by {}, which is no public \
             authority",
            service.name, shown.issuer
        );
        return Finding::new(Cause::Intercepted, words);
    }
    match shown.is_self_signed {
        true => Finding::new(
            Cause::SelfSigned,
            format!("the certificate of {host} is signed by itself"),
        ),
        false => Finding::new(
            Fault::CertificateUntrusted,
            format!("{words} (signed by {})", shown.issuer),
        ),
    }
}

fn apart(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other)
        .unwrap_or_else(|error| error.duration())
}

/// The day this was written: no clock that is right has an earlier one.
fn written() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_796_000_000)
}

/// By how much clocks may differ.
const TOLERATED: Duration = Duration::from_secs(300);

/// Who signs in others' names, as their certificates call them.
const MIDDLEBOXES: [&str; 33] = [
    "Zscaler",
    "Fortinet",
    "FortiGate",
    "Palo Alto Networks",
    "Blue Coat",
    "Netskope",
    "Cisco Umbrella",
    "Sophos",
    "Check Point",
    "WatchGuard",
    "SonicWall",
    "Barracuda",
    "Forcepoint",
    "Websense",
    "McAfee Web Gateway",
    "Trend Micro",
    "Untangle",
    "Smoothwall",
    "Lightspeed",
    "Securly",
    "GoGuardian",
    "ContentKeeper",
    "iboss",
    "Kaspersky",
    "ESET SSL Filter",
    "Avast",
    "AVG Web",
    "Bitdefender",
    "Adguard",
    "mitmproxy",
    "Charles Proxy",
    "PortSwigger",
    "Fiddler",
];
