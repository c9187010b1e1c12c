//! `WS /watch/{name}`: a stream as fragmented MP4, for MSE.
//!
//! Text messages are JSON objects told apart by `"type"`:
//!
//! | type | when | fields |
//! |---|---|---|
//! | `offline` | the stream is not live; the connection waits for it | |
//! | `stream` | before an init segment, which is the next binary message | `mime`, `codecs`, `width`, `height`, `publisher`, `software` |
//! | `stats` | every second | `viewers`, `dropped` (pictures this viewer did not get), `bitrate_bps`, `frame_rate`, `behind_ms` (how far the server is behind with this viewer), `interrupted` (the publisher is gone and may come back), `keyframes_only`, `missing_frames` (what the publisher left out of a steady rhythm), `left_out` (in words, what it sends and nobody gets), `live_s` (the presentation time, in the segments' terms, of the frame that reaches the server now; `null` before the first) |
//! | `ended` | the stream is over; the connection waits for the next | |
//!
//! Who may not watch is told why as the reason of a close: code 1008 for a missing or wrong key
//! (`?key=KEY`, where watching needs one), 1013 when there are too many viewers already.
//!
//! Binary messages are an init segment, then one or more `moof` + `mdat` each, a frame in each,
//! beginning at a keyframe. What a viewer sends is not looked at.

mod news;

use std::future::poll_fn;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, timeout};

use super::access::{Asker, Denied};
use super::fragmenter::{Expected, Fragmenter, Segment};
use super::presence::{Lost, Presence, SILENCE_TIMEOUT};
use super::serve::Connection;
use super::{Web, origin};
use crate::event::Events;
use crate::permits::Grant;
use crate::registry::Share;
use crate::{Change, Event, Item, StreamName, StreamRegistry, StreamWatch, Viewer};
use news::News;

