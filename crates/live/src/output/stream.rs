//! Connections that know how much of what they were given is where.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
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

    /// How many bytes the kernel has taken, if it has all that this was given.
    fn flushed(&self) -> Option<u64>;

    /// Has the kernel forget what it has not delivered when the connection is dropped, and tell the
    /// peer at once: what counts as lost must not arrive later.
    fn abort(&self);
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

    fn flushed(&self) -> Option<u64> {
        Some(self.written)
    }

    fn abort(&self) {
        let linger = SockRef::from(&self.socket).set_linger(Some(Duration::ZERO));
        if let Err(error) = linger {
            tracing::debug!(%error, "SO_LINGER");
        }
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

    fn flushed(&self) -> Option<u64> {
        let (socket, tls) = self.stream.get_ref();
        (!tls.wants_write()).then_some(socket.written)
    }

    fn abort(&self) {
        self.stream.get_ref().0.abort();
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

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;

    use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    use super::*;

    async fn pair() -> (Metered, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (ours, theirs) = tokio::join!(TcpStream::connect(address), listener.accept());
        (Metered::new(ours.unwrap()), theirs.unwrap().0)
    }

    /// Writes until nothing more is taken; gives how much was.
    async fn fill(stream: &mut (impl AsyncWrite + Unpin)) -> u64 {
        let mut taken = 0;
        poll_fn(|cx| {
            while let Poll::Ready(written) = Pin::new(&mut *stream).poll_write(cx, &[7; 9999]) {
                taken += written.unwrap() as u64;
            }
            Poll::Ready(())
        })
        .await;
        taken
    }

    /// Reads so much, and answers, which acknowledges all of it.
    async fn drain(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), bytes: u64) {
        let mut left = vec![0; usize::try_from(bytes).unwrap()];
        stream.read_exact(&mut left).await.unwrap();
        stream.write_all(b"!").await.unwrap();
    }

    #[tokio::test]
    async fn to_the_byte_the_kernel_has_what_it_took_and_nothing_once_it_has_arrived() {
        let (mut ours, mut theirs) = pair().await;
        let taken = fill(&mut ours).await;
        let link = ours.link();
        assert_eq!((link.written, ours.held()), (taken, 0));
        assert!(
            link.under_way() > 0 && link.under_way() <= taken,
            "{link:?}"
        );
        let answered = ours.read_u8();
        let (answer, ()) = tokio::join!(answered, drain(&mut theirs, taken));
        assert_eq!(answer.unwrap(), b'!');
        assert_eq!(ours.link().under_way(), 0, "{:?}", ours.link());
    }

    #[tokio::test]
    async fn what_tls_keeps_to_itself_is_no_more_than_it_was_given_and_goes_with_the_rest() {
        let (ours, theirs) = pair().await;
        let key = rcgen::generate_simple_self_signed(["here".to_owned()]).unwrap();
        let (mut ours, mut theirs) = shake_hands(ours, theirs, key).await;
        assert_eq!(ours.held(), 0);
        let taken = fill(&mut ours).await;
        let (held, written) = (ours.held() as u64, ours.link().written);
        assert!(held > 0 && held <= 64 * 1024, "{held}");
        let overhead = written + held - taken;
        assert!(overhead < taken / 100, "{overhead} of {taken}");
        let flushed = async {
            ours.flush().await.unwrap();
            ours.read_u8().await.unwrap()
        };
        let (answer, ()) = tokio::join!(flushed, drain(&mut theirs, taken));
        assert_eq!((answer, ours.held()), (b'!', 0));
        assert_eq!(ours.link().under_way(), 0, "{:?}", ours.link());
    }

    async fn shake_hands(
        ours: Metered,
        theirs: TcpStream,
        key: rcgen::CertifiedKey<rcgen::KeyPair>,
    ) -> (Encrypted, tokio_rustls::server::TlsStream<TcpStream>) {
        let provider = onair_net::tls::provider();
        let (certificate, secret) = (key.cert.der().clone(), key.signing_key.serialize_der());
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let client = rustls::ClientConfig::builder_with_provider(provider.clone());
        let client = client.with_safe_default_protocol_versions().unwrap();
        let client = client.with_root_certificates(roots).with_no_client_auth();
        let server = rustls::ServerConfig::builder_with_provider(provider);
        let server = server.with_safe_default_protocol_versions().unwrap();
        let chain: Vec<CertificateDer<'static>> = vec![certificate];
        let secret = PrivatePkcs8KeyDer::from(secret).into();
        let server = server.with_no_client_auth().with_single_cert(chain, secret);
        let acceptor = TlsAcceptor::from(Arc::new(server.unwrap()));
        let name = ServerName::try_from("here").unwrap();
        let connecting = TlsConnector::from(Arc::new(client)).connect(name, ours);
        let (ours, theirs) = tokio::join!(connecting, acceptor.accept(theirs));
        (Encrypted::new(ours.unwrap()), theirs.unwrap())
    }
}
