//! Which servers a broadcast trusts when the URL says `rtmps`.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::support::{Peer, Script, fault, finish, gop, place};
use onair::flv::TagKind;
use onair::rtmp::Url;
use onair::{Broadcast, Destination, Event, Fault, Outcome, Pace, Report, Tls};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

#[test]
fn a_certificate_signed_by_the_named_authority_is_good() {
    let authority = Authority::new("good");
    let peer = Peer::start_tls(authority.server("localhost", 2099));
    let broadcast = publish(peer.url_at("localhost"), authority.tls());
    let published = peer.published();
    let (_, report) = finish(&broadcast);
    assert_eq!(published.media(TagKind::Video).len(), 30);
    assert!(published.ended);
    assert_eq!(report.outcome, Outcome::Finished);
}

#[test]
fn a_certificate_for_another_host_is_refused_in_words() {
    let authority = Authority::new("host");
    let peer = Peer::start_tls(authority.server("elsewhere.example", 2099));
    let report = refused(peer.url_at("localhost"), authority.tls());
    assert!(
        report.reason.contains("not for localhost"),
        "{}",
        report.reason
    );
}

#[test]
fn an_expired_certificate_is_refused_in_words() {
    let authority = Authority::new("expired");
    let peer = Peer::start_tls(authority.server("localhost", 2021));
    let report = refused(peer.url_at("localhost"), authority.tls());
    assert!(report.reason.contains("has expired"), "{}", report.reason);
}

#[test]
fn an_unknown_authority_is_refused_in_words() {
    let authority = Authority::new("unknown");
    let peer = Peer::start_tls(authority.server("localhost", 2099));
    let report = refused(peer.url_at("localhost"), Tls::default());
    assert!(report.reason.contains("not signed by"), "{}", report.reason);
}

#[test]
fn a_servers_own_certificate_is_trusted_when_it_is_named_and_only_then() {
    let own = SelfSigned::new("named");
    let peer = Peer::start_tls(own.server());
    let report = refused(peer.url_at("localhost"), Tls::default());
    assert_eq!(fault(&report), Some(Fault::CertificateUntrusted));
    assert!(!report.reason.contains("CaUsed"), "{}", report.reason);
    // Its name is another, but the user has named this certificate.
    let broadcast = publish(peer.url_at("localhost"), own.tls());
    let (_, report) = finish(&broadcast);
    assert_eq!(report.outcome, Outcome::Finished, "{}", report.reason);
    let other = SelfSigned::new("other");
    let report = refused(peer.url_at("localhost"), other.tls());
    assert!(report.reason.contains("authority"), "{}", report.reason);
}

#[test]
fn an_authority_made_anew_under_its_old_name_is_refused_in_words() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let peer = Peer::start_tls(new.server("localhost", 2099));
    let report = refused(peer.url_at("localhost"), old.tls());
    assert!(!report.reason.contains("BadSignature"), "{}", report.reason);
    assert!(report.reason.contains("signed"), "{}", report.reason);
}

/// A plain RTMP server, which handles a TLS greeting one way or the other, and answers one RTMP
/// greeting.
fn plain(hangs_up: bool) -> (u16, JoinHandle<Option<TcpStream>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut first, _) = listener.accept().unwrap();
        let _some = first.read(&mut [0; 4096]).unwrap();
        let first = (!hangs_up).then_some(first);
        let (mut second, _) = listener.accept().unwrap();
        second.read_exact(&mut [0; 1537]).unwrap();
        second.write_all(&[3]).unwrap();
        first
    });
    (port, server)
}

#[test]
fn a_port_without_tls_is_noticed_whether_it_hangs_up_or_waits() {
    for hangs_up in [true, false] {
        let (port, server) = plain(hangs_up);
        let url = format!("rtmps://127.0.0.1:{port}/live/key");
        let began = Instant::now();
        let report = refused(url.parse().unwrap(), Tls::default());
        assert!(began.elapsed() < Duration::from_secs(2));
        assert_eq!(fault(&report), Some(Fault::NotTls));
        drop(server.join().unwrap());
    }
}

#[test]
fn insecure_takes_anybody_and_says_so() {
    let authority = Authority::new("insecure");
    let peer = Peer::start_tls(authority.server("elsewhere.example", 2021));
    let tls = Tls {
        insecure: true,
        ..Tls::default()
    };
    let broadcast = publish(peer.url_at("localhost"), tls);
    let (events, report) = finish(&broadcast);
    assert_eq!(report.outcome, Outcome::Finished);
    let is_warning = |event: &Event| matches!(event, Event::Warning { message, .. } if message.contains("not checked"));
    assert!(events.iter().any(is_warning), "{events:?}");
}

#[test]
fn a_missing_file_of_certificates_is_said_before_the_show() {
    let mut destination = Destination::new("rtmps://localhost/live/key".parse::<Url>().unwrap());
    destination.tls.ca = Some(PathBuf::from("nowhere.pem"));
    let builder = Broadcast::builder().media(Script::of([])).to(destination);
    let error = builder.start().unwrap_err().to_string();
    assert!(error.contains("nowhere.pem"), "{error}");
}

fn publish(url: Url, tls: Tls) -> Broadcast {
    let mut destination = Destination::new(url);
    destination.tls = tls;
    let builder = Broadcast::builder().media(Script::of(gop(0, 30)));
    builder.pace(Pace::Max).to(destination).start().unwrap()
}

fn refused(url: Url, tls: Tls) -> Report {
    let (events, report) = finish(&publish(url, tls));
    assert_eq!(report.outcome, Outcome::Failed);
    let attempts = events
        .iter()
        .filter(|e| matches!(e, Event::Connecting { .. }));
    assert_eq!(attempts.count(), 1, "trust does not come by trying");
    report
}

/// A self-signed server certificate, as `openssl req -x509` makes them.
pub(crate) struct SelfSigned {
    certificate: rcgen::Certificate,
    key: KeyPair,
    file: PathBuf,
}

impl SelfSigned {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(vec!["elsewhere.example".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2099, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let file = place(&format!("{name}-self.pem"));
        std::fs::write(&file, certificate.pem()).unwrap();
        Self {
            certificate,
            key,
            file,
        }
    }

    pub(crate) fn tls(&self) -> Tls {
        Tls {
            ca: Some(self.file.clone()),
            insecure: false,
        }
    }

    pub(crate) fn server(&self) -> Arc<rustls::ServerConfig> {
        server(self.certificate.der().clone(), &self.key)
    }
}

impl Drop for SelfSigned {
    fn drop(&mut self) {
        // As below.
        let _ = std::fs::remove_file(&self.file);
    }
}

fn server(certificate: CertificateDer<'static>, key: &KeyPair) -> Arc<rustls::ServerConfig> {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key);
    Arc::new(config.unwrap())
}

/// An authority of our own, its certificate in a file.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let file = format!("onair-{}-{name}.pem", std::process::id());
        let file = std::env::temp_dir().join(file);
        std::fs::write(&file, issuer.pem()).unwrap();
        Self { issuer, file }
    }

    fn tls(&self) -> Tls {
        Tls {
            ca: Some(self.file.clone()),
            insecure: false,
        }
    }

    fn server(&self, host: &str, until: i32) -> Arc<rustls::ServerConfig> {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        server(certificate.der().clone(), &key)
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        // The file is in the temporary directory: one left behind does no harm.
        let _ = std::fs::remove_file(&self.file);
    }
}
