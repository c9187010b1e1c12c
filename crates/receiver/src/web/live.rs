//! Going live from a browser: `WS /live`, the protocol and its server.
//!
//! The browser is one more publisher: what it sends becomes packets in the registry, and from
//! there on nothing knows where they came from. One WebSocket carries everything, text messages
//! for words (JSON, one object each, told apart by `"type"`) and binary messages for media.
//! All numbers in binary messages are big-endian; all times are microseconds on the client's own
//! steady capture clock (a `VideoFrame`'s or `AudioData`'s `timestamp`), both tracks on one clock.
//!
//! The upgrade request needs an `Origin` that is the server's own (RFC 6455 §10.2), else `403`.
//!
//! # Client to server
//!
//! First, within five seconds, the hello. Nothing else is looked at before it is accepted:
//!
//! ```json
//! {"type":"hello", "version":1, "token":"…", "name":"phone", "session":"b3f9…",
//!  "software":"Safari 26 on iPhone",
//!  "video": {"codec":"avc1.640028", "description":"<base64 avcC>", "width":1280, "height":720, "frameRate":30},
//!  "audio": {"codec":"mp4a.40.2", "description":"<base64 AudioSpecificConfig>", "sampleRate":48000, "channels":2}}
//! ```
//!
//! - `token`: from the printed link, `…/live#token=…`. A fragment, so that it reaches no log.
//! - `name`: what viewers see: 1 to 64 of `A-Z a-z 0-9 . _ -`; the stream is called `live/<name>`.
//! - `session`: 16 to 64 of the same characters, random, made once each time somebody presses the
//!   button. A connection that breaks may be resumed for fifteen seconds by a hello with the same
//!   session: the stream never ended, and for viewers its timeline goes on where it stopped. The
//!   outage takes up no time there: a hole would make players wait or seek. Resuming closes the older
//!   connection, if the server still believes in it. After a resume, send the configurations again,
//!   and begin with a keyframe; the capture clock may go on or begin anew.
//! - `video`, `audio`: either may be left out here and follow in a `config`, since an encoder
//!   gives its `description` with its first output only. `software` is optional.
//! - Sound without an AAC encoder: `"codec":"pcm-f32"` or `"pcm-s16"`, without `description`; the
//!   server encodes it. `sampleRate` is one of AAC's (44100 or 48000, say), `channels` 1 or 2.
//!
//! A configuration, whenever it is first known or changes (rotation, another resolution). What
//! is left out stays as it was. It holds for the binary messages after it, and the first video
//! message after a new `video` must be a keyframe:
//!
//! ```json
//! {"type":"config", "video":{…}, "audio":{…}}
//! ```
//!
//! What it would encode on a line without limits, if the server `advises`: from then on it is told what
//! the line carries (`ack`), and is expected to obey. Bits per second; `audio` is what the audio takes:
//!
//! ```json
//! {"type":"wish", "width":1280, "height":720, "frameRate":30, "bitrate":2500000, "audio":96000}
//! ```
//!
//! The proper end, answered by `ended`; without it the stream stays open for the resume:
//!
//! ```json
//! {"type":"bye"}
//! ```
//!
//! Media, binary, a header of 20 bytes and the payload, 2 MiB at most in all:
//!
//! | offset | type | what |
//! |---|---|---|
//! | 0 | u8  | kind: 1 video, 2 audio |
//! | 1 | u8  | flags: bit 0 set on a keyframe, bit 1 if parts follow; other bits zero |
//! | 2 | u16 | zero |
//! | 4 | i64 | presentation time, µs |
//! | 12 | u32 | duration, µs; zero when unknown |
//! | 16 | u32 | presentation time less decoding time, µs; zero without B-frames |
//! | 20 | … | one access unit of length-prefixed NAL units (`avc: {format: "avc"}`), one raw AAC block, or interleaved little-endian PCM, 200 ms at most |
//!
//! To a server that `advises`, video may come in parts, so that audio comes between and what arrives is
//! seen: the first with the header above, the others with kind 3, flags (bit 1 if more follow), and two
//! bytes of zero. And it may say how it is, which is what the law goes by, best before a message at least
//! each 10 ms:
//!
//! | offset | type | what |
//! |---|---|---|
//! | 0 | u8  | kind: 4 |
//! | 1 | u8  | zero |
//! | 2 | u16 | the last round trip, from a message to its `ack`, ms; zero when unknown |
//! | 4 | i64 | now on a steady clock, µs |
//! | 12 | u64 | bytes of binary messages sent on this connection, this and the one after it included |
//! | 20 | u64 | bytes of video encoded |
//! | 28 | u32 | bytes that wait to be sent |
//! | 32 | u32 | how long the oldest of them has waited, µs |
//!
//! # Server to client
//!
//! ```json
//! {"type":"accepted", "name":"live/phone", "resumed":false, "watch":"/?stream=live%2Fphone", "advises":true}
//! {"type":"refused",  "code":"token", "message":"That link is not this server's any more. …"}
//! {"type":"ack", "bytes":1234567, "messages":420, "pts":8033366, "viewers":2,
//!  "bitrate":1800000, "inFlight":21000, "skipAbove":95000, "carries":2000000, "side":720, "every":1}
//! {"type":"keyframe"}
//! {"type":"error",  "code":"video", "message":"…"}
//! {"type":"ended"}
//! ```
//!
//! - `refused` ends the connection (close code 1008). `code` is one of `token`, `busy` (the name is
//!   taken), `full` (too many publishers), `version`, `hello` (not understood, or late). `message` is for people.
//! - `ack`: every 100 ms while media comes in, every 20 ms to a client with a wish: binary bytes and
//!   messages taken since this connection began, headers included, and the newest presentation time.
//!   What was sent and is not yet acknowledged is on its way. The second line, once there are a wish and a word, is what to do
//!   (`onair::rate`): the rate of video; how many bytes may be on their way before the next message waits
//!   with the client, audio first; above how many bytes that wait or are on their way a frame is left out
//!   before the encoder; what the line carries, once known; the pictures' shorter side, and one of how
//!   many frames to take.
//! - `keyframe`: please make the next picture a keyframe.
//! - `error` ends the stream for good, a resume included (close code 1008): the client broke the protocol.
//!   `code` is `config`, `video`, `audio`, `message`.
//! - `ended`: the answer to `bye`, or the server shuts down; close code 1000.
//!
//! The server never sends binary messages, answers pings, pings every five seconds itself and gives up
//! on a connection that is silent for fifteen.

