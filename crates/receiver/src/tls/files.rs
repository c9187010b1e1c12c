use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use onair_net::tls::provider;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::Error;

/// Certificates (leaf first) and their private key in two PEM files, which may be replaced while in
/// use: see [`reload`](Self::reload). Clones are the same.
#[derive(Clone, Debug)]
pub struct CertificateFiles(Arc<Files>);

#[derive(Debug)]
struct Files {
    certificates: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
}

/// A server's configuration with the certificates (leaf first) and the private key in two PEM files.
///
/// # Errors
///
/// When a file cannot be read, or the two do not belong together.
pub fn from_files(certificates: &Path, key: &Path) -> Result<Arc<ServerConfig>, Error> {
    CertificateFiles::open(certificates, key)?.server()
}

impl CertificateFiles {
    /// Reads both files.
    ///
    /// # Errors
    ///
    /// When one cannot be read, or the two do not belong together.
    pub fn open(certificates: &Path, key: &Path) -> Result<Self, Error> {
        let current = read(certificates, key)?;
        Ok(Self(Arc::new(Files {
            certificates: certificates.to_owned(),
            key: key.to_owned(),
            current: RwLock::new(Arc::new(current)),
        })))
    }

    /// Reads the files anew, for new connections.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); the old certificates then stay in use.
    pub fn reload(&self) -> Result<(), Error> {
        let fresh = read(&self.0.certificates, &self.0.key)?;
        let mut current = self
            .0
            .current
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(fresh);
        Ok(())
    }

    /// A server's configuration with them.
    ///
    /// # Errors
    ///
    /// When the cryptography cannot be used for TLS.
    pub fn server(&self) -> Result<Arc<ServerConfig>, Error> {
        let builder = ServerConfig::builder_with_provider(provider());
        let builder = builder.with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| refuse(&self.0.certificates, error))?;
        let config = builder
            .with_no_client_auth()
            .with_cert_resolver(self.0.clone());
        Ok(Arc::new(config))
    }
}

impl ResolvesServerCert for Files {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Some(current.clone())
    }
}

fn read(certificates: &Path, key: &Path) -> Result<CertifiedKey, Error> {
    let chain = CertificateDer::pem_file_iter(certificates)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| refuse(certificates, error))?;
    if chain.is_empty() {
        return Err(refuse(certificates, "no certificate in it"));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| refuse(key, error))?;
    CertifiedKey::from_der(chain, secret, &provider()).map_err(|error| refuse(key, error))
}

fn refuse(path: &Path, reason: impl std::fmt::Display) -> Error {
    Error::Certificate {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}
