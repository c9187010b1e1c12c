use std::hash::Hash;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use onair_media::text::clean;
use tokio::sync::broadcast;

use crate::address::Neighbour;
use crate::{Origin, Recording, RelayFailure, Repeats, StreamName, Unrecorded};

/// Something that happened to a receiver.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A stream went live.
    Published {
        /// The name it is played by.
        name: StreamName,
        /// Who publishes it.
        origin: Origin,
    },
    /// A publisher vanished without a farewell; its stream waits a little for it.
    Interrupted {
        /// Which stream.
        name: StreamName,
        /// The reason, in words.
        why: String,
    },
    /// A stream is over.
    Unpublished {
        /// Which stream.
        name: StreamName,
    },
    /// Something a publisher sends reaches nobody: told once for each thing.
    LeftOut {
        /// Which stream.
        name: StreamName,
        /// What and why, in words.
        what: String,
    },
    /// A viewer started watching a stream.
    Playing {
        /// Which stream.
        name: StreamName,
        /// Its address.
        peer: String,
    },
    /// A viewer stopped watching.
    Stopped {
        /// Which stream.
        name: StreamName,
        /// Its address.
        peer: String,
        /// Pictures it did not get because it was too slow.
        dropped: u64,
    },
    /// A peer was turned away. Of many refusals of one address for one reason only a few are told.
    Refused {
        /// Its address.
        peer: String,
        /// The reason, in the words it was given.
        why: String,
        /// How many refusals this stands for: itself, and those like it that were not told.
        times: u64,
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
        /// How it ended.
        recording: Recording,
    },
    /// A stream, or its present part, is not recorded.
    NotRecorded {
        /// Which stream.
        name: StreamName,
        /// Why.
        reason: Unrecorded,
    },
    /// A relay was given up, or not begun. Nothing more is told of it until it is begun anew.
    RelayFailed {
        /// Which stream.
        name: StreamName,
        /// Where to, the key redacted; empty if the stream's name makes no URL.
        url: String,
        /// Why.
        failure: RelayFailure,
    },
    /// Something else about a relay.
    Relay {
        /// Which stream.
        name: StreamName,
        /// Where to, the key redacted.
        url: String,
        /// What, in words.
        message: String,
    },
    /// A relay's publisher is gone or sends nothing, and the relay stays on air without it.
    RelayHeld {
        /// Which stream.
        name: StreamName,
        /// Where to, the key redacted.
        url: String,
        /// It has lost its connection; else it merely sends nothing.
        is_gone: bool,
        /// How long the relay stays on air, counted from the publisher's last media.
        limit: Duration,
    },
    /// A held relay shows its publisher again.
    RelayBack {
        /// Which stream.
        name: StreamName,
        /// Where to, the key redacted.
        url: String,
        /// How long viewers had nothing of it.
        after: Duration,
    },
    /// A held relay ends without its publisher.
    RelayNotBack {
        /// Which stream.
        name: StreamName,
        /// Where to, the key redacted.
        url: String,
        /// How long it was held.
        after: Duration,
    },
    /// Something a person should know.
    Warning {
        /// In words.
        message: String,
    },
}

/// Where events are told, whether or not anybody listens.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    sender: broadcast::Sender<Event>,
    repeats: Arc<Mutex<Repeats>>,
}

/// The events of a receiver, from when listening began.
#[derive(Debug)]
pub struct EventStream(broadcast::Receiver<Event>);

/// How many events wait for a slow listener; after that it misses the oldest.
const HELD: usize = 256;

/// How long a reason may be, in characters: it may quote a stranger.
const MAX_REASON: usize = 300;

/// How many refusals for one reason an address may cause in a minute.
const REFUSALS: u64 = 3;

impl Events {
    pub(crate) fn new() -> Self {
        Self {
            sender: broadcast::Sender::new(HELD),
            repeats: Arc::new(Mutex::new(Repeats::new(REFUSALS))),
        }
    }

    pub(crate) fn tell(&self, event: Event) {
        announce(&self.sender, event);
    }

    /// Tells that a peer was turned away, but not for the thousandth time.
    pub(crate) fn tell_refused(&self, peer: SocketAddr, why: &str) {
        let without_numbers = why.replace(|c: char| c.is_ascii_digit(), "");
        if let Some(times) = self.note((Neighbour::from(peer.ip()), without_numbers)) {
            self.tell(Event::Refused {
                peer: peer.to_string(),
                why: clean(why, MAX_REASON),
                times,
            });
        }
    }

