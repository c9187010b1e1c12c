use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::names;
use super::stream::{Encrypted, Metered, Stream};
use super::tls::{self, Trust};
use crate::failure::{Failure, FailureStage};
use crate::{Error, Fault, Pace, kernel};

/// How long a name, a TCP connection or a TLS handshake may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The head start of one address before the next is tried (RFC 8305, section 5).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// The same while viewers wait: as much as a good way takes.
const HURRIED_DELAY: Duration = Duration::from_millis(50);

/// How much longer than that a connection may take to agree on TLS.
const SHAKING_DELAY: Duration = Duration::from_millis(1750);

/// How long data may stay unacknowledged before the connection counts as dead.
pub(crate) const fn stall_limit(pace: Pace) -> Duration {
    match pace {
        Pace::Realtime => Duration::from_secs(15),
        Pace::Max => Duration::from_secs(60),
    }
}

/// Where to connect, and how.
pub(crate) struct Remote<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) encryption: Option<Encryption<'a>>,
    pub(crate) ways: Ways,
}

/// How to get there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ways {
    /// As the system chooses.
    Usual,
    /// Through every interface that leads anywhere: the usual way may be dead.
    All,
}

/// How to speak a protocol inside TLS.
pub(crate) struct Encryption<'a> {
    pub(crate) trust: &'a Trust,
    /// Whether the protocol is spoken at an address without TLS.
    pub(crate) is_spoken_plainly: fn(SocketAddr) -> Answered,
    /// What a user could try then.
    pub(crate) advice: &'static str,
}

/// An answer that takes asking the server.
pub(crate) type Answered = Pin<Box<dyn Future<Output = bool> + Send>>;

/// A connection that is open.
pub(crate) struct Opened {
    pub(crate) stream: Box<dyn Stream>,
    /// There are addresses that may work if this one does not.
    pub(crate) has_others: bool,
}

/// Opens a connection, at none of the addresses to `avoid` if there are others.
pub(crate) async fn connect(
    remote: &Remote<'_>,
    avoid: &[SocketAddr],
    pace: Pace,
) -> Result<Opened, Failure> {
    let attempt = Arc::new(Attempt::new(remote, pace)?);
    let mut addresses = resolve(remote.host, remote.port).await?;
    if addresses.iter().any(|address| !avoid.contains(address)) {
        addresses.retain(|address| !avoid.contains(address));
    }
    let has_others = addresses.len() > 1;
    let routes = routes(addresses, remote.ways);
    let open = |route, shaking| attempt.clone().open(route, shaking);
    let stream = race(routes, remote.ways.head_start(), open).await;
    let unknown = || {
        let words = format!("{} has no address", remote.host);
        Failure::new(FailureStage::Resolve, Fault::UnknownHost, words)
    };
    let stream = stream.ok_or_else(unknown)??;
    Ok(Opened { stream, has_others })
}

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    let unknown = |words: String| Failure::new(FailureStage::Resolve, Fault::UnknownHost, words);
    let found = timeout(CONNECT_TIMEOUT, names::lookup(host, port)).await;
    found
        .map_err(|_| unknown(format!("nobody answered who {host} is")))?
        .map_err(|error| unknown(format!("cannot find {host}: {error}")))
}

/// What it takes to open one connection.
struct Attempt {
    host: String,
    port: u16,
    encryption: Option<Shaking>,
    pace: Pace,
}

/// How one is put inside TLS.
struct Shaking {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    is_spoken_plainly: fn(SocketAddr) -> Answered,
    advice: &'static str,
}

impl Attempt {
    fn new(remote: &Remote<'_>, pace: Pace) -> Result<Self, Failure> {
        let encryption = remote.encryption.as_ref();
        let encryption = encryption.map(|one| Shaking::new(remote.host, one));
        Ok(Self {
            host: remote.host.to_owned(),
            port: remote.port,
            encryption: encryption.transpose()?,
            pace,
        })
    }

    /// Opens a connection by one route; counted in `shaking` while TLS is agreed on.
    async fn open(
        self: Arc<Self>,
        route: Route,
        shaking: Arc<AtomicUsize>,
    ) -> Result<Box<dyn Stream>, Failure> {
        let late = io::Error::from(io::ErrorKind::TimedOut);
        let socket = timeout(CONNECT_TIMEOUT, connect_by(route)).await;
        let socket = socket.unwrap_or(Err(late));
        let socket = socket.map_err(|error| self.unreachable(&error))?;
        tune(&socket, self.pace);
        let socket = Metered::new(socket);
        let Some(encryption) = &self.encryption else {
            return Ok(Box::new(socket));
        };
        shaking.fetch_add(1, Ordering::Relaxed);
        let shaken = encryption.shake_hands(&self.host, socket, self.pace).await;
        shaking.fetch_sub(1, Ordering::Relaxed);
        shaken
    }

