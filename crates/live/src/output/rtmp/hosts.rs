//! What was learnt about servers, for as long as the process lives.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use onair_rtmp::Url;

/// The hosts that took commands one by one, and not the first flight.
static WITHOUT_PIPELINING: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// Commands one by one have worked where the first flight had not.
pub(super) fn remember(url: &Url) {
    hosts().insert(host(url));
}

/// Whether they have before.
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
