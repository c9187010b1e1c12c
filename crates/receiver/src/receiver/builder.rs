use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;

use super::Receiver;
use crate::event::Events;
use crate::listening::Wanted;
use crate::record::{KEEP_FREE, Recordings};
use crate::relay::{HoldSettings, RelayTarget, Relays};
use crate::stream_tasks::{StreamTasks, StreamTasksConfig};
use crate::{
    Dashboard, Error, Keys, Limits, RegistryConfig, StreamRegistry, Token, Web, WebLimits,
};

/// What to receive, and where it goes: see [`Receiver::builder`].
#[derive(Debug, Default)]
pub struct Builder {
    pub(super) listen: Vec<Wanted>,
    pub(super) tls: Option<Arc<ServerConfig>>,
    pub(super) keys: Keys,
    pub(super) limits: Limits,
    pub(super) registry: RegistryConfig,
    pub(super) stream_tasks: StreamTasksConfig,
    pub(super) web: Vec<Wanted>,
    pub(super) web_limits: WebLimits,
    pub(super) token: Option<Token>,
    pub(super) authority: Option<String>,
    pub(super) hosts: Vec<String>,
    pub(super) dashboard: Option<Dashboard>,
}

impl Builder {
    /// Listens for RTMP at an address; port 0 picks a free one.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen.push(Wanted::plain(address));
        self
    }

    /// Listens for RTMP at a port of this machine's own addresses, since `localhost` may mean
    /// either: 127.0.0.1, and ::1 if there is IPv6.
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

    /// Who may publish; everybody by default.
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

    /// How much each web server takes on.
    #[must_use]
    pub const fn web_limits(mut self, limits: WebLimits) -> Self {
        self.web_limits = limits;
        self
    }

    /// How much the streams may cost, and who wins when two publish under one name.
    #[must_use]
    pub const fn registry(mut self, registry: RegistryConfig) -> Self {
        self.registry = registry;
        self
    }

    /// Records every stream into a directory, as fragmented MP4.
    ///
    /// A file names its tracks at its beginning. It waits for those that the publisher announces,
    /// and 3 seconds of media for one that is not announced. A track that comes later or changes
    /// ends the file, and another begins with all tracks: with pictures from the next keyframe on;
    /// those before it are in neither.
    #[must_use]
    pub fn record(mut self, directory: impl Into<PathBuf>) -> Self {
        self.stream_tasks.record = Some(directory.into());
        self
    }

    /// Ends recordings when the disk has fewer bytes left; 100 MB by default.
    #[must_use]
    pub const fn keep_free(mut self, bytes: u64) -> Self {
        self.stream_tasks.keep_free = Some(bytes);
        self
    }

    /// Publishes every stream to another server, untouched. May be called more than once.
    ///
    /// A URL takes one stream at a time; one with `{stream}` in it takes any number: see
    /// [`RelayTarget`].
    #[must_use]
    pub fn relay(mut self, target: impl Into<RelayTarget>) -> Self {
        self.stream_tasks.relays.push(target.into());
        self
    }

    /// Keeps relays on air while a publisher is away that vanished or sends nothing: with its last
    /// picture, a slate, and silence. It goes on with the publisher's next IDR picture. A publisher
    /// that ends its stream ends the relay at once, as without this.
    ///
    /// Streams wait that long for a publisher that vanished, instead of [`Limits::linger`].
    #[must_use]
    pub fn hold(mut self, settings: HoldSettings) -> Self {
        self.stream_tasks.hold = Some(settings);
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

    /// Serves the pages at a port of this machine's own addresses, 127.0.0.1 and, if there is IPv6,
    /// ::1: over https with `is_tls`.
    #[must_use]
    pub fn web_localhost(mut self, port: u16, is_tls: bool) -> Self {
        self.web.extend(Wanted::localhost(port, is_tls));
        self
    }

    /// Serves the pages under this name too, over http: see [`Web::host`]. May be called more than
    /// once.
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

    /// Serves the dashboard of a broadcast at the web addresses, instead of the other pages. With a
    /// [`token`](Self::token), `/#key=TOKEN` is its link; without one, only this machine gets it.
    #[must_use]
    pub fn dashboard(mut self, dashboard: Dashboard) -> Self {
        self.dashboard = Some(dashboard);
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

    /// A stream is held as long as its relays are, and a silent publisher no longer.
    pub(super) fn apply_hold(&mut self) {
        if let Some(hold) = &self.stream_tasks.hold {
            self.registry.hold = Some(hold.limit);
            self.limits.silence_timeout = self.limits.silence_timeout.min(hold.limit);
        }
    }

    pub(super) fn stream_tasks(
        &self,
        registry: &StreamRegistry,
        events: &Events,
        relays: Relays,
    ) -> StreamTasks {
        let keep_free = self.stream_tasks.keep_free.unwrap_or(KEEP_FREE);
        let record = |directory| {
            Recordings::new(
                directory,
                keep_free,
                self.registry.streams,
                events.downgrade(),
            )
        };
        StreamTasks {
            streams: registry.outputs(),
            recordings: self.stream_tasks.record.clone().map(record),
            relays,
            events: events.clone(),
        }
    }

    /// A dashboard's picture is for those who have its token.
    fn play_keys(&self) -> Keys {
        let mut keys = self.keys.clone();
        if let (Some(_), Some(token)) = (&self.dashboard, &self.token) {
            // A token is never too long for a key.
            let _ = keys.require_to_play(&token.expose().into());
        }
        keys
    }

    pub(super) fn pages(
        &self,
        (registry, events): (StreamRegistry, Events),
        rtmp: &[(SocketAddr, bool)],
    ) -> Web {
        let relays = &self.stream_tasks.relays;
        let takes_sizes = relays.iter().all(RelayTarget::takes_sizes);
        let mut pages = Web::new(registry)
            .events(events)
            .keys(self.play_keys())
            .sizes(takes_sizes);
        if let Some(dashboard) = &self.dashboard {
            pages = pages.dashboard(dashboard.clone());
        }
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
