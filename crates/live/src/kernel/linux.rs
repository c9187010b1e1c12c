use std::io;
use std::time::Duration;

use nix::sys::socket::getsockopt;
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

pub(super) fn link(socket: &TcpStream) -> Link {
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

pub(super) fn limit_unsent(socket: &SockRef<'_>, bytes: u32) -> io::Result<()> {
    socket.set_tcp_notsent_lowat(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_the_kernels() {
        assert_eq!(std::mem::offset_of!(Info, unacked), 24);
        assert_eq!(std::mem::offset_of!(Info, rtt), 68);
        assert_eq!(std::mem::offset_of!(Info, pacing), 104);
        assert_eq!(std::mem::offset_of!(Info, notsent_bytes), 144);
        assert_eq!(std::mem::offset_of!(Info, delivery_rate), 160);
        assert_eq!(size_of::<Info>(), 168);
    }
}
