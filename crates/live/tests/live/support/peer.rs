use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Buf;
use onair::flv::amf0::{self, Value};
use onair::flv::{Tag, TagKind, metadata};
use onair::media::Timestamp;
use onair::media::Tracks;
use onair::rtmp::server::{Config, Event};
use onair::rtmp::{Input, Machine, Output, Server, Url};

/// What to do with a connection.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    /// Take everything.
    Accept,
    /// Take one publisher at a time, and tell another that there is one.
    TakeOne,
    /// Say no.
    Refuse(&'static str, &'static str),
    /// Close without a word after this many pictures.
    CloseAfter(usize),
    /// Close on a client that does not wait for answers.
    WantClassic,
    /// Ask for a new connection at the first picture.
    Move,
    /// The same, naming a target.
    MoveTo(&'static str),
    /// After the first picture, send without end and read no more.
    Flood,
    /// After the first picture, ping without end and read no answer.
    Ping,
    /// Stop reading after the first picture, until the test says so.
    Stall,
}

/// What happened on a connection.
#[derive(Debug)]
pub(crate) enum Heard {
    /// The publish was asked for.
    Publish { key: String },
    /// Audio, video or metadata.
    Tag(Tag),
    /// How many bytes of pings were taken, of [`FLOOD`].
    Pinged(usize),
    /// The publish was taken down properly.
    Ended,
    /// The connection is closed.
    Closed,
}

/// An RTMP server on a port of its own.
pub(crate) struct Peer {
    scheme: &'static str,
    port: u16,
    heard: Receiver<(usize, Heard)>,
    resume: Sender<()>,
    /// What came so far on connections that are open.
    open: RefCell<HashMap<usize, Published>>,
}

impl Peer {
    /// Serves each connection as told; the last behaviour is that of all later ones.
    pub(crate) fn start(behaviours: impl Into<Vec<Behaviour>>) -> Self {
        Self::serve("rtmp", behaviours.into(), |socket| {
            let limit = Some(Duration::from_secs(1));
            socket.set_write_timeout(limit).expect("a socket has one");
            Box::new(socket)
        })
    }

    /// The same inside TLS.
    pub(crate) fn start_tls(config: Arc<rustls::ServerConfig>) -> Self {
        Self::start_tls_with(config, [Behaviour::Accept])
    }

    /// The same, with each connection served as told.
    pub(crate) fn start_tls_with(
        config: Arc<rustls::ServerConfig>,
        behaviours: impl Into<Vec<Behaviour>>,
    ) -> Self {
        Self::serve("rtmps", behaviours.into(), move |socket| {
            let session = rustls::ServerConnection::new(config.clone()).unwrap();
            Box::new(rustls::StreamOwned::new(session, socket))
        })
    }

    /// Where to publish.
    pub(crate) fn url(&self) -> Url {
        self.url_at("127.0.0.1")
    }

    /// The same under another name.
    pub(crate) fn url_at(&self, host: &str) -> Url {
        let (scheme, port) = (self.scheme, self.port);
        format!("{scheme}://{host}:{port}/live/secret-key")
            .parse()
            .unwrap()
    }

    /// Ends the stall.
    pub(crate) fn resume(&self) {
        self.resume.send(()).unwrap();
    }

    /// The next thing heard, and on which connection.
    pub(crate) fn next(&self) -> (usize, Heard) {
        let timeout = Duration::from_secs(30);
        self.heard.recv_timeout(timeout).expect("nothing heard")
    }

    /// Reads until a connection is over; gives what was published on it.
    pub(crate) fn published(&self) -> Published {
        let mut open = self.open.borrow_mut();
        loop {
            let (connection, heard) = self.next();
            if let Heard::Closed = heard {
                return open.remove(&connection).unwrap_or_default();
            }
            open.entry(connection).or_default().note(heard);
        }
    }

