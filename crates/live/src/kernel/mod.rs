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
pub(crate) mod routes;
pub(crate) mod ways;

#[cfg(all(any(test, fuzzing), target_os = "linux"))]
pub(crate) use self::platform::forged;

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
    /// Bytes sent and not acknowledged; the unsent ones too if the kernel does not tell them apart.
    pub(crate) unacked: Option<u64>,
    /// Bytes the kernel has taken since there is a connection.
    pub(crate) written: u64,
    /// Bytes that the peer has acknowledged together with all before them: what it can read.
    pub(crate) delivered: Option<u64>,
}

impl Link {
    /// How many of the first bytes the peer has, as far as the kernel tells.
    pub(crate) fn delivered(&self) -> u64 {
        let arrived = self.written.saturating_sub(self.under_way());
        self.delivered.map_or(arrived, |bytes| bytes.min(arrived))
    }

    /// Bytes the kernel has taken that have not arrived, as far as it tells.
    pub(crate) fn under_way(&self) -> u64 {
        self.unsent.unwrap_or(0) + self.unacked.unwrap_or(0)
    }
}

/// Asks about a connection that has taken `written` bytes.
pub(crate) fn link(socket: &TcpStream, written: u64) -> Link {
    platform::link(socket, written)
}

/// Has the kernel try again at least once a second while nothing arrives, where it can be asked to:
/// otherwise it waits twice as long each time, and up to two minutes.
pub(crate) fn limit_retransmission(socket: &TcpStream) -> io::Result<()> {
    platform::limit_retransmission(socket, RETRANSMISSION)
}

/// Keeps unsent data in user space, where it can still be shed.
pub(crate) fn limit_unsent(socket: &SockRef<'_>) -> io::Result<()> {
    platform::limit_unsent(socket, NOTSENT_LOWAT)
}

/// The longest time from one attempt of the kernel's to the next.
const RETRANSMISSION: Duration = Duration::from_secs(1);

/// How many unsent bytes the kernel may hold when late data is stale data. Linux fills up the
/// buffer that it has begun, and holds up to 64 KiB: a law's `in_flight` is the exact limit.
const NOTSENT_LOWAT: u32 = 16 * 1024;
