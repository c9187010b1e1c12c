//! `--web`: a dashboard of the broadcast, and the orders that it gives.

use std::net::SocketAddr;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use onair::Broadcast;
use onair_receiver::{Dashboard, Error, Order, Orders, Receiver, RegistryConfig, Token, WebLimits};
use serde::Serialize;

use crate::failure::Failure;
use crate::outlet::insist;
use crate::receive::pages;

/// A dashboard that is served, for a broadcast to come.
pub(crate) struct Web {
    dashboard: Dashboard,
    orders: Orders,
    /// Serves while this lives.
    receiver: Receiver,
}

/// How often an open page is told how loud it is.
const LEVEL_TICK: Duration = Duration::from_millis(100);
/// How often to look whether a page is open.
const IDLE_TICK: Duration = Duration::from_secs(1);
/// Connections at a time, of which a page needs two.
const CONNECTIONS: usize = 64;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum News<'a> {
    About {
        version: &'a str,
        source: &'a str,
    },
    /// The loudest sample of the last moment, 1 at full scale.
    Level {
        peak: Option<f32>,
    },
}

impl Web {
    /// Serves at `address`, and says where. The default one may be taken: then any port will do.
    pub(super) fn open(address: SocketAddr, source: &str) -> Result<Self, Failure> {
        let about = json(&News::About {
            version: env!("CARGO_PKG_VERSION"),
            source,
        });
        let (dashboard, orders) = Dashboard::new(about);
        let token = (!address.ip().is_loopback()).then(Token::random);
        let token = token.transpose().map_err(Failure::failed)?;
        let serve = |address| start(address, &dashboard, token.as_ref());
        let receiver = match serve(address) {
            Err(Error::Listen { .. }) if address == DEFAULT => {
                serve(SocketAddr::new(address.ip(), 0))
            }
            started => started,
        };
        let receiver = receiver.map_err(Failure::usage)?;
        greet(&receiver, token.as_ref());
        Ok(Self {
            dashboard,
            orders,
            receiver,
        })
    }

    pub(super) const fn dashboard(&self) -> &Dashboard {
        &self.dashboard
    }

    /// Does what pages ask for, until the dashboard has ended and every page has gone.
    pub(super) fn obey(self, broadcast: &Broadcast) {
        self.dashboard.show(broadcast.subscriber());
        loop {
            let tick = match self.dashboard.pages() {
                0 => IDLE_TICK,
                _ => LEVEL_TICK,
            };
            match self.orders.next_within(tick) {
                Ok(Order::Bitrate(bitrate)) => broadcast.set_video_bitrate(bitrate),
                Ok(Order::Mute(is_muted)) => broadcast.mute(is_muted),
                Ok(Order::End) => broadcast.stop(),
                Err(RecvTimeoutError::Timeout) if self.dashboard.pages() > 0 => {
                    let peak = broadcast.audio_peak();
                    self.dashboard.tell_now(json(&News::Level { peak }));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.receiver.stop();
    }
}

/// The address of `--web` without one.
const DEFAULT: SocketAddr = SocketAddr::new(
    std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
    crate::values::WEB,
);

fn start(
    address: SocketAddr,
    dashboard: &Dashboard,
    token: Option<&Token>,
) -> Result<Receiver, Error> {
    let mut limits = WebLimits::default();
    limits.connections = CONNECTIONS;
    limits.viewers_per_address = CONNECTIONS / 2;
    let mut registry = RegistryConfig::default();
    registry.streams = 1;
    let builder = Receiver::builder()
        .web(address)
        .web_limits(limits)
        .registry(registry)
        .dashboard(dashboard.clone());
    match token {
        Some(token) => builder.token(token.clone()).start(),
        None => builder.start(),
    }
}

/// Says where the dashboard is. Only here is its token, so -q does not hide it.
fn greet(receiver: &Receiver, token: Option<&Token>) {
    for address in receiver.web_addresses() {
        let page = format!("http://{}/", pages::shown(*address));
        let key = token.map(|token| format!("#key={}", token.expose()));
        let key = key.unwrap_or_default();
        insist(format_args!("Dashboard: {page}{key}"));
    }
}

fn json(news: &News<'_>) -> String {
    serde_json::to_string(news).unwrap_or_default()
}