    fn unreachable(&self, error: &io::Error) -> Failure {
        let words = format!(
            "cannot connect to {} port {}: {error}",
            self.host, self.port
        );
        let fault = match error.kind() {
            io::ErrorKind::ConnectionRefused => Fault::NobodyListens,
            io::ErrorKind::TimedOut => Fault::TimedOut,
            _ => Fault::Unreachable,
        };
        Failure::new(FailureStage::Connect, fault, words)
    }
}

/// Alternates the address families, the system's favourite first.
fn alternate(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (ours, theirs): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let mut theirs = theirs.into_iter();
    let mut order: Vec<_> = ours
        .into_iter()
        .flat_map(|own| [Some(own), theirs.next()])
        .flatten()
        .collect();
    order.extend(theirs);
    order
}

impl Ways {
    /// The head start of each attempt before the next.
    const fn head_start(self) -> Duration {
        match self {
            Self::Usual => ATTEMPT_DELAY,
            Self::All => HURRIED_DELAY,
        }
    }
}

/// An address, and the interface to reach it through if not the usual one.
type Route = (SocketAddr, Option<String>);

/// The addresses in order; then, where that is wanted, the first ones of each family again, through
/// each interface.
fn routes(addresses: Vec<SocketAddr>, ways: Ways) -> Vec<Route> {
    let addresses = alternate(addresses);
    let interfaces = match ways {
        Ways::Usual => Vec::new(),
        Ways::All => kernel::ways::interfaces(),
    };
    let first = addresses.iter().take(2);
    let others = first.flat_map(|address| {
        let through = |name: &String| (*address, Some(name.clone()));
        interfaces.iter().map(through)
    });
    let usual = addresses.iter().map(|address| (*address, None));
    usual.chain(others).collect()
}

async fn connect_by((address, interface): Route) -> io::Result<TcpStream> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    #[cfg(target_os = "linux")]
    if let Some(interface) = interface {
        socket.bind_device(Some(interface.as_bytes()))?;
    }
    #[cfg(not(target_os = "linux"))]
    drop(interface);
    socket.connect(address).await
}

/// Tries each route as soon as the one before failed or had its head start; the first connection
/// wins, and where there is none, the failure that came furthest. `None` without a route.
///
/// A route that is being agreed on is given longer: most servers answer, only later.
async fn race<T: Send + 'static, Opening>(
    routes: Vec<Route>,
    head_start: Duration,
    open: impl Fn(Route, Arc<AtomicUsize>) -> Opening,
) -> Option<Result<T, Failure>>
where
    Opening: Future<Output = Result<T, Failure>> + Send + 'static,
{
    let (mut attempts, shaking) = (JoinSet::new(), Arc::<AtomicUsize>::default());
    let mut routes = routes.into_iter().peekable();
    let mut failure: Option<Failure> = None;
    loop {
        if let Some(route) = routes.next() {
            attempts.spawn(open(route, shaking.clone()));
        }
        let ended = match routes.peek() {
            Some(_) => join_within(&mut attempts, head_start, &shaking).await,
            None => Some(attempts.join_next().await),
        };
        match ended {
            Some(Some(Ok(Ok(opened)))) => return Some(Ok(opened)),
            Some(Some(Ok(Err(other)))) => failure = Some(further(failure, other)),
            Some(Some(Err(error))) => {
                let fault = Failure::new(FailureStage::Connect, Fault::Internal, error.to_string());
                failure = Some(further(failure, fault));
            }
            Some(None) => return failure.map(Err),
            None => {}
        }
    }
}

/// The next attempt to end, if that is within its head start.
async fn join_within<T: 'static>(
    attempts: &mut JoinSet<T>,
    head_start: Duration,
    shaking: &AtomicUsize,
) -> Option<Option<Result<T, JoinError>>> {
    if let Ok(ended) = timeout(head_start, attempts.join_next()).await {
        return Some(ended);
    }
    match shaking.load(Ordering::Relaxed) {
        0 => None,
        _ => timeout(SHAKING_DELAY, attempts.join_next()).await.ok(),
    }
}

