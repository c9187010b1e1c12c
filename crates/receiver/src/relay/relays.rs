use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Instant;

use onair::Destination;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::worker::{Offer, Worker};
use super::{HoldSettings, RelayError, RelayInfo, RelayTarget};
use crate::event::WeakEvents;
use crate::{Event, StreamName, StreamRegistry, Viewer};

/// The relays that run: one for each target. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Relays(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    targets: Vec<RelayTarget>,
    hold: Option<HoldSettings>,
    most: usize,
    events: WeakEvents,
    running: Mutex<Running>,
}

#[derive(Debug)]
struct Running {
    workers: Vec<(Destination, Arc<Worker>)>,
    /// Each thread holds one: when all are gone, all have ended. `None` once none may begin.
    alive: Option<Sender<()>>,
    ended: Option<Receiver<()>>,
}

/// A view of the relays that does not keep them.
#[derive(Debug)]
pub(crate) struct RelayWatch(Weak<Shared>);

impl RelayWatch {
    /// The relays; `None` once the receiver has stopped.
    pub(crate) fn relays(&self) -> Option<Relays> {
        self.0.upgrade().map(Relays)
    }
}

impl Relays {
    pub(crate) fn new(
        (targets, hold): (Vec<RelayTarget>, Option<HoldSettings>),
        most: usize,
        events: WeakEvents,
    ) -> Self {
        let (alive, ended) = channel(1);
        Self(Arc::new(Shared {
            targets,
            hold,
            most,
            events,
            running: Mutex::new(Running {
                workers: Vec::new(),
                alive: Some(alive),
                ended: Some(ended),
            }),
        }))
    }

    pub(crate) fn watch(&self) -> RelayWatch {
        RelayWatch(Arc::downgrade(&self.0))
    }

    /// Relays a new stream to each target.
    pub(crate) fn start(&self, viewer: &Viewer) {
        for target in &self.0.targets {
            self.start_one(viewer, target);
        }
    }

    /// Begins given-up relays of live streams anew; gives how many.
    pub(crate) fn retry(&self, registry: &StreamRegistry, name: &StreamName) -> usize {
        let failed: Vec<_> = self
            .running()
            .workers
            .iter()
            .filter(|(_, worker)| worker.is_done() && worker.info().name == *name)
            .map(|(to, _)| to.clone())
            .collect();
        let begin = |to: &Destination| {
            let viewer = registry.output(name)?;
            self.begin(&viewer, to.clone()).ok()
        };
        failed.iter().filter_map(begin).count()
    }

    /// The relays of live streams, and those that are just ending.
    pub(crate) fn list(&self) -> Vec<RelayInfo> {
        let running = self.running();
        running
            .workers
            .iter()
            .map(|(_, worker)| worker.info())
            .collect()
    }

    /// Ends the rest of streams that ended a while ago; call it every second or so.
    pub(crate) fn look(&self, now: Instant) {
        let mut running = self.running();
        running.forget();
        running
            .workers
            .iter()
            .for_each(|(_, worker)| worker.look(now));
    }

    /// Ends all, and lets none begin. The receiver closes when they have ended.
    pub(crate) fn stop(&self) -> Option<Receiver<()>> {
        let mut running = self.running();
        running.alive = None;
        running.workers.iter().for_each(|(_, worker)| worker.stop());
        running.ended.take()
    }

    fn start_one(&self, viewer: &Viewer, target: &RelayTarget) {
        let destination = target.destination(viewer.name());
        let (url, begun) = match destination {
            Ok(to) => (to.address.to_string(), self.begin(viewer, to)),
            Err(error) => (String::new(), Err(error.into())),
        };
        if let Err(error) = begun {
            self.0.events.tell(Event::RelayFailed {
                name: viewer.name().clone(),
                url,
                failure: error.into(),
            });
        }
    }

    fn begin(&self, viewer: &Viewer, to: Destination) -> Result<(), RelayError> {
        let mut running = self.running();
        running.forget();
        if let Some(worker) = running.find(&to) {
            match worker.offer(viewer.clone()) {
                Offer::Taken => return Ok(()),
                Offer::Busy(name) => return Err(RelayError::Busy(name)),
                Offer::Done => running
                    .workers
                    .retain(|(other, _)| other.address != to.address),
            }
        }
        running.make_room(self.0.most)?;
        let worker = Worker::new(
            viewer,
            (to.clone(), self.0.hold.clone()),
            self.0.events.clone(),
        );
        let Some(alive) = running.alive.clone() else {
            return Ok(());
        };
        spawn(worker.clone(), viewer.clone(), alive)?;
        running.workers.push((to, worker));
        Ok(())
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.0
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    fn find(&self, to: &Destination) -> Option<Arc<Worker>> {
        let mut workers = self.workers.iter();
        let found = workers.find(|(other, _)| other.address == to.address);
        found.map(|(_, worker)| worker.clone())
    }

    /// Forgets the relays that have ended with their streams.
    fn forget(&mut self) {
        self.workers
            .retain(|(_, worker)| !(worker.is_done() && worker.is_finishing()));
    }

    /// Relays that only deliver a rest make room for live ones.
    fn make_room(&self, most: usize) -> Result<(), RelayError> {
        let workers = self.workers.iter().map(|(_, worker)| worker);
        let alive = workers.filter(|worker| !worker.is_done());
        let (ending, live): (Vec<_>, Vec<_>) = alive.partition(|worker| worker.is_finishing());
        if live.len() + ending.len() >= most {
            ending.iter().for_each(|worker| worker.stop());
        }
        match live.len() >= most || ending.len() >= most {
            true => Err(RelayError::Full(most)),
            false => Ok(()),
        }
    }
}

fn spawn(worker: Arc<Worker>, viewer: Viewer, alive: Sender<()>) -> Result<(), RelayError> {
    let thread = thread::Builder::new().name("onair-relay".to_owned());
    let run = move || {
        worker.run(viewer);
        drop(alive);
    };
    let thread = thread.spawn(run);
    thread
        .map(drop)
        .map_err(|error| RelayError::Thread(error.to_string()))
}