mod advisor;
#[cfg(any(test, fuzzing))]
pub(super) mod fuzz;
mod hello;
mod media;
mod publisher;
mod session;
mod sessions;
mod socket;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{WebSocketUpgrade, close_code};
use axum::extract::{Extension, State};
use axum::http::header::UPGRADE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::time::sleep;

use super::serve::Connection;
use super::{Web, assets, origin};
use crate::event::Events;
use crate::guesses::ANSWER_DELAY;
use crate::permits::{Grant, Permit};
use crate::{Event, Ingest, Origin, PublisherKind, StreamName};
use hello::{Answer, Hello, Problem};
use session::{BrowserSession, End};
use socket::{Lost, Socket};

pub(super) use sessions::Sessions;

/// The page, or its connection.
pub(super) async fn enter(
    State(web): State<Web>,
    connection: Option<Extension<Connection>>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(_) if !headers.contains_key(UPGRADE) => return assets::live_page(&web),
        Err(rejection) => return rejection.into_response(),
    };
    if origin::judge(&headers) != origin::Verdict::Own {
        return (StatusCode::FORBIDDEN, "only this server's page may go live").into_response();
    }
    let connection = connection.map(|Extension(connection)| connection);
    let unknown = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
    let peer = connection.as_ref().map_or(unknown, |known| known.peer);
    let stranger = web.shared.strangers.admit(peer.ip());
    upgrade
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .write_buffer_size(0)
        .on_upgrade(move |socket| async move {
            let permit = connection.as_ref().map(|known| &*known.permit);
            serve(Socket::new(socket), &web, (peer, permit), stranger).await;
            drop(connection);
        })
}

/// Where a browser is, and its leave to be there.
type Peer<'a> = (SocketAddr, Option<&'a Permit>);

/// From the hello to the end.
async fn serve(mut socket: Socket, web: &Web, peer: Peer<'_>, stranger: Permit) {
    let hello = tokio::select! {
        hello = socket.hello() => hello,
        () = stranger.evicted() => Err(Problem::new("full", "Too many want to go live at once. Try again.")),
    };
    drop(stranger);
    if web.guesses.check(peer.0.ip(), Instant::now()).is_err() {
        sleep(ANSWER_DELAY).await;
    }
    let begun = hello.and_then(|hello| begin(&hello, web, peer).map(|begun| (hello, begun)));
    let (hello, (ingest, resumed)) = match begun {
        Ok(begun) => begun,
        Err(problem) => {
            web.events.tell_refused(peer.0, &problem.message);
            return socket
                .end(Answer::Refused(problem), close_code::POLICY)
                .await;
        }
    };
    let name = ingest.name().to_string();
    tracing::info!(name, resumed, "a browser goes live");
    let accepted = Answer::Accepted {
        watch: format!("/?stream={}", name.replace('/', "%2F")),
        name,
        resumed,
        advises: true,
    };
    let end = match socket.say(&accepted).await {
        Ok(()) => {
            let session = BrowserSession::new(&mut socket, web, ingest.clone());
            session.run(&hello).await
        }
        Err(Lost) => End::Lost,
    };
    tracing::info!(?end, "a browser's connection ended");
    part(socket, web, (&hello.session, ingest), end).await;
}

