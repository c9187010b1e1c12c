use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use onair_media::{Kind, Packet};

use crate::Pace;
use crate::fanout::Fanout;
use crate::interleave::Interleaver;

/// Where the encoders' packets become one stream.
pub(super) struct PacketMerger {
    fanout: Arc<Fanout>,
    interleaver: Mutex<Interleaver>,
    turn: Condvar,
}

/// How often a waiting encoder looks whether the broadcast still exists.
const LOOK: Duration = Duration::from_millis(100);

impl PacketMerger {
    pub(super) fn new(fanout: Arc<Fanout>, pace: Pace, (video, audio): (bool, bool)) -> Self {
        let interleaver = match pace {
            Pace::Realtime => Interleaver::live(video, audio),
            Pace::Max => Interleaver::strict(video, audio),
        };
        Self {
            fanout,
            interleaver: Mutex::new(interleaver),
            turn: Condvar::new(),
        }
    }

    pub(super) fn fanout(&self) -> &Fanout {
        &self.fanout
    }

    /// Hands an encoder's packets on, and waits while this kind is too far ahead.
    pub(super) fn push(&self, kind: Kind, packets: Vec<Packet>) {
        let now = Instant::now();
        self.fanout.notes().count(kind, &packets, now);
        let mut interleaver = self.lock();
        for packet in packets {
            interleaver.push(packet, now);
        }
        self.pass(&mut interleaver, now);
        while interleaver.is_ahead(kind) && !self.fanout.stopping().is_asked() {
            let waited = self.turn.wait_timeout(interleaver, LOOK);
            interleaver = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// This kind ended; when both have, so has the broadcast's source.
    pub(super) fn end(&self, kind: Kind) {
        let mut interleaver = self.lock();
        interleaver.end(kind);
        self.pass(&mut interleaver, Instant::now());
        if interleaver.is_over() {
            self.fanout.finish();
        }
    }

    /// This kind failed: the broadcast ends.
    pub(super) fn fail(&self, kind: Kind, error: &onair_av::Error) {
        let words = || error.to_string();
        self.fanout.notes().failure.get_or_insert_with(words);
        self.fanout.finish();
        self.fanout.stopping().ask();
        self.end(kind);
    }

    fn pass(&self, interleaver: &mut Interleaver, now: Instant) {
        let mut batch: Vec<_> = std::iter::from_fn(|| interleaver.poll(now)).collect();
        if !batch.is_empty() {
            self.fanout.publish(&mut batch);
        }
        self.turn.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Interleaver> {
        self.interleaver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
