//! One connection over a made-up socket: how often it is read, and when it comes to rest.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Wake;

use bytes::Buf;
use onair_flv::amf0::Value;
use onair_flv::{Muxer, Tag, TagKind};
use onair_media::Packet;
use onair_rtmp::chunk::Writer;
use onair_rtmp::publisher::Config;
use onair_rtmp::{Command, Output, Publisher, Slices};
use tokio::io::ReadBuf;
use tokio::task::unconstrained;

use onair_samples::video_packet;

use super::*;
use crate::event::Events;
use crate::stop::Stopper;
use crate::{Keys, Limits, RegistryConfig, StreamRegistry, Viewer};

/// What the other side does.
#[derive(Debug, Default)]
struct Peer {
    incoming: VecDeque<u8>,
    is_closed: bool,
    takes_nothing: bool,
    is_reset: bool,
    reads: usize,
}

#[derive(Clone, Debug, Default)]
struct Socket(Arc<Mutex<Peer>>);

impl Socket {
    fn peer(&self) -> MutexGuard<'_, Peer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn arrives(&self, bytes: &[u8]) {
        self.peer().incoming.extend(bytes);
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Wakeup<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut peer = self.peer();
        peer.reads += 1;
        if peer.incoming.is_empty() && !peer.is_closed {
            return Poll::Pending;
        }
        let count = buffer.remaining().min(peer.incoming.len());
        let bytes: Vec<u8> = peer.incoming.drain(..count).collect();
        buffer.put_slice(&bytes);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Wakeup<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.peer().takes_nothing {
            true => Poll::Pending,
            false => Poll::Ready(Ok(bytes.len())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Wakeup<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(match self.peer().is_reset {
            true => Err(io::Error::other("reset by peer")),
            false => Ok(()),
        })
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Wakeup<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[derive(Debug, Default)]
struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Scene {
    connection: Connection,
    socket: Socket,
    registry: StreamRegistry,
    stopper: Stopper,
}

/// More turns than any test needs.
const TURNS: usize = 5000;

impl Scene {
    fn new(configure: impl FnOnce(&mut Limits, &mut Keys)) -> Self {
        let (mut limits, mut keys) = (Limits::default(), Keys::none());
        configure(&mut limits, &mut keys);
        let registry = StreamRegistry::new(RegistryConfig {
            stream_bytes: 1 << 20,
            ..RegistryConfig::default()
        });
        let (events, (stopper, stop)) = (Events::new(), Stopper::new());
        let context = Context::new(registry.clone(), (keys, limits), events, stop);
        let peer = SocketAddr::from(([192, 0, 2, 1], 1));
        let permit = context.admit(peer);
        let socket = Socket::default();
        let rest = (Arc::new(context), permit);
        Self {
            connection: Connection::new(Box::new(socket.clone()), rest, peer),
            socket,
            registry,
            stopper,
        }
    }

    /// Takes turns until nothing wakes it any more.
    fn run_until_idle(&mut self) -> Poll<ConnectionEnd> {
        let bell = Arc::new(Bell::default());
        let waker = bell.clone().into();
        for _ in 0..TURNS {
            bell.0.store(false, Ordering::Relaxed);
            let turn = unconstrained(poll_fn(|cx| self.connection.poll(cx)));
            let polled = std::pin::pin!(turn).poll(&mut Wakeup::from_waker(&waker));
            if polled.is_ready() || !bell.0.load(Ordering::Relaxed) {
                return polled;
            }
        }
        panic!("it never comes to rest");
    }
}

/// Everything a publisher sends before it has heard an answer.
fn flight(key: &str, tags: &[Tag]) -> Vec<u8> {
    let url = format!("rtmp://192.0.2.9/live/{key}").parse().unwrap();
    let mut config = Config::new(url);
    config.flight_limit = usize::MAX;
    let mut publisher = Publisher::new(config, Instant::now());
    tags.iter().for_each(|tag| publisher.send(tag).unwrap());
    let mut wire = Vec::new();
    while let Output::Transmit(mut bytes) = publisher.poll_output() {
        wire.extend(bytes.copy_to_bytes(bytes.remaining()));
    }
    wire
}

fn tags(packets: &[Packet]) -> Vec<Tag> {
    let mut muxer = Muxer::new();
    packets
        .iter()
        .flat_map(|packet| muxer.mux(packet))
        .collect()
}

/// Many seconds at once: more than half of what is held, with more to follow.
fn ahead() -> Vec<Tag> {
    let pictures: Vec<_> = (0..100)
        .map(|i| video_packet(i * 1000, i == 0, 15_000))
        .collect();
    tags(&pictures)
}

fn held_up(takes_nothing: bool) -> (Scene, Viewer) {
    let mut scene = Scene::new(|_, _| {});
    scene.socket.peer().takes_nothing = takes_nothing;
    let mut outputs = scene.registry.outputs();
    scene.socket.arrives(&flight("cam", &ahead()));
    assert!(scene.run_until_idle().is_pending());
    let left = scene.socket.peer().incoming.len();
    assert!(left > 100_000, "{left} bytes are not read yet");
    (scene, outputs.try_recv().unwrap())
}

#[tokio::test]
async fn what_a_publisher_sent_before_it_went_is_read_however_long_that_takes() {
    let (mut scene, output) = held_up(false);
    scene.socket.peer().is_reset = true;
    assert!(scene.run_until_idle().is_pending());
    drop(output);
    let ending = scene.run_until_idle();
    assert_eq!(scene.socket.peer().incoming.len(), 0);
    assert!(matches!(ending, Poll::Ready(ConnectionEnd::Broken(why)) if why == "reset by peer"));
    assert_eq!(scene.registry.streams()[0].packets, 100);
}

#[tokio::test]
async fn a_publisher_that_is_not_read_is_not_asked_for_a_sign_of_life() {
    let (mut scene, _output) = held_up(false);
    let mut polled = Poll::Pending;
    for _ in 0..2 {
        // The server's own timeout has passed, twice.
        let late = scene.connection.pump.deadline() + Duration::from_millis(1);
        let mut cx = Wakeup::from_waker(std::task::Waker::noop());
        scene.connection.timing.media = late;
        scene.connection.poll_timer(&mut cx, late);
        polled = scene.run_until_idle();
    }
    assert!(polled.is_pending(), "{polled:?}");
}

/// A client refused in words that it does not read.
fn turned_away() -> Scene {
    let mut scene = Scene::new(|_, keys| keys.add("cam", &"sesame".into()).unwrap());
    scene.socket.peer().takes_nothing = true;
    scene.socket.arrives(&flight("guess", &[]));
    assert!(scene.run_until_idle().is_pending());
    scene
}

/// A request to publish on the connection's second message stream.
fn another(key: &str) -> Vec<u8> {
    let publish = Command::new("publish", 9.0).argument(Value::from(key));
    let commands = [(0, Command::new("createStream", 8.0)), (2, publish)];
    let (mut writer, mut out) = (Writer::new(), Slices::new());
    for (stream_id, command) in commands {
        writer.write_command(stream_id, &command, &mut out).unwrap();
    }
    out.copy_to_bytes(out.remaining()).to_vec()
}

#[tokio::test]
async fn a_right_key_behind_a_wrong_one_is_not_looked_at() {
    let mut scene = Scene::new(|_, keys| keys.add("cam", &"sesame".into()).unwrap());
    scene.socket.peer().takes_nothing = true;
    let both = [flight("guess", &[]), another("sesame")].concat();
    scene.socket.arrives(&both);
    assert!(scene.run_until_idle().is_pending());
    assert_eq!(scene.registry.streams(), []);
    // Alone it would have been accepted.
    let mut scene = Scene::new(|_, keys| keys.add("cam", &"sesame".into()).unwrap());
    scene.socket.arrives(&flight("sesame", &[]));
    assert!(scene.run_until_idle().is_pending());
    assert_eq!(scene.registry.streams().len(), 1);
}

#[tokio::test]
async fn who_closed_and_takes_nothing_is_read_no_more() {
    let mut scene = turned_away();
    scene.socket.peer().is_closed = true;
    let reads = scene.socket.peer().reads;
    assert!(scene.run_until_idle().is_pending());
    assert!(scene.socket.peer().reads <= reads + 1);
}

#[tokio::test]
async fn a_useless_publisher_that_takes_nothing_is_turned_down_once() {
    let mut scene = Scene::new(|limits, _| limits.useless_timeout = Duration::ZERO);
    scene.socket.peer().takes_nothing = true;
    let body = [&[0x91][..], b"av01", &[7; 4000]].concat();
    let junk = Tag::from_body(TagKind::Video, 0, body.into());
    scene.socket.arrives(&flight("cam", &vec![junk; 8]));
    assert!(scene.run_until_idle().is_pending());
    assert_eq!(scene.registry.streams(), []);
}

#[tokio::test]
async fn a_publisher_held_up_that_takes_nothing_rests_when_all_is_to_end() {
    let (mut scene, _output) = held_up(true);
    assert!(scene.connection.pump.unwritten() > 0);
    // Whatever follows is not a publisher's any more.
    scene.socket.peer().incoming.clear();
    scene.stopper.stop();
    assert!(scene.run_until_idle().is_pending());
    tokio::time::pause();
    tokio::time::advance(flow::HELD_UP * 2).await;
    assert!(scene.run_until_idle().is_pending());
}
