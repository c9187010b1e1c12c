//! Connections that know how much of what they were given is where.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::kernel::{self, Link};

/// A connection, plain or inside TLS.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {
    /// What the kernel knows about it.
    fn link(&self) -> Link;

    /// Its addresses: ours, the peer's.
    fn ends(&self) -> Option<(SocketAddr, SocketAddr)>;

    /// Bytes that it took and the kernel did not take yet.
    fn held(&self) -> usize;
}

/// A TCP connection that counts what the kernel takes.
#[derive(Debug)]
pub(super) struct Metered {
    socket: TcpStream,
    written: u64,
}

impl Metered {
    pub(super) const fn new(socket: TcpStream) -> Self {
        Self { socket, written: 0 }
    }

    pub(super) fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.peer_addr()
    }

    fn count(&mut self, result: io::Result<usize>) -> Poll<io::Result<usize>> {
        self.written += result.as_ref().map_or(0, |bytes| *bytes as u64);
        Poll::Ready(result)
    }
}

impl Stream for Metered {
    fn link(&self) -> Link {
        kernel::link(&self.socket, self.written)
    }

    fn ends(&self) -> Option<(SocketAddr, SocketAddr)> {
        Some((self.socket.local_addr().ok()?, self.peer_addr().ok()?))
    }

    fn held(&self) -> usize {
        0
    }
}

/// A connection inside TLS.
#[derive(Debug)]
pub(super) struct Encrypted {
    stream: TlsStream<Metered>,
    /// Bytes given since TLS held none.
    given: u64,
    /// How many bytes the kernel had taken then.
    written: u64,
}

impl Encrypted {
    pub(super) const fn new(stream: TlsStream<Metered>) -> Self {
        Self {
            stream,
            given: 0,
            written: 0,
        }
    }

    fn note(&mut self, given: usize) {
        let (socket, tls) = self.stream.get_ref();
        match tls.wants_write() {
            true => self.given += given as u64,
            false => (self.given, self.written) = (0, socket.written),
        }
    }
}

impl Stream for Encrypted {
    fn link(&self) -> Link {
        self.stream.get_ref().0.link()
    }

    fn ends(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.stream.get_ref().0.ends()
    }

    /// But for the two dozen bytes that each record adds.
    fn held(&self) -> usize {
        let taken = self.stream.get_ref().0.written - self.written;
        usize::try_from(self.given.saturating_sub(taken)).unwrap_or(usize::MAX)
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.socket).poll_write(cx, bytes));
        self.count(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.socket).poll_write_vectored(cx, pieces));
        self.count(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        let given = match &result {
            Poll::Ready(Ok(bytes)) => *bytes,
            _ => 0,
        };
        self.note(given);
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(cx);
        self.note(0);
        result
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
