//! The dashboard of a broadcast: its page at `/`, and `WS /dashboard`, which feeds it.
//!
//! Text messages are JSON objects told apart by `"type"`. To the page:
//!
//! | type | when | fields |
//! |---|---|---|
//! | `history` | at first, after what its owner has to say about it | `messages`: what was told in the last ten minutes, oldest first |
//! | `refused` | an order was not taken | `message`, for people |
//!
//! All others are the owner's: [`Dashboard::tell`] and [`Dashboard::tell_now`] pass them on as they
//! are. From the page come orders, one in each message: see [`Order`].
//!
//! The upgrade needs an `Origin` that is the server's own. With a token, `?key=TOKEN` has to give it;
//! a server without one answers this machine alone. Who is refused is told why as the reason of a
//! close: 1008 for a missing or wrong token, 1013 where there are too many pages already.
//!
//! The picture is a stream like any other, at `/watch/live/picture`: see [`picture`].

mod history;
mod order;
pub(crate) mod picture;
mod socket;

use std::fmt::Display;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::ws::{WebSocketUpgrade, close_code};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use onair::Subscriber;
use tokio::sync::{broadcast, watch};

use super::access::{Asker, Denied, Rank};
use super::serve::Connection;
use super::{Web, origin, viewing};
use crate::permits::Grant;
use history::History;
pub use order::Order;
#[cfg(any(test, fuzzing))]
pub use order::fuzz_order;
use socket::Page;

/// A broadcast's dashboard, to be [served](crate::Builder::dashboard). Clones are the same.
///
/// What it is told reaches every open page, and those that are opened within ten minutes. A page that
/// does not keep up is disconnected, and begins again with what it missed. Nobody waits for a page.
#[derive(Clone, Debug)]
pub struct Dashboard(Arc<Shared>);

/// The orders from a dashboard's pages.
#[derive(Debug)]
pub struct Orders(Receiver<Order>);

#[derive(Debug)]
struct Shared {
    about: String,
    history: Mutex<History>,
    news: broadcast::Sender<Arc<str>>,
    /// How many are open.
    pages: watch::Sender<usize>,
    /// Until the end.
    orders: Mutex<Option<SyncSender<Order>>>,
    /// What can be looked at.
    source: watch::Sender<Option<Subscriber>>,
    is_over: watch::Sender<bool>,
}

/// How many messages wait for a page that reads slowly.
const WAITING: usize = 64;
/// How many orders wait to be obeyed.
const ORDERS: usize = 16;

impl Dashboard {
    /// A dashboard on which nothing has been told yet but `about`, whenever a page opens; and the
    /// orders that it gives.
    pub fn new(about: String) -> (Self, Orders) {
        let (orders, given) = sync_channel(ORDERS);
        let shared = Shared {
            about,
            history: Mutex::default(),
            news: broadcast::Sender::new(WAITING),
            pages: watch::Sender::new(0),
            orders: Mutex::new(Some(orders)),
            source: watch::Sender::new(None),
            is_over: watch::Sender::new(false),
        };
        (Self(Arc::new(shared)), Orders(given))
    }

    /// Tells pages something, a JSON object with a `type`, and those that are opened later.
    pub fn tell(&self, message: String) {
        let mut history = self.history();
        let message: Arc<str> = message.into();
        history.add(message.clone(), Instant::now());
        // Pages join under the same lock: each gets it once.
        let _nobody_is_there = self.0.news.send(message);
    }

    /// Tells the pages that are open now.
    pub fn tell_now(&self, message: String) {
        let _nobody_is_there = self.0.news.send(message.into());
    }

    /// How many pages are open.
    pub fn pages(&self) -> usize {
        *self.0.pages.borrow()
    }

    /// Shows the picture of this broadcast, while any page is open.
    pub fn show(&self, source: Subscriber) {
        self.0.source.send_replace(Some(source));
    }

    /// Tells the last message. Pages disconnect when they have it, or after half a second.
    pub fn end(&self, message: String) {
        self.tell(message);
        self.orders().take();
        self.0.is_over.send_replace(true);
    }

    /// What a page that is opened now is told of the past: the `history` message.
    pub fn replay(&self) -> String {
        self.history().replay(Instant::now())
    }

    /// That, and all that follows.
    fn join(&self) -> (String, broadcast::Receiver<Arc<str>>) {
        let mut history = self.history();
        (history.replay(Instant::now()), self.0.news.subscribe())
    }

