//! The only unsafe code of this crate: two socket options that no safe library knows here.
#![expect(unsafe_code, reason = "getsockopt and setsockopt")]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;

use super::Link;

/// `struct tcp_connection_info` (XNU's `bsd/netinet/tcp.h`). The `libc` crate spells its
/// bit-field out as thirteen numbers, which is longer than what the kernel fills.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Info {
    states: [u8; 4],
    options: [u32; 2],
    timeout_ms: u32,
    max_segment: u32,
    congestion: [u32; 3],
    send_buffer_bytes: u32,
    receive_window: u32,
    current_rtt_ms: u32,
    smoothed_rtt_ms: u32,
    rtt_variation_ms: u32,
    fast_open: u32,
    sent: [u64; 3],
    received: [u64; 3],
    resent_packets: u64,
}

pub(super) fn link(socket: &TcpStream, written: u64) -> Link {
    let Ok(info) = info(socket) else {
        return Link {
            written,
            ..Link::default()
        };
    };
    let rtt = Duration::from_millis(info.smoothed_rtt_ms.into());
    Link {
        rtt: (!rtt.is_zero()).then_some(rtt),
        min_rtt: None,
        delivery_bps: None,
        unsent: None,
        unacked: Some(u64::from(info.send_buffer_bytes).min(written)),
        delivered: None,
        written,
    }
}

pub(super) fn limit_retransmission(_socket: &TcpStream, _limit: Duration) -> io::Result<()> {
    Ok(())
}

pub(super) fn limit_unsent(socket: &SockRef<'_>, bytes: u32) -> io::Result<()> {
    let bytes = libc::c_int::try_from(bytes).unwrap_or(libc::c_int::MAX);
    // SAFETY: the descriptor is open while it is borrowed, and the option is an int as long as
    // the size that is passed with it.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            TCP_NOTSENT_LOWAT,
            (&raw const bytes).cast(),
            size_of_as::<libc::c_int>(),
        )
    };
    check(result)
}

fn info(socket: &TcpStream) -> io::Result<Info> {
    let mut info = MaybeUninit::<Info>::zeroed();
    let mut length = size_of_as::<Info>();
    // SAFETY: the descriptor is open while it is borrowed, and at most `length` bytes are written
    // to `info`, which has that many.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_CONNECTION_INFO,
            info.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    check(result)?;
    // SAFETY: all of it is initialized, at the least with zeros, and any bits make numbers.
    Ok(unsafe { info.assume_init() })
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a few dozen bytes")]
const fn size_of_as<T>() -> libc::socklen_t {
    size_of::<T>() as libc::socklen_t
}

/// XNU's `bsd/netinet/tcp.h`; the `libc` crate does not know it.
const TCP_NOTSENT_LOWAT: libc::c_int = 0x201;
