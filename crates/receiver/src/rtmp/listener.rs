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

use super::connection::{Connection, Parted, Stream};
use super::context::Context;
use crate::Event;
use crate::permits::Permit;

/// Where connections come in.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) socket: TcpListener,
    pub(crate) tls: Option<Arc<ServerConfig>>,
}

/// How much unsent data the kernel may hold: whatever is late before that can still be cut. No safe
/// library sets this for Apple's kernel.
#[cfg(target_os = "linux")]
const NOTSENT_LOWAT: u32 = 64 * 1024;

/// How long to wait after a failure to accept a connection.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// How long the connections may take for their farewells.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(2);

/// Accepts connections until the receiver stops, then ends them.
pub(crate) async fn serve(listener: Listener, context: Arc<Context>) {
    let mut connections = JoinSet::new();
    let tls = listener.tls.map(TlsAcceptor::from);
    loop {
        tokio::select! {
            biased;
            () = context.stop.asked() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.socket.accept() => match accepted {
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
                Err(error) => cannot_accept(&context, &error).await,
            },
        }
    }
    drop(listener.socket);
    let parting = async { while connections.join_next().await.is_some() {} };
    let _ = timeout(FAREWELL_TIMEOUT, parting).await;
}

/// Reports why, and waits a little: the next attempt may succeed.
async fn cannot_accept(context: &Context, error: &io::Error) {
    context.events.tell_accept_failed(error);
    context.make_room();
    sleep(ACCEPT_RETRY).await;
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
    let setup_timeout = context.limits.setup_timeout;
    let stream: Box<dyn Stream> = match tls {
        None => Box::new(socket),
        Some(acceptor) => match timeout(setup_timeout, acceptor.accept(socket)).await {
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
    if !ingest.orphan() {
        return;
    }
    let linger = ingest.wait_for_publisher(context.limits.linger);
    context.events.tell(Event::Interrupted {
        name: name.clone(),
        why,
    });
    tokio::select! {
        () = ingest.replaced() => if !ingest.is_over() { return },
        () = sleep(linger) => {}
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
