//! Peers at ports of this machine.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use onair_net::tls::provider;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::peer::{Act, Make, Peer};

/// A port where nothing listens.
pub(crate) fn nobody() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// Serves every connection with a peer of its own, for as long as the tests run.
pub(crate) fn serve(make: Make) -> u16 {
    listen(move |socket| talk(socket, make().as_mut()))
}

/// The same, inside TLS.
pub(crate) fn serve_tls(config: Arc<ServerConfig>, make: Make) -> u16 {
    listen(move |socket| {
        let session = ServerConnection::new(config.clone()).expect("a configuration");
        talk(StreamOwned::new(session, socket), make().as_mut());
    })
}

fn listen(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let serve = serve.clone();
            thread::spawn(move || serve(socket));
        }
    });
    port
}

fn talk(mut socket: impl Read + Write, peer: &mut dyn Peer) {
    let began = Instant::now();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match peer.act(began.elapsed()) {
            Act::Say(bytes) => {
                if socket
                    .write_all(&bytes)
                    .and_then(|()| socket.flush())
                    .is_err()
                {
                    return;
                }
            }
            Act::Close => return,
            Act::Wait => match socket.read(&mut buffer) {
                Ok(0) | Err(_) => return,
                Ok(count) => peer.hear(&buffer[..count], began.elapsed()),
            },
        }
    }
}

/// A certificate of a server, and the authority that signed it.
pub(crate) struct Certified {
    pub(crate) config: Arc<ServerConfig>,
    /// The authority's, in PEM.
    pub(crate) authority: String,
}

/// A certificate for `host`, valid from one year to another, signed by `issuer`.
pub(crate) fn certified(issuer: &str, host: &str, (from, until): (i32, i32)) -> Certified {
    let mut params = CertificateParams::new(Vec::<String>::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, issuer);
    let key = || KeyPair::generate().expect("a key");
    let authority = CertifiedIssuer::self_signed(params, key()).expect("a certificate");
    let own = key();
    let certificate = server(host, (from, until))
        .signed_by(&own, &authority)
        .expect("a certificate");
    Certified {
        config: config(certificate.der().clone(), &own),
        authority: authority.pem(),
    }
}

/// A certificate that its own key has signed.
pub(crate) fn self_signed(host: &str) -> Arc<ServerConfig> {
    let key = KeyPair::generate().expect("a key");
    let certificate = server(host, (2020, 2099)).self_signed(&key);
    config(certificate.expect("a certificate").der().clone(), &key)
}

fn server(host: &str, (from, until): (i32, i32)) -> CertificateParams {
    let mut params = CertificateParams::new(vec![host.to_owned()]).expect("a name");
    params.distinguished_name.push(DnType::CommonName, host);
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params
}

fn config(certificate: CertificateDer<'static>, key: &KeyPair) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("the provider knows TLS")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key);
    Arc::new(config.expect("a certificate and its key"))
}