/// Of two failures, the one that says more.
fn further(before: Option<Failure>, after: Failure) -> Failure {
    match before {
        Some(before) if before.stage == FailureStage::Tls => before,
        Some(before) if after.stage != FailureStage::Tls => before,
        _ => after,
    }
}

/// Socket options that not every system knows: a failure of any is ignored.
fn tune(socket: &TcpStream, pace: Pace) {
    let refused = |option, result: io::Result<()>| {
        if let Err(error) = result {
            tracing::debug!(option, %error, "socket option refused");
        }
    };
    let option = SockRef::from(socket);
    refused("TCP_NODELAY", option.set_tcp_nodelay(true));
    #[cfg(target_os = "linux")]
    refused(
        "TCP_USER_TIMEOUT",
        option.set_tcp_user_timeout(Some(stall_limit(pace))),
    );
    if pace == Pace::Realtime {
        refused("TCP_NOTSENT_LOWAT", kernel::limit_unsent(&option));
        refused("TCP_RTO_MAX_MS", kernel::limit_retransmission(socket));
    }
}

impl Shaking {
    fn new(host: &str, encryption: &Encryption<'_>) -> Result<Self, Failure> {
        let unusable =
            |error: Error| Failure::untrusted(Fault::CertificateUnusable, error.to_string());
        let no_name = |_| {
            let words = format!("{host} is no name a certificate can have");
            Failure::untrusted(Fault::CertificateName, words)
        };
        Ok(Self {
            config: encryption.trust.client().map_err(unusable)?,
            name: ServerName::try_from(host.to_owned()).map_err(no_name)?,
            is_spoken_plainly: encryption.is_spoken_plainly,
            advice: encryption.advice,
        })
    }

    async fn shake_hands(
        &self,
        host: &str,
        socket: Metered,
        pace: Pace,
    ) -> Result<Box<dyn Stream>, Failure> {
        let peer = socket.peer_addr().ok();
        let handshake = TlsConnector::from(self.config.clone()).connect(self.name.clone(), socket);
        let mut stream = tokio::select! {
            biased;
            shaken = timeout(CONNECT_TIMEOUT, handshake) => match shaken {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => return Err(refused(&error, host, peer, self).await),
                Err(_) => {
                    let words = format!("{host} did not answer the TLS handshake");
                    return Err(Failure::new(FailureStage::Tls, Fault::TimedOut, words));
                }
            },
            () = silent_and_plain(peer, self) => return Err(tls::not_tls(host, self.advice)),
        };
        if pace == Pace::Realtime {
            // Bytes in this buffer could not be shed any more.
            stream.get_mut().1.set_buffer_limit(Some(UNSENT_TLS));
        }
        Ok(Box::new(Encrypted::new(stream)))
    }
}

/// What lies behind a failed TLS handshake. A server that mistakes a TLS greeting for a bad one of
/// its own protocol hangs up.
async fn refused(
    error: &io::Error,
    host: &str,
    peer: Option<SocketAddr>,
    encryption: &Shaking,
) -> Failure {
    let advice = encryption.advice;
    if let Some(failure) = tls::failure(error, host, advice) {
        return failure;
    }
    if let Some(peer) = peer
        && (encryption.is_spoken_plainly)(peer).await
    {
        return tls::not_tls(host, advice);
    }
    let words = match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
            format!("{host} hung up on the TLS handshake ({advice})")
        }
        _ => format!("TLS with {host}: {error}"),
    };
    Failure::new(FailureStage::Tls, Fault::TlsFailed, words)
}

/// Resolves when a server that has not answered a TLS greeting for a while answers a plain one of
/// its protocol: it was waiting for the rest of a greeting that never comes.
async fn silent_and_plain(peer: Option<SocketAddr>, encryption: &Shaking) {
    tokio::time::sleep(SILENCE).await;
    let is_plain = match peer {
        Some(peer) => (encryption.is_spoken_plainly)(peer).await,
        None => false,
    };
    if !is_plain {
        std::future::pending::<()>().await;
    }
}

/// How long a server may be silent after a TLS greeting before it is asked whether it knows TLS.
const SILENCE: Duration = Duration::from_millis(600);

/// How many bytes TLS may hold back for live media: a record.
const UNSENT_TLS: usize = 16 * 1024;

#[cfg(test)]
mod tests;
