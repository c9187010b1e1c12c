use std::io;
use std::time::Duration;

use nix::sys::socket::{getsockopt, setsockopt};
use socket2::SockRef;
use tokio::net::TcpStream;

use super::Link;

/// `struct tcp_info` as far as Linux 4.9 filled it (`include/uapi/linux/tcp.h`).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Info {
    states: [u8; 8],
    timeouts: [u32; 2],
    segment_sizes: [u32; 2],
    unacked: u32,
    losses: [u32; 4],
    times: [u32; 4],
    path: [u32; 2],
    rtt: u32,
    estimates: [u32; 8],
    pacing: [u64; 2],
    bytes_acked: u64,
    bytes_received: u64,
    segments: [u32; 2],
    notsent_bytes: u32,
    min_rtt: u32,
    data_segments: [u32; 2],
    delivery_rate: u64,
}

#[derive(Clone, Copy, Debug)]
struct TcpInfo;

nix::getsockopt_impl!(
    TcpInfo,
    libc::IPPROTO_TCP,
    libc::TCP_INFO,
    Info,
    nix::sys::socket::sockopt::GetStruct<Info>
);

pub(super) fn link(socket: &TcpStream, written: u64) -> Link {
    match getsockopt(socket, TcpInfo) {
        Ok(info) => info.link(written),
        Err(_) => Link {
            written,
            ..Link::default()
        },
    }
}

/// From microseconds; neither nothing nor the kernel's "never" is a round trip.
fn round_trip(micros: u32) -> Option<Duration> {
    let is_known = micros != 0 && micros != u32::MAX;
    is_known.then(|| Duration::from_micros(micros.into()))
}

impl Info {
    /// A connection that has taken `written` bytes. Whatever the kernel says, no more of them are under
    /// way.
    fn link(&self, written: u64) -> Link {
        let unsent = u64::from(self.notsent_bytes).min(written);
        let gone = self.arrived().saturating_add(unsent);
        Link {
            rtt: round_trip(self.rtt),
            min_rtt: round_trip(self.min_rtt),
            delivery_bps: self.delivery_bps(),
            unsent: Some(unsent),
            unacked: Some(written.saturating_sub(gone)),
            delivered: Some(self.acknowledged()),
            written,
        }
    }

    /// Bytes that were acknowledged, selectively too: while a lost segment is sent again, nothing
    /// else is. The count begins with the connection's opening, which takes one.
    fn arrived(&self) -> u64 {
        let [segment_size, _] = self.segment_sizes;
        let [selectively, ..] = self.losses;
        let selectively = u64::from(selectively) * u64::from(segment_size);
        self.acknowledged().saturating_add(selectively)
    }

    /// Bytes that were acknowledged with all before them.
    const fn acknowledged(&self) -> u64 {
        self.bytes_acked.saturating_sub(1)
    }

    /// What the kernel measured while the line was the limit. Otherwise it measures how fast a
    /// burst arrived, which over a loopback is tens of Gbit/s.
    fn delivery_bps(&self) -> Option<u64> {
        let is_limited_by_us = self.states[7] & DELIVERY_APP_LIMITED != 0;
        let bps = self.delivery_rate.saturating_mul(8);
        (!is_limited_by_us && (1..=FASTEST).contains(&bps)).then_some(bps)
    }
}

/// In the last byte of states: a bit-field, on little and big endian machines.
const DELIVERY_APP_LIMITED: u8 = if cfg!(target_endian = "little") {
    1
} else {
    0x80
};

/// No line that a broadcast could fill is faster: a higher rate was measured inside one machine.
const FASTEST: u64 = 10_000_000_000;

pub(super) fn limit_unsent(socket: &SockRef<'_>, bytes: u32) -> io::Result<()> {
    socket.set_tcp_notsent_lowat(bytes)
}

nix::setsockopt_impl!(
    RetransmissionLimit,
    libc::IPPROTO_TCP,
    TCP_RTO_MAX_MS,
    u32,
    nix::sys::socket::sockopt::SetStruct<'_, u32>
);

#[derive(Clone, Copy, Debug)]
struct RetransmissionLimit;

pub(super) fn limit_retransmission(socket: &TcpStream, limit: Duration) -> io::Result<()> {
    let millis = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX);
    Ok(setsockopt(socket, RetransmissionLimit, &millis)?)
}

/// `include/uapi/linux/tcp.h` since Linux 6.15; the `libc` crate does not know it.
const TCP_RTO_MAX_MS: libc::c_int = 44;

#[cfg(any(test, fuzzing))]
const NOTHING: Info = Info {
    states: [0; 8],
    timeouts: [0; 2],
    segment_sizes: [0; 2],
    unacked: 0,
    losses: [0; 4],
    times: [0; 4],
    path: [0; 2],
    rtt: 0,
    estimates: [0; 8],
    pacing: [0; 2],
    bytes_acked: 0,
    bytes_received: 0,
    segments: [0; 2],
    notsent_bytes: 0,
    min_rtt: 0,
    data_segments: [0; 2],
    delivery_rate: 0,
};

/// What a connection that has taken `written` bytes looks like if the kernel says this.
#[cfg(any(test, fuzzing))]
pub(crate) fn forged(says: [u64; 8], written: u64) -> Link {
    let [
        flags,
        segment,
        selectively,
        rtt,
        acked,
        notsent,
        min_rtt,
        rate,
    ] = says;
    let small = |number| u32::try_from(number % (1 << 32)).unwrap_or(0);
    let [_, _, _, _, _, _, _, flags] = flags.to_be_bytes();
    Info {
        states: [flags; 8],
        segment_sizes: [small(segment); 2],
        losses: [small(selectively); 4],
        rtt: small(rtt),
        bytes_acked: acked,
        notsent_bytes: small(notsent),
        min_rtt: small(min_rtt),
        delivery_rate: rate,
        ..NOTHING
    }
    .link(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_counts_only_while_the_line_is_the_limit_and_where_a_line_could_have_it() {
        let info = |flags: u8, delivery_rate: u64| Info {
            states: [1, 0, 0, 0, 0, 0, 0x77, flags],
            delivery_rate,
            ..NOTHING
        };
        assert_eq!(info(0, 500_000).delivery_bps(), Some(4_000_000));
        assert_eq!(info(DELIVERY_APP_LIMITED, 500_000).delivery_bps(), None);
        assert_eq!(info(0, 53_000_000_000 / 8).delivery_bps(), None);
        assert_eq!(info(0, 0).delivery_bps(), None);
    }

    #[test]
    fn what_was_acknowledged_selectively_has_arrived() {
        let info = Info {
            segment_sizes: [1448, 536],
            losses: [3, 1, 1, 0],
            bytes_acked: 10_001,
            ..NOTHING
        };
        assert_eq!(info.arrived(), 10_000 + 3 * 1448);
        assert_eq!(info.acknowledged(), 10_000, "the rest cannot be read");
        assert_eq!(NOTHING.arrived(), 0);
    }

    #[test]
    fn the_layout_is_the_kernels() {
        assert_eq!(std::mem::offset_of!(Info, unacked), 24);
        assert_eq!(std::mem::offset_of!(Info, rtt), 68);
        assert_eq!(std::mem::offset_of!(Info, pacing), 104);
        assert_eq!(std::mem::offset_of!(Info, bytes_acked), 120);
        assert_eq!(std::mem::offset_of!(Info, notsent_bytes), 144);
        assert_eq!(std::mem::offset_of!(Info, delivery_rate), 160);
        assert_eq!(size_of::<Info>(), 168);
    }
}