    /// Tells that a connection could not be accepted, and the cure: a few times a minute.
    pub(crate) fn tell_accept_failed(&self, error: &io::Error) {
        if self
            .note(("accept", error.raw_os_error()))
            .is_some_and(|times| times == 1)
        {
            let message = format!("cannot accept connections: {error}{}", cure(error));
            self.tell(Event::Warning { message });
        }
    }

    fn note(&self, kind: impl Hash) -> Option<u64> {
        let mut repeats = self.repeats.lock().unwrap_or_else(PoisonError::into_inner);
        repeats.note(kind, Instant::now())
    }

    pub(crate) fn downgrade(&self) -> WeakEvents {
        WeakEvents(self.sender.downgrade())
    }

    /// A handle for those who only listen: it keeps no stream of events open.
    pub(crate) fn audience(&self) -> Audience {
        Audience {
            events: self.sender.downgrade(),
            first: Mutex::new(Some(self.sender.subscribe())),
        }
    }
}

fn announce(listeners: &broadcast::Sender<Event>, event: Event) {
    tracing::debug!(?event);
    // An error means that nobody listens.
    let _ = listeners.send(event);
}

/// Where tasks tell events that may outlive the receiver, for instance stuck with a disk: the
/// stream of events does not stay open for them.
#[derive(Clone, Debug)]
pub(crate) struct WeakEvents(broadcast::WeakSender<Event>);

impl WeakEvents {
    pub(crate) fn tell(&self, event: Event) {
        if let Some(events) = self.0.upgrade() {
            announce(&events, event);
        }
    }
}

/// The cure for a system's refusal.
fn cure(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(PROCESS_IS_FULL) => {
            ". This process has as many files and connections open as it may: raise `ulimit -n`, or \
             allow fewer connections"
        }
        Some(SYSTEM_IS_FULL) => ". This machine has as many files open as it can",
        _ => "",
    }
}

/// `EMFILE` and `ENFILE`, the same on Linux and Apple's systems.
const PROCESS_IS_FULL: i32 = 24;
const SYSTEM_IS_FULL: i32 = 23;

/// Where events are listened for.
#[derive(Debug)]
pub(crate) struct Audience {
    events: broadcast::WeakSender<Event>,
    /// Receives from the very beginning, for the first listener.
    first: Mutex<Option<broadcast::Receiver<Event>>>,
}

impl Audience {
    pub(crate) fn listen(&self) -> EventStream {
        // Once nobody can tell anything, the stream is at its end.
        let over = || broadcast::channel(1).1;
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let events = || self.events.upgrade().map(|events| events.subscribe());
        EventStream(first.take().or_else(events).unwrap_or_else(over))
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

#[cfg(test)]
mod tests {
    use onair_media::text::is_printable;

    use super::*;

    #[test]
    fn a_flood_of_refusals_is_a_handful_of_events() {
        let events = Events::new();
        let mut heard = events.audience().listen();
        for port in 1..=10_000 {
            let why = format!("try again in {port} s");
            events.tell_refused(([192, 0, 2, 1], port).into(), &why);
        }
        events.tell_refused(([192, 0, 2, 2], 1).into(), "n\u{202e}o\u{1b}[2J");
        drop(events);
        let told = std::iter::from_fn(|| heard.blocking_next());
        let times: Vec<_> = told
            .map(|event| match event {
                Event::Refused { times, why, .. } => {
                    assert!(why.chars().all(is_printable), "{why:?}");
                    times
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(times, [1, 1, 1, 7, 90, 900, 9000, 1]);
    }

    #[test]
    fn descriptors_used_up_are_said_with_the_cure_and_not_again_and_again() {
        let events = Events::new();
        let mut heard = events.audience().listen();
        let error = io::Error::from_raw_os_error(PROCESS_IS_FULL);
        (0..500).for_each(|_| events.tell_accept_failed(&error));
        drop(events);
        let Some(Event::Warning { message }) = heard.blocking_next() else {
            panic!("no warning");
        };
        assert!(message.contains("ulimit -n"), "{message}");
        let more = std::iter::from_fn(|| heard.blocking_next()).count();
        assert!(more <= 4, "{more} more of them");
    }
}
