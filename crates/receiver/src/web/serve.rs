use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::Layer;
use tower::util::MapRequestLayer;

use super::progress::{Counted, Progress};
use super::{Shared, Web};
use crate::permits::{ConnectionLimiter, Permit, Quotas};

/// How much one server takes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebLimits {
    /// Connections at a time: a quarter of them for pages, where one too many evicts the oldest, an
    /// eighth for browsers that are live, the rest for viewers.
    pub connections: usize,
    /// The most viewers from one address; an IPv6 network of 64 bits counts as one.
    pub viewers_per_address: usize,
    /// How long a client may take for its TLS handshake, and again for a request's header.
    pub setup_timeout: Duration,
    /// How many bytes a request's header may have.
    pub head: usize,
}

impl Default for WebLimits {
    fn default() -> Self {
        Self {
            connections: 512,
            viewers_per_address: 128,
            setup_timeout: Duration::from_secs(10),
            head: 16 * 1024,
        }
    }
}

/// The web server: accepts connections, does their handshakes, and leaves the rest to the routes.
#[derive(Debug)]
pub struct WebServer {
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    limits: WebLimits,
}

/// What the routes know about a connection, which counts as long as a copy of this lives.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    pub(super) peer: SocketAddr,
    /// The address of this machine that it came to.
    pub(super) local: Option<SocketAddr>,
    pub(super) permit: Arc<Permit>,
    pub(super) progress: Progress,
}

impl WebLimits {
    fn quotas(self) -> Quotas {
        let (half_open, publishers) = (self.connections / 4, self.connections / 8);
        Quotas {
            half_open: half_open.max(1),
            viewers: (self.connections - half_open - publishers).max(1),
            viewers_per_address: self.viewers_per_address,
            // Somebody with the token is no stranger.
            publishers: publishers.max(1),
            publishers_per_address: publishers.max(1),
        }
    }
}

impl WebServer {
    /// A server on `listener`: `https` with `tls`, else `http`.
    pub fn new(listener: TcpListener, tls: Option<Arc<ServerConfig>>) -> Self {
        Self {
            listener,
            tls,
            limits: WebLimits::default(),
        }
    }

    /// With other limits.
    #[must_use]
    pub const fn limits(mut self, limits: WebLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// When the system does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until dropped; all connections end with it.
    pub async fn run(self, web: Web) {
        let _closing = Closing(web.shared.clone());
        let limiter = ConnectionLimiter::new(self.limits.quotas());
        let web = match self.tls {
            Some(_) => web.certified(),
            None => web,
        };
        let events = web.events.clone();
        let routes = web.router();
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let (stream, peer) = match self.listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    events.tell_accept_failed(&error);
                    limiter.make_room();
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            };
            let permit = Arc::new(limiter.admit(peer.ip()));
            let evicted = permit.evicted();
            let connection = Connection {
                peer,
                local: stream.local_addr().ok(),
                permit,
                progress: Progress::default(),
            };
            let rest = (routes.clone(), connection);
            let served = shake_hands(stream, self.tls.clone(), self.limits, rest);
            connections.spawn(async move {
                tokio::select! {
                    biased;
                    () = evicted => tracing::debug!(%peer, "made way for another"),
                    () = served => {}
                }
            });
        }
    }
}

/// Tells the `WebSocket`s when the server is dropped: they live in tasks of their own.
struct Closing(Arc<Shared>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

type Rest = (Router, Connection);

async fn shake_hands(
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    limits: WebLimits,
    rest: Rest,
) {
    tune(&stream);
    let stream = Counted::new(stream, rest.1.progress.clone());
    let Some(tls) = tls else {
        return speak_http(stream, limits, rest).await;
    };
    let handshake = TlsAcceptor::from(tls).accept(stream);
    match timeout(limits.setup_timeout, handshake).await {
        Ok(Ok(stream)) => speak_http(stream, limits, rest).await,
        Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
        Err(_) => tracing::debug!("TLS handshake took too long"),
    }
}

async fn speak_http<S>(stream: S, limits: WebLimits, (routes, connection): Rest)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let know_peer = MapRequestLayer::new(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(connection.clone());
        request
    });
    let service = TowerToHyperService::new(know_peer.layer(routes));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.setup_timeout)
        .max_buf_size(limits.head)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    if let Err(error) = served.await {
        tracing::debug!(%error, "a web connection ended badly");
    }
}

/// Frames leave at once. What a slow viewer cannot take waits in the registry, where it can still
/// be skipped, rather than in the kernel.
fn tune(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT);
}

const MAX_HEADERS: usize = 64;
const RETRY: Duration = Duration::from_millis(100);
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 64 * 1024;
