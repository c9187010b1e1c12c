mod flow;
mod requests;
mod timing;

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Wakeup, Poll};
use std::time::{Duration, Instant};

use onair_media::text::clean;
use onair_net::Pump;
use onair_rtmp::server::{self, Event as Said, StreamId};
use onair_rtmp::{Input, Machine, Server};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use self::flow::{ReadSize, Reading};
use self::requests::Refusal;
use self::timing::Timing;
use super::context::Context;
use super::playing::Playing;
use super::publishing::{Publishing, Taken};
use crate::permits::Permit;
use crate::registry::Share;
use crate::{Event, Ingest};

/// The connection's socket, plain or inside TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// One connection's life, driven by a [`Server`].
pub(super) struct Connection {
    pump: Pump<Box<dyn Stream>, Server>,
    context: Arc<Context>,
    permit: Permit,
    peer: SocketAddr,
    /// The client's name for itself.
    software: String,
    role: Role,
    /// Why nothing can be written any more; what the client said before may still be read.
    unwritable: Option<String>,
    /// Bytes received that are not a publisher's, and the time from which they are forgiven.
    unasked: (usize, Instant),
    ending: Option<ConnectionEnd>,
    read_size: ReadSize,
    /// An answer that is held back.
    refusal: Option<Refusal>,
    timing: Timing,
    stopping: Pin<Box<dyn Future<Output = ()> + Send>>,
    share: Share,
    /// Resolves when memory is short and this is the slowest.
    cut: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// What the connection is for.
enum Role {
    Guest,
    Publisher(Box<Publishing>),
    Player(Box<Playing>),
}

/// How it ends.
#[derive(Debug)]
enum ConnectionEnd {
    /// Pending bytes are sent first.
    Orderly,
    /// There is nobody to send anything to, or no point.
    Broken(String),
}

/// A stream whose publisher vanished.
pub(super) struct Parted {
    pub(super) ingest: Ingest,
    pub(super) why: String,
}

/// How often a connection may read or be fed before others have their turn, and roughly how long
/// that may take.
const STEPS: usize = 8;
const TURN: Duration = Duration::from_millis(1);

/// How long a peer may take to close its side.
const LINGER_TIMEOUT: Duration = Duration::from_secs(1);

/// Larger chunks than the protocol's 128 bytes: fewer headers, fewer pieces. SRS uses as many.
const CHUNK_SIZE: u32 = 60_000;

impl Connection {
    pub(super) fn new(
        stream: Box<dyn Stream>,
        (context, permit): (Arc<Context>, Permit),
        peer: SocketAddr,
    ) -> Self {
        let now = Instant::now();
        let mut config = server::Config::default();
        let limits = &context.limits;
        config.seed = context.seed(permit.number());
        config.chunk_size = CHUNK_SIZE;
        config.setup_timeout = limits.setup_timeout;
        config.idle_timeout = limits.idle_timeout;
        let stop = context.stop.clone();
        let stopping = async move { stop.asked().await };
        let share = context.registry.share();
        let cut = Box::pin(share.cut());
        Self {
            pump: Pump::new(stream, Server::new(config, now), now),
            context,
            permit,
            peer,
            software: String::new(),
            role: Role::Guest,
            unwritable: None,
            unasked: (0, now),
            ending: None,
            read_size: ReadSize::new(),
            refusal: None,
            timing: Timing::new(now),
            stopping: Box::pin(stopping),
            share,
            cut,
        }
    }

    /// Runs to its end; gives the stream of a publisher that vanished.
    pub(super) async fn run(mut self) -> Option<Parted> {
        let ending = poll_fn(|cx| self.poll(cx)).await;
        let role = std::mem::replace(&mut self.role, Role::Guest);
        match (ending, role) {
            (ConnectionEnd::Broken(why), Role::Publisher(publishing))
                if !self.pump.machine.is_unpublishing() =>
            {
                let ingest = publishing.into_ingest();
                return Some(Parted { ingest, why });
            }
            (ConnectionEnd::Broken(why), role) => {
                tracing::debug!(peer = %self.peer, why, "the connection broke");
                self.leave(role);
            }
            (ConnectionEnd::Orderly, role) => {
                self.leave(role);
                self.part().await;
            }
        }
        None
    }

