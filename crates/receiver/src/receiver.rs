use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rustls::ServerConfig;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::descriptors;
use crate::event::{Audience, Events};
use crate::keepers::{Keepers, Keeping};
use crate::listening::{self, Wanted};
use crate::record::{KEEP_FREE, Recordings};
use crate::relay::{RelayInfo, RelayTarget, RelayWatch, Relays};
use crate::rtmp::{self, Context, Listener};
use crate::stop::{Stop, Stopper};
use crate::{
    Error, Event, EventStream, Hub, HubConfig, Keys, Limits, StreamName, Token, Web, WebLimits,
    WebServer,
};

/// What to receive, and where it goes: see [`Receiver::builder`].
#[derive(Debug, Default)]
pub struct Builder {
    listen: Vec<Wanted>,
    tls: Option<Arc<ServerConfig>>,
    keys: Keys,
    limits: Limits,
    hub: HubConfig,
    keepers: Keepers,
    web: Vec<Wanted>,
    web_limits: WebLimits,
    token: Option<Token>,
    authority: Option<String>,
    hosts: Vec<String>,
}

/// A running receiver, on a thread of its own. Dropping it stops it.
#[derive(Debug)]
pub struct Receiver {
    hub: Hub,
    relays: RelayWatch,
    events: Audience,
    rtmp: Vec<SocketAddr>,
    web: Vec<SocketAddr>,
    stop: Stopper,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Builder {
    /// Listens for RTMP at an address; port 0 picks a free one.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen.push(Wanted::plain(address));
        self
    }

    /// Listens for RTMP at a port of this machine's own addresses, as `localhost` may mean either:
    /// 127.0.0.1, and ::1 where there is IPv6.
    #[must_use]
    pub fn listen_localhost(mut self, port: u16) -> Self {
        self.listen.extend(Wanted::localhost(port, false));
        self
    }

