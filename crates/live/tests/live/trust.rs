//! Whom a broadcast trusts when the URL says `rtmps`.

use std::path::PathBuf;
use std::sync::Arc;

use crate::support::{Peer, Script, finish, gop};
use onair::flv::TagKind;
use onair::rtmp::Url;
use onair::{Broadcast, Destination, Event, Outcome, Pace, Report, Tls};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

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
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key);
        Arc::new(config.unwrap())
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        // The file is in the temporary directory: one left behind does no harm.
        let _ = std::fs::remove_file(&self.file);
    }
}
