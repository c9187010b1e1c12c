use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::connection::{Connection, Parted};
use super::stream::Stream;
use crate::event::Events;
use crate::guesses::Guesses;
use crate::permits::{Limiter, Permit, Quotas};
use crate::stop::Stop;
use crate::{Event, Hub, Keys, Limits};

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) hub: Hub,
    pub(crate) keys: Keys,
    pub(crate) limits: Limits,
    pub(crate) events: Events,
    /// When to end.
    pub(crate) stop: Stop,
    pub(crate) guesses: Guesses,
    limiter: Limiter,
    hasher: RandomState,
}

/// Where connections come in.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) listener: TcpListener,
    pub(crate) tls: Option<Arc<ServerConfig>>,
}

/// How much unsent data the kernel may hold: what is late can still be cut before it is there.
/// No safe library asks Apple's kernel for it.
#[cfg(target_os = "linux")]
const NOTSENT_LOWAT: u32 = 64 * 1024;

/// How long to wait after a connection could not be accepted.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// How long the connections may take for their farewells.
const FAREWELL: Duration = Duration::from_secs(2);

/// Lets connections in until the receiver stops, and ends them.
pub(crate) async fn serve(door: Door, context: Arc<Context>) {
    let mut connections = JoinSet::new();
    let tls = door.tls.map(TlsAcceptor::from);
    loop {
        tokio::select! {
            biased;
            () = context.stop.asked() => break,
            Some(_) = connections.join_next() => {}
            accepted = door.listener.accept() => match accepted {
                Ok((socket, peer)) => {
                    let permit = context.admit(peer);
                    let evicted = permit.evicted();
                    let run = run(permit, socket, peer, context.clone(), tls.clone());
                    connections.spawn(async move {
                        tokio::select! {
                            biased;
                            () = evicted => tracing::debug!(%peer, "made way for another"),
                            () = run => {}
                        }
                    });
                }
                Err(error) => context.cannot_accept(&error).await,
            },
        }
    }
    drop(door.listener);
    let parting = async { while connections.join_next().await.is_some() {} };
    let _ = timeout(FAREWELL, parting).await;
}

async fn run(
    permit: Permit,
    socket: TcpStream,
    peer: SocketAddr,
    context: Arc<Context>,
    tls: Option<TlsAcceptor>,
) {
    if let Err(error) = tune(&socket) {
        tracing::debug!(%error, "socket options");
    }
    let patience = context.limits.setup_timeout;
    let stream: Box<dyn Stream> = match tls {
        None => Box::new(socket),
        Some(acceptor) => match timeout(patience, acceptor.accept(socket)).await {
            Ok(Ok(stream)) => Box::new(stream),
            Ok(Err(error)) => return tracing::debug!(%peer, %error, "no TLS handshake"),
            Err(_) => return tracing::debug!(%peer, "no TLS handshake in time"),
        },
    };
    let connection = Connection::new(stream, (context.clone(), permit), peer);
    if let Some(parted) = connection.run().await {
        wait_for_publisher(&context, parted).await;
    }
}

/// Keeps the stream of a publisher that vanished, for it to come back to.
async fn wait_for_publisher(context: &Context, Parted { ingest, why }: Parted) {
    let name = ingest.name().clone();
    ingest.orphan();
    context.events.tell(Event::Interrupted {
        name: name.clone(),
        why,
    });
    tokio::select! {
        () = ingest.replaced() => if !ingest.is_over() { return },
        () = sleep(context.limits.linger) => {}
        () = context.stop.asked() => {}
    }
    drop(ingest);
    context.events.tell(Event::Unpublished { name });
}

fn tune(socket: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(socket);
    socket.set_tcp_nodelay(true)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_notsent_lowat(NOTSENT_LOWAT)?;
    Ok(())
}

impl Context {
    pub(crate) fn new(
        hub: Hub,
        (keys, limits): (Keys, Limits),
        events: Events,
        stop: Stop,
    ) -> Self {
        let limiter = Limiter::new(quotas(&limits, keys.are_required()));
        Self {
            hub,
            keys,
            limits,
            events,
            stop,
            guesses: Guesses::default(),
            limiter,
            hasher: RandomState::new(),
        }
    }

    /// Somebody connects.
    pub(super) fn admit(&self, peer: SocketAddr) -> Permit {
        self.limiter.admit(peer.ip())
    }

    /// Says why, and waits a little: the next attempt may succeed.
    async fn cannot_accept(&self, error: &io::Error) {
        self.events.tell_accept_failed(error);
        self.limiter.make_room();
        sleep(ACCEPT_RETRY).await;
    }

    /// Random enough for a handshake.
    pub(super) fn seed(&self, number: u64) -> u64 {
        self.hasher.hash_one(number)
    }
}

/// Publishers have places of their own: viewers cannot take them all.
fn quotas(limits: &Limits, has_keys: bool) -> Quotas {
    let publishers = limits.connections.div_ceil(4).min(MAX_PUBLISHERS);
    let viewers = limits.connections - publishers;
    Quotas {
        half_open: limits.half_open,
        viewers,
        viewers_per_address: limits.viewers_per_address,
        publishers,
        // Who knows a key is no stranger.
        publishers_per_address: match has_keys {
            true => publishers,
            false => publishers.div_ceil(2).max(4),
        },
    }
}

/// As many as a hub has streams unless it is told otherwise.
const MAX_PUBLISHERS: usize = 64;
