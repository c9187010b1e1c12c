use std::io;

use socket2::SockRef;
use tokio::net::TcpStream;

use super::Link;

pub(super) fn link(_socket: &TcpStream) -> Link {
    Link::default()
}

pub(super) fn limit_unsent(_socket: &SockRef<'_>, _bytes: u32) -> io::Result<()> {
    Ok(())
}
