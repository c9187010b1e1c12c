//! What the kernel knows about a connection, and how much data it may hold back.

use std::io;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_vendor = "apple", path = "apple.rs")]
#[cfg_attr(
    not(any(target_os = "linux", target_vendor = "apple")),
    path = "other.rs"
)]
mod platform;

/// A connection as the kernel sees it; `None` where it cannot be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Link {
    /// The smoothed round trip.
    pub(crate) rtt: Option<Duration>,
    /// The shortest round trip there was.
    pub(crate) min_rtt: Option<Duration>,
    /// The rate at which data arrives.
    pub(crate) delivery_bps: Option<u64>,
    /// Bytes that the kernel took and has not sent.
    pub(crate) unsent: Option<u64>,
    /// Bytes sent and not acknowledged, by the segment; the unsent ones too if the kernel does not
    /// tell them apart.
    pub(crate) unacked: Option<u64>,
}

/// Asks about a connection.
pub(crate) fn link(socket: &TcpStream) -> Link {
    platform::link(socket)
}

/// Keeps unsent data in user space, where it can still be shed.
pub(crate) fn limit_unsent(socket: &SockRef<'_>) -> io::Result<()> {
    platform::limit_unsent(socket, NOTSENT_LOWAT)
}

/// How many unsent bytes the kernel may hold when late data is stale data.
const NOTSENT_LOWAT: u32 = 16 * 1024;
