//! What was learnt about servers, for the life of the process.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use onair_rtmp::Url;

/// Hosts that have something in common.
pub(super) struct Hosts(LazyLock<Mutex<HashSet<String>>>);

/// They took commands one by one but not the first flight.
pub(super) static WITHOUT_PIPELINING: Hosts = Hosts::new();

/// They refuse a second publisher of the same stream: the first has to end before.
pub(super) static WITHOUT_TAKEOVER: Hosts = Hosts::new();

impl Hosts {
    const fn new() -> Self {
        Self(LazyLock::new(Mutex::default))
    }

    /// The host is one of them.
    pub(super) fn remember(&self, url: &Url) {
        self.hosts().insert(host(url));
    }

    /// Whether the host is known as one of them.
    pub(super) fn know(&self, url: &Url) -> bool {
        self.hosts().contains(&host(url))
    }

    fn hosts(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn host(url: &Url) -> String {
    format!("{}:{}", url.host(), url.port())
}
