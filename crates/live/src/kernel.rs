//! What the kernel knows about a connection.

use crate::line::Link;

#[cfg(target_os = "linux")]
pub(crate) use linux::link;

/// Nothing, where it cannot be asked.
#[cfg(not(target_os = "linux"))]
pub(crate) fn link(_socket: &tokio::net::TcpStream) -> Link {
    Link::default()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::time::Duration;

    use nix::sys::socket::getsockopt;
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

    /// Round trip, delivery rate and what is still on its way.
    pub(crate) fn link(socket: &TcpStream) -> Link {
        let Ok(info) = getsockopt(socket, TcpInfo) else {
            return Link::default();
        };
        let rtt = Duration::from_micros(info.rtt.into());
        Link {
            rtt: (!rtt.is_zero()).then_some(rtt),
            delivery_bps: Some(info.delivery_rate.saturating_mul(8)),
            unsent: Some(info.notsent_bytes.into()),
            unacked: Some(info.unacked.into()),
        }
    }
}
