use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::ServerConfig;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::connection::{Connection, Parted};
use super::stream::Stream;
use crate::event::Events;
use crate::gate::{Admission, Gate};
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
    gate: Mutex<Doors>,
}

#[derive(Debug)]
struct Doors {
    gate: Gate,
    /// How to end the half-open.
    half_open: HashMap<u64, AbortHandle>,
}

/// Where connections come in.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) listener: TcpListener,
    pub(crate) tls: Option<Arc<ServerConfig>>,
}

/// A connection's number at the gate; it leaves when this goes.
#[derive(Debug)]
pub(super) struct Ticket {
    context: Arc<Context>,
    number: u64,
    is_granted: bool,
}

/// How much unsent data the kernel may hold: what is late can still be cut before it is there.
/// No safe library asks Apple's kernel for it.
#[cfg(target_os = "linux")]
const NOTSENT_LOWAT: u32 = 64 * 1024;

/// How long to wait when the system has no more sockets.
const SHORT_OF_SOCKETS: Duration = Duration::from_millis(100);

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
                Ok((socket, peer)) => admit(&mut connections, &context, (socket, peer), tls.clone()),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(SHORT_OF_SOCKETS).await;
                }
            },
        }
    }
    drop(door.listener);
    let parting = async { while connections.join_next().await.is_some() {} };
    let _ = timeout(FAREWELL, parting).await;
}

fn admit(
    connections: &mut JoinSet<()>,
    context: &Arc<Context>,
    (socket, peer): (TcpStream, SocketAddr),
    tls: Option<TlsAcceptor>,
) {
    let Some(ticket) = context.admit() else {
        let why = "this server takes no more connections".to_owned();
        let peer = peer.to_string();
        context.events.tell(Event::Refused { peer, why });
        return;
    };
    let number = ticket.number;
    // Locked, so that it cannot be over before it is noted.
    let mut doors = context.doors();
    let handle = connections.spawn(run(ticket, socket, peer, tls));
    doors.half_open.insert(number, handle);
}

async fn run(ticket: Ticket, socket: TcpStream, peer: SocketAddr, tls: Option<TlsAcceptor>) {
    if let Err(error) = tune(&socket) {
        tracing::debug!(%error, "socket options");
    }
    let context = ticket.context.clone();
    let patience = context.limits.setup_timeout;
    let stream: Box<dyn Stream> = match tls {
        None => Box::new(socket),
        Some(acceptor) => match timeout(patience, acceptor.accept(socket)).await {
            Ok(Ok(stream)) => Box::new(stream),
            Ok(Err(error)) => return tracing::debug!(%peer, %error, "no TLS handshake"),
            Err(_) => return tracing::debug!(%peer, "no TLS handshake in time"),
        },
    };
    let connection = Connection::new(stream, ticket, peer.to_string());
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
        () = ingest.replaced() => return,
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
        let gate = Gate::new(limits.connections, limits.half_open);
        Self {
            hub,
            keys,
            limits,
            events,
            stop,
            gate: Mutex::new(Doors {
                gate,
                half_open: HashMap::new(),
            }),
        }
    }

    fn admit(self: &Arc<Self>) -> Option<Ticket> {
        let mut doors = self.doors();
        let Admission::In { number, instead_of } = doors.gate.admit() else {
            return None;
        };
        let oldest = instead_of.and_then(|number| doors.half_open.remove(&number));
        drop(doors);
        if let Some(oldest) = oldest {
            oldest.abort();
        }
        Some(Ticket {
            context: self.clone(),
            number,
            is_granted: false,
        })
    }

    fn doors(&self) -> MutexGuard<'_, Doors> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    pub(super) const fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// The connection gets what it asked for.
    pub(super) fn grant(&mut self) {
        if !std::mem::replace(&mut self.is_granted, true) {
            let mut doors = self.context.doors();
            doors.gate.grant(self.number);
            doors.half_open.remove(&self.number);
        }
    }

    /// Random enough for a handshake.
    pub(super) fn seed(&self) -> u64 {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u64(self.number);
        hasher.finish()
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut doors = self.context.doors();
        doors.half_open.remove(&self.number);
        doors.gate.leave(self.number, self.is_granted);
    }
}
