use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Event;

/// What happened, on its way to the application.
///
/// A thread that waits for the next event keeps no other from asking for one.
#[derive(Debug, Default)]
pub(crate) struct Events {
    state: Mutex<State>,
    more: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Event>,
    is_over: bool,
}

/// More than this are not kept for an application that does not ask: the oldest are dropped.
const MAX_WAITING: usize = 10_000;

impl State {
    fn is_quiet(&self) -> bool {
        self.waiting.is_empty() && !self.is_over
    }
}

impl Events {
    pub(crate) fn push(&self, event: Event) {
        let mut state = self.lock();
        if state.is_over {
            return;
        }
        if state.waiting.len() >= MAX_WAITING {
            state.waiting.pop_front();
        }
        state.waiting.push_back(event);
        drop(state);
        self.more.notify_one();
    }

    /// Waits for the next; `None` when nothing follows any more.
    pub(crate) fn next(&self) -> Option<Event> {
        let waited = self.more.wait_while(self.lock(), |state| state.is_quiet());
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting.pop_front()
    }

    /// Waits for the next, at most for `timeout`.
    pub(crate) fn next_within(&self, timeout: Duration) -> Option<Event> {
        let is_quiet = |state: &mut State| state.is_quiet();
        let waited = self.more.wait_timeout_while(self.lock(), timeout, is_quiet);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting.pop_front()
    }

    /// The next if there is one already.
    pub(crate) fn try_next(&self) -> Option<Event> {
        self.lock().waiting.pop_front()
    }

    /// Nothing follows what was pushed.
    pub(crate) fn end(&self) {
        self.lock().is_over = true;
        self.more.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn asking_never_waits_for_somebody_who_does() {
        let events = Events::default();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| (events.next().is_some(), events.next().is_none()));
            assert!(events.try_next().is_none());
            events.push(Event::EncoderBack);
            events.end();
            let (mut came, ended) = waiting.join().unwrap();
            came |= events.try_next().is_some();
            assert!(came && ended);
        });
    }

    #[test]
    fn who_waits_for_a_while_gets_what_is_there_and_nothing_after_the_end() {
        let events = Events::default();
        assert!(events.next_within(Duration::ZERO).is_none());
        events.push(Event::EncoderBack);
        events.end();
        assert!(events.next_within(Duration::MAX).is_some());
        assert!(events.next_within(Duration::MAX).is_none());
    }

    #[test]
    fn what_nobody_asks_for_stays_bounded_and_the_end_is_kept() {
        let events = Events::default();
        (0..MAX_WAITING + 5).for_each(|_| events.push(Event::EncoderBack));
        events.end();
        events.push(Event::EncoderBack);
        assert_eq!(std::iter::from_fn(|| events.next()).count(), MAX_WAITING);
    }
}
