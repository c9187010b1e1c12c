//! What the doctor needs of the world: names, connections and clocks. All of it can be replaced.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use onair::probe::{Encrypted, shake_hands};
use onair::{Failure, Tls};
use socket2::SockRef;

use super::certificate::Shown;

/// The operating system, where that makes a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    Apple,
    Other,
}

/// A connection. What is not done by `until` is [`io::ErrorKind::TimedOut`].
pub(crate) trait Line {
    fn write(&mut self, bytes: &[u8], until: Instant) -> io::Result<usize>;
    fn read(&mut self, buffer: &mut [u8], until: Instant) -> io::Result<usize>;
}

/// What came of a TLS handshake.
pub(crate) struct Shaken {
    pub(crate) shown: Shown,
    pub(crate) line: Result<Box<dyn Line>, Failure>,
}

/// Names, connections and clocks.
pub(crate) trait World {
    fn now(&self) -> Instant;
    fn wall(&self) -> SystemTime;
    fn system(&self) -> System;
    /// Whether the user has named certificates to trust, or trusts all.
    fn tls(&self) -> &Tls;
    fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
    fn connect(&self, to: SocketAddr, limit: Duration) -> io::Result<Box<dyn Line>>;
    /// A connection and a TLS handshake on it.
    fn secure(&self, to: SocketAddr, host: &str, limit: Duration) -> io::Result<Shaken>;
}

/// The real one.
pub(crate) struct Network {
    tls: Tls,
    /// How many bytes the kernel may hold for a line: what it holds has not arrived.
    unsent: usize,
}

impl Network {
    /// For `rate` bits a second.
    pub(crate) fn new(tls: Tls, rate: u64) -> Self {
        let quarter = usize::try_from(rate / 8 / 4).unwrap_or(usize::MAX);
        Self {
            tls,
            unsent: quarter.clamp(64 * 1024, 4 * 1024 * 1024),
        }
    }

    fn open(&self, to: SocketAddr, limit: Duration) -> io::Result<TcpStream> {
        let socket = TcpStream::connect_timeout(&to, limit)?;
        socket.set_nodelay(true)?;
        SockRef::from(&socket).set_send_buffer_size(self.unsent)?;
        Ok(socket)
    }
}

impl World for Network {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    fn system(&self) -> System {
        match cfg!(target_vendor = "apple") {
            true => System::Apple,
            false => System::Other,
        }
    }

    fn tls(&self) -> &Tls {
        &self.tls
    }

    /// The system's resolver may take half a minute; its thread is left behind then.
    fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let (answer, answered) = mpsc::channel();
        let host = host.to_owned();
        thread::spawn(move || {
            let found = (host.as_str(), port).to_socket_addrs();
            let _nobody_waits = answer.send(found.map(Iterator::collect));
        });
        let late = || io::Error::from(io::ErrorKind::TimedOut);
        answered.recv_timeout(LOOK_UP).map_err(|_| late())?
    }

    fn connect(&self, to: SocketAddr, limit: Duration) -> io::Result<Box<dyn Line>> {
        Ok(Box::new(Plain(self.open(to, limit)?)))
    }

    fn secure(&self, to: SocketAddr, host: &str, limit: Duration) -> io::Result<Shaken> {
        let socket = self.open(to, limit)?;
        let shaken = shake_hands(host, socket, &self.tls, limit).map_err(io::Error::other)?;
        Ok(Shaken {
            shown: Shown::read(&shaken.certificates, shaken.is_public),
            line: shaken
                .connection
                .map(|connection| Box::new(Secure(connection)) as Box<dyn Line>),
        })
    }
}

struct Plain(TcpStream);

struct Secure(Box<dyn Encrypted>);

impl Line for Plain {
    fn write(&mut self, bytes: &[u8], until: Instant) -> io::Result<usize> {
        self.0.set_write_timeout(Some(left(until)))?;
        in_time(self.0.write(bytes))
    }

    fn read(&mut self, buffer: &mut [u8], until: Instant) -> io::Result<usize> {
        self.0.set_read_timeout(Some(left(until)))?;
        in_time(self.0.read(buffer))
    }
}

impl Line for Secure {
    fn write(&mut self, bytes: &[u8], until: Instant) -> io::Result<usize> {
        self.0.socket().set_write_timeout(Some(left(until)))?;
        in_time(self.0.write(bytes))
    }

    fn read(&mut self, buffer: &mut [u8], until: Instant) -> io::Result<usize> {
        self.0.socket().set_read_timeout(Some(left(until)))?;
        in_time(self.0.read(buffer))
    }
}

/// A socket knows no timeout of zero.
fn left(until: Instant) -> Duration {
    until
        .saturating_duration_since(Instant::now())
        .max(Duration::from_millis(1))
}

/// Systems call a timeout by one of two names.
fn in_time(result: io::Result<usize>) -> io::Result<usize> {
    result.map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    })
}

/// How long a name may take.
const LOOK_UP: Duration = Duration::from_secs(10);