/// Checks who it is and takes the name.
fn begin(hello: &Hello, web: &Web, peer: Peer<'_>) -> Result<(Arc<Ingest>, bool), Problem> {
    check_token(hello, web, peer.0.ip())?;
    hello.check()?;
    let name = StreamName::new("live", &hello.name);
    let name = name.ok_or_else(|| Problem::new("hello", "That name cannot be used."))?;
    let granted = peer.1.map_or(Ok(()), |permit| permit.grant(Grant::Publish));
    granted.map_err(|full| Problem::new("full", sentence(&full.to_string())))?;
    let resumed = web.shared.sessions.release(&hello.session);
    let origin = Origin::new(peer.0.to_string(), PublisherKind::Browser, hello.software());
    let ingest = web
        .registry
        .publish(name.clone(), origin.clone())
        .map_err(|error| {
            let is_busy = matches!(error, crate::PublishError::Busy(_));
            Problem::new(
                if is_busy { "busy" } else { "full" },
                sentence(&error.to_string()),
            )
        })?;
    web.events.tell(Event::Published { name, origin });
    let ingest = Arc::new(ingest);
    web.shared.sessions.keep(&hello.session, &ingest);
    Ok((ingest, resumed))
}

fn check_token(hello: &Hello, web: &Web, from: IpAddr) -> Result<(), Problem> {
    if web.is_token(&hello.token) {
        return Ok(());
    }
    let now = Instant::now();
    let checked = web.guesses.check(from, now);
    checked.map_err(|wait| Problem::new("token", sentence(&wait.to_string())))?;
    web.guesses.wrong(from, &hello.token, now);
    let what = "That link is not this server's any more. Take the one it printed when it started.";
    Err(Problem::new("token", what))
}

/// Says farewell; a broadcast that did not end waits a while for its page to come back.
async fn part(socket: Socket, web: &Web, (session, ingest): (&str, Arc<Ingest>), end: End) {
    let (answer, code) = match end {
        End::Lost => {
            tokio::spawn(wait_for_page(ingest, web.events.clone()));
            return;
        }
        End::Said => (Answer::Ended, close_code::NORMAL),
        End::Closing => (Answer::Ended, close_code::AWAY),
        End::Replaced => {
            let what = "Somebody else publishes under this name now.";
            let problem = Problem::new("busy", what);
            web.shared.sessions.forget(session, &ingest);
            return socket.end(Answer::Error(problem), close_code::POLICY).await;
        }
        End::Faulty(problem) => (Answer::Error(problem), close_code::POLICY),
    };
    web.shared.sessions.forget(session, &ingest);
    let name = ingest.name().clone();
    drop(ingest);
    web.events.tell(Event::Unpublished { name });
    socket.end(answer, code).await;
}

/// Keeps the stream of a page that vanished, for it to come back to.
async fn wait_for_page(ingest: Arc<Ingest>, events: Events) {
    let name = ingest.name().clone();
    if !ingest.orphan() {
        return;
    }
    let linger = ingest.wait_for_publisher(RESUME_TIMEOUT);
    events.tell(Event::Interrupted {
        name: name.clone(),
        why: "the page is gone".to_owned(),
    });
    tokio::select! {
        () = ingest.replaced() => if !ingest.is_over() { return },
        () = sleep(linger) => {}
    }
    drop(ingest);
    events.tell(Event::Unpublished { name });
}

/// An error's words as a sentence.
fn sentence(words: &str) -> String {
    let mut characters = words.chars();
    let first = characters.next().map(char::to_uppercase);
    first
        .into_iter()
        .flatten()
        .chain(characters)
        .chain(['.'])
        .collect()
}

/// The most an access unit may have, before the hello too: few strangers are let in at a time.
const MAX_MESSAGE: usize = 2 * 1024 * 1024;
const RESUME_TIMEOUT: Duration = Duration::from_secs(15);
