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
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::Layer;
use tower::util::MapRequestLayer;

use super::{Shared, Web};

/// How much one server takes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebLimits {
    /// Connections at a time, `WebSocket`s included.
    pub connections: usize,
    /// How long a client may take for its TLS handshake, and again for a request's head.
    pub patience: Duration,
    /// Bytes a request's head may have.
    pub head: usize,
}

impl Default for WebLimits {
    fn default() -> Self {
        Self {
            connections: 512,
            patience: Duration::from_secs(10),
            head: 16 * 1024,
        }
    }
}

/// The web server: accepts, shakes hands, and leaves the rest to the routes.
#[derive(Debug)]
pub struct WebServer {
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    limits: WebLimits,
}

/// What the routes know about a connection; as long as a copy lives, its place is taken.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    pub(super) peer: SocketAddr,
    /// Which of this machine's addresses it came to.
    pub(super) local: Option<SocketAddr>,
    _place: Arc<OwnedSemaphorePermit>,
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
        let places = Arc::new(Semaphore::new(self.limits.connections));
        let web = match self.tls {
            Some(_) => web.certified(),
            None => web,
        };
        let routes = web.router();
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let Ok(place) = places.clone().acquire_owned().await else {
                return;
            };
            let (stream, peer) = match self.listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors, say: the next attempt may find some.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            };
            let connection = Connection {
                peer,
                local: stream.local_addr().ok(),
                _place: Arc::new(place),
            };
            let (tls, limits) = (self.tls.clone(), self.limits);
            connections.spawn(shake_hands(
                stream,
                tls,
                limits,
                (routes.clone(), connection),
            ));
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
    let Some(tls) = tls else {
        return speak_http(stream, limits, rest).await;
    };
    let handshake = TlsAcceptor::from(tls).accept(stream);
    match timeout(limits.patience, handshake).await {
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
        .header_read_timeout(limits.patience)
        .max_buf_size(limits.head)
        .max_headers(MOST_HEADERS)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    if let Err(error) = served.await {
        tracing::debug!(%error, "a web connection ended badly");
    }
}

/// Frames leave at once, and what a slow viewer cannot take waits in the hub, where it can
/// still be skipped, not in the kernel.
fn tune(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT);
}

const MOST_HEADERS: usize = 64;
const RETRY: Duration = Duration::from_millis(100);
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 64 * 1024;
