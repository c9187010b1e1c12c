//! The server that all publish to: onair's own server machine on a loopback socket. It drops the
//! media and records when it came.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Buf;
use onair_flv::{Tag, TagKind};
use onair_rtmp::{Input, Machine, Output, Server, server};

/// A listening RTMP server.
pub struct Sink {
    address: SocketAddr,
    news: Receiver<News>,
}

/// What happens at a sink.
pub enum News {
    /// The first audio or video besides sequence headers has come.
    FirstMedia(Instant),
    /// A connection is over.
    Ended(Session),
}

/// One connection, reported at its end.
#[derive(Default)]
pub struct Session {
    /// Audio and video, sequence headers left out.
    pub media: Vec<Arrival>,
    /// The bodies of all audio and video tags, in bytes.
    pub body_bytes: u64,
}

/// A tag that came in, whole.
pub struct Arrival {
    /// When the read returned that brought its last byte.
    pub at: Instant,
    pub kind: TagKind,
    pub timestamp: u32,
}

impl Sink {
    /// A server that announces chunks of 4096 bytes, as nginx-rtmp does.
    pub fn start() -> Result<Self> {
        Self::with_chunks(4096)
    }

    /// A server that announces chunks of this size.
    pub fn with_chunks(size: u32) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let (sender, news) = mpsc::channel();
        std::thread::spawn(move || accept(&listener, size, &sender));
        Ok(Self { address, news })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self) -> String {
        url(self.address)
    }

    /// Waits for the end of a connection that brought media.
    pub fn session(&self, timeout: Duration) -> Result<Session> {
        loop {
            let news = self.news.recv_timeout(timeout);
            match news.context("no publisher came to its end")? {
                News::Ended(session) if !session.media.is_empty() => return Ok(session),
                _ => {}
            }
        }
    }

    /// Waits for the first media.
    pub fn first_media(&self, timeout: Duration) -> Result<Instant> {
        loop {
            let news = self.news.recv_timeout(timeout);
            if let News::FirstMedia(at) = news.context("no media came")? {
                return Ok(at);
            }
        }
    }

    /// Forgets what happened so far.
    pub fn forget(&self) {
        while self.news.try_recv().is_ok() {}
    }
}

/// The URL to publish to at `address`.
pub fn url(address: SocketAddr) -> String {
    format!("rtmp://{address}/live/bench")
}

fn accept(listener: &TcpListener, chunks: u32, news: &Sender<News>) {
    for socket in listener.incoming().flatten() {
        let news = news.clone();
        std::thread::spawn(move || {
            let mut session = Session::default();
            let mut config = server::Config::default();
            config.chunk_size = chunks;
            let server = Server::new(config, Instant::now());
            // A peer that resets at its end has still published.
            let _ = serve(socket, server, &mut session, &news);
            let _ = news.send(News::Ended(session));
        });
    }
}

fn serve(
    mut socket: TcpStream,
    mut server: Server,
    session: &mut Session,
    news: &Sender<News>,
) -> Result<()> {
    socket.set_nodelay(true)?;
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let len = socket.read(&mut buffer)?;
        let now = Instant::now();
        let input = match len {
            0 => Input::Closed(now),
            _ => Input::Receive(now, &buffer[..len]),
        };
        server.handle_input(input)?;
        loop {
            match server.poll_output() {
                Output::Transmit(mut slices) => {
                    socket.write_all(&slices.copy_to_bytes(slices.remaining()))?;
                }
                Output::Event(server::Event::Publish { stream, .. }) => server.accept(stream),
                Output::Event(server::Event::Media { tag, .. }) => note(session, &tag, now, news),
                Output::Event(server::Event::Closed) => return Ok(()),
                Output::Event(_) => {}
                Output::Timeout(_) => break,
            }
        }
    }
}

fn note(session: &mut Session, tag: &Tag, at: Instant, news: &Sender<News>) {
    session.body_bytes += tag.len() as u64;
    if tag.is_sequence_header() || tag.payload.is_empty() {
        return;
    }
    if session.media.is_empty() {
        let _ = news.send(News::FirstMedia(at));
    }
    session.media.push(Arrival {
        at,
        kind: tag.kind,
        timestamp: tag.timestamp,
    });
}

/// A listener that reads and drops bytes that are not RTMP.
pub fn discard() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let mut buffer = vec![0; 256 * 1024];
            while socket.read(&mut buffer).is_ok_and(|len| len > 0) {}
        }
    });
    Ok(address)
}
