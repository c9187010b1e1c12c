//! TLS, certificates and clocks.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use onair::{Failure, FailureStage, Fault, Tls};
use rustls::ServerConfig;

use super::{raw, real, row, rtmp};
use crate::doctor::certificate::Shown;
use crate::doctor::tests::loopback::{Certified, certified, self_signed, serve, serve_tls};
use crate::doctor::tests::peer::Manner;
use crate::doctor::tests::virtual_world::{Answer, VirtualWorld};
use crate::doctor::tests::{KEY, Row, TemporaryFile};

pub(super) fn rows() -> Vec<Row> {
    let mut rows = clocks();
    rows.extend(trust());
    rows.extend(certificates());
    rows.extend(ports());
    rows
}

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What a server shows whose certificate is valid from one day to another, counted from now.
fn shown(issuer: &str, is_public: bool, (from, until): (i32, i32)) -> Shown {
    let at = |days: i32| {
        let apart = DAY * days.unsigned_abs();
        let now = SystemTime::now();
        if days < 0 { now - apart } else { now + apart }
    };
    Shown {
        subject: "CN=live.example".to_owned(),
        issuer: issuer.to_owned(),
        signers: issuer.to_owned(),
        valid: Some((at(from), at(until))),
        is_self_signed: false,
        is_public,
    }
}

fn refused(fault: Fault) -> Result<(), Failure> {
    let words = "the certificate of live.example is not good";
    Err(Failure::new(FailureStage::Tls, fault, words))
}

/// The time of day in `days`, as a web server tells it.
fn web_server(days: u32) -> Answer {
    let time = httpdate::fmt_http_date(SystemTime::now() + DAY * days);
    let says = format!("HTTP/1.1 200 OK\r\nDate: {time}\r\n\r\n");
    Answer::Peer(raw(says, false, true))
}

const PORT: &str = "192.0.2.1:443";

/// A server that works, behind a handshake.
fn behind(shown: Shown, result: Result<(), Failure>) -> VirtualWorld {
    VirtualWorld {
        handshake: Some((shown, result)),
        ..VirtualWorld::new().with(PORT, Answer::Peer(rtmp(Manner::Accept)))
    }
}

fn public(days: (i32, i32)) -> Shown {
    shown("CN=R11,O=Let's Encrypt", true, days)
}

fn private(days: (i32, i32)) -> Shown {
    shown("CN=my own", false, days)
}

fn secure(host: &str) -> String {
    format!("rtmps://{host}/live2/{KEY}")
}

fn clocks() -> Vec<Row> {
    let world = |shown| behind(shown, refused(Fault::CertificateExpired));
    let beside = |shown, days| world(shown).with("192.0.2.1:80", web_server(days));
    let mut stopped = world(public((-10, 20)));
    stopped.wall = UNIX_EPOCH + DAY * 365;
    [
        (
            "expired, and the server has our time",
            beside(public((-90, -1)), 0),
            "tls: certificate-expired",
        ),
        (
            "not valid by our clock, which is behind",
            beside(public((10, 90)), 20),
            "tls: clock-wrong",
        ),
        (
            "not valid yet, by an authority: the clock is behind",
            world(public((5, 90))),
            "tls: clock-wrong",
        ),
        (
            "not valid yet, by nobody known",
            world(private((5, 90))),
            "tls: not-yet-valid",
        ),
        ("a clock of the last century", stopped, "tls: clock-wrong"),
    ]
    .into_iter()
    .map(|(name, world, expected)| row(name, secure("live.example"), world, expected))
    .collect()
}

fn trust() -> Vec<Row> {
    let mute = Answer::Peer(raw("", false, false));
    let mut silent = VirtualWorld::new().with(PORT, mute);
    silent.handshake = Some((Shown::default(), refused(Fault::TimedOut)));
    let youtube = behind(private((-1, 90)), refused(Fault::CertificateUntrusted));
    let inside = behind(shown("CN=Acme Corp Proxy CA", false, (-1, 1)), Ok(()));
    let mut unchecked = behind(private((-1, 90)), Ok(()));
    unchecked.tls.insecure = true;
    [
        ("TLS and silence", "live.example", silent, "tls: timed-out"),
        (
            "YouTube's host with somebody else's certificate",
            "a.rtmps.youtube.com",
            youtube,
            "tls: intercepted",
        ),
        (
            "an authority that was put into this machine",
            "live.example",
            inside,
            "ok tls: intercepted",
        ),
        (
            "not looked at",
            "live.example",
            unchecked,
            "ok tls: not-checked",
        ),
    ]
    .into_iter()
    .map(|(name, host, world, expected)| row(name, secure(host), world, expected))
    .collect()
}

/// The authority's certificate in a file of its own.
fn naming(certified: &Certified) -> TemporaryFile {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("onair-doctor-{}-{count}.pem", std::process::id());
    let file: PathBuf = std::env::temp_dir().join(name);
    std::fs::write(&file, &certified.authority).expect("a temporary file");
    TemporaryFile(file)
}

/// The address of a server with these certificates.
fn served(config: Arc<ServerConfig>) -> String {
    let port = serve_tls(config, rtmp(Manner::Accept));
    format!("rtmps://localhost:{port}/live/{KEY}")
}

fn certificates() -> Vec<Row> {
    let named = |name, host, years, expected| {
        let certified = certified("the tests", host, years);
        let file = naming(&certified);
        let tls = Tls {
            ca: Some(file.0.clone()),
            insecure: false,
        };
        Row {
            file: Some(file),
            ..real(name, served(certified.config), tls, expected)
        }
    };
    let stranger = |name, issuer, expected| {
        let config = certified(issuer, "localhost", (2020, 2099)).config;
        real(name, served(config), Tls::default(), expected)
    };
    vec![
        named(
            "expired",
            "localhost",
            (2020, 2021),
            "tls: certificate-expired",
        ),
        named(
            "not valid yet",
            "localhost",
            (2090, 2099),
            "tls: not-yet-valid",
        ),
        named(
            "a wrong name",
            "elsewhere.example",
            (2020, 2099),
            "tls: certificate-name",
        ),
        stranger(
            "an unknown issuer",
            "nobody known",
            "tls: certificate-untrusted",
        ),
        stranger(
            "a firewall",
            "Zscaler Intermediate Root CA",
            "tls: intercepted",
        ),
        real(
            "self-signed",
            served(self_signed("localhost")),
            Tls::default(),
            "tls: self-signed",
        ),
    ]
}

/// TLS where there is none, and none where there is.
fn ports() -> Vec<Row> {
    let plain = serve(rtmp(Manner::Accept));
    let secure = serve_tls(self_signed("localhost"), rtmp(Manner::Accept));
    vec![
        real(
            "TLS on a plain port",
            format!("rtmps://127.0.0.1:{plain}/live/{KEY}"),
            Tls::default(),
            "tls: plain-port",
        ),
        real(
            "no TLS on a port that has it",
            format!("rtmp://127.0.0.1:{secure}/live/{KEY}"),
            Tls::default(),
            "handshake: tls-port",
        ),
    ]
}
