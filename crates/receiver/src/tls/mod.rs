//! Certificates for `rtmps` and `https`.

mod authority;
mod constraints;
mod files;
mod stated;

use onair_net::tls::provider;
use rustls::ServerConfig;
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
