use std::io;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;

use super::Link;

pub(super) fn link(_socket: &TcpStream, written: u64) -> Link {
    Link {
        written,
        ..Link::default()
    }
}

pub(super) fn limit_retransmission(_socket: &TcpStream, _limit: Duration) -> io::Result<()> {
    Ok(())
}

pub(super) fn limit_unsent(_socket: &SockRef<'_>, _bytes: u32) -> io::Result<()> {
    Ok(())
}
