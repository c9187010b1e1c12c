//! The pages and their interfaces: the watch page, going live, JSON and metrics.

mod access;
mod assets;
pub(crate) mod dashboard;
mod fragmenter;
mod hosts;
mod live;
mod metrics;
mod origin;
mod presence;
mod progress;
mod publish_url;
mod qr;
#[cfg(test)]
mod samples;
mod serve;
mod token;
mod viewing;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HOST};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use tokio::sync::watch;

use crate::event::Events;
use crate::guesses::Guesses;
use crate::permits::{ConnectionLimiter, Quotas};
use crate::{Keys, StreamInfo, StreamRegistry};

use access::{Asker, Denied, Rank};
#[cfg(any(test, fuzzing))]
pub use dashboard::fuzz_order;
pub use dashboard::{Dashboard, Order, Orders};
use hosts::Hosts;
#[cfg(any(test, fuzzing))]
pub use live::fuzz::browser;
use publish_url::RtmpAddress;
pub use qr::qr_code;
use serve::Connection;
pub use serve::{WebLimits, WebServer};
pub use token::Token;
#[cfg(any(test, fuzzing))]
pub(crate) use {
    fragmenter::{Expected, Fragmenter},
    origin::judge as judge_origin,
};

/// What the pages are served from.
#[derive(Clone, Debug)]
pub struct Web {
    registry: StreamRegistry,
    token: Option<Token>,
    authority: Option<Arc<str>>,
    rtmp: Arc<[RtmpAddress]>,
    is_keyed: bool,
    /// Whether a browser's pictures may change their size for want of a line.
    takes_sizes: bool,
    hosts: Hosts,
    keys: Keys,
    events: Events,
    guesses: Guesses,
    dashboard: Option<Dashboard>,
    shared: Arc<Shared>,
}

/// What all connections share.
#[derive(Debug)]
struct Shared {
    sessions: live::Sessions,
    /// Connections that want to go live and have not given the token yet.
    strangers: ConnectionLimiter,
    closing: watch::Sender<bool>,
}

impl Shared {
    /// Waits until the server stops.
    async fn closed(&self) {
        let _ = self.closing.subscribe().wait_for(|closing| *closing).await;
    }

    fn close(&self) {
        self.closing.send_replace(true);
    }
}

impl Web {
    /// Pages over the streams of `registry`. Nobody can go live until there is a token.
    pub fn new(registry: StreamRegistry) -> Self {
        Self {
            registry,
            token: None,
            authority: None,
            rtmp: Arc::new([]),
            is_keyed: false,
            takes_sizes: true,
            hosts: Hosts::of_this_machine(),
            keys: Keys::none(),
            events: Events::new(),
            guesses: Guesses::default(),
            dashboard: None,
            shared: Arc::new(Shared {
                sessions: live::Sessions::default(),
                strangers: ConnectionLimiter::new(STRANGERS),
                closing: watch::Sender::new(false),
            }),
        }
    }

    /// Whether this is the token. It is too long to be guessed, however often somebody tries.
    fn is_token(&self, claimed: &str) -> bool {
        let matches = |token: &Token| token.matches(claimed);
        self.token.as_ref().is_some_and(matches)
    }

    /// Lets browsers that know the token go live.
    #[must_use]
    pub fn token(mut self, token: Token) -> Self {
        self.token = Some(token);
        self
    }

    /// Lets only those watch, list and scrape who give the [key to play](Keys::require_to_play), if
    /// there is one. The page takes it from its address, `/#key=KEY`.
    #[must_use]
    pub fn keys(mut self, keys: Keys) -> Self {
        self.keys = keys;
        self
    }

    /// Has pictures keep their size where somebody that they are relayed to minds another.
    pub(crate) const fn sizes(mut self, takes_sizes: bool) -> Self {
        self.takes_sizes = takes_sizes;
        self
    }

    /// Reports events there.
    pub(crate) fn events(mut self, events: Events) -> Self {
        self.events = events;
        self
    }

    /// Offers this certificate (PEM) at `/ca.crt`, for a phone to trust.
    #[must_use]
    pub fn authority(mut self, pem: impl Into<Arc<str>>) -> Self {
        self.authority = Some(pem.into());
        self
    }

