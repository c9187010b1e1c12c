//! The cryptography for TLS.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

/// The cryptography that clients and servers use on this system.
#[cfg(not(target_vendor = "apple"))]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The cryptography that clients and servers use on this system.
#[cfg(target_vendor = "apple")]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls_graviola::default_provider())
}
