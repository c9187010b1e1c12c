use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use onair_media::Packet;

use crate::queue::PacketQueue;
use crate::trace::{Trace, TracedQueue};

/// A [`PacketQueue`] between the thread that produces and the task or thread that sends.
///
/// Both sides move packets in batches under one lock, and each wakes the other
/// only when it sleeps, and once it has let go of the lock.
#[derive(Debug)]
pub(crate) struct SharedQueue {
    state: Mutex<State>,
    room: Condvar,
    more: Condvar,
}

#[derive(Debug)]
struct State {
    queue: TracedQueue,
    waker: Option<Waker>,
    /// A producer sleeps.
    waiting: bool,
    /// A consuming thread sleeps.
    idle: bool,
    closed: bool,
    deadline: Option<Instant>,
}

impl SharedQueue {
    /// Shares a queue.
    pub(crate) fn new(queue: PacketQueue) -> Self {
        Self::of(queue.into())
    }

    /// The same, its calls noted.
    pub(crate) fn traced(queue: PacketQueue, trace: &Trace, destination: usize) -> Self {
        Self::of(TracedQueue::from(queue).traced(trace, destination))
    }

    fn of(queue: TracedQueue) -> Self {
        Self {
            state: Mutex::new(State {
                queue,
                waker: None,
                waiting: false,
                idle: false,
                closed: false,
                deadline: None,
            }),
            room: Condvar::new(),
            more: Condvar::new(),
        }
    }

    /// Adds packets; a queue that holds makes the caller wait for room afterwards.
    pub(crate) fn push(&self, packets: impl Iterator<Item = Packet>, now: Instant) {
        let mut state = self.lock();
        if state.closed {
            packets.for_each(|packet| state.queue.miss(&packet));
            return;
        }
        if state.queue.has_ended() {
            return;
        }
        for packet in packets {
            state.queue.push(packet, now);
        }
        let is_full = state.queue.is_full(now);
        match state.queue.is_ready() {
            true => self.wake(state),
            false => drop(state),
        }
        if is_full {
            self.wait_for_room(now);
        }
    }

    fn wait_for_room(&self, mut now: Instant) {
        let mut state = self.lock();
        while state.queue.is_full(now) && !state.closed && !state.queue.has_ended() {
            state.waiting = true;
            let waited = self.room.wait_timeout(state, LOOK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            now = Instant::now();
            state.queue.look(now);
        }
    }

    /// No packet will follow. After `deadline` nobody waits for the rest either.
    pub(crate) fn end(&self, deadline: Option<Instant>) {
        let mut state = self.lock();
        state.queue.end();
        state.deadline = state.deadline.or(deadline);
        self.wake(state);
        self.room.notify_all();
    }

    /// The consumer is gone: producers need not bother.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        self.wake(state);
        self.room.notify_all();
    }

    /// There is a consumer again.
    pub(crate) fn reopen(&self) {
        let mut state = self.lock();
        state.closed = false;
        state.deadline = None;
        state.queue.reopen();
    }

    /// Until when the rest may still be sent, if there is such a time.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.lock().deadline
    }

    /// Resolves when no packet will follow.
    pub(crate) fn poll_ended(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.queue.has_ended() {
            return Poll::Ready(());
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Moves packets of up to about `budget` bytes to `out`; otherwise remembers to wake the task.
    pub(crate) fn poll_take(
        &self,
        cx: &Context<'_>,
        budget: usize,
        out: &mut Vec<Packet>,
    ) -> Poll<Taken> {
        let mut state = self.lock();
        let taken = state.take(budget, out);
        if taken.is_none() {
            state.waker = Some(cx.waker().clone());
        }
        self.release(state);
        taken.map_or(Poll::Pending, Poll::Ready)
    }

    /// The same for a thread: waits for packets or the end.
    pub(crate) fn take(&self, budget: usize, out: &mut Vec<Packet>) -> Taken {
        let mut state = self.lock();
        loop {
            if let Some(taken) = state.take(budget, out) {
                self.release(state);
                return taken;
            }
            // What nobody could use may have made room too.
            if state.has_made_room() {
                self.room.notify_all();
            }
            state.idle = true;
            let waited = self.more.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Looks at the queue, or tells it something.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut TracedQueue) -> T) -> T {
        look(&mut self.lock().queue)
    }

    /// Wakes a consumer that sleeps: one woken under the lock would only sleep again, for that.
    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let waker = state.waker.take();
        let is_idle = std::mem::take(&mut state.idle);
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        if is_idle {
            self.more.notify_all();
        }
    }

    /// Wakes a producer that sleeps and has room now.
    fn release(&self, mut state: MutexGuard<'_, State>) {
        let has_made_room = state.has_made_room();
        drop(state);
        if has_made_room {
            self.room.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a consumer found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Packets.
    Some,
    /// The end: there will be no more.
    End,
}

impl State {
    /// True once, when there is room for a producer that waits for it.
    fn has_made_room(&mut self) -> bool {
        self.queue.has_room() && std::mem::take(&mut self.waiting)
    }

    fn take(&mut self, budget: usize, out: &mut Vec<Packet>) -> Option<Taken> {
        let (mut bytes, before, now) = (0, out.len(), Instant::now());
        while bytes < budget
            && let Some(packet) = self.queue.pop(now)
        {
            bytes += packet.payload.len();
            out.push(packet);
        }
        if out.len() > before {
            Some(Taken::Some)
        } else if self.closed
            || self.queue.is_over_and_empty()
            || self.deadline.is_some_and(|deadline| now >= deadline)
        {
            Some(Taken::End)
        } else {
            None
        }
    }
}

/// How often a producer that waits looks whether what waits with it has become late.
const LOOK: Duration = Duration::from_millis(250);

/// How long an ended broadcast may take to send what is left when somebody asked for the end.
pub(crate) const HURRY: Duration = Duration::from_millis(500);