pub(super) async fn enter(
    State(web): State<Web>,
    Path(name): Path<String>,
    asker: Asker,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if origin::judge(&headers) == origin::Verdict::Foreign {
        return (StatusCode::FORBIDDEN, "another site's page may not watch").into_response();
    }
    let Some(name) = StreamName::from_path(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    upgrade
        .max_message_size(MAX_QUESTION)
        .max_frame_size(MAX_QUESTION)
        .write_buffer_size(0)
        .on_upgrade(move |socket| async move {
            match may_watch(&web, &asker).await {
                Ok(()) => serve(socket, name, &web, asker.connection).await,
                Err((code, why)) => refuse(socket, &web, asker.connection, (code, why)).await,
            }
        })
}

/// Whether somebody may watch; else the code and the reason for the close.
async fn may_watch(web: &Web, asker: &Asker) -> Result<(), (u16, String)> {
    let admitted = asker.admit(web).await;
    admitted.map_err(|Denied(why)| (close_code::POLICY, why))?;
    let connection = asker.connection.as_ref();
    let granted = connection.map_or(Ok(()), |known| known.permit.grant(Grant::Watch));
    granted.map_err(|full| (close_code::AGAIN, full.to_string()))
}

/// A page can read the reason in a close only: it cannot see the answer to a refused upgrade.
pub(super) async fn refuse(
    mut socket: WebSocket,
    web: &Web,
    connection: Option<Connection>,
    (code, why): (u16, String),
) {
    if let Some(connection) = connection {
        web.events.tell_refused(connection.peer, &why);
    }
    let reason = why.into();
    let farewell = async {
        let _ = socket
            .send(Message::Close(Some(CloseFrame { code, reason })))
            .await;
        while let Some(Ok(_)) = socket.recv().await {}
    };
    let _ = timeout(FAREWELL_TIMEOUT, farewell).await;
}

async fn serve(socket: WebSocket, name: StreamName, web: &Web, connection: Option<Connection>) {
    let share = web.registry.share();
    let cut = share.cut();
    let watch = Watch::new(socket, name, (share, web.events.clone(), connection));
    tokio::select! {
        gone = watch.run(&web.registry) => tracing::debug!(?gone, "a viewer left"),
        () = cut => tracing::debug!("a viewer was cut: memory is short, and it is the slowest"),
        () = web.shared.closed() => {}
    }
}

/// Why a viewer is no longer served.
#[derive(Debug)]
enum Gone {
    /// It closed, or its line broke.
    Left,
    /// It took nothing for too long.
    Stuck,
    /// The stream cannot be made into MP4.
    Unfit,
    /// It says more than a viewer needs to.
    Talkative,
    /// It had nothing to watch, and another viewer needed the room.
    Displaced,
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

struct Watch {
    name: StreamName,
    sink: SplitSink<WebSocket, Message>,
    source: SplitStream<WebSocket>,
    tick: Interval,
    presence: Presence,
    share: Share,
    events: Events,
    connection: Option<Connection>,
}

/// A viewer that somebody watches through; reports that it starts, and that it stops.
struct Watched<'a> {
    viewer: Viewer,
    events: &'a Events,
    peer: String,
}

impl<'a> Watched<'a> {
    fn new(viewer: Viewer, events: &'a Events, peer: String) -> Self {
        events.tell(Event::Playing {
            name: viewer.name().clone(),
            peer: peer.clone(),
        });
        Self {
            viewer,
            events,
            peer,
        }
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.events.tell(Event::Stopped {
            name: self.viewer.name().clone(),
            peer: std::mem::take(&mut self.peer),
            dropped: self.viewer.dropped(),
        });
    }
}

impl Watch {
    fn new(
        socket: WebSocket,
        name: StreamName,
        (share, events, connection): (Share, Events, Option<Connection>),
    ) -> Self {
        let (sink, source) = socket.split();
        let mut tick = interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            name,
            sink,
            source,
            tick,
            presence: Presence::new(),
            share,
            events,
            connection,
        }
    }

    /// Presents one broadcast after the other, until the viewer is gone.
    async fn run(mut self, registry: &StreamRegistry) -> Gone {
        let mut streams = registry.watch_streams();
        let mut viewer = registry.subscribe(&self.name);
        loop {
            let done = match viewer.take() {
                Some(present) => self.present(present).await,
                None => self.say(&News::Offline).await,
            };
            let next = match done {
                Ok(()) => self.wait(&mut streams).await,
                Err(gone) => Err(gone),
            };
            match next {
                Ok(present) => viewer = Some(present),
                Err(gone) => {
                    self.part(&gone).await;
                    return gone;
                }
            }
        }
    }

    /// Waits until somebody publishes the stream.
    async fn wait(&mut self, streams: &mut StreamWatch) -> Result<Viewer, Gone> {
        self.set_idle(true);
        let permit = self.connection.as_ref().map(|known| &known.permit);
        let evicted = evicted(permit.map(|permit| permit.evicted()));
        tokio::pin!(evicted);
        loop {
            tokio::select! {
                () = &mut evicted => return Err(Gone::Displaced),
                change = streams.next() => match change {
                    Change::Started(viewer) if *viewer.name() == self.name => return Ok(viewer),
                    Change::Started(_) | Change::Ended(_) => {}
                },
                message = self.source.next() => self.hear(message)?,
                _ = self.tick.tick() => self.probe().await?,
            }
        }
    }

    fn set_idle(&self, is_idle: bool) {
        if let Some(connection) = &self.connection {
            connection.permit.set_idle(is_idle);
        }
    }

    /// Sends one broadcast to its end, and reports that it does.
    async fn present(&mut self, viewer: Viewer) -> Result<(), Gone> {
        self.set_idle(false);
        let peer = self.connection.as_ref().map(|known| known.peer.to_string());
        let events = self.events.clone();
        let mut watched = Watched::new(viewer, &events, peer.unwrap_or_default());
        self.show(&mut watched.viewer).await
    }

    async fn show(&mut self, viewer: &mut Viewer) -> Result<(), Gone> {
        let info = viewer.info();
        let mut fragmenter = Fragmenter::new(Expected {
            video: info.video.is_some() || info.audio.is_none(),
            audio: info.audio.is_some() || info.video.is_none(),
        });
        let mut items = Vec::new();
        loop {
            tokio::select! {
                () = poll_fn(|cx| viewer.poll_take(cx, BATCH, &mut items)) => {}
                message = self.source.next() => self.hear(message)?,
                _ = self.tick.tick() => {
                    self.probe().await?;
                    self.say(&News::stats(viewer, &fragmenter)).await?;
                }
            }
            if self.forward(&mut fragmenter, &mut items, viewer).await? {
                return self.say(&News::Ended).await;
            }
        }
    }

    /// Sends the items read. True if the stream ended.
    async fn forward(
        &mut self,
        fragmenter: &mut Fragmenter,
        items: &mut Vec<Item>,
        viewer: &Viewer,
    ) -> Result<bool, Gone> {
        let mut is_over = false;
        let weight: usize = items.iter().map(Item::weight).sum();
        for item in items.drain(..) {
            match item {
                Item::Packet(packet) => fragmenter.push(packet).map_err(unfit)?,
                Item::Metadata(_) => {}
                Item::Ended => is_over = true,
            }
        }
        let held = fragmenter.held() + COPIES * weight;
        self.share.set(held, Instant::now().into_std());
        for segment in fragmenter.take() {
            match segment {
                Segment::Init(description, init) => {
                    self.say(&News::stream(&description, viewer)).await?;
                    self.send(Message::Binary(init)).await?;
                }
                Segment::Media(bytes) => self.send(Message::Binary(bytes)).await?,
            }
        }
        self.share.set(fragmenter.held(), Instant::now().into_std());
        Ok(is_over)
    }

    /// Whatever a viewer says only proves that it is there.
    fn hear(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), Gone> {
        self.presence.hear(message)?;
        Ok(())
    }

    /// Asks a silent viewer whether it is there.
    async fn probe(&mut self) -> Result<(), Gone> {
        if self.presence.needs_ping()? {
            self.send(Message::Ping(Bytes::new())).await?;
        }
        Ok(())
    }

    async fn say(&mut self, news: &News<'_>) -> Result<(), Gone> {
        let text = serde_json::to_string(news).map_err(|_| Gone::Unfit)?;
        self.send(Message::text(text)).await
    }

    async fn send(&mut self, message: Message) -> Result<(), Gone> {
        let sending = timeout(SILENCE_TIMEOUT, self.sink.send(message));
        let sent = match &self.connection {
            Some(known) => known.progress.tell(&mut self.share, sending).await,
            None => sending.await,
        };
        match sent {
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
            Gone::Unfit => (close_code::UNSUPPORTED, "cannot be shown in a browser"),
            Gone::Talkative => (close_code::POLICY, "a viewer has less to say"),
            Gone::Displaced => (close_code::AGAIN, "made way for another viewer"),
        };
        let frame = CloseFrame {
            code,
            reason: reason.into(),
        };
        let farewell = self.sink.send(Message::Close(Some(frame)));
        let _ = timeout(FAREWELL_TIMEOUT, farewell).await;
    }
}

fn unfit(error: onair_mp4::Error) -> Gone {
    tracing::warn!(%error, "a stream cannot be shown");
    Gone::Unfit
}

/// Waits until an idle viewer has to go; for ever if nobody counts it.
async fn evicted(known: Option<impl Future<Output = ()>>) {
    match known {
        Some(evicted) => evicted.await,
        None => std::future::pending().await,
    }
}

const MAX_QUESTION: usize = 4096;
/// How much is sent in one message when a viewer has to catch up.
const BATCH: usize = 256 * 1024;
/// How many copies of the data on its way to a viewer are in memory: joined in fragments, with room
/// to grow, and once more as the message being written.
const COPIES: usize = 3;
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(1);