    fn serve(
        scheme: &'static str,
        behaviours: Vec<Behaviour>,
        wrap: impl Fn(TcpStream) -> Box<dyn Duplex> + Clone + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, heard) = channel();
        let (resume, resumed) = channel();
        let resumed = Arc::new(Mutex::new(resumed));
        let is_taken = Arc::new(AtomicBool::new(false));
        thread::spawn(move || {
            for index in 0.. {
                let Ok((socket, _)) = listener.accept() else {
                    return;
                };
                let behaviour = behaviours.get(index).or_else(|| behaviours.last()).unwrap();
                let connection = Connection {
                    index,
                    behaviour: behaviour.clone(),
                    heard: sender.clone(),
                    resumed: resumed.clone(),
                    is_taken: is_taken.clone(),
                    has_taken: false,
                    frames: 0,
                    inject: Vec::new(),
                };
                let wrap = wrap.clone();
                thread::spawn(move || connection.run(wrap(socket)));
            }
        });
        Self {
            scheme,
            port,
            heard,
            resume,
            open: RefCell::default(),
        }
    }
}

/// What one connection brought.
#[derive(Debug, Default)]
pub(crate) struct Published {
    /// Under which key.
    pub(crate) key: String,
    /// All of it.
    pub(crate) tags: Vec<Tag>,
    /// Whether it was taken down properly.
    pub(crate) ended: bool,
    /// How many bytes of pings were taken.
    pub(crate) pinged: usize,
}

impl Published {
    fn note(&mut self, heard: Heard) {
        match heard {
            Heard::Closed => {}
            Heard::Publish { key } => self.key = key,
            Heard::Tag(tag) => self.tags.push(tag),
            Heard::Ended => self.ended = true,
            Heard::Pinged(taken) => self.pinged = taken,
        }
    }

    /// The media of one kind, without headers and the end of sequence: the wire time, whether it is
    /// a keyframe, and the time on the timeline.
    pub(crate) fn media(&self, kind: TagKind) -> Vec<(u32, bool, Timestamp)> {
        let own = self.tags.iter().filter(|tag| tag.kind == kind);
        own.filter(|tag| !tag.is_sequence_header() && !tag.payload.is_empty())
            .map(|tag| {
                let tail = tag.payload[tag.payload.len() - 8..].try_into().unwrap();
                let at = Timestamp::from_nanos(i64::from_be_bytes(tail));
                (tag.timestamp, tag.is_keyframe(), at)
            })
            .collect()
    }

    /// The stream's `onMetaData`.
    pub(crate) fn metadata(&self) -> Option<Tracks> {
        let mut found = self.tags.iter().map(metadata::from_tag);
        found.find_map(|metadata| metadata.ok().flatten())
    }
}

trait Duplex: Read + Write + Send {}
impl<T: Read + Write + Send> Duplex for T {}

struct Connection {
    index: usize,
    behaviour: Behaviour,
    heard: Sender<(usize, Heard)>,
    resumed: Arc<Mutex<Receiver<()>>>,
    /// Somebody publishes to this peer.
    is_taken: Arc<AtomicBool>,
    /// It is this connection.
    has_taken: bool,
    frames: usize,
    /// Bytes to write besides the machine's.
    inject: Vec<u8>,
}

impl Connection {
    /// `None` when the test is gone.
    fn run(mut self, mut stream: Box<dyn Duplex>) -> Option<()> {
        let mut server = Server::new(Config::default(), Instant::now());
        let mut buffer = vec![0; 65_536];
        let mut first = true;
        loop {
            let count = stream.read(&mut buffer).unwrap_or(0);
            let hasty = std::mem::take(&mut first) && count > HELLO;
            if count == 0 || hasty && matches!(self.behaviour, Behaviour::WantClassic) {
                break;
            }
            let input = Input::Receive(Instant::now(), &buffer[..count]);
            if server.handle_input(input).is_err() || !self.drain(&mut server, &mut stream)? {
                break;
            }
        }
        self.release();
        drop(stream);
        self.tell(Heard::Closed)
    }

