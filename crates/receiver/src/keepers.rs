//! What is done with every stream: recorded, relayed.

use std::path::PathBuf;
use std::thread::JoinHandle;

use onair::Destination;

use crate::event::Events;
use crate::stop::Stop;
use crate::{Change, Event, Hub, Viewer, record, relay};

/// What to do with every stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keepers {
    pub(crate) record: Option<PathBuf>,
    pub(crate) relays: Vec<Destination>,
}

impl Keepers {
    /// Records and relays each stream that begins, until all have ended after the end was asked for.
    pub(crate) async fn run(self, hub: Hub, events: Events, stop: Stop) {
        let mut watch = hub.watch_streams();
        let mut threads = Vec::new();
        loop {
            tokio::select! {
                biased;
                change = watch.next() => if let Change::Started(viewer) = change {
                    threads.retain(|thread: &JoinHandle<()>| !thread.is_finished());
                    self.start(&viewer, &events, &mut threads);
                },
                () = stop.asked() => break,
            }
        }
        drop(watch);
        let join = move || threads.into_iter().for_each(|thread| drop(thread.join()));
        if tokio::task::spawn_blocking(join).await.is_err() {
            tracing::error!("waiting for recordings failed");
        }
    }

    fn start(&self, viewer: &Viewer, events: &Events, threads: &mut Vec<JoinHandle<()>>) {
        let mut spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            let thread = std::thread::Builder::new().name(name.to_owned());
            match thread.spawn(run) {
                Ok(thread) => threads.push(thread),
                Err(error) => events.tell(Event::Warning {
                    message: format!("cannot start a thread: {error}"),
                }),
            }
        };
        if let Some(directory) = self.record.clone() {
            let (viewer, events) = (viewer.clone(), events.clone());
            let run = move || record::record(viewer, &directory, &events);
            spawn("onair-record", Box::new(run));
        }
        for destination in self.relays.clone() {
            let (viewer, events) = (viewer.clone(), events.clone());
            let run = move || relay::relay(viewer, destination, &events);
            spawn("onair-relay", Box::new(run));
        }
    }
}
