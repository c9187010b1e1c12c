mod builder;
mod thread;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

pub use self::builder::Builder;
use crate::event::{Audience, Events};
use crate::relay::{RelayInfo, RelayWatch, Relays};
use crate::stop::Stopper;
use crate::{Error, Event, EventStream, StreamName, StreamRegistry, descriptors};

/// A running receiver, on a thread of its own. Dropping it stops it.
#[derive(Debug)]
pub struct Receiver {
    registry: StreamRegistry,
    relays: RelayWatch,
    events: Audience,
    rtmp: Vec<SocketAddr>,
    web: Vec<SocketAddr>,
    stop: Stopper,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Receiver {
    /// A builder, to say what to receive.
    pub fn builder() -> Builder {
        Builder::default()
    }

    fn start(mut builder: Builder) -> Result<Self, Error> {
        check_directory(builder.stream_tasks.record.as_deref())?;
        let sites = builder.web.len();
        let lowered = descriptors::fit(&mut builder.limits, &mut builder.web_limits, sites);
        let (stop, stopped) = Stopper::new();
        builder.apply_hold();
        let (registry, events) = (StreamRegistry::new(builder.registry.clone()), Events::new());
        let audience = events.audience();
        if let Some(message) = lowered {
            events.tell(Event::Warning { message });
        }
        let targets = builder.stream_tasks.relays.clone();
        let targets = (targets, builder.stream_tasks.hold.clone());
        let relays = Relays::new(targets, builder.limits.relays, events.downgrade());
        let watch = relays.watch();
        let stream_tasks = builder.stream_tasks(&registry, &events, relays);
        let shared = (registry.clone(), events, stopped, stream_tasks);
        let (opened, news) = mpsc::channel();
        // The runtime lives and dies on the thread: the caller may be in another.
        let thread = spawn(move || thread::run(builder, shared, &opened))?;
        let (rtmp, web) = news.recv().map_err(|_| died())??;
        Ok(Self {
            registry,
            relays: watch,
            events: audience,
            rtmp,
            web,
            stop,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// The addresses for RTMP and RTMPS, in the order in which they were asked for.
    pub fn rtmp_addresses(&self) -> &[SocketAddr] {
        &self.rtmp
    }

    /// The addresses of the pages, in the order in which they were asked for.
    pub fn web_addresses(&self) -> &[SocketAddr] {
        &self.web
    }

    /// The streams.
    pub const fn registry(&self) -> &StreamRegistry {
        &self.registry
    }

    /// The relays of live streams.
    pub fn relays(&self) -> Vec<RelayInfo> {
        let relays = self.relays.relays();
        relays.map_or_else(Vec::new, |relays| relays.list())
    }

    /// Begins a stream's given-up relays anew; gives how many there are.
    pub fn retry_relays(&self, name: &StreamName) -> usize {
        let relays = self.relays.relays();
        relays.map_or(0, |relays| relays.retry(&self.registry, name))
    }

    /// The events from now on; the first listener hears all since the start.
    pub fn events(&self) -> EventStream {
        self.events.listen()
    }

    /// Ends all streams properly, and returns once that is done.
    pub fn stop(&self) {
        self.stop.stop();
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Err(_)) = thread.take().map(JoinHandle::join) {
            tracing::error!("the receiver panicked");
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stop();
    }
}

fn spawn(run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    let thread = std::thread::Builder::new().name("onair-receive".to_owned());
    thread.spawn(run).map_err(|source| Error::System {
        what: "starting a thread",
        source,
    })
}

fn died() -> Error {
    Error::System {
        what: "opening the sockets",
        source: std::io::Error::other("the thread ended"),
    }
}

/// Better to know now that recordings cannot be written.
fn check_directory(directory: Option<&Path>) -> Result<(), Error> {
    let Some(path) = directory else {
        return Ok(());
    };
    std::fs::create_dir_all(path).map_err(|source| Error::Directory {
        path: path.to_owned(),
        source,
    })
}
