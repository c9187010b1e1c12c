//! The listening sockets.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::net::TcpListener;

use crate::Error;

/// An address to listen on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    address: SocketAddr,
    is_tls: bool,
    /// Skipped if this machine has no such address.
    is_optional: bool,
}

impl Wanted {
    pub(crate) const fn plain(address: SocketAddr) -> Self {
        Self {
            address,
            is_tls: false,
            is_optional: false,
        }
    }

    pub(crate) const fn tls(address: SocketAddr) -> Self {
        Self {
            is_tls: true,
            ..Self::plain(address)
        }
    }

    pub(crate) fn localhost(port: u16, is_tls: bool) -> [Self; 2] {
        let addresses = [
            (Ipv4Addr::LOCALHOST, port).into(),
            (Ipv6Addr::LOCALHOST, port).into(),
        ];
        addresses.map(|address: SocketAddr| Self {
            address,
            is_tls,
            is_optional: address.is_ipv6(),
        })
    }
}

type Opened = (TcpListener, Option<Arc<ServerConfig>>);

/// Listens; `None` for an optional address that is missing.
pub(crate) async fn open(
    wanted: &Wanted,
    tls: Option<&Arc<ServerConfig>>,
) -> Result<Option<Opened>, Error> {
    let tls = tls.filter(|_| wanted.is_tls).cloned();
    if wanted.is_tls && tls.is_none() {
        return Err(Error::Misuse("rtmps and https need a certificate"));
    }
    let address = wanted.address;
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(Some((listener, tls))),
        Err(error) if wanted.is_optional && is_missing(&error) => Ok(None),
        Err(source) => Err(Error::Listen { address, source }),
    }
}

/// Whether the machine lacks the address, or its whole family.
fn is_missing(error: &std::io::Error) -> bool {
    let is_family = error.raw_os_error() == Some(NO_SUCH_FAMILY);
    is_family
        || matches!(
            error.kind(),
            ErrorKind::AddrNotAvailable | ErrorKind::Unsupported
        )
}

/// `EAFNOSUPPORT`.
const NO_SUCH_FAMILY: i32 = if cfg!(target_vendor = "apple") {
    47
} else {
    97
};
