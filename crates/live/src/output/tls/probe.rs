//! One TLS handshake, and what the server showed in it.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use onair_net::tls::provider;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme,
    StreamOwned,
};

use super::{configured, trusted};
use crate::{Error, Failure, FailureStage, Fault, Tls};

/// What a server showed in a TLS handshake, and what came of it.
pub struct Handshake {
    /// The encrypted connection, or why there is none. Nothing is sent to a server that is not trusted.
    pub connection: Result<Box<dyn Encrypted>, Failure>,
    /// The server's certificate and those that came with it, its own first, in DER; empty if it did
    /// not come to that.
    pub certificates: Vec<Vec<u8>>,
    /// Whether an authority that browsers trust by themselves has signed it: `false` for one that
    /// only this system, or this user, trusts.
    pub is_public: bool,
}

/// A connection inside TLS.
pub trait Encrypted: Read + Write + Send {
    /// The connection below.
    fn socket(&self) -> &TcpStream;
}

impl Encrypted for StreamOwned<ClientConnection, TcpStream> {
    fn socket(&self) -> &TcpStream {
        &self.sock
    }
}

/// Whether the certificates that `tls` names can be read.
///
/// # Errors
///
/// When they cannot.
pub fn check(tls: &Tls) -> Result<(), Error> {
    trusted(tls, provider()).map(drop)
}

/// Shakes hands with `host` over `socket`, within `limit`.
///
/// # Errors
///
/// When the certificates that `tls` names cannot be read. What the server does wrong is in
/// [`Handshake::connection`].
pub fn shake_hands(
    host: &str,
    mut socket: TcpStream,
    tls: &Tls,
    limit: Duration,
) -> Result<Handshake, Error> {
    let provider = provider();
    let witness = Arc::new(Witness {
        judge: trusted(tls, provider.clone())?,
        public: public(),
        seen: Mutex::default(),
    });
    let config = configured(witness.clone(), provider);
    let connection = ServerName::try_from(host.to_owned())
        .map_err(|_| no_name(host))
        .and_then(|name| {
            ClientConnection::new(Arc::new(config), name)
                .map_err(|error| failed(&io::Error::other(error), host))
        })
        .and_then(|mut client| {
            exchange(&mut client, &mut socket, limit).map_err(|error| failed(&error, host))?;
            client.set_buffer_limit(Some(UNSENT));
            Ok(Box::new(StreamOwned::new(client, socket)) as Box<dyn Encrypted>)
        });
    let mut seen = witness.seen.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(Handshake {
        connection,
        certificates: std::mem::take(&mut seen.certificates),
        is_public: seen.is_public,
    })
}

/// Speaks until the handshake is done.
fn exchange(
    client: &mut ClientConnection,
    socket: &mut TcpStream,
    limit: Duration,
) -> io::Result<()> {
    let end = Instant::now() + limit;
    while client.is_handshaking() {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        socket.set_read_timeout(Some(left))?;
        socket.set_write_timeout(Some(left))?;
        client.complete_io(socket)?;
    }
    Ok(())
}

fn failed(error: &io::Error, host: &str) -> Failure {
    use io::ErrorKind as E;
    if let Some(failure) = super::failure(error, host, "rtmp:// instead of rtmps://?") {
        return failure;
    }
    let (fault, words) = match error.kind() {
        E::WouldBlock | E::TimedOut => (
            Fault::TimedOut,
            format!("{host} did not answer the TLS handshake"),
        ),
        E::UnexpectedEof | E::ConnectionReset => (
            Fault::TlsFailed,
            format!("{host} hung up on the TLS handshake"),
        ),
        _ => (Fault::TlsFailed, format!("TLS with {host}: {error}")),
    };
    Failure::new(FailureStage::Tls, fault, words)
}

fn no_name(host: &str) -> Failure {
    let words = format!("{host} is no name a certificate can have");
    Failure::untrusted(Fault::CertificateName, words)
}

/// The authorities that browsers trust by themselves.
fn public() -> Option<Arc<WebPkiServerVerifier>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
        .build()
        .ok()
}

/// Lets a judge decide, and keeps what it saw.
#[derive(Debug)]
struct Witness {
    judge: Arc<dyn ServerCertVerifier>,
    public: Option<Arc<WebPkiServerVerifier>>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    certificates: Vec<Vec<u8>>,
    is_public: bool,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verify = |judge: &dyn ServerCertVerifier, now| {
            judge.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        let is_public = self.public.as_ref().is_some_and(|public| {
            is_signed_publicly(now, |now| verify(public.as_ref(), now).map(drop))
        });
        let chain = std::iter::once(end_entity).chain(intermediates);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Seen {
            certificates: chain.map(|certificate| certificate.to_vec()).collect(),
            is_public,
        };
        verify(self.judge.as_ref(), now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.judge.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.judge.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}

/// Whether the chain is sound, whatever its name and, at a time when it was or will be valid,
/// whatever the time.
fn is_signed_publicly(
    now: UnixTime,
    verify: impl Fn(UnixTime) -> Result<(), rustls::Error>,
) -> bool {
    use CertificateError as E;
    use rustls::Error::InvalidCertificate as Invalid;
    let judged = match verify(now) {
        Err(Invalid(E::ExpiredContext { not_after, .. })) => verify(not_after),
        Err(Invalid(E::NotValidYetContext { not_before, .. })) => verify(not_before),
        judged => judged,
    };
    matches!(
        judged,
        Ok(())
            | Err(Invalid(
                E::NotValidForName | E::NotValidForNameContext { .. }
            ))
    )
}

/// How many bytes TLS may hold back: a record.
const UNSENT: usize = 16 * 1024;