    /// Does a bounded amount of work, so that the other connections have their turn.
    fn poll(&mut self, cx: &mut Wakeup<'_>) -> Poll<ConnectionEnd> {
        let mut begun = None;
        for _ in 0..STEPS {
            let now = Instant::now();
            while let Some(said) = self.pump.next_event(now) {
                self.handle_said(said, now);
            }
            self.read_size.adapt(now.elapsed());
            self.poll_write(cx, now);
            self.weigh(now);
            match self.ending.take() {
                Some(ConnectionEnd::Orderly) if self.pump.unwritten() > 0 => {
                    self.ending = Some(ConnectionEnd::Orderly);
                }
                Some(ending) => return Poll::Ready(ending),
                None => {}
            }
            if now.saturating_duration_since(*begun.get_or_insert(now)) >= TURN {
                break;
            }
            let reading = self.poll_read(cx, now);
            if reading == Reading::Nothing
                && let Some(words) = self.unwritable.take()
            {
                self.broke(&words);
                continue;
            }
            let has_read = reading == Reading::Something;
            // Others' wishes first: a peer that can always be read would leave them for last.
            let progress = self.poll_stop(cx, now)
                || self.poll_cut(cx)
                || has_read
                || self.poll_viewer(cx, now)
                || self.poll_timer(cx, now);
            if !progress {
                return Poll::Pending;
            }
        }
        // A peer that can always be read is stopped and timed all the same.
        let now = Instant::now();
        let _ends = self.poll_cut(cx) || self.poll_stop(cx, now) || self.poll_timer(cx, now);
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn handle_said(&mut self, said: Said, now: Instant) {
        match said {
            Said::Connected { flash_version, .. } => {
                self.software = clean(&flash_version, MAX_SOFTWARE);
            }
            Said::Publish {
                stream, app, key, ..
            } => self.handle_publish(stream, &app, &key, now),
            Said::Play {
                stream, app, key, ..
            } => self.handle_play(stream, &app, &key, now),
            Said::Media { stream, tag } | Said::Metadata { stream, tag } => {
                if let Role::Publisher(publishing) = &mut self.role
                    && publishing.stream == stream
                {
                    self.timing.media = now;
                    let taken = publishing.take(&tag);
                    self.handle_taken(taken, now);
                }
            }
            Said::Ended { stream } => self.handle_ended(stream),
            Said::Closed => self.end(ConnectionEnd::Orderly),
        }
    }

    fn handle_taken(&mut self, taken: Taken, now: Instant) {
        match taken {
            Taken::Fine => {}
            Taken::LeftOut(what) => {
                if let Role::Publisher(publishing) = &self.role {
                    let what = clean(&what, MAX_WORDS);
                    let name = publishing.ingest().name().clone();
                    self.context.events.tell(Event::LeftOut { name, what });
                }
            }
            Taken::Replaced => {
                self.role = Role::Guest;
                self.pump.machine.close(now);
                self.end(ConnectionEnd::Orderly);
            }
            Taken::Refused(words) => self.turn_out("NetStream.Publish.Denied", &words, now),
        }
    }

    /// Ends a publisher's stream in words that its encoder shows.
    fn turn_out(&mut self, code: &str, words: &str, now: Instant) {
        let role = std::mem::replace(&mut self.role, Role::Guest);
        if let Role::Publisher(publishing) = &role {
            let why = format!("{}: {words}", publishing.ingest().name());
            self.pump
                .machine
                .end_publish(publishing.stream, code, words);
            self.context.events.tell_refused(self.peer, &why);
        }
        self.leave(role);
        self.pump.machine.close(now);
        self.end(ConnectionEnd::Orderly);
    }

    /// The publisher's own wish, unless the connection broke: then the stream may go on.
    fn handle_ended(&mut self, stream: StreamId) {
        let is_ours = match &self.role {
            Role::Guest => false,
            Role::Publisher(publishing) => publishing.stream == stream,
            Role::Player(playing) => playing.stream == stream,
        };
        if is_ours && !matches!(self.ending, Some(ConnectionEnd::Broken(_))) {
            let role = std::mem::replace(&mut self.role, Role::Guest);
            self.leave(role);
        }
    }

    fn leave(&self, role: Role) {
        let events = &self.context.events;
        match role {
            Role::Guest => {}
            Role::Publisher(publishing) => {
                let name = publishing.ingest().name().clone();
                drop(publishing);
                events.tell(Event::Unpublished { name });
            }
            Role::Player(playing) => events.tell(Event::Stopped {
                name: playing.viewer().name().clone(),
                peer: self.peer.to_string(),
                dropped: playing.viewer().dropped(),
            }),
        }
    }

    fn input(&mut self, input: Input<'_>) {
        let result = self.pump.machine.handle_input(input);
        self.check(result);
    }

    fn check(&mut self, result: Result<(), onair_rtmp::Error>) {
        if let Err(error) = result {
            self.end(ConnectionEnd::Broken(error.to_string()));
        }
    }

    /// Only the first end counts.
    fn end(&mut self, ending: ConnectionEnd) {
        self.ending.get_or_insert(ending);
    }

    /// Whether all that is left is to tell the peer why this ends.
    const fn is_answered(&self) -> bool {
        self.ending.is_some() || self.refusal.is_some()
    }

    fn broke(&mut self, words: &str) {
        self.pump.discard();
        self.ending = Some(ConnectionEnd::Broken(words.to_owned()));
    }

    fn poll_cut(&mut self, cx: &mut Wakeup<'_>) -> bool {
        if self.ending.is_some() || self.cut.as_mut().poll(cx).is_pending() {
            return false;
        }
        self.broke("memory is short, and it is the slowest");
        true
    }

    fn poll_stop(&mut self, cx: &mut Wakeup<'_>, now: Instant) -> bool {
        if self.ending.is_some() || self.stopping.as_mut().poll(cx).is_pending() {
            return false;
        }
        self.pump.machine.close(now);
        self.end(ConnectionEnd::Orderly);
        true
    }

    /// Waits for the peer to close, so that it can read our last words.
    async fn part(&mut self) {
        let stream = self.pump.stream_mut();
        let parting = async {
            stream.shutdown().await?;
            let mut buffer = [0; 1024];
            while stream.read(&mut buffer).await? > 0 {}
            Ok::<(), std::io::Error>(())
        };
        if let Ok(Err(error)) = timeout(LINGER_TIMEOUT, parting).await {
            tracing::debug!(peer = %self.peer, %error, "while parting");
        }
    }
}

/// The longest report about a client's media, in characters.
const MAX_WORDS: usize = 300;

/// The longest name of a client's, in characters.
const MAX_SOFTWARE: usize = 80;

#[cfg(test)]
mod tests;
