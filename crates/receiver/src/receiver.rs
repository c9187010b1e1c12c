use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use onair::Destination;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::event::Events;
use crate::keepers::Keepers;
use crate::rtmp::{self, Context, Door};
use crate::stop::Stopper;
use crate::{Error, EventStream, Hub, HubConfig, Keys, Limits};

/// What to receive, and where it goes: see [`Receiver::builder`].
#[derive(Debug, Default)]
pub struct Builder {
    listen: Vec<(SocketAddr, bool)>,
    tls: Option<Arc<ServerConfig>>,
    keys: Keys,
    limits: Limits,
    hub: HubConfig,
    keepers: Keepers,
}

/// A running receiver, on a thread of its own. Dropping it stops it.
#[derive(Debug)]
pub struct Receiver {
    hub: Hub,
    events: Events,
    rtmp: Vec<SocketAddr>,
    stop: Stopper,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Builder {
    /// Listens for RTMP at an address; port 0 picks a free one.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen.push((address, false));
        self
    }

    /// Listens for RTMPS at an address; [`tls`](Self::tls) is needed for it.
    #[must_use]
    pub fn listen_tls(mut self, address: SocketAddr) -> Self {
        self.listen.push((address, true));
        self
    }

    /// The certificate to show: see [`tls::from_files`](crate::tls::from_files).
    #[must_use]
    pub fn tls(mut self, config: Arc<ServerConfig>) -> Self {
        self.tls = Some(config);
        self
    }

    /// Who may publish; everybody when not said.
    #[must_use]
    pub fn keys(mut self, keys: Keys) -> Self {
        self.keys = keys;
        self
    }

    /// What one peer may cost.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How much the streams may cost, and who wins when two publish one.
    #[must_use]
    pub const fn hub(mut self, hub: HubConfig) -> Self {
        self.hub = hub;
        self
    }

    /// Records every stream into a directory, as fragmented MP4.
    #[must_use]
    pub fn record(mut self, directory: impl Into<PathBuf>) -> Self {
        self.keepers.record = Some(directory.into());
        self
    }

    /// Publishes every stream to another server, untouched. May be said more than once.
    #[must_use]
    pub fn relay(mut self, destination: impl Into<Destination>) -> Self {
        self.keepers.relays.push(destination.into());
        self
    }

    /// Opens the sockets and begins.
    ///
    /// # Errors
    ///
    /// When there is nothing to listen on, an address is taken, or a certificate is missing.
    pub fn start(self) -> Result<Receiver, Error> {
        Receiver::start(self)
    }
}

impl Receiver {
    /// Says what to receive.
    pub fn builder() -> Builder {
        Builder::default()
    }

    fn start(builder: Builder) -> Result<Self, Error> {
        let runtime = runtime()?;
        let (stop, stopped) = Stopper::new();
        let (hub, events) = (Hub::new(builder.hub), Events::new());
        check_directory(builder.keepers.record.as_deref())?;
        let doors = doors(&runtime, &builder.listen, builder.tls.as_ref())?;
        let rtmp = doors
            .iter()
            .filter_map(|door| door.listener.local_addr().ok());
        let rtmp = rtmp.collect();
        let keepers = builder.keepers;
        let policy = (builder.keys, builder.limits);
        let context = Arc::new(Context::new(hub.clone(), policy, events.clone(), stopped));
        let thread = spawn(move || runtime.block_on(run(doors, context, keepers)))?;
        Ok(Self {
            hub,
            events,
            rtmp,
            stop,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Where RTMP and RTMPS are listened for, in the order in which it was asked for.
    pub fn rtmp_addresses(&self) -> &[SocketAddr] {
        &self.rtmp
    }

    /// The streams.
    pub const fn hub(&self) -> &Hub {
        &self.hub
    }

    /// What happens from now on.
    pub fn events(&self) -> EventStream {
        self.events.listen()
    }

    /// Ends all streams properly, and returns when that is done.
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

async fn run(doors: Vec<Door>, context: Arc<Context>, keepers: Keepers) {
    let (hub, events) = (context.hub.clone(), context.events.clone());
    let keepers = tokio::spawn(keepers.run(hub, events, context.stop.clone()));
    let mut tasks = JoinSet::new();
    for door in doors {
        tasks.spawn(rtmp::serve(door, context.clone()));
    }
    while tasks.join_next().await.is_some() {}
    context.stop.asked().await;
    // Whoever still publishes has had its time.
    context.hub.close();
    if keepers.await.is_err() {
        tracing::error!("recordings and relays failed");
    }
}

fn doors(
    runtime: &Runtime,
    listen: &[(SocketAddr, bool)],
    tls: Option<&Arc<ServerConfig>>,
) -> Result<Vec<Door>, Error> {
    let open = |(address, is_tls): &(SocketAddr, bool)| {
        let address = *address;
        let listener = runtime.block_on(TcpListener::bind(address));
        let listener = listener.map_err(|source| Error::Listen { address, source })?;
        let tls = tls.filter(|_| *is_tls).cloned();
        if *is_tls && tls.is_none() {
            return Err(Error::Misuse("rtmps needs a certificate"));
        }
        Ok(Door { listener, tls })
    };
    listen.iter().map(open).collect()
}

/// Recordings that cannot be written are better known now.
fn check_directory(directory: Option<&Path>) -> Result<(), Error> {
    let Some(path) = directory else {
        return Ok(());
    };
    std::fs::create_dir_all(path).map_err(|source| Error::Directory {
        path: path.to_owned(),
        source,
    })
}

fn runtime() -> Result<Runtime, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.map_err(|source| Error::System {
        what: "starting a runtime",
        source,
    })
}

fn spawn(run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    let thread = std::thread::Builder::new().name("onair-receive".to_owned());
    thread.spawn(run).map_err(|source| Error::System {
        what: "starting a thread",
        source,
    })
}
