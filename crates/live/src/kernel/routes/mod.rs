//! News of routes, addresses and interfaces, from the kernel.

#[cfg(any(target_os = "linux", test, fuzzing))]
mod burst;
#[cfg(any(target_os = "linux", test, fuzzing))]
pub(crate) mod message;
#[cfg(target_os = "linux")]
mod netlink;

/// Tells, for ever, when the ways to the network have changed: once for everything that changes at
/// about the same time.
#[cfg(target_os = "linux")]
pub(crate) async fn watch(tell: impl Fn()) {
    if let Err(error) = netlink::watch(tell).await {
        tracing::debug!(%error, "routes are not watched");
    }
}

/// None can be told; on Apple's systems the application is, by `NWPathMonitor`.
#[cfg(not(target_os = "linux"))]
pub(crate) async fn watch(_tell: impl Fn()) {}