    /// Passes an order on; the error is for whoever gave it.
    fn obey(&self, order: Order) -> Result<(), &'static str> {
        let orders = self.orders();
        let orders = orders.as_ref().ok_or("the broadcast is over")?;
        orders.try_send(order).map_err(|error| match error {
            TrySendError::Full(_) => "too many orders at once",
            TrySendError::Disconnected(_) => "the broadcast is over",
        })
    }

    /// Resolves when the broadcast is over.
    async fn over(&self) {
        let mut is_over = self.0.is_over.subscribe();
        // The sender lives in `self`: it cannot be gone.
        let _ = is_over.wait_for(|is_over| *is_over).await;
    }

    fn history(&self) -> MutexGuard<'_, History> {
        self.0
            .history
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn orders(&self) -> MutexGuard<'_, Option<SyncSender<Order>>> {
        self.0.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Orders {
    /// Waits for the next order, at most for `timeout`.
    ///
    /// # Errors
    ///
    /// When none came in time; or `Disconnected` once the dashboard has [ended](Dashboard::end) and
    /// every page has gone.
    pub fn next_within(&self, timeout: Duration) -> Result<Order, RecvTimeoutError> {
        self.0.recv_timeout(timeout)
    }
}

/// The page's connection.
pub(super) async fn enter(
    State(web): State<Web>,
    asker: Asker,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Some(dashboard) = web.dashboard.clone() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if origin::judge(&headers) != origin::Verdict::Own {
        let words = "only this server's page has a say here";
        return (StatusCode::FORBIDDEN, words).into_response();
    }
    upgrade
        .max_message_size(order::MAX_LENGTH)
        .max_frame_size(order::MAX_LENGTH)
        .write_buffer_size(0)
        .on_upgrade(move |socket| async move {
            match may_enter(&web, &asker).await {
                Ok(()) => {
                    let page = Page::new(socket, dashboard);
                    tokio::select! {
                        () = page.run() => {}
                        () = web.shared.closed() => {}
                    }
                }
                Err(why) => viewing::refuse(socket, &web, asker.connection, why).await,
            }
        })
}

/// Whether somebody may see the dashboard and give orders; else the code and the reason for the
/// close.
async fn may_enter(web: &Web, asker: &Asker) -> Result<(), (u16, String)> {
    let denied = |why: &dyn Display| (close_code::POLICY, why.to_string());
    let rank = asker.admit(web).await;
    let rank = rank.map_err(|Denied(why)| denied(&why))?;
    if web.token.is_some() && rank != Rank::Owner {
        return Err(denied(&"this takes the link that was printed at the start"));
    }
    let connection = asker.connection.as_ref();
    let granted = connection.map_or(Ok(()), |known| known.permit.grant(Grant::Watch));
    granted.map_err(|full| (close_code::AGAIN, full.to_string()))
}

/// Without a token, only this machine is answered, wherever the server listens.
pub(super) async fn guard(State(web): State<Web>, request: Request, next: Next) -> Response {
    let connection = request.extensions().get::<Connection>();
    let is_near = connection.is_some_and(|known| known.peer.ip().to_canonical().is_loopback());
    if web.token.is_some() || is_near {
        return next.run(request).await;
    }
    let words = "This dashboard is for its own machine: there is no token.\n";
    (StatusCode::FORBIDDEN, words).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use tower::ServiceExt;

    use super::*;
    use crate::{RegistryConfig, StreamRegistry, Token};

    async fn status(web: Web) -> StatusCode {
        let request = Request::get("/").body(Body::empty()).unwrap();
        web.router().oneshot(request).await.unwrap().status()
    }

    #[tokio::test]
    async fn without_a_token_nobody_is_answered_who_may_be_elsewhere() {
        let web = || {
            let web = Web::new(StreamRegistry::new(RegistryConfig::default()));
            web.dashboard(Dashboard::new(String::new()).0)
        };
        assert_eq!(status(web()).await, StatusCode::FORBIDDEN);
        let token = Token::random().unwrap();
        assert_eq!(status(web().token(token)).await, StatusCode::OK);
    }

    #[test]
    fn orders_are_passed_on_until_there_are_too_many_or_it_is_over() {
        let (dashboard, orders) = Dashboard::new(String::new());
        let taken = (0..100).take_while(|_| dashboard.obey(Order::End).is_ok());
        assert_eq!(taken.count(), ORDERS);
        assert_eq!(orders.next_within(Duration::ZERO), Ok(Order::End));
        assert!(dashboard.obey(Order::Mute(true)).is_ok());
        dashboard.end("{}".to_owned());
        assert_eq!(dashboard.obey(Order::End), Err("the broadcast is over"));
        for _ in 0..ORDERS {
            assert!(orders.next_within(Duration::ZERO).is_ok());
        }
        let next = orders.next_within(Duration::ZERO);
        assert_eq!(next, Err(RecvTimeoutError::Disconnected));
    }
}
