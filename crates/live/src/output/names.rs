//! Where hosts are.

use std::io;
use std::net::SocketAddr;

/// The addresses of a host, the system's favourite first.
pub(super) async fn lookup(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    #[cfg(test)]
    if let Some(known) = invented::lookup(host) {
        return Ok(known);
    }
    Ok(tokio::net::lookup_host((host, port)).await?.collect())
}

/// Names that a test gives to addresses of its own.
#[cfg(test)]
pub(super) mod invented {
    use std::cell::RefCell;
    use std::collections::HashMap;
    use std::net::SocketAddr;

    thread_local! {
        static NAMES: RefCell<HashMap<String, Vec<SocketAddr>>> = RefCell::default();
    }

    /// From now on a name is known to this test's thread.
    pub(crate) fn know(host: &str, addresses: Vec<SocketAddr>) {
        NAMES.with_borrow_mut(|names| names.insert(host.to_owned(), addresses));
    }

    pub(super) fn lookup(host: &str) -> Option<Vec<SocketAddr>> {
        NAMES.with_borrow(|names| names.get(host).cloned())
    }
}
