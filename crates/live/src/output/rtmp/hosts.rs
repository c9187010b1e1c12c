//! What was learnt about servers, for as long as the process lives.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use onair_rtmp::Url;

/// The hosts that took the patient order and not the first flight.
static PATIENT: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// The patient order has worked where the first flight had not.
pub(super) fn remember(url: &Url) {
    patient().insert(host(url));
}

/// Whether it has before.
pub(super) fn is_patient(url: &Url) -> bool {
    patient().contains(&host(url))
}

fn patient() -> MutexGuard<'static, HashSet<String>> {
    PATIENT.lock().unwrap_or_else(PoisonError::into_inner)
}

fn host(url: &Url) -> String {
    format!("{}:{}", url.host(), url.port())
}
