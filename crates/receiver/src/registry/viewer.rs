use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use onair_media::{Kind, Timestamp, VideoConfig};

use super::ring::{Cursor, Item};
use super::stream::{IsOver, Stream};
use super::subscribers::SubscriberKind;
use super::{StreamInfo, StreamName};

/// A viewer's end of a stream: its metadata, its current GOP, and what follows.
///
/// It holds only its place in the stream. One that falls behind by more than
/// [`RegistryConfig::lag`](super::RegistryConfig::lag) is cut to the next keyframe.
#[derive(Debug)]
pub struct Viewer {
    stream: Arc<Stream>,
    kind: SubscriberKind,
    subscriber: usize,
    cursor: Cursor,
    has_ended: bool,
}

/// Who publishes a stream now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Presence {
    /// Another number is another publisher, or the same one in another session.
    pub(crate) publisher: u64,
    /// It is gone, and may come back.
    pub(crate) is_gone: bool,
}

/// What came of waiting for an item.
#[derive(Debug)]
pub(crate) enum Wait {
    Item(Item),
    /// Everything is read, and something else may have happened: time passed, or the publisher
    /// vanished.
    Nothing,
}

impl Viewer {
    pub(super) fn new(stream: Arc<Stream>) -> Self {
        Self::join(stream, SubscriberKind::Viewer)
    }

    /// Reads for a recording or a relay: everything held of the stream, and what follows. It does
    /// not count as a viewer, and loses only what [`RegistryConfig::stream_bytes`] cannot hold.
    ///
    /// [`RegistryConfig::stream_bytes`]: super::RegistryConfig::stream_bytes
    pub(super) fn output(stream: Arc<Stream>) -> Self {
        Self::join(stream, SubscriberKind::Output)
    }

    fn join(stream: Arc<Stream>, kind: SubscriberKind) -> Self {
        let (subscriber, cursor) = stream.join(kind);
        Self {
            stream,
            kind,
            subscriber,
            cursor,
            has_ended: false,
        }
    }

    /// The name it is played by.
    pub fn name(&self) -> &StreamName {
        self.stream.name()
    }

    /// The next item; `None` after [`Item::Ended`].
    pub async fn next(&mut self) -> Option<Item> {
        let mut items = Vec::with_capacity(1);
        poll_fn(|cx| self.poll_take(cx, 1, &mut items)).await;
        items.pop()
    }

    /// As [`next`](Self::next), blocking the thread.
    pub fn blocking_next(&mut self) -> Option<Item> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let cx = Context::from_waker(&waker);
        let mut items = Vec::with_capacity(1);
        while self.poll_take(&cx, 1, &mut items).is_pending() {
            thread::park();
        }
        items.pop()
    }

    /// As [`blocking_next`](Self::blocking_next), until `deadline`, or until the presence is no
    /// longer the known one.
    pub(crate) fn blocking_wait(
        &mut self,
        known: Presence,
        deadline: Option<Instant>,
    ) -> Option<Wait> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let cx = Context::from_waker(&waker);
        let mut items = Vec::with_capacity(1);
        let mut has_waited = false;
        while self.poll_take(&cx, 1, &mut items).is_pending() {
            if std::mem::replace(&mut has_waited, true) || self.presence() != known {
                return Some(Wait::Nothing);
            }
            match deadline.map(|then| then.saturating_duration_since(Instant::now())) {
                Some(left) => thread::park_timeout(left),
                None => thread::park(),
            }
        }
        items.pop().map(Wait::Item)
    }

    /// Who publishes it now.
    pub(crate) fn presence(&self) -> Presence {
        self.stream.presence()
    }

    /// Adds items to `items`, at least one and up to about `max_bytes` of payload; none after
    /// [`Item::Ended`].
    ///
    /// A `max_bytes` of 1 gives one packet.
    pub fn poll_take(
        &mut self,
        cx: &Context<'_>,
        max_bytes: usize,
        items: &mut Vec<Item>,
    ) -> Poll<()> {
        if self.has_ended {
            return Poll::Ready(());
        }
        let reader = (self.subscriber, &mut self.cursor);
        let polled = self.stream.poll_read(reader, cx, (max_bytes, items));
        self.has_ended = matches!(items.last(), Some(Item::Ended));
        polled
    }

    /// How far behind the newest picture the next one is, in media time.
    pub fn behind(&self) -> Duration {
        self.stream.behind(&self.cursor)
    }

    /// The presentation time of the frame that arrives at the server now, however late this viewer
    /// is; `None` before the first.
    pub(crate) fn live(&self) -> Option<Timestamp> {
        self.stream.live()
    }

    /// Pictures this viewer did not get because it was too slow.
    pub const fn dropped(&self) -> u64 {
        self.cursor.dropped.video
    }

    /// Audio frames it did not get for the same reason.
    pub const fn dropped_audio(&self) -> u64 {
        self.cursor.dropped.audio
    }

    /// Whether the publisher has announced such a track.
    pub(crate) fn promises(&self, kind: Kind) -> bool {
        self.stream.promises(kind)
    }

    pub(crate) fn is_over(&self) -> IsOver {
        self.stream.is_over()
    }

    /// The configuration of the stream's video, once there is any.
    pub(crate) fn video(&self) -> Option<Arc<VideoConfig>> {
        self.stream.video()
    }

    /// What is known about the stream.
    pub fn info(&self) -> StreamInfo {
        self.stream.info()
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.stream.leave(self.subscriber);
    }
}

impl Clone for Viewer {
    /// Another viewer, at the same place in the stream.
    fn clone(&self) -> Self {
        Self {
            stream: self.stream.clone(),
            kind: self.kind,
            subscriber: self.stream.join_at(self.kind, &self.cursor),
            cursor: self.cursor.clone(),
            has_ended: self.has_ended,
        }
    }
}

/// Wakes a thread that waits in [`Viewer::blocking_next`].
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
