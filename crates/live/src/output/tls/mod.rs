pub(crate) mod probe;
mod verify;
mod words;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use onair_net::tls::provider;
use rustls::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;

use self::verify::{Anybody, Named};
use crate::{Error, Tls};

pub(crate) use self::words::{failure, not_tls};

/// Which servers one destination trusts. Looked up when first needed: reading the system's store
/// takes longer than a whole publish may.
#[derive(Debug)]
pub(crate) struct Trust {
    tls: Tls,
    client: OnceLock<Arc<ClientConfig>>,
}

impl Trust {
    /// Reads the certificates at once if they will be needed, or a user named some.
    pub(crate) fn new(tls: &Tls, is_secure: bool) -> Result<Self, Error> {
        let trust = Self {
            tls: tls.clone(),
            client: OnceLock::new(),
        };
        if is_secure || tls.ca.is_some() {
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

/// A client configuration with the trust that `tls` describes.
fn client(tls: &Tls) -> Result<Arc<ClientConfig>, Error> {
    let provider = provider();
    Ok(Arc::new(configured(
        trusted(tls, provider.clone())?,
        provider,
    )))
}

/// Whom `tls` trusts.
fn trusted(tls: &Tls, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    match tls.insecure {
        true => Ok(Arc::new(Anybody(provider))),
        false => verifier(tls.ca.as_deref(), provider),
    }
}

fn configured(
    verifier: Arc<dyn ServerCertVerifier>,
    provider: Arc<CryptoProvider>,
) -> ClientConfig {
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider knows TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth()
}

/// The system's trust and, besides, the certificates in a PEM file.
fn verifier(
    ca: Option<&Path>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let extra = ca.map(certificates).transpose()?.unwrap_or_default();
    let refuse = |error: rustls::Error| Error::Certificates {
        path: ca.unwrap_or_else(|| Path::new("the system's store")).into(),
        reason: words::store(&error),
    };
    let system = Verifier::new_with_extra_roots(extra.clone(), provider).map_err(refuse)?;
    Ok(match extra.is_empty() {
        true => Arc::new(system),
        false => Arc::new(Named {
            certificates: extra,
            system,
        }),
    })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let refuse = |reason: String| Error::Certificates {
        path: path.to_owned(),
        reason,
    };
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| refuse(words::pem(&error)))?;
    if found.is_empty() {
        return Err(refuse("no certificate in it".to_owned()));
    }
    Ok(found)
}
