//! Recordings: one fragmented MP4 after another for each stream.

mod allowance;
mod file;
mod recorder;
mod recording;
mod space;
mod writer;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use tokio::sync::mpsc::Sender;

use self::allowance::Allowance;
use self::recorder::Recorder;
pub use self::recording::{Recording, Unrecorded};
use crate::event::WeakEvents;
use crate::{Event, StreamName, Viewer};

/// What all recordings of a receiver share. Clones share it too.
#[derive(Clone, Debug)]
pub(crate) struct Recordings(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    directory: PathBuf,
    /// How many bytes of the disk are left to others.
    keep_free: u64,
    most: usize,
    running: AtomicUsize,
    allowance: Mutex<Allowance>,
    events: WeakEvents,
}

/// How much of a disk is left free by default.
pub(crate) const KEEP_FREE: u64 = 100_000_000;

/// The most bytes that one recording holds before they are in its file.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// The most that all recordings hold together; each may exceed its share by a frame.
const MAX_BYTES_TOGETHER: usize = 64 * 1024 * 1024;

impl Recordings {
    pub(crate) fn new(directory: PathBuf, keep_free: u64, most: usize, events: WeakEvents) -> Self {
        Self(Arc::new(Shared {
            directory,
            keep_free,
            most,
            running: AtomicUsize::new(0),
            allowance: Mutex::default(),
            events,
        }))
    }

    /// Records a stream to its end, on a thread of its own, which drops `alive` when done.
    pub(crate) fn start(&self, viewer: Viewer, alive: Sender<()>) {
        let name = viewer.name().clone();
        if self.0.running.fetch_add(1, Ordering::Relaxed) >= self.0.most {
            self.0.running.fetch_sub(1, Ordering::Relaxed);
            let why = "too many recordings are being written, or wait for a disk that is stuck";
            return self.refuse(&name, Unrecorded::Refused(why.to_owned()));
        }
        let recordings = self.clone();
        let run = move || {
            Recorder::new(viewer, recordings.clone()).run();
            recordings.0.running.fetch_sub(1, Ordering::Relaxed);
            drop(alive);
        };
        let thread = thread::Builder::new().name("onair-record".to_owned());
        if let Err(error) = thread.spawn(run) {
            self.0.running.fetch_sub(1, Ordering::Relaxed);
            let why = format!("cannot start a thread: {error}");
            self.refuse(&name, Unrecorded::Refused(why));
        }
    }

    /// How many bytes each recording may hold now.
    fn max_bytes(&self) -> usize {
        let running = self.0.running.load(Ordering::Relaxed).max(1);
        (MAX_BYTES_TOGETHER / running).min(MAX_BYTES)
    }

    /// Whether one more file may begin; the error says why not.
    fn permit(&self, viewer: &Viewer) -> Result<(), Unrecorded> {
        let peer = viewer.info().publisher.peer;
        let address = peer
            .parse()
            .map_or(peer, |peer: std::net::SocketAddr| peer.ip().to_string());
        let mut allowance = self
            .0
            .allowance
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let permitted = allowance.permit(viewer.name(), &address, Instant::now());
        permitted.map_err(Unrecorded::Refused)
    }

    fn refuse(&self, name: &StreamName, reason: Unrecorded) {
        self.0.events.tell(Event::NotRecorded {
            name: name.clone(),
            reason,
        });
    }
}