    /// Listens for RTMPS at an address; [`tls`](Self::tls) is needed for it.
    #[must_use]
    pub fn listen_tls(mut self, address: SocketAddr) -> Self {
        self.listen.push(Wanted::tls(address));
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

    /// How much each of the pages' servers takes on.
    #[must_use]
    pub const fn web_limits(mut self, limits: WebLimits) -> Self {
        self.web_limits = limits;
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

    /// Ends recordings while the disk has so many bytes left; 100 MB when not said.
    #[must_use]
    pub const fn keep_free(mut self, bytes: u64) -> Self {
        self.keepers.keep_free = Some(bytes);
        self
    }

    /// Publishes every stream to another server, untouched. May be said more than once.
    ///
    /// A URL takes one stream at a time; one with `{stream}` in it, as many as there are: see
    /// [`RelayTarget`].
    #[must_use]
    pub fn relay(mut self, target: impl Into<RelayTarget>) -> Self {
        self.keepers.relays.push(target.into());
        self
    }

    /// Serves the pages over http at an address; port 0 picks a free one.
    #[must_use]
    pub fn web(mut self, address: SocketAddr) -> Self {
        self.web.push(Wanted::plain(address));
        self
    }

    /// Serves the pages over https at an address; [`tls`](Self::tls) is needed for it.
    #[must_use]
    pub fn web_tls(mut self, address: SocketAddr) -> Self {
        self.web.push(Wanted::tls(address));
        self
    }

    /// Serves the pages at a port of this machine's own addresses, 127.0.0.1 and, where there is
    /// IPv6, ::1: over https with `is_tls`.
    #[must_use]
    pub fn web_localhost(mut self, port: u16, is_tls: bool) -> Self {
        self.web.extend(Wanted::localhost(port, is_tls));
        self
    }

    /// Serves the pages under this name too, over http: see [`Web::host`]. May be said more than once.
    #[must_use]
    pub fn host(mut self, name: impl Into<String>) -> Self {
        self.hosts.push(name.into());
        self
    }

    /// Lets browsers that know the token go live.
    #[must_use]
    pub fn token(mut self, token: Token) -> Self {
        self.token = Some(token);
        self
    }

    /// The certificate (PEM) of the authority behind [`tls`](Self::tls), for a phone to trust.
    #[must_use]
    pub fn authority(mut self, pem: impl Into<String>) -> Self {
        self.authority = Some(pem.into());
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

    fn keeping(&self, hub: &Hub, events: &Events, relays: Relays) -> Keeping {
        let keep_free = self.keepers.keep_free.unwrap_or(KEEP_FREE);
        let record =
            |directory| Recordings::new(directory, keep_free, self.hub.streams, events.downgrade());
        Keeping {
            streams: hub.outputs(),
            recordings: self.keepers.record.clone().map(record),
            relays,
            events: events.clone(),
        }
    }

    fn pages(&self, (hub, events): (Hub, Events), rtmp: &[(SocketAddr, bool)]) -> Web {
        let mut pages = Web::new(hub).events(events).keys(self.keys.clone());
        if let Some(token) = &self.token {
            pages = pages.token(token.clone());
        }
        if let Some(pem) = &self.authority {
            pages = pages.authority(pem.as_str());
        }
        pages = self
            .hosts
            .iter()
            .fold(pages, |pages, name| pages.host(name));
        pages.rtmp(rtmp, self.keys.are_required())
    }
}

impl Receiver {
    /// Says what to receive.
    pub fn builder() -> Builder {
        Builder::default()
    }

    fn start(mut builder: Builder) -> Result<Self, Error> {
        check_directory(builder.keepers.record.as_deref())?;
        let sites = builder.web.len();
        let lowered = descriptors::fit(&mut builder.limits, &mut builder.web_limits, sites);
        let (stop, stopped) = Stopper::new();
        let (hub, events) = (Hub::new(builder.hub.clone()), Events::new());
        let audience = events.audience();
        if let Some(message) = lowered {
            events.tell(Event::Warning { message });
        }
        let targets = builder.keepers.relays.clone();
        let relays = Relays::new(targets, builder.limits.relays, events.downgrade());
        let watch = relays.watch();
        let keeping = builder.keeping(&hub, &events, relays);
        let shared = (hub.clone(), events, stopped, keeping);
        let (opened, news) = mpsc::channel();
        // The runtime lives and dies on the thread: whoever starts a receiver may be in another.
        let thread = spawn(move || live(builder, shared, &opened))?;
        let (rtmp, web) = news.recv().map_err(|_| died())??;
        Ok(Self {
            hub,
            relays: watch,
            events: audience,
            rtmp,
            web,
            stop,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Where RTMP and RTMPS are listened for, in the order in which it was asked for.
    pub fn rtmp_addresses(&self) -> &[SocketAddr] {
        &self.rtmp
    }

    /// Where the pages are, in the order in which it was asked for.
    pub fn web_addresses(&self) -> &[SocketAddr] {
        &self.web
    }

    /// The streams.
    pub const fn hub(&self) -> &Hub {
        &self.hub
    }

    /// The relays of the streams that are live.
    pub fn relays(&self) -> Vec<RelayInfo> {
        let relays = self.relays.relays();
        relays.map_or_else(Vec::new, |relays| relays.list())
    }

    /// Begins the relays of a stream anew that were given up; how many there are.
    pub fn retry_relays(&self, name: &StreamName) -> usize {
        let relays = self.relays.relays();
        relays.map_or(0, |relays| relays.retry(&self.hub, name))
    }

    /// What happens from now on; the first to listen hears what has happened since the start.
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

type Shared = (Hub, Events, Stop, Keeping);
type Addresses = (Vec<SocketAddr>, Vec<SocketAddr>);

/// The thread's life: opens the sockets, says where they are or why not, and serves.
fn live(builder: Builder, shared: Shared, opened: &Sender<Result<Addresses, Error>>) {
    // Who asked waits for the answer.
    let answer = |result| drop(opened.send(result));
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return answer(Err(error)),
    };
    runtime.block_on(async {
        match open_all(&builder).await {
            Ok((doors, sites)) => {
                let rtmp = addresses(doors.iter().map(|door| door.socket.local_addr()));
                let web = addresses(sites.iter().map(WebServer::local_addr));
                let is_tls = doors.iter().map(|door| door.tls.is_some());
                let listeners: Vec<_> = rtmp.iter().copied().zip(is_tls).collect();
                let pages = builder.pages((shared.0.clone(), shared.1.clone()), &listeners);
                answer(Ok((rtmp, web)));
                let sites = sites.into_iter().map(|site| (site, pages.clone()));
                run(doors, sites.collect(), builder, shared).await;
            }
            Err(error) => answer(Err(error)),
        }
    });
}

async fn run(
    doors: Vec<Listener>,
    sites: Vec<(WebServer, Web)>,
    builder: Builder,
    (hub, events, stopped, keeping): Shared,
) {
    let policy = (builder.keys, builder.limits);
    let context = Arc::new(Context::new(hub, policy, events, stopped));
    let keepers = tokio::spawn(keeping.run(context.stop.clone()));
    let mut tasks = JoinSet::new();
    for door in doors {
        tasks.spawn(rtmp::serve(door, context.clone()));
    }
    for (site, pages) in sites {
        let stop = context.stop.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = site.run(pages) => {}
                () = stop.asked() => {}
            }
        });
    }
    while tasks.join_next().await.is_some() {}
    context.stop.asked().await;
    // Whoever still publishes has had its time.
    context.hub.close();
    if keepers.await.is_err() {
        tracing::error!("recordings and relays failed");
    }
}

async fn open_all(builder: &Builder) -> Result<(Vec<Listener>, Vec<WebServer>), Error> {
    let (mut doors, mut sites) = (Vec::new(), Vec::new());
    for wanted in &builder.listen {
        if let Some((listener, tls)) = listening::open(wanted, builder.tls.as_ref()).await? {
            doors.push(Listener { socket: listener, tls });
        }
    }
    for wanted in &builder.web {
        if let Some((listener, tls)) = listening::open(wanted, builder.tls.as_ref()).await? {
            sites.push(WebServer::new(listener, tls).limits(builder.web_limits));
        }
    }
    Ok((doors, sites))
}

fn addresses(found: impl Iterator<Item = std::io::Result<SocketAddr>>) -> Vec<SocketAddr> {
    found.filter_map(Result::ok).collect()
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

/// After how many tasks' turns the runtime asks the system which sockets are ready.
const EVENT_INTERVAL: u32 = 8;

fn runtime() -> Result<Runtime, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // Sockets are looked at often, whatever those do that have much to say.
        .event_interval(EVENT_INTERVAL)
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

fn died() -> Error {
    Error::System {
        what: "opening the sockets",
        source: std::io::Error::other("the thread ended"),
    }
}
