use std::convert::Infallible;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use bytes::Bytes;
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep, timeout};

use super::{Dashboard, Order};
use crate::web::presence::{Lost, Presence, SILENCE_TIMEOUT};

/// The connection of an open page.
pub(super) struct Page {
    socket: WebSocket,
    dashboard: Dashboard,
    tick: Interval,
    presence: Presence,
}

/// Why a page is no longer served.
#[derive(Debug)]
enum Gone {
    /// It closed, or its line broke.
    Left,
    /// It took nothing for too long.
    Stuck,
    /// It missed something: it is to begin again.
    Behind,
    /// It says more than a person can.
    Talkative,
    /// It has had the last message.
    Over,
}

impl From<Lost> for Gone {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Left => Self::Left,
            Lost::Silent => Self::Stuck,
            Lost::Talkative => Self::Talkative,
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Answer<'a> {
    Refused { message: &'a str },
}

/// A page that is counted as open.
struct Open<'a>(&'a Dashboard);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.0.pages.send_modify(|pages| *pages -= 1);
    }
}

impl Page {
    pub(super) fn new(socket: WebSocket, dashboard: Dashboard) -> Self {
        let mut tick = interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            socket,
            dashboard,
            tick,
            presence: Presence::new(),
        }
    }

    /// Serves it until it leaves, or the broadcast is over.
    pub(super) async fn run(mut self) {
        let dashboard = self.dashboard.clone();
        // Whoever takes the orders waits for this to be gone.
        let orders = dashboard.orders().clone();
        dashboard.0.pages.send_modify(|pages| *pages += 1);
        let _open = Open(&dashboard);
        let hurry = async {
            dashboard.over().await;
            sleep(FAREWELL_TIMEOUT).await;
        };
        tokio::select! {
            gone = self.serve() => tracing::debug!(?gone, "a dashboard's page left"),
            () = hurry => {}
        }
        drop(orders);
    }

    async fn serve(&mut self) -> Gone {
        let gone = match self.inform().await {
            Ok(never) => match never {},
            Err(gone) => gone,
        };
        self.part(&gone).await;
        gone
    }

    async fn inform(&mut self) -> Result<Infallible, Gone> {
        let (missed, mut news) = self.dashboard.join();
        let dashboard = self.dashboard.clone();
        self.send(Message::text(&*dashboard.0.about)).await?;
        self.send(Message::text(missed)).await?;
        loop {
            tokio::select! {
                biased;
                told = news.recv() => match told {
                    Ok(text) => self.send(Message::text(&*text)).await?,
                    Err(RecvError::Lagged(_)) => return Err(Gone::Behind),
                    Err(RecvError::Closed) => return Err(Gone::Over),
                },
                () = dashboard.over() => return Err(Gone::Over),
                message = self.socket.recv() => self.hear(message).await?,
                _ = self.tick.tick() => self.probe().await?,
            }
        }
    }

    async fn hear(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), Gone> {
        let Message::Text(text) = self.presence.hear(message)? else {
            return Ok(());
        };
        let order = Order::parse(&text);
        let obeyed = order.and_then(|order| {
            tracing::info!(?order, "an order from a dashboard's page");
            self.dashboard.obey(order).map_err(str::to_owned)
        });
        match obeyed {
            Ok(()) => Ok(()),
            Err(message) => self.say(&Answer::Refused { message: &message }).await,
        }
    }

    /// Asks a silent page whether it is there.
    async fn probe(&mut self) -> Result<(), Gone> {
        if self.presence.needs_ping()? {
            self.send(Message::Ping(Bytes::new())).await?;
        }
        Ok(())
    }

    async fn say(&mut self, answer: &Answer<'_>) -> Result<(), Gone> {
        let text = serde_json::to_string(answer).map_err(|_| Gone::Left)?;
        self.send(Message::text(text)).await
    }

    async fn send(&mut self, message: Message) -> Result<(), Gone> {
        match timeout(SILENCE_TIMEOUT, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Gone::Left),
            Err(_) => Err(Gone::Stuck),
        }
    }

    /// Says farewell, if somebody may still hear it.
    async fn part(&mut self, gone: &Gone) {
        let (code, reason) = match gone {
            Gone::Left => return,
            Gone::Stuck => (close_code::POLICY, "too slow"),
            // Without a reason the page comes back at once.
            Gone::Behind => (close_code::AGAIN, ""),
            Gone::Talkative => (close_code::POLICY, "a page has less to say"),
            Gone::Over => (close_code::NORMAL, ""),
        };
        let close = CloseFrame {
            code,
            reason: reason.into(),
        };
        let farewell = async {
            let _ = self.socket.send(Message::Close(Some(close))).await;
            while let Some(Ok(_)) = self.socket.recv().await {}
        };
        let _ = timeout(FAREWELL_TIMEOUT, farewell).await;
    }
}

const FAREWELL_TIMEOUT: Duration = Duration::from_millis(500);
