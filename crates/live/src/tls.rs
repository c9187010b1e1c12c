use std::path::Path;
use std::sync::{Arc, OnceLock};

use onair_rtmp::Scheme;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_platform_verifier::Verifier;

use crate::{Error, Tls};

/// Whom one destination trusts. Looked up when it is first needed: reading the system's store
/// takes longer than a whole publish may.
#[derive(Debug)]
pub(crate) struct Trust {
    tls: Tls,
    client: OnceLock<Arc<ClientConfig>>,
}

impl Trust {
    /// Reads the certificates at once when something is wished for that could be wrong.
    pub(crate) fn new(tls: &Tls, scheme: Scheme) -> Result<Self, Error> {
        let trust = Self {
            tls: tls.clone(),
            client: OnceLock::new(),
        };
        if scheme == Scheme::Rtmps || tls.ca.is_some() {
            trust.client()?;
        }
        Ok(trust)
    }

    /// The configuration to connect with.
    pub(crate) fn client(&self) -> Result<Arc<ClientConfig>, Error> {
        if let Some(client) = self.client.get() {
            return Ok(client.clone());
        }
        let client = client(&self.tls)?;
        Ok(self.client.get_or_init(|| client).clone())
    }
}

/// A client configuration that trusts whom `tls` says.
fn client(tls: &Tls) -> Result<Arc<ClientConfig>, Error> {
    let provider = provider();
    let verifier: Arc<dyn ServerCertVerifier> = if tls.insecure {
        Arc::new(Anybody(provider.clone()))
    } else {
        Arc::new(verifier(tls.ca.as_deref(), provider.clone())?)
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider knows TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Why a TLS handshake failed with `host`, in words, if it failed over trust.
pub(crate) fn distrust(error: &std::io::Error, host: &str) -> Option<String> {
    let inner = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(match inner {
        rustls::Error::InvalidCertificate(fault) => certificate(fault, host),
        rustls::Error::InvalidMessage(_) => {
            format!("{host} does not speak TLS on this port (rtmp:// instead of rtmps://?)")
        }
        other => format!("TLS with {host} failed: {other}"),
    })
}

fn certificate(fault: &CertificateError, host: &str) -> String {
    use CertificateError as E;
    match fault {
        E::Expired => format!("the certificate of {host} has expired"),
        E::ExpiredContext { time, not_after } => {
            let days = time.as_secs().saturating_sub(not_after.as_secs()) / DAY;
            format!("the certificate of {host} has expired ({days} days ago)")
        }
        E::NotValidYet | E::NotValidYetContext { .. } => {
            format!("the certificate of {host} is not valid yet: is the clock right?")
        }
        E::NotValidForName => format!("the certificate presented is not for {host}"),
        E::NotValidForNameContext { presented, .. } => format!(
            "the certificate presented is not for {host}, but for {}",
            presented.join(", ")
        ),
        E::UnknownIssuer => format!(
            "the certificate of {host} is not signed by anybody this system trusts (name its authority with --ca FILE)"
        ),
        E::Revoked => format!("the certificate of {host} was revoked"),
        other => format!("the certificate of {host} is not acceptable: {other}"),
    }
}

const DAY: u64 = 24 * 60 * 60;

#[cfg(not(target_vendor = "apple"))]
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

#[cfg(target_vendor = "apple")]
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls_graviola::default_provider())
}

/// The system's trust and, besides, the certificates in a PEM file.
fn verifier(ca: Option<&Path>, provider: Arc<CryptoProvider>) -> Result<Verifier, Error> {
    let extra = ca.map(certificates).transpose()?.unwrap_or_default();
    let refuse = |error: rustls::Error| Error::Certificates {
        path: ca.unwrap_or_else(|| Path::new("the system's store")).into(),
        reason: error.to_string(),
    };
    Verifier::new_with_extra_roots(extra, provider).map_err(refuse)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let refuse = |reason: String| Error::Certificates {
        path: path.to_owned(),
        reason,
    };
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| refuse(error.to_string()))?;
    if found.is_empty() {
        return Err(refuse("no certificate in it".to_owned()));
    }
    Ok(found)
}

/// Trusts whoever answers. The signatures are still checked: it is one and the same.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
