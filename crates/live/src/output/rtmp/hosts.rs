//! What was learnt about servers, for the life of the process.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use onair_rtmp::Url;

/// The hosts that took commands one by one but not the first flight.
static WITHOUT_PIPELINING: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// Remembers that commands one by one worked where the first flight had not.
pub(super) fn remember(url: &Url) {
    hosts().insert(host(url));
}

/// Whether the host is remembered so.
pub(super) fn want_no_pipelining(url: &Url) -> bool {
    hosts().contains(&host(url))
}

fn hosts() -> MutexGuard<'static, HashSet<String>> {
    let hosts = WITHOUT_PIPELINING.lock();
    hosts.unwrap_or_else(PoisonError::into_inner)
}

fn host(url: &Url) -> String {
    format!("{}:{}", url.host(), url.port())
}
