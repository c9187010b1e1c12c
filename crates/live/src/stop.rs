use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

/// The wish that everything ends, for threads and tasks to notice.
#[derive(Debug)]
pub(crate) struct Stop {
    asked: Mutex<bool>,
    changed: Condvar,
    tasks: watch::Sender<bool>,
}

impl Stop {
    pub(crate) fn new() -> Self {
        Self {
            asked: Mutex::new(false),
            changed: Condvar::new(),
            tasks: watch::Sender::new(false),
        }
    }

    /// Asks for the end. True the first time.
    pub(crate) fn ask(&self) -> bool {
        let before = std::mem::replace(&mut *self.lock(), true);
        self.changed.notify_all();
        self.tasks.send_replace(true);
        !before
    }

    /// The end is not wanted any more.
    pub(crate) fn take_back(&self) {
        *self.lock() = false;
        self.tasks.send_replace(false);
    }

    pub(crate) fn is_asked(&self) -> bool {
        *self.lock()
    }

    /// Sleeps until `then`; false if the end was asked for meanwhile.
    pub(crate) fn sleep_until(&self, then: Instant) -> bool {
        let mut asked = self.lock();
        loop {
            let left = then.saturating_duration_since(Instant::now());
            if *asked || left.is_zero() {
                return !*asked;
            }
            let waited = self.changed.wait_timeout(asked, left);
            asked = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Resolves when the end is asked for.
    pub(crate) fn asked(&self) -> impl Future<Output = ()> + use<> {
        let mut tasks = self.tasks.subscribe();
        async move {
            // If the sender is dropped, everything has ended.
            let _ = tasks.wait_for(|asked| *asked).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
