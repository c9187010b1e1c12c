use std::path::PathBuf;

use tokio::sync::broadcast;

use crate::{Origin, Recording, StreamName};

/// Something that happened to a receiver.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A stream is live.
    Published {
        /// What it is played as.
        name: StreamName,
        /// Who publishes it.
        origin: Origin,
    },
    /// A publisher is gone without a farewell; its stream waits a little for it.
    Interrupted {
        /// Which stream.
        name: StreamName,
        /// What happened, in words.
        why: String,
    },
    /// A stream is over.
    Unpublished {
        /// Which stream.
        name: StreamName,
    },
    /// Somebody watches a stream.
    Playing {
        /// Which stream.
        name: StreamName,
        /// From where.
        peer: String,
    },
    /// Somebody stopped watching.
    Stopped {
        /// Which stream.
        name: StreamName,
        /// From where.
        peer: String,
        /// Pictures it did not get because it was too slow.
        dropped: u64,
    },
    /// Somebody was turned away.
    Refused {
        /// From where.
        peer: String,
        /// Why, in the words that were sent.
        why: String,
    },
    /// A recording began.
    Recording {
        /// Which stream.
        name: StreamName,
        /// The file.
        path: PathBuf,
    },
    /// A recording is closed: with its stream, or because it failed, which ends no stream.
    Recorded {
        /// Which stream.
        name: StreamName,
        /// What has become of it.
        recording: Recording,
    },
    /// A stream, or what comes of it now, is not recorded.
    NotRecorded {
        /// Which stream.
        name: StreamName,
        /// Why, in words.
        reason: String,
    },
    /// Something about a relay.
    Relay {
        /// Which stream.
        name: StreamName,
        /// Where to, the key redacted.
        url: String,
        /// What, in words.
        message: String,
    },
    /// Something a person should know.
    Warning {
        /// In words.
        message: String,
    },
}

/// Where events are told, whether anybody listens or not.
#[derive(Clone, Debug)]
pub(crate) struct Events(broadcast::Sender<Event>);

/// The events of a receiver, from when one began to listen.
#[derive(Debug)]
pub struct EventStream(broadcast::Receiver<Event>);

/// How many events wait for a listener that does not come; then it misses the oldest.
const HELD: usize = 256;

impl Events {
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(HELD))
    }

    pub(crate) fn tell(&self, event: Event) {
        tracing::debug!(?event);
        // Nobody listens: then nobody wants to know.
        let _ = self.0.send(event);
    }

    pub(crate) fn downgrade(&self) -> WeakEvents {
        WeakEvents(self.0.downgrade())
    }

    /// What is left of it for those who only listen: it keeps no stream of events open.
    pub(crate) fn audience(&self) -> Audience {
        Audience(self.0.downgrade())
    }
}

/// Where those tell events who may outlive the receiver, stuck with a disk, say: the stream of
/// events does not stay open for them.
#[derive(Clone, Debug)]
pub(crate) struct WeakEvents(broadcast::WeakSender<Event>);

impl WeakEvents {
    pub(crate) fn tell(&self, event: Event) {
        if let Some(events) = self.0.upgrade() {
            Events(events).tell(event);
        }
    }
}

/// Where events are listened for.
#[derive(Debug)]
pub(crate) struct Audience(broadcast::WeakSender<Event>);

impl Audience {
    pub(crate) fn listen(&self) -> EventStream {
        // When there is nobody to tell anything, the stream is at its end.
        let over = || broadcast::channel(1).1;
        let events = self.0.upgrade();
        EventStream(events.map_or_else(over, |events| events.subscribe()))
    }
}

impl EventStream {
    /// The next event; `None` once the receiver has stopped.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            match self.0.recv().await {
                Ok(event) => return Some(event),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// As [`next`](Self::next), outside of any runtime.
    pub fn blocking_next(&mut self) -> Option<Event> {
        loop {
            match self.0.blocking_recv() {
                Ok(event) => return Some(event),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}