    /// `Some(false)` when the connection should be closed.
    fn drain(&mut self, server: &mut Server, stream: &mut dyn Duplex) -> Option<bool> {
        loop {
            match server.poll_output() {
                Output::Transmit(mut slices) => {
                    let bytes = slices.copy_to_bytes(slices.remaining());
                    if stream.write_all(&bytes).is_err() {
                        return Some(false);
                    }
                }
                Output::Event(event) => {
                    if !self.handle(event, server)? {
                        return Some(false);
                    }
                    let asked = stream.write_all(&std::mem::take(&mut self.inject));
                    asked.expect("the client still reads");
                    if matches!(self.behaviour, Behaviour::Flood) && self.frames > 0 {
                        while stream.write_all(&NONSENSE.repeat(1000)).is_ok() {}
                        return Some(false);
                    }
                    if matches!(self.behaviour, Behaviour::Ping) && self.frames > 0 {
                        self.tell(Heard::Pinged(ping(stream)))?;
                        return Some(false);
                    }
                }
                Output::Timeout(_) => return Some(true),
            }
        }
    }

    fn handle(&mut self, event: Event, server: &mut Server) -> Option<bool> {
        match event {
            Event::Publish { stream, key, .. } => {
                let key = key.expose().to_owned();
                self.tell(Heard::Publish { key })?;
                match self.behaviour {
                    Behaviour::Refuse(code, words) => server.refuse(stream, code, words),
                    Behaviour::TakeOne if self.is_taken.swap(true, Ordering::SeqCst) => {
                        let code = "NetStream.Publish.BadName";
                        server.refuse(stream, code, "Already publishing");
                    }
                    _ => {
                        self.has_taken = true;
                        server.accept(stream);
                    }
                }
            }
            Event::Media { tag, .. } | Event::Metadata { tag, .. } => return self.media(tag),
            Event::Ended { .. } => {
                self.release();
                self.tell(Heard::Ended)?;
            }
            _ => {}
        }
        Some(true)
    }

    fn media(&mut self, tag: Tag) -> Option<bool> {
        let is_video = tag.kind == TagKind::Video && !tag.is_sequence_header();
        self.frames += usize::from(is_video);
        self.tell(Heard::Tag(tag))?;
        match self.behaviour {
            Behaviour::CloseAfter(most) => return Some(self.frames < most),
            Behaviour::Move if is_video && self.frames == 1 => {
                self.inject = reconnect_request(None);
            }
            Behaviour::MoveTo(place) if is_video && self.frames == 1 => {
                self.inject = reconnect_request(Some(place));
            }
            Behaviour::Stall if is_video && self.frames == 1 => {
                self.resumed.lock().unwrap().recv().ok()?;
            }
            _ => {}
        }
        Some(true)
    }

    fn release(&mut self) {
        if std::mem::take(&mut self.has_taken) {
            self.is_taken.store(false, Ordering::SeqCst);
        }
    }

    fn tell(&self, heard: Heard) -> Option<()> {
        self.heard.send((self.index, heard)).ok()
    }
}

/// `NetConnection.Connect.ReconnectRequest` (E-RTMP v2, "Reconnect Request") in one chunk.
fn reconnect_request(place: Option<&str>) -> Vec<u8> {
    let place = place.map_or(Value::Null, Value::from);
    let status = Value::object([
        ("tcUrl", place),
        ("level", Value::from("status")),
        ("code", "NetConnection.Connect.ReconnectRequest".into()),
        ("description", "maintenance".into()),
    ]);
    let body = amf0::write_all(&["onStatus".into(), Value::Number(0.0), Value::Null, status]);
    let length = u8::try_from(body.len()).expect("it is short");
    let header = [3, 0, 0, 0, 0, 0, length, 20, 0, 0, 0, 0];
    [&header[..], &body].concat()
}

/// A message of an unknown type without a body.
const NONSENSE: [u8; 12] = [3, 0, 0, 0, 0, 0, 0, 200, 0, 0, 0, 0];

/// Pings until nobody takes any more for a second; gives how much was taken.
fn ping(stream: &mut dyn Duplex) -> usize {
    let block = PING.repeat(1000);
    let mut taken = 0;
    while taken < FLOOD
        && let Ok(written) = stream.write(&block)
    {
        taken += written;
    }
    taken
}

const PING: [u8; 18] = [2, 0, 0, 0, 0, 0, 6, 4, 0, 0, 0, 0, 0, 6, 0, 0, 0, 7];

/// More than two kernels' buffers hold.
pub(crate) const FLOOD: usize = 24 << 20;

/// C0 and C1.
const HELLO: usize = 1537;
