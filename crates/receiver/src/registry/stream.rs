mod meters;
mod state;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use onair_media::{Kind, Packet, Timestamp, Tracks, VideoConfig};

pub(crate) use self::state::MAX_LEFT_OUT;
use self::state::State;
use super::info::{HeldInfo, Origin, StreamInfo, now_in_seconds};
use super::memory::Memory;
use super::ring::{Cursor, Item, Ring, record};
use super::subscribers::SubscriberKind;
use super::viewer::Presence;
use super::{PushError, RegistryConfig, StreamName};
use crate::address::Neighbour;

/// One live stream, shared by its publisher, its viewers and the registry.
#[derive(Debug)]
pub(super) struct Stream {
    name: StreamName,
    since: u64,
    over: IsOver,
    hold: Option<Duration>,
    state: Mutex<State>,
    /// Rises with each takeover.
    generation: tokio::sync::watch::Sender<u64>,
}

/// Whether a stream is over, for somebody who remembers it but must not keep it.
#[derive(Clone, Debug, Default)]
pub(crate) struct IsOver(Arc<AtomicBool>);

impl IsOver {
    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Stream {
    pub(super) fn new(
        name: StreamName,
        origin: Origin,
        config: &RegistryConfig,
        memory: &Memory,
    ) -> Self {
        Self {
            name,
            since: now_in_seconds(),
            over: IsOver::default(),
            hold: config.hold,
            state: Mutex::new(State::new(
                Ring::new(config, memory.ring()),
                origin,
                Instant::now(),
            )),
            generation: tokio::sync::watch::Sender::new(0),
        }
    }

    pub(super) const fn name(&self) -> &StreamName {
        &self.name
    }

    /// Gives the stream to another publisher, if allowed; gives its generation.
    pub(super) fn take_over(&self, origin: Origin, may_replace: bool) -> Option<u64> {
        let (mut state, now) = (self.state(), Instant::now());
        let has_stalled = self.hold.is_some() && state.is_absent(now);
        if state.is_over || !(may_replace || has_stalled || state.orphan_since.is_some()) {
            return None;
        }
        let generation = state.take_over(origin, now);
        self.generation.send_replace(generation);
        Some(generation)
    }

    /// Notes that the publisher of this generation is gone and may come back; false if another has
    /// the stream by now.
    pub(super) fn set_orphan(&self, generation: u64) -> bool {
        let mut state = self.state();
        if state.generation != generation {
            return false;
        }
        state.orphan_since.get_or_insert_with(Instant::now);
        wake(state);
        true
    }

    /// How much longer the stream is held for its publisher, if streams are.
    pub(super) fn held_for(&self) -> Option<Duration> {
        let silence = self.state().silence(Instant::now());
        self.hold.map(|hold| hold.saturating_sub(silence))
    }

    /// Which publisher has it, and whether that one is gone.
    pub(super) fn presence(&self) -> Presence {
        let state = self.state();
        Presence {
            publisher: state.generation,
            is_gone: state.orphan_since.is_some(),
        }
    }

    /// If it waits for its publisher to come back: since when, and from which address.
    pub(super) fn orphan(&self) -> Option<(Instant, Neighbour)> {
        let state = self.state();
        Some((state.orphan_since?, state.origin.neighbour()))
    }

    /// Ends it for its publisher and everybody else.
    pub(super) fn displace(&self) {
        self.end();
        self.generation.send_replace(u64::MAX);
    }

    /// Whether the publisher of this generation still has it.
    pub(super) fn is_held_by(&self, generation: u64) -> bool {
        self.state().generation == generation
    }

    /// Waits until another publisher has taken over from the one of this generation.
    pub(super) async fn replaced(&self, generation: u64) {
        let mut watch = self.generation.subscribe();
        // The sender lives as long as we do.
        let _ = watch.wait_for(|current| *current != generation).await;
    }

    pub(super) fn push(&self, generation: u64, packet: Packet) -> Result<(), PushError> {
        let record = record(&packet.config);
        if record > MAX_DECODER_CONFIG {
            return Err(PushError::Configuration(record));
        }
        let mut state = self.state();
        state.check(generation)?;
        state.push(packet, Instant::now());
        wake(state);
        Ok(())
    }

    pub(super) fn describe(&self, generation: u64, tracks: Tracks) -> Result<(), PushError> {
        let mut state = self.state();
        state.check(generation)?;
        state.describe(tracks);
        wake(state);
        Ok(())
    }

    /// How much memory the packets take.
    pub(super) fn bytes(&self) -> usize {
        self.state().ring.bytes()
    }

    /// Drops the oldest packets.
    pub(super) fn shed(&self, excess: usize) {
        self.state().ring.shed(excess);
    }

    /// Notes that a track will come.
    pub(super) fn promise(&self, kind: Kind) {
        self.state().promised.add(kind);
    }

    /// Notes what the publisher of this generation sends that reaches nobody.
    pub(super) fn leave_out(&self, generation: u64, words: &str) {
        let mut state = self.state();
        if state.generation == generation {
            state.leave_out(words);
        }
    }

    pub(super) fn promises(&self, kind: Kind) -> bool {
        self.state().promised.has(kind)
    }

    pub(super) fn is_over(&self) -> IsOver {
        self.over.clone()
    }

    pub(super) fn end(&self) {
        let mut state = self.state();
        state.is_over = true;
        self.over.0.store(true, Ordering::Release);
        wake(state);
    }

    /// Adds a subscriber; gives its number, and where it begins.
    pub(super) fn join(&self, kind: SubscriberKind) -> (usize, Cursor) {
        let mut state = self.state();
        let cursor = match kind {
            SubscriberKind::Viewer => state.ring.join(),
            SubscriberKind::Output => state.ring.join_whole(),
        };
        (state.add(kind, &cursor), cursor)
    }

    /// Adds a subscriber at another's place.
    pub(super) fn join_at(&self, kind: SubscriberKind, cursor: &Cursor) -> usize {
        self.state().add(kind, cursor)
    }

    /// Removes a subscriber.
    pub(super) fn leave(&self, subscriber: usize) {
        self.state().remove(subscriber);
    }

    /// Ready when the publisher may send more. One that is ahead of time waits for outputs that are
    /// behind; a live one is never held up.
    pub(super) fn poll_room(&self, generation: u64, cx: &Context<'_>, now: Instant) -> Poll<()> {
        let mut state = self.state();
        if state.generation != generation || state.is_over {
            return Poll::Ready(());
        }
        let State { ring, backlog, .. } = &mut *state;
        backlog.poll_room(ring, cx, now)
    }

    /// Puts a subscriber's next items into `items`, up to about `max_bytes`; waits if there are
    /// none.
    pub(super) fn poll_read(
        &self,
        (subscriber, cursor): (usize, &mut Cursor),
        cx: &Context<'_>,
        (max_bytes, items): (usize, &mut Vec<Item>),
    ) -> Poll<()> {
        let mut state = self.state();
        let before = items.len();
        state.read((subscriber, cursor), (max_bytes, items));
        if items.len() == before && !state.is_over {
            state.subscribers.wait(subscriber, cx);
            return Poll::Pending;
        }
        if items.len() == before {
            items.push(Item::Ended);
        }
        Poll::Ready(())
    }

    /// How far a viewer is behind, in media time.
    pub(super) fn behind(&self, cursor: &Cursor) -> Duration {
        self.state().ring.behind(cursor)
    }

    /// The time of the frame that arrives now; `None` before the first.
    pub(super) fn live(&self) -> Option<Timestamp> {
        self.state().edge.time(Instant::now())
    }

    /// The configuration of the newest picture.
    pub(super) fn video(&self) -> Option<Arc<VideoConfig>> {
        self.state().meters.video().cloned()
    }

    pub(super) fn info(&self) -> StreamInfo {
        let (state, now) = (self.state(), Instant::now());
        let held = self.hold.filter(|_| state.is_absent(now));
        StreamInfo {
            name: self.name.clone(),
            since: self.since,
            publisher: state.origin.clone(),
            interrupted: state.orphan_since.is_some(),
            held: held.map(|hold| HeldInfo::new(state.silence(now), hold)),
            video: state.meters.video_info(),
            audio: state.meters.audio_info(),
            encoder: match state.ring.metadata() {
                Some(metadata) => metadata.encoder.clone(),
                None => String::new(),
            },
            viewers: state.subscribers.viewers(),
            dropped_frames: state.dropped,
            packets: state.packets,
            bytes: state.bytes,
            left_out: state.left_out.clone(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes those who wait, once the lock is released.
fn wake(mut state: MutexGuard<'_, State>) {
    let waiting = state.take_waiting();
    drop(state);
    waiting.into_iter().for_each(Waker::wake);
}

/// The largest decoder configuration; parameter sets take some hundred bytes.
const MAX_DECODER_CONFIG: usize = 64 * 1024;
