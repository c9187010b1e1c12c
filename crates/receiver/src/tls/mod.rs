//! Certificates for `rtmps` and `https`.

mod authority;

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::Error;

pub use authority::{Authority, machine_addresses, machine_names};

/// A server's configuration with the certificates (leaf first) and the private key in two PEM files.
///
/// # Errors
///
/// When a file cannot be read, or the two do not belong together.
pub fn from_files(certificates: &Path, key: &Path) -> Result<Arc<ServerConfig>, Error> {
    let refuse = |path: &Path, reason: String| Error::Certificate {
        path: path.to_owned(),
        reason,
    };
    let chain = CertificateDer::pem_file_iter(certificates)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| refuse(certificates, error.to_string()))?;
    if chain.is_empty() {
        return Err(refuse(certificates, "no certificate in it".to_owned()));
    }
    let secret =
        PrivateKeyDer::from_pem_file(key).map_err(|error| refuse(key, error.to_string()))?;
    let config = server(chain, secret).map_err(|error| refuse(key, error.to_string()))?;
    Ok(Arc::new(config))
}

/// A server's configuration with this certificate chain and its key.
pub(crate) fn server(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
}

#[cfg(not(target_vendor = "apple"))]
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

#[cfg(target_vendor = "apple")]
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls_graviola::default_provider())
}
