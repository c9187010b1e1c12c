use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use rustls::pki_types::ServerName;
use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::stream::{Encrypted, Metered, Stream};
use super::tls::{self, Trust};
use crate::failure::{Failure, FailureStage};
use crate::{Fault, Pace, kernel};

/// How long a name, a TCP connection or a TLS handshake may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The head start of one address before the next is tried (RFC 8305, section 5).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// The same while viewers wait: as much as a good way takes.
const HURRIED_DELAY: Duration = Duration::from_millis(50);

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
#[derive(Clone, Copy)]
pub(crate) struct Encryption<'a> {
    pub(crate) trust: &'a Trust,
    /// Whether the protocol is spoken at an address without TLS.
    pub(crate) is_spoken_plainly: fn(SocketAddr) -> Answered,
    /// What a user could try then.
    pub(crate) advice: &'static str,
}

/// An answer that takes asking the server.
pub(crate) type Answered = Pin<Box<dyn Future<Output = bool> + Send>>;

/// Opens a connection.
pub(crate) async fn connect(remote: &Remote<'_>, pace: Pace) -> Result<Box<dyn Stream>, Failure> {
    let socket = connect_tcp(remote).await?;
    tune(&socket, pace);
    let socket = Metered::new(socket);
    match remote.encryption {
        None => Ok(Box::new(socket)),
        Some(encryption) => connect_tls(remote.host, socket, encryption, pace).await,
    }
}

async fn connect_tcp(remote: &Remote<'_>) -> Result<TcpStream, Failure> {
    let (host, port) = (remote.host, remote.port);
    let unknown = |words: String| Failure::new(FailureStage::Resolve, Fault::UnknownHost, words);
    let found = timeout(CONNECT_TIMEOUT, lookup_host((host, port))).await;
    let found = found
        .map_err(|_| unknown(format!("nobody answered who {host} is")))?
        .map_err(|error| unknown(format!("cannot find {host}: {error}")))?;
    let race = timeout(
        CONNECT_TIMEOUT,
        race(
            routes(found.collect(), remote.ways),
            remote.ways.head_start(),
        ),
    );
    let late = io::Error::from(io::ErrorKind::TimedOut);
    let socket = race.await.unwrap_or(Err(late));
    socket.map_err(|error| {
        let words = format!("cannot connect to {host} port {port}: {error}");
        let fault = match error.kind() {
            io::ErrorKind::ConnectionRefused => Fault::NobodyListens,
            io::ErrorKind::TimedOut => Fault::TimedOut,
            _ => Fault::Unreachable,
        };
        Failure::new(FailureStage::Connect, fault, words)
    })
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

/// Tries each route as soon as the one before failed or had its head start; the first connection wins.
async fn race(routes: Vec<Route>, head_start: Duration) -> io::Result<TcpStream> {
    let mut attempts = JoinSet::new();
    let mut routes = routes.into_iter();
    let mut last_error = io::Error::from(io::ErrorKind::NotFound);
    loop {
        let next = routes.next();
        let limit = next.as_ref().map_or(CONNECT_TIMEOUT, |_| head_start);
        if let Some(route) = next {
            attempts.spawn(connect_by(route));
        }
        match timeout(limit, attempts.join_next()).await {
            Ok(Some(Ok(Ok(socket)))) => return Ok(socket),
            Ok(Some(Ok(Err(error)))) => last_error = error,
            Ok(Some(Err(error))) => last_error = io::Error::other(error),
            Ok(None) => return Err(last_error),
            Err(_) => {}
        }
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

async fn connect_tls(
    host: &str,
    socket: Metered,
    encryption: Encryption<'_>,
    pace: Pace,
) -> Result<Box<dyn Stream>, Failure> {
    let config = encryption.trust.client();
    let config = config
        .map_err(|error| Failure::untrusted(Fault::CertificateUnusable, error.to_string()))?;
    let name = ServerName::try_from(host.to_owned());
    let no_name = |_| {
        let words = format!("{host} is no name a certificate can have");
        Failure::untrusted(Fault::CertificateName, words)
    };
    let name = name.map_err(no_name)?;
    let peer = socket.peer_addr();
    let handshake = TlsConnector::from(config).connect(name, socket);
    let mut stream = tokio::select! {
        biased;
        shaken = timeout(CONNECT_TIMEOUT, handshake) => match shaken {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(refused(&error, host, peer.ok(), encryption).await),
            Err(_) => {
                let words = format!("{host} did not answer the TLS handshake");
                return Err(Failure::new(FailureStage::Tls, Fault::TimedOut, words));
            }
        },
        () = silent_and_plain(peer.as_ref().ok().copied(), encryption) => {
            return Err(tls::not_tls(host, encryption.advice));
        }
    };
    if pace == Pace::Realtime {
        // Bytes in this buffer could not be shed any more.
        stream.get_mut().1.set_buffer_limit(Some(UNSENT_TLS));
    }
    Ok(Box::new(Encrypted::new(stream)))
}

/// What lies behind a failed TLS handshake. A server that mistakes a TLS greeting for a bad one of
/// its own protocol hangs up.
async fn refused(
    error: &io::Error,
    host: &str,
    peer: Option<SocketAddr>,
    encryption: Encryption<'_>,
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
async fn silent_and_plain(peer: Option<SocketAddr>, encryption: Encryption<'_>) {
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
mod tests {
    use super::*;

    #[test]
    fn address_families_take_turns() {
        let parse = |text: &str| text.parse().unwrap();
        let given = ["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1"].map(parse);
        let order = ["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"].map(parse);
        assert_eq!(alternate(given.to_vec()), order);
        assert_eq!(alternate(Vec::new()), []);
    }
}
