use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Wake;

use onair_av::capture::Waited;

/// Room for one frame between a source that is asked for frames and its encoder: the newest wins.
/// Whoever waits for a frame can be woken without one.
#[derive(Debug)]
pub(super) struct LatestFrame<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    frame: Option<T>,
    woken: bool,
    ended: bool,
}

impl<T> LatestFrame<T> {
    pub(super) const fn new() -> Self {
        Self {
            state: Mutex::new(State {
                frame: None,
                woken: false,
                ended: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// Puts a frame in; true if that replaced an older one.
    pub(super) fn replace(&self, frame: T) -> bool {
        let replaced = self.lock().frame.replace(frame).is_some();
        self.changed.notify_all();
        replaced
    }

    /// Puts a frame in, once the older one is taken.
    pub(super) fn put(&self, frame: T) {
        let mut state = self.lock();
        while state.frame.is_some() && !state.ended {
            state = self.wait(state);
        }
        state.frame = Some(frame);
        self.changed.notify_all();
    }

    /// Waits for a frame or to be woken, whichever comes first.
    pub(super) fn take(&self) -> Waited<T> {
        let mut state = self.lock();
        loop {
            if std::mem::take(&mut state.woken) {
                return Waited::Woken;
            }
            if let Some(frame) = state.frame.take() {
                self.changed.notify_all();
                return Waited::Item(frame);
            }
            if state.ended {
                return Waited::End;
            }
            state = self.wait(state);
        }
    }

    /// Nothing more comes, or nothing more is taken.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// True when nothing more comes or is taken.
    pub(super) fn is_over(&self) -> bool {
        self.lock().ended
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State<T>>) -> MutexGuard<'a, State<T>> {
        let waited = self.changed.wait(state);
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Send> Wake for LatestFrame<T> {
    fn wake(self: Arc<Self>) {
        self.lock().woken = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    #[test]
    fn the_newest_frame_wins() {
        let latest = LatestFrame::new();
        assert!(!latest.replace(1));
        assert!(latest.replace(2));
        assert_eq!(latest.take(), Waited::Item(2));
    }

    #[test]
    fn the_last_frame_survives_the_end() {
        let latest = LatestFrame::new();
        latest.put(1);
        latest.end();
        assert_eq!(
            (latest.take(), latest.take()),
            (Waited::Item(1), Waited::End)
        );
    }

    #[test]
    fn being_woken_comes_before_the_frame_and_only_once() {
        let latest = Arc::new(LatestFrame::new());
        latest.put(1);
        let waker = Waker::from(latest.clone());
        waker.wake_by_ref();
        waker.wake();
        assert_eq!(
            (latest.take(), latest.take()),
            (Waited::Woken, Waited::Item(1))
        );
    }
}
