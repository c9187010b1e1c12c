//! Certificates for `rtmps` and `https`.

mod authority;
mod constraints;
mod files;

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

pub use authority::{Authority, machine_addresses, machine_names};
pub use files::{CertificateFiles, from_files};

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
