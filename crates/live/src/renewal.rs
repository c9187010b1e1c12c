use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

/// The wish that every destination reconnects, for tasks to notice.
#[derive(Debug)]
pub(crate) struct Renewal {
    asked: watch::Sender<u64>,
    /// How many of the wishes have been fulfilled.
    fulfilled: Arc<AtomicU64>,
}

/// One destination's view of that wish.
#[derive(Clone, Debug)]
pub(crate) struct Renewals {
    asked: watch::Receiver<u64>,
    fulfilled: Arc<AtomicU64>,
}

impl Renewal {
    pub(crate) fn new() -> Self {
        Self {
            asked: watch::Sender::new(0),
            fulfilled: Arc::default(),
        }
    }

    pub(crate) fn ask(&self) {
        self.asked.send_modify(|count| *count += 1);
    }

    /// All wishes up to now are being fulfilled, whoever watches.
    pub(crate) fn fulfil(&self) {
        self.fulfilled
            .store(*self.asked.borrow(), Ordering::Relaxed);
    }

    /// A view of wishes from now on.
    pub(crate) fn watch(&self) -> Renewals {
        Renewals {
            asked: self.asked.subscribe(),
            fulfilled: self.fulfilled.clone(),
        }
    }
}

impl Renewals {
    /// Resolves when a new connection is asked for, or was since this last resolved.
    pub(crate) async fn asked(&mut self) {
        loop {
            if self.asked.changed().await.is_err() {
                // Nobody is left who could ask.
                std::future::pending::<()>().await;
            }
            let count = *self.asked.borrow_and_update();
            if count > self.fulfilled.load(Ordering::Relaxed) {
                return;
            }
        }
    }

    /// All wishes up to now are being fulfilled.
    pub(crate) fn seen(&mut self) {
        self.asked.mark_unchanged();
    }
}
