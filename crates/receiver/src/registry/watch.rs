use std::collections::VecDeque;
use std::sync::Arc;

use super::stream::Stream;
use super::{StreamName, StreamRegistry, Viewer};

/// Which streams begin and end.
#[derive(Debug)]
pub struct StreamWatch {
    registry: StreamRegistry,
    version: tokio::sync::watch::Receiver<u64>,
    known: Vec<Arc<Stream>>,
    news: VecDeque<Change>,
    is_fresh: bool,
}

/// A change in the set of streams.
#[derive(Debug)]
pub enum Change {
    /// A stream began; this is a viewer of it from its beginning, or its current GOP.
    Started(Viewer),
    /// A stream ended.
    Ended(StreamName),
}

impl StreamWatch {
    pub(super) const fn new(
        registry: StreamRegistry,
        version: tokio::sync::watch::Receiver<u64>,
    ) -> Self {
        Self {
            registry,
            version,
            known: Vec::new(),
            news: VecDeque::new(),
            is_fresh: true,
        }
    }

    /// Waits for the next change. A stream that came and went between two calls is left out.
    pub async fn next(&mut self) -> Change {
        loop {
            if let Some(change) = self.news.pop_front() {
                return change;
            }
            if !std::mem::take(&mut self.is_fresh) {
                // The sender lives in the registry we hold.
                let _ = self.version.changed().await;
            }
            self.compare();
        }
    }

    fn compare(&mut self) {
        self.version.mark_unchanged();
        let live = self.registry.all();
        let is_in =
            |all: &[Arc<Stream>], one: &Arc<Stream>| all.iter().any(|s| Arc::ptr_eq(s, one));
        for gone in self.known.iter().filter(|old| !is_in(&live, old)) {
            self.news.push_back(Change::Ended(gone.name().clone()));
        }
        for new in live.iter().filter(|new| !is_in(&self.known, new)) {
            self.news
                .push_back(Change::Started(Viewer::new(new.clone())));
        }
        self.known = live;
    }
}
