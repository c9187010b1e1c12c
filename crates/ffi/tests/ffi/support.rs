//! A server to publish to, and a way to wait without a runtime.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::thread::{self, Thread};

use onair_ffi::{AudioConfig, BroadcastConfig, Destination, Event, Events, VideoConfig};
use onair_receiver::{Change, Item, Receiver, StreamName, StreamRegistry, Viewer};

/// A key that must not be seen anywhere.
pub(crate) const KEY: &str = "a-secret-key-1234";

/// A receiver on a port of its own.
pub(crate) struct Server {
    pub(crate) receiver: Receiver,
}

impl Server {
    pub(crate) fn start() -> Self {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let receiver = Receiver::builder().listen(free).start().unwrap();
        Self { receiver }
    }

    pub(crate) fn destination(&self) -> Destination {
        Destination {
            url: format!("rtmp://{}/live", self.receiver.rtmp_addresses()[0]),
            key: Some(KEY.to_owned()),
            user: None,
            password: None,
            backup: None,
        }
    }

    /// Small pictures and mono sound to this server.
    pub(crate) fn config(&self) -> BroadcastConfig {
        BroadcastConfig {
            destinations: vec![self.destination()],
            video: Some(video()),
            audio: Some(audio()),
            record: None,
        }
    }

    /// Waits for the stream and watches it.
    pub(crate) fn watch(&self) -> Viewer {
        let registry: &StreamRegistry = self.receiver.registry();
        let name = StreamName::new("live", KEY).unwrap();
        let mut streams = registry.watch_streams();
        loop {
            if let Some(viewer) = registry.subscribe(&name) {
                return viewer;
            }
            let _change: Change = wait(streams.next());
        }
    }
}

pub(crate) fn video() -> VideoConfig {
    VideoConfig {
        width: 64,
        height: 48,
        frame_rate: 30,
        bitrate: Some(100_000),
        adapts: true,
        min_bitrate: None,
        keyframe_seconds: 2.0,
        codec: None,
    }
}

pub(crate) fn audio() -> AudioConfig {
    AudioConfig {
        sample_rate: 48_000,
        channels: 1,
        bitrate: 64_000,
    }
}

/// Waits for a packet that is as wanted.
pub(crate) fn packet(viewer: &mut Viewer, wanted: impl Fn(&onair::media::Packet) -> bool) {
    loop {
        match viewer.blocking_next() {
            Some(Item::Packet(packet)) if wanted(&packet) => return,
            Some(_) => {}
            None => panic!("the stream ended before"),
        }
    }
}

/// Reads events until one is as wanted; gives those before it too.
pub(crate) fn until(events: &Events, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
    let mut seen = Vec::new();
    while let Some(event) = wait(events.next()) {
        let found = wanted(&event);
        seen.push(event);
        if found {
            return seen;
        }
    }
    panic!("it did not come: {seen:?}");
}

/// Reads all events there will be.
pub(crate) fn rest(events: &Events) -> Vec<Event> {
    let next = || wait(events.next());
    std::iter::from_fn(next).collect()
}

/// Drives a future on this thread.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        thread::park();
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
