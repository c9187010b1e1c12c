use tokio::sync::watch;

/// The wish that every destination reconnects, for tasks to notice.
#[derive(Debug)]
pub(crate) struct Renewal {
    asked: watch::Sender<u64>,
}

/// One destination's view of that wish.
#[derive(Clone, Debug)]
pub(crate) struct Renewals {
    asked: watch::Receiver<u64>,
}

impl Renewal {
    pub(crate) fn new() -> Self {
        Self {
            asked: watch::Sender::new(0),
        }
    }

    pub(crate) fn ask(&self) {
        self.asked.send_modify(|count| *count += 1);
    }

    /// A view of wishes from now on.
    pub(crate) fn watch(&self) -> Renewals {
        Renewals {
            asked: self.asked.subscribe(),
        }
    }
}

impl Renewals {
    /// Resolves when a new connection is asked for, or was since this last resolved.
    pub(crate) async fn asked(&mut self) {
        if self.asked.changed().await.is_err() {
            // Nobody is left who could ask.
            std::future::pending::<()>().await;
        }
    }

    /// All wishes up to now are being fulfilled.
    pub(crate) fn seen(&mut self) {
        self.asked.mark_unchanged();
    }
}
