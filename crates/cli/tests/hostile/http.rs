//! The parts of HTTP that an attack needs.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::peer;

/// A complete request head.
pub(crate) fn get(path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}\r\n")
}

/// A web socket that watches `name`; none if the server refuses.
pub(crate) fn watch(from: u8, to: SocketAddr, name: &str) -> io::Result<TcpStream> {
    let mut socket = peer::connect(from, to)?;
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    socket.write_all(get(&format!("/watch/{name}"), upgrade).as_bytes())?;
    peer::read_until(&mut socket, " 101 ")?;
    Ok(socket)
}

/// The first line of the answer to a request.
pub(crate) fn status(from: u8, to: SocketAddr, path: &str) -> io::Result<String> {
    let mut socket = peer::connect(from, to)?;
    socket.write_all(get(path, "Connection: close\r\n").as_bytes())?;
    let mut buffer = [0; 256];
    let count = socket.read(&mut buffer)?;
    let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// Whether the go-live page is served to another address.
pub(crate) fn phone_gets_in(to: SocketAddr) -> bool {
    status(9, to, "/live").is_ok_and(|line| line.contains(" 200"))
}
