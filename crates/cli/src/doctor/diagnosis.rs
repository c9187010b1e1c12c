//! What lies behind a failed step: pure, from what was seen.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use onair::probe::conversation_failure;
use onair::rtmp::Error;
use onair::rtmp::publisher::Step as Reached;
use onair::{Failure, Fault};

use super::address::is_near;
use super::cause::Cause;
use super::report::{Finding, Step};
use super::speech::{Http, Speech};
use super::world::System;

/// An attempt to connect to one address.
pub(crate) struct Attempt {
    pub(crate) to: SocketAddr,
    pub(crate) result: Result<Duration, io::Error>,
}

/// Why a name has no addresses.
pub(crate) fn of_name(host: &str, error: &io::Error) -> Finding {
    let words = match error.kind() {
        io::ErrorKind::TimedOut => format!("nobody answered who {host} is"),
        _ => format!("cannot find {host}: {error}"),
    };
    Finding::new(Fault::UnknownHost, words)
}

/// Where to go on, or why nowhere.
pub(crate) fn of_attempts(
    attempts: &[Attempt],
    host: &str,
    system: System,
) -> Result<(SocketAddr, Vec<Finding>), Finding> {
    let reached = attempts.iter().find(|attempt| attempt.result.is_ok());
    let failed = |attempt: &Attempt| Some((attempt.to, attempt.result.as_ref().err()?.kind()));
    let Some(reached) = reached else {
        return Err(unreached(attempts, host, system));
    };
    let mut notes = Vec::new();
    for is_v6 in [false, true] {
        let of_family = || {
            attempts
                .iter()
                .filter(|attempt| attempt.to.is_ipv6() == is_v6)
        };
        let works = of_family().any(|attempt| attempt.result.is_ok());
        if let Some((to, kind)) = of_family().find_map(failed).filter(|_| !works) {
            let words = format!(
                "{} does not work: {} {}",
                family(to),
                to.ip(),
                in_words(kind)
            );
            notes.push(Finding::new(Cause::FamilyBroken, words));
        }
    }
    Ok((reached.to, notes))
}

fn unreached(attempts: &[Attempt], host: &str, system: System) -> Finding {
    use io::ErrorKind as E;
    let failures: Vec<_> = attempts
        .iter()
        .filter_map(|attempt| Some((attempt.to, attempt.result.as_ref().err()?)))
        .collect();
    // What says most: somebody refused; then somebody was silent; then there was no way.
    let find = |kinds: &[E]| {
        let found = failures
            .iter()
            .find(|(_, error)| kinds.contains(&error.kind()));
        found.map(|(to, error)| (*to, error.kind()))
    };
    if let Some((to, kind)) = find(&[E::ConnectionRefused]) {
        let words = format!("{} port {} {}", to.ip(), to.port(), in_words(kind));
        return Finding::new(Fault::NobodyListens, words);
    }
    if let Some((to, kind)) = find(&[E::TimedOut, E::WouldBlock]) {
        let words = format!("{} port {} {}", to.ip(), to.port(), in_words(kind));
        return Finding::new(Fault::TimedOut, words);
    }
    let Some((to, error)) = failures.first() else {
        return Finding::new(Fault::UnknownHost, format!("{host} has no address"));
    };
    let kind = error.kind();
    let is_local = is_near(host) || is_near(&to.ip().to_string());
    if system == System::Apple && is_local && is_no_way(kind) && !to.ip().is_loopback() {
        let words = format!(
            "the system does not let this program reach {}, an address of the local network",
            to.ip()
        );
        return Finding::new(Cause::LocalNetworkPermission, words);
    }
    let is_one_family = failures
        .iter()
        .all(|(other, _)| other.is_ipv6() == to.is_ipv6());
    if is_one_family && is_no_way(kind) && !is_near(host) {
        let family = family(*to);
        let words = format!(
            "{host} has {family} addresses alone, and this machine's network leads to none of them"
        );
        return Finding::new(Cause::FamilyMissing, words);
    }
    Finding::new(
        Fault::Unreachable,
        format!("cannot connect to {}: {error}", to.ip()),
    )
}

const fn is_no_way(kind: io::ErrorKind) -> bool {
    use io::ErrorKind as E;
    matches!(
        kind,
        E::HostUnreachable | E::NetworkUnreachable | E::AddrNotAvailable | E::NetworkDown
    )
}

pub(crate) const fn family(address: SocketAddr) -> &'static str {
    match address {
        SocketAddr::V4(_) => "IPv4",
        SocketAddr::V6(_) => "IPv6",
    }
}

fn in_words(kind: io::ErrorKind) -> String {
    match kind {
        io::ErrorKind::ConnectionRefused => "refuses connections".to_owned(),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "is silent".to_owned(),
        other => format!("cannot be reached ({other})"),
    }
}

/// What was found out about a port that does not do what it should.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Port<'a> {
    pub(crate) host: &'a str,
    pub(crate) number: u16,
    pub(crate) is_secure: bool,
}