    /// Tells visitors where this machine takes RTMP: an address, and whether inside TLS. Each is
    /// offered one that it can reach. `is_keyed`: the URL ends in a key.
    #[must_use]
    pub fn rtmp(mut self, listeners: &[(SocketAddr, bool)], is_keyed: bool) -> Self {
        self.rtmp = listeners.into();
        self.is_keyed = is_keyed;
        self
    }

    /// Answers under this name too; may be called more than once.
    ///
    /// Over http a browser cannot tell this server from another, so only requests for an address,
    /// for a name of this machine or for such a name are answered.
    #[must_use]
    pub fn host(mut self, name: &str) -> Self {
        self.hosts.add(name);
        self
    }

    /// Serves this dashboard instead of the other pages. With a token, which has to be there already,
    /// only those get it who give that; without one only this machine does.
    pub(crate) fn dashboard(mut self, dashboard: Dashboard) -> Self {
        self.dashboard = Some(dashboard);
        self
    }

    /// Answers under any name: the certificate tells this server from others.
    fn certified(mut self) -> Self {
        self.hosts = Hosts::any();
        self
    }

    fn publish_url(&self, connection: Option<&Connection>, headers: &HeaderMap) -> Option<String> {
        let known = connection?;
        let host = headers.get(HOST)?.to_str().ok()?;
        let host = host.parse::<Authority>().ok()?;
        let visit = publish_url::Visit {
            peer: known.peer.ip(),
            local: known.local?.ip(),
            host: host.host(),
        };
        let name = if self.is_keyed { "KEY" } else { "cam" };
        publish_url::url(&self.rtmp, visit).map(|url| format!("{url}{name}"))
    }

    /// The routes. Requests for a [`host`](Self::host) that is not this server's are refused.
    pub fn router(self) -> Router {
        let routes = match self.dashboard {
            None => Router::new()
                .route("/", get(assets::watch_page))
                .route("/live", get(live::enter))
                .route("/api/streams", get(streams))
                .route("/metrics", get(scrape))
                .route("/ca.crt", get(authority))
                .route("/trust", get(assets::trust_page)),
            Some(_) => Router::new()
                .route("/", get(assets::dashboard_page))
                .route("/dashboard", get(dashboard::enter)),
        };
        let routes = routes
            .route("/watch/{*name}", get(viewing::enter))
            .route("/assets/{name}", get(assets::asset))
            .fallback(assets::missing);
        let routes = match self.dashboard {
            None => routes,
            Some(_) => routes.layer(from_fn_with_state(self.clone(), dashboard::guard)),
        };
        routes
            .layer(from_fn_with_state(self.hosts.clone(), hosts::guard))
            .layer(map_response(assets::secure))
            .with_state(self)
    }
}

/// `/api/streams`.
#[derive(serde::Serialize)]
struct Listing {
    version: &'static str,
    /// Where this visitor can publish.
    publish: Option<String>,
    streams: Vec<StreamInfo>,
}

async fn streams(
    State(web): State<Web>,
    asker: Asker,
    headers: HeaderMap,
) -> Result<Json<Listing>, Denied> {
    let rank = asker.admit(&web).await?;
    let mut streams = web.registry.streams();
    if rank != Rank::Owner {
        let publishers = streams.iter_mut().map(|stream| &mut stream.publisher);
        publishers.for_each(|publisher| publisher.peer.clear());
    }
    Ok(Json(Listing {
        version: env!("CARGO_PKG_VERSION"),
        publish: web.publish_url(asker.connection.as_ref(), &headers),
        streams,
    }))
}

async fn scrape(State(web): State<Web>, asker: Asker) -> Result<Response, Denied> {
    asker.admit(&web).await?;
    Ok(match metrics::text(web.registry.streams()) {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    })
}

async fn authority(State(web): State<Web>, headers: HeaderMap) -> Response {
    let Some(pem) = web.authority else {
        return assets::missing(headers).await;
    };
    let headers = [
        (CONTENT_TYPE, "application/x-x509-ca-cert"),
        (CONTENT_DISPOSITION, "attachment; filename=\"onair-ca.crt\""),
    ];
    (headers, pem.to_string()).into_response()
}

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Few, since each may send a whole message before its hello is read.
const STRANGERS: Quotas = Quotas {
    half_open: 8,
    viewers: 0,
    viewers_per_address: 0,
    publishers: 0,
    publishers_per_address: 0,
};
