//! One connection, plain sockets and whole messages.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use onair_rtmp::Message;
use onair_rtmp::chunk::{Limits, Reader};
use socket2::{Domain, Socket, Type};

use crate::wire;

/// How long an honest peer waits for an answer.
pub(crate) const ANSWER: Duration = Duration::from_secs(5);

/// A receive buffer this small fills at once.
const SMALL: usize = 4096;

/// Connects from 127.0.0.`from`.
pub(crate) fn connect(from: u8, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_recv_buffer_size(SMALL)?;
    let own = SocketAddr::from((Ipv4Addr::new(127, 0, 0, from), 0));
    socket.bind(&own.into())?;
    socket.connect_timeout(&to.into(), ANSWER)?;
    let socket = TcpStream::from(socket);
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(ANSWER))?;
    socket.set_write_timeout(Some(ANSWER))?;
    Ok(socket)
}

/// Publishes `key`; none if that is not granted in time.
pub(crate) fn publisher(from: u8, to: SocketAddr, key: &str) -> Option<TcpStream> {
    let flight = [wire::hello(), wire::publish(key)].concat();
    ask(from, to, &flight, "NetStream.Publish.Start").ok()
}

/// Plays `name`; none if that is not granted in time.
pub(crate) fn player(from: u8, to: SocketAddr, name: &str) -> Option<TcpStream> {
    let flight = [wire::hello(), wire::play(name)].concat();
    ask(from, to, &flight, "NetStream.Play.Start").ok()
}

/// Sends all of `flight` and reads until `words` come.
pub(crate) fn ask(from: u8, to: SocketAddr, flight: &[u8], words: &str) -> io::Result<TcpStream> {
    let mut socket = connect(from, to)?;
    socket.write_all(flight)?;
    read_until(&mut socket, words)?;
    Ok(socket)
}

/// Reads until `words` have come, for as long as an answer may take.
pub(crate) fn read_until(socket: &mut TcpStream, words: &str) -> io::Result<()> {
    let deadline = Instant::now() + ANSWER;
    let (mut heard, mut buffer) = (Vec::<u8>::new(), [0; 4096]);
    while Instant::now() < deadline && heard.len() < 1 << 20 {
        let count = socket.read(&mut buffer)?;
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let before = heard.len().saturating_sub(words.len());
        heard.extend(&buffer[..count]);
        let mut windows = heard[before..].windows(words.len());
        if windows.any(|window| window == words.as_bytes()) {
            return Ok(());
        }
    }
    Err(ErrorKind::TimedOut.into())
}

/// Reads the messages of a server, after its handshake.
pub(crate) struct Messages {
    socket: TcpStream,
    reader: Reader,
    /// How many bytes of the handshake to skip.
    handshake: usize,
}

impl Messages {
    /// Asks to play `name`.
    pub(crate) fn play(from: u8, to: SocketAddr, name: &str) -> io::Result<Self> {
        let mut socket = connect(from, to)?;
        socket.write_all(&[wire::hello(), wire::play(name)].concat())?;
        Ok(Self {
            socket,
            reader: Reader::new(Limits::default()),
            handshake: 1 + 2 * 1536,
        })
    }

    /// The next message; none at the end of the connection, or when none comes.
    pub(crate) fn next(&mut self) -> Option<Message> {
        let mut buffer = [0; 65536];
        loop {
            if let Some(message) = self.reader.next().ok()? {
                return Some(message);
            }
            let count = self
                .socket
                .read(&mut buffer)
                .ok()
                .filter(|count| *count > 0)?;
            let passed = self.handshake.min(count);
            self.handshake -= passed;
            self.reader.feed(&buffer[passed..count]);
        }
    }

    /// The number of the next picture.
    pub(crate) fn picture(&mut self) -> Option<u64> {
        loop {
            let message = self.next()?;
            if message.kind == onair_rtmp::MessageKind::Video
                && let Some(number) = wire::number(&message.payload)
            {
                return Some(number);
            }
        }
    }
}
