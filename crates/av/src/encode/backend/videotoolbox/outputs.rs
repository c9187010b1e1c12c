use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use crate::apple::Output;

/// What came out of a session and was not taken yet. A system thread puts it here and does nothing
/// else.
pub(super) struct Outputs(Mutex<State>);

struct State {
    queue: VecDeque<Output>,
    waker: Waker,
}

impl Outputs {
    pub(super) const fn new(waker: Waker) -> Self {
        let queue = VecDeque::new();
        Self(Mutex::new(State { queue, waker }))
    }

    pub(super) fn push(&self, output: Output) {
        let mut state = self.lock();
        state.queue.push_back(output);
        let waker = state.waker.clone();
        drop(state);
        waker.wake();
    }

    pub(super) fn take(&self) -> Option<Output> {
        self.lock().queue.pop_front()
    }

    /// Calls `wake` from now on; at once, if something is there already.
    pub(super) fn wake(&self, waker: Waker) {
        let mut state = self.lock();
        if !state.queue.is_empty() {
            waker.wake_by_ref();
        }
        state.waker = waker;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
