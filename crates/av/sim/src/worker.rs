//! The thread of a session: takes frames in order, encodes them and reports the outcome.

use std::collections::VecDeque;
use std::ffi::c_void;
use std::sync::{Arc, Mutex, PoisonError};
use std::{ptr, thread};

use crate::encoder::{Encoder, Frame};
use crate::knobs::{Delivery, Stage, changed, next, stage, wait};
use crate::object::{Handle, Object};

/// The `VTCompressionOutputCallback`.
pub(crate) type Callback = unsafe extern "C" fn(*mut c_void, *mut c_void, i32, u32, *const Object);

/// The callback of a session.
#[derive(Clone, Copy)]
pub(crate) struct Outlet {
    pub(crate) callback: Callback,
    /// The callback's number, or pointer: opaque here.
    pub(crate) refcon: usize,
}

/// The frames inside a session.
#[derive(Default)]
pub(crate) struct Queue {
    frames: VecDeque<Frame>,
    /// The time of the frame that is being encoded.
    busy: Option<i64>,
    /// Frames up to this time are not held.
    complete_until: Option<i64>,
    is_closed: bool,
}

/// The end of a session's thread that the session holds.
pub(crate) struct Worker {
    number: usize,
    encoder: Arc<Mutex<Encoder>>,
    outlet: Outlet,
}

impl Queue {
    /// No more frames will come, and those inside are held no longer.
    pub(crate) fn close(&mut self) {
        self.is_closed = true;
        self.complete_until = Some(i64::MAX);
    }

    /// Whether something is being reported, or will be once `released` allows it.
    pub(crate) fn is_under_way(&self, released: usize) -> bool {
        self.busy.is_some() || (released > 0 && !self.frames.is_empty())
    }

    fn is_done(&self, until: i64) -> bool {
        let inside = self.frames.iter().map(|frame| frame.nanos).chain(self.busy);
        inside.into_iter().all(|nanos| nanos > until)
    }
}

impl Worker {
    pub(crate) fn start(encoder: Encoder, outlet: Outlet) -> Self {
        let encoder = Arc::new(Mutex::new(encoder));
        let mut stage = stage();
        stage.sessions += 1;
        let number = stage.sessions;
        stage.queues.insert(number, Queue::default());
        let for_thread = encoder.clone();
        let thread = thread::spawn(move || run(number, &for_thread, outlet));
        stage.threads.push(thread);
        Self {
            number,
            encoder,
            outlet,
        }
    }

    /// Takes a frame, and reports its outcome at once or on the thread.
    pub(crate) fn push(&self, frame: Frame) {
        let mut stage = stage();
        if stage.knobs.delivery == Delivery::Inline {
            drop(stage);
            return process(&self.encoder, frame, self.outlet);
        }
        if let Some(queue) = stage.queues.get_mut(&self.number) {
            queue.frames.push_back(frame);
        }
        changed();
    }

    /// Waits until all frames up to `until` have come out.
    pub(crate) fn complete(&self, until: i64) {
        let mut stage = stage();
        while let Some(queue) = stage.queues.get_mut(&self.number) {
            queue.complete_until = Some(until);
            changed();
            if queue.is_done(until) {
                queue.complete_until = None;
                return;
            }
            stage = wait(stage);
        }
    }

    /// Ends the thread. What is inside is dropped, or comes out late.
    pub(crate) fn invalidate(&self) {
        let mut stage = stage();
        let is_late = stage.knobs.late;
        let mut forgotten = VecDeque::new();
        if let Some(queue) = stage.queues.get_mut(&self.number) {
            queue.is_closed = true;
            if !is_late {
                forgotten = std::mem::take(&mut queue.frames);
            }
        }
        changed();
        drop(stage);
        drop(forgotten);
    }
}

fn run(number: usize, encoder: &Mutex<Encoder>, outlet: Outlet) {
    let _last = Last(number);
    while let Some(frame) = take(number) {
        process(encoder, frame, outlet);
        if let Some(queue) = stage().queues.get_mut(&number) {
            queue.busy = None;
        }
        changed();
    }
}

/// Closes the queue with the thread, however that ends, so that nothing waits for it.
struct Last(usize);

impl Drop for Last {
    fn drop(&mut self) {
        let queue = stage().queues.remove(&self.0);
        changed();
        drop(queue);
    }
}

/// The next frame, once it may come out; `None` at the end.
fn take(number: usize) -> Option<Frame> {
    let mut stage = stage();
    loop {
        if let Some(frame) = take_now(&mut stage, number)? {
            return Some(frame);
        }
        stage = wait(stage);
    }
}

/// The next frame if it may come out, `Some(None)` if not yet.
fn take_now(stage: &mut Stage, number: usize) -> Option<Option<Frame>> {
    let is_held = stage.knobs.delivery == Delivery::Held;
    let mut older = stage.queues.range(..number);
    let is_next = older.all(|(_, queue)| queue.frames.is_empty());
    let queue = stage.queues.get_mut(&number)?;
    let Some(first) = queue.frames.front() else {
        return if queue.is_closed { None } else { Some(None) };
    };
    let must = queue
        .complete_until
        .is_some_and(|until| first.nanos <= until);
    if is_held && !must {
        if stage.released == 0 || !is_next {
            return Some(None);
        }
        stage.released -= 1;
    }
    queue.busy = Some(first.nanos);
    Some(queue.frames.pop_front())
}

/// Encodes a frame, or does with it what the knobs say, and reports it.
fn process(encoder: &Mutex<Encoder>, frame: Frame, outlet: Outlet) {
    let (status, dropped) = {
        let mut stage = stage();
        let status = next(&mut stage.knobs.callback);
        (status, stage.knobs.drops.pop_front().flatten())
    };
    let refcon = frame.refcon;
    let sample = if status == 0 && dropped.is_none() {
        let mut encoder = encoder.lock().unwrap_or_else(PoisonError::into_inner);
        Some(encoder.encode(frame))
    } else {
        drop(frame);
        None
    };
    let flags = if dropped == Some(true) {
        FRAME_DROPPED
    } else {
        0
    };
    tell(outlet, refcon, (status, flags), sample);
}

fn tell(outlet: Outlet, refcon: usize, (status, flags): (i32, u32), sample: Option<Handle>) {
    let pointer = sample.as_deref().map_or(ptr::null(), ptr::from_ref);
    let number = ptr::with_exposed_provenance_mut(outlet.refcon);
    let frame = ptr::with_exposed_provenance_mut(refcon);
    // SAFETY: the callback the session was made with, its own numbers, and a sample that is alive
    // during the call or null.
    unsafe { (outlet.callback)(number, frame, status, flags, pointer) };
}

/// `kVTEncodeInfo_FrameDropped`.
const FRAME_DROPPED: u32 = 2;