/// What speaks at a port in place of RTMP; `None` for what tells nothing.
pub(crate) fn of_speech(speech: &Speech, port: Port<'_>) -> Option<Finding> {
    let at = format!("{} port {}", port.host, port.number);
    let (cause, words) = match speech {
        Speech::Silence => return None,
        Speech::Rtmp if port.is_secure => {
            (Cause::PlainPort, format!("{at} speaks RTMP without TLS"))
        }
        Speech::Rtmp => return None,
        Speech::OtherRtmp(version) => (
            Cause::OtherVersion,
            format!("{at} answers with version {version} of the handshake, where 3 is usual"),
        ),
        Speech::Tls => (Cause::TlsPort, format!("{at} speaks TLS")),
        Speech::Http(http) => return Some(of_http(http, port)),
        Speech::Ssh => (Cause::SshServer, format!("an SSH server answers at {at}")),
        Speech::Text(line) => (
            Cause::OtherProtocol,
            format!("another kind of server answers at {at}: \"{line}\""),
        ),
        Speech::Garbage => (
            Cause::Garbage,
            format!("what answers at {at} is no protocol known here"),
        ),
    };
    Some(Finding::new(cause, words))
}

fn of_http(http: &Http, port: Port<'_>) -> Finding {
    let at = format!("{} port {}", port.host, port.number);
    let is_rtmps_port = matches!(port.number, 1935 | 1936);
    if http.wants_tls && !port.is_secure {
        return Finding::new(Cause::TlsPort, format!("{at} wants TLS"));
    }
    if http.is_proxy {
        let words = format!("a web proxy answers at {at} (status {})", http.status);
        return Finding::new(Cause::Proxy, words);
    }
    let is_log_in = http.status == 511 || http.leads_away_from(port.host);
    if is_log_in || is_rtmps_port && http.is_page && http.status < 400 {
        let words = format!(
            "a web page answers at {at} in place of the server: this network wants a log-in"
        );
        return Finding::new(Cause::CaptivePortal, words);
    }
    let words = format!("a web server answers at {at} (status {})", http.status);
    Finding::new(Cause::WebServer, words)
}

/// Why the handshake failed, if what was heard tells.
pub(crate) fn of_handshake(error: &Error, heard: &[u8], port: Port<'_>) -> Option<Finding> {
    let speech = Speech::of(heard);
    if let Some(finding) = of_speech(
        &speech,
        Port {
            is_secure: false,
            ..port
        },
    ) {
        return Some(finding);
    }
    if speech == Speech::Rtmp {
        let words = format!("the handshake ends after {} of 3073 bytes", heard.len());
        return Some(Finding::new(Cause::CutShort, words));
    }
    matches!(error, Error::Closed { .. }).then(|| {
        let words = format!(
            "{} port {} takes the connection and closes it at once",
            port.host, port.number
        );
        Finding::new(Cause::ClosedAtOnce, words)
    })
}

/// Why a conversation failed after the handshake.
pub(crate) fn of_conversation(error: &Error, reached: Reached) -> Finding {
    let failure = conversation_failure(error, reached, None);
    let words = failure.to_string();
    match error {
        Error::CredentialsNeeded { .. } => Finding::new(failure.fault, words).at(Step::Login),
        Error::CredentialsRejected { description } => {
            Finding::new(of_login(description), words).at(Step::Login)
        }
        Error::Closed { during } => {
            let due = during.awaited();
            let words = format!("the server closed the connection where {due} was due");
            Finding::new(of_close(reached), words)
        }
        Error::Refused { .. } => of_refusal(&failure),
        Error::Url(_)
        | Error::Invalid { .. }
        | Error::PeerMisbehaved { .. }
        | Error::LimitExceeded { .. }
        | Error::TimedOut { .. }
        | Error::Redirected { .. }
        | Error::CodecRefused { .. }
        | Error::Misuse { .. } => Finding::new(failure.fault, words),
    }
}

fn of_refusal(failure: &Failure) -> Finding {
    let words = failure.to_string();
    let says_codec = words.to_ascii_lowercase().contains("codec");
    match failure.fault {
        Fault::KeyInUse => Finding::new(
            Fault::KeyInUse,
            format!("{words}; the broadcast that is running was not touched"),
        ),
        Fault::Refused if says_codec => Finding::new(Fault::CodecRefused, words),
        fault => Finding::new(fault, words),
    }
}

/// Adobe's and Limelight's words for what is wrong with a login.
fn of_login(description: &str) -> Cause {
    let description = description.to_ascii_lowercase();
    match () {
        () if description.contains("nosuchuser") => Cause::UserUnknown,
        () if description.contains("authfailed") => Cause::PasswordWrong,
        () => Cause::Known(Fault::LoginRejected),
    }
}

const fn of_close(reached: Reached) -> Cause {
    match reached {
        Reached::Handshake => Cause::ClosedAtOnce,
        Reached::Connect => Cause::ClosedAtConnect,
        Reached::CreateStream | Reached::Publish => Cause::ClosedAtPublish,
        Reached::Play | Reached::Live | Reached::Farewell | Reached::Closed => {
            Cause::Known(Fault::AcceptedThenDropped)
        }
    }
}

/// Why a stream that was taken ended after `lasted`.
pub(crate) fn of_drop(error: &Error, lasted: Duration) -> Finding {
    let failure = conversation_failure(error, Reached::Live, None);
    let words = format!(
        "the server took the stream and dropped it after {:.1} s: {failure}",
        lasted.as_secs_f64()
    );
    match error {
        Error::Refused { .. } if failure.fault != Fault::Refused => {
            Finding::new(failure.fault, words)
        }
        _ => Finding::new(Fault::AcceptedThenDropped, words),
    }
}
