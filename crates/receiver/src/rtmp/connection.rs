use std::future::{Future, poll_fn};
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Wakeup, Poll};
use std::time::{Duration, Instant};

use bytes::Buf;
use onair_media::text::clean;
use onair_rtmp::server::{self, Event as Said, StreamId};
use onair_rtmp::{Input, Machine, Output, SendBuffer, Server};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;

use super::listener::Context;
use super::playing::Playing;
use super::publishing::{Publishing, Taken};
use super::requests::Refusal;
use super::stream::Stream;
use super::timing::Timing;
use crate::hub::Share;
use crate::permits::Permit;
use crate::{Event, Ingest};

/// One connection's life: obeys a [`Server`] and moves bytes.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    pub(super) server: Server,
    pub(super) context: Arc<Context>,
    pub(super) permit: Permit,
    pub(super) peer: SocketAddr,
    /// How the client calls itself.
    pub(super) software: String,
    pub(super) role: Role,
    pending: SendBuffer,
    /// Why nothing can be written any more; what the client said before may still be read.
    unwritable: Option<String>,
    /// Bytes received that are not a publisher's, and from when on they are forgiven.
    pub(super) unasked: (usize, Instant),
    ending: Option<Ending>,
    /// How much is read at once.
    reading: usize,
    /// Whether there was as much to read, and how long it has been worked at: until it is drained.
    fresh: Option<(bool, Duration)>,
    /// What is to be said, and not at once.
    pub(super) refusal: Option<Refusal>,
    pub(super) timing: Timing,
    stopping: Pin<Box<dyn Future<Output = ()> + Send>>,
    share: Share,
    /// Memory is short, and this is the slowest.
    cut: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// What the connection does.
pub(super) enum Role {
    Guest,
    Publisher(Box<Publishing>),
    Player(Box<Playing>),
}

/// How it ends.
#[derive(Debug)]
pub(super) enum Ending {
    /// What is pending is sent first.
    Orderly,
    /// There is nobody to send anything to, or no use in it.
    Broken(String),
}

/// What came of trying to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Something,
    /// There is nothing there, or will not be anything any more.
    Nothing,
    /// It was not tried: there may be much.
    Waiting,
}

/// A stream whose publisher vanished.
pub(super) struct Parted {
    pub(super) ingest: Ingest,
    pub(super) why: String,
}

/// How much is read at once, at most; less while what is read is much work: a read full of tiny
/// messages is a thousand times that of a piece of a large one.
const READ: usize = 64 * 1024;
const LEAST_READ: usize = 1024;

/// How often a connection may read or be fed before others have their turn, and about how long that
/// may take.
const STEPS: usize = 8;
const TURN: Duration = Duration::from_millis(1);

/// How many pieces one write may have.
const PIECES: usize = 128;

/// How much may wait to be written to somebody who was granted nothing yet, before we stop
/// reading: the answers to all they can want.
const UNGRANTED: usize = 16 * 1024;

/// How often a publisher that is held up is looked at: its media may be due by now.
const HELD_UP: Duration = Duration::from_millis(250);

/// How long a peer may take to close its side.
const LINGER: Duration = Duration::from_secs(1);

/// How many bytes a second who does not publish may send for ever.
const FORGIVEN: usize = 1024;

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
        let share = context.hub.share();
        let cut = Box::pin(share.cut());
        Self {
            stream,
            server: Server::new(config, now),
            context,
            permit,
            peer,
            software: String::new(),
            role: Role::Guest,
            pending: SendBuffer::new(now),
            unwritable: None,
            unasked: (0, now),
            ending: None,
            reading: LEAST_READ,
            fresh: None,
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
            (Ending::Broken(why), Role::Publisher(publishing))
                if !self.server.is_unpublishing() =>
            {
                let ingest = publishing.into_ingest();
                return Some(Parted { ingest, why });
            }
            (Ending::Broken(why), role) => {
                tracing::debug!(peer = %self.peer, why, "the connection broke");
                self.leave(role);
            }
            (Ending::Orderly, role) => {
                self.leave(role);
                self.part().await;
            }
        }
        None
    }

    /// Does a bounded amount of work, so that the other connections have their turn.
    fn poll(&mut self, cx: &mut Wakeup<'_>) -> Poll<Ending> {
        let mut begun = None;
        for _ in 0..STEPS {
            let now = Instant::now();
            self.drain(now);
            if let Some((is_full, work)) = self.fresh.take() {
                self.size_reads(is_full, work + now.elapsed());
            }
            self.poll_write(cx, now);
            self.weigh(now);
            match self.ending.take() {
                Some(Ending::Orderly) if !self.pending.is_empty() => {
                    self.ending = Some(Ending::Orderly);
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
            // First what others ask for: who is always ready to be read is not asked last.
            let progress = self.poll_stop(cx, now)
                || self.poll_cut(cx)
                || has_read
                || self.poll_viewer(cx, now)
                || self.poll_timer(cx, now);
            if !progress {
                return Poll::Pending;
            }
        }
        // Whoever always has something to be read is stopped and timed all the same.
        let now = Instant::now();
        let _ends = self.poll_cut(cx) || self.poll_stop(cx, now) || self.poll_timer(cx, now);
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Does what the machine says.
    fn drain(&mut self, now: Instant) {
        loop {
            match self.server.poll_output() {
                Output::Transmit(_) if self.unwritable.is_some() => {}
                Output::Transmit(slices) => self.pending.push(slices, now),
                Output::Event(event) => self.handle_said(event, now),
                Output::Timeout(at) => {
                    self.timing.machine = at;
                    return;
                }
            }
        }
    }

    fn handle_said(&mut self, said: Said, now: Instant) {
        match said {
            Said::Connected { flash_version, .. } => {
                self.software = clean(&flash_version, LONGEST_SOFTWARE);
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
            Said::Closed => self.end(Ending::Orderly),
            _ => {}
        }
    }

    fn handle_taken(&mut self, taken: Taken, now: Instant) {
        match taken {
            Taken::Fine => {}
            Taken::LeftOut(what) => {
                if let Role::Publisher(publishing) = &self.role {
                    let what = clean(&what, LONGEST_WORDS);
                    let name = publishing.ingest().name().clone();
                    self.context.events.tell(Event::LeftOut { name, what });
                }
            }
            Taken::Replaced => {
                self.role = Role::Guest;
                self.server.close(now);
                self.end(Ending::Orderly);
            }
            Taken::Refused(words) => self.turn_out("NetStream.Publish.Denied", &words, now),
        }
    }

    /// Ends a publisher's stream in words that its encoder shows.
    fn turn_out(&mut self, code: &str, words: &str, now: Instant) {
        let role = std::mem::replace(&mut self.role, Role::Guest);
        if let Role::Publisher(publishing) = &role {
            let why = format!("{}: {words}", publishing.ingest().name());
            self.server.end_publish(publishing.stream, code, words);
            self.context.events.tell_refused(self.peer, &why);
        }
        self.leave(role);
        self.server.close(now);
        self.end(Ending::Orderly);
    }

    /// Its own wish, unless the connection broke: then the stream may go on.
    fn handle_ended(&mut self, stream: StreamId) {
        let is_ours = match &self.role {
            Role::Guest => false,
            Role::Publisher(publishing) => publishing.stream == stream,
            Role::Player(playing) => playing.stream == stream,
        };
        if is_ours && !matches!(self.ending, Some(Ending::Broken(_))) {
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
        if let Err(error) = self.server.handle_input(input) {
            self.end(Ending::Broken(error.to_string()));
        }
    }

    /// The first end is the one that counts.
    pub(super) fn end(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
    }

    /// Whether all that is left is to tell the peer why this ends.
    pub(super) const fn is_answered(&self) -> bool {
        self.ending.is_some() || self.refusal.is_some()
    }

    fn broke(&mut self, words: &str) {
        self.pending.clear();
        self.ending = Some(Ending::Broken(words.to_owned()));
    }

    /// Hands the kernel what it takes.
    fn poll_write(&mut self, cx: &mut Wakeup<'_>, now: Instant) {
        if self.unwritable.is_some() {
            return;
        }
        while !self.pending.is_empty() {
            let mut pieces = [IoSlice::new(&[]); PIECES];
            let count = self.pending.slices().chunks_vectored(&mut pieces);
            let stream = Pin::new(&mut self.stream);
            match stream.poll_write_vectored(cx, &pieces[..count]) {
                Poll::Ready(Ok(0)) => return self.give_up_writing("it takes nothing any more"),
                Poll::Ready(Ok(written)) => self.wrote(written, now),
                Poll::Ready(Err(error)) => return self.give_up_writing(&error.to_string()),
                Poll::Pending => return,
            }
        }
        if let Poll::Ready(Err(error)) = Pin::new(&mut self.stream).poll_flush(cx) {
            self.give_up_writing(&error.to_string());
        }
    }

    fn wrote(&mut self, bytes: usize, now: Instant) {
        self.pending.advance(bytes, now);
        if matches!(self.role, Role::Player(_)) {
            self.share.take(bytes);
        }
    }

    fn give_up_writing(&mut self, words: &str) {
        self.pending.clear();
        self.unwritable = Some(words.to_owned());
    }

    /// Reads, unless the peer does not: its every question would cost an answer. Nor once the end
    /// is certain: nothing it says would change it.
    fn poll_read(&mut self, cx: &mut Wakeup<'_>, now: Instant) -> Reading {
        self.timing.look_again = None;
        let most = match self.role {
            Role::Guest => UNGRANTED,
            _ => SendBuffer::MAX_UNREAD,
        };
        if self.is_answered() || self.pending.len() > most || self.is_held_up(cx, now) {
            return Reading::Waiting;
        }
        let mut buffer = [const { MaybeUninit::uninit() }; READ];
        let mut read = ReadBuf::uninit(&mut buffer[..self.reading]);
        match Pin::new(&mut self.stream).poll_read(cx, &mut read) {
            Poll::Pending => return Reading::Nothing,
            Poll::Ready(Ok(())) if read.filled().is_empty() => {
                self.end(Ending::Broken("it closed the connection".to_owned()));
                self.input(Input::Closed(now));
            }
            Poll::Ready(Ok(())) => {
                let is_full = read.remaining() == 0;
                self.handle_data(read.filled(), now);
                self.fresh = Some((is_full, now.elapsed()));
            }
            Poll::Ready(Err(error)) => self.broke(&error.to_string()),
        }
        Reading::Something
    }

    /// Reads as much the next time as a turn is enough for.
    fn size_reads(&mut self, is_full: bool, work: Duration) {
        if work > TURN {
            self.reading = (self.reading / 2).max(LEAST_READ);
        } else if is_full && work < TURN / 2 {
            self.reading = (self.reading * 2).min(READ);
        }
    }

    /// A publisher that is ahead of time is not read from while what it sent is being recorded
    /// and relayed. Its silence then is ours.
    fn is_held_up(&mut self, cx: &Wakeup<'_>, now: Instant) -> bool {
        let Role::Publisher(publishing) = &self.role else {
            return false;
        };
        let is_held_up = publishing.ingest().poll_room(cx, now).is_pending();
        if is_held_up {
            self.timing.media = now;
        }
        self.timing.look_again = is_held_up.then(|| now + HELD_UP);
        is_held_up
    }

    fn handle_data(&mut self, data: &[u8], now: Instant) {
        let most = self.context.limits.bytes_before_request + READ;
        if !matches!(self.role, Role::Publisher(_)) && self.count_unasked(data.len(), now) > most {
            return self.broke("it sends much and publishes nothing");
        }
        if let Role::Publisher(publishing) = &mut self.role {
            publishing.count(data.len());
        }
        self.input(Input::Receive(now, data));
    }

    /// Who does not publish has little to say: acknowledgements, for hours.
    fn count_unasked(&mut self, bytes: usize, now: Instant) -> usize {
        let (count, since) = &mut self.unasked;
        let seconds = now.saturating_duration_since(*since).as_secs();
        if seconds > 0 {
            let forgiven = usize::try_from(seconds).unwrap_or(usize::MAX);
            *count = count.saturating_sub(forgiven.saturating_mul(FORGIVEN));
            *since = now;
        }
        *count += bytes;
        *count
    }

    /// Feeds a player, once the kernel has taken all before: what is late can still be cut.
    fn poll_viewer(&mut self, cx: &Wakeup<'_>, now: Instant) -> bool {
        let Role::Player(playing) = &mut self.role else {
            return false;
        };
        if !self.pending.is_empty() || self.ending.is_some() {
            return false;
        }
        match playing.poll_feed(cx, &mut self.server) {
            Poll::Pending => return false,
            Poll::Ready(Ok(true)) => {}
            Poll::Ready(Ok(false)) => self.server.close(now),
            Poll::Ready(Err(error)) => self.end(Ending::Broken(error.to_string())),
        }
        true
    }

    /// States what this connection makes us hold: what a player takes stays whole until its last byte
    /// is gone.
    fn weigh(&mut self, now: Instant) {
        let given = match &self.role {
            Role::Player(playing) if !self.pending.is_empty() => playing.given(),
            _ => 0,
        };
        let held = given.max(self.pending.len()) + self.server.buffered();
        self.share.set(held, now);
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
        self.server.close(now);
        self.end(Ending::Orderly);
        true
    }

    fn poll_timer(&mut self, cx: &mut Wakeup<'_>, now: Instant) -> bool {
        let is_past = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let stalled = self.pending.stalled_at(self.context.limits.stall_timeout);
        if is_past(stalled) {
            self.broke("it reads next to nothing of what it is sent");
            return true;
        }
        if self.ending.is_some() {
            return stalled.is_some_and(|at| self.timing.poll(at, cx));
        }
        let (silent, useless) = self.publisher_deadlines();
        // A client that is not read cannot show life.
        let machine = self.timing.look_again.unwrap_or(self.timing.machine);
        let is_read = self.timing.look_again.is_none();
        if is_past(silent) {
            self.broke("it publishes, but sends no media");
        } else if let Role::Publisher(publishing) = &self.role
            && is_past(useless)
        {
            let words = publishing.useless();
            self.turn_out("NetStream.Publish.Rejected", &words, now);
        } else if let Some(refusal) = self.refusal.take_if(|refusal| refusal.at <= now) {
            self.refuse(refusal.stream, refusal.code, &refusal.words);
        } else if is_read && machine <= now {
            self.input(Input::Timeout(now));
        } else {
            let refused = self.refusal.as_ref().map(|refusal| refusal.at);
            let others = [stalled, silent, useless, refused].into_iter().flatten();
            return self.timing.poll(others.fold(machine, Instant::min), cx);
        }
        true
    }

    /// By when a publisher must have sent media, and media that can be used.
    fn publisher_deadlines(&self) -> (Option<Instant>, Option<Instant>) {
        let Role::Publisher(publishing) = &self.role else {
            return (None, None);
        };
        let limits = &self.context.limits;
        let silent = self.timing.media + limits.silence_timeout;
        (Some(silent), publishing.useless_at(limits.useless_timeout))
    }

    /// Waits for the peer to close, so that it can read our last words.
    async fn part(&mut self) {
        let parting = async {
            self.stream.shutdown().await?;
            let mut buffer = [0; 1024];
            while self.stream.read(&mut buffer).await? > 0 {}
            Ok::<(), std::io::Error>(())
        };
        if let Ok(Err(error)) = timeout(LINGER, parting).await {
            tracing::debug!(peer = %self.peer, %error, "while parting");
        }
    }
}

/// How long what is said about a client's media may be, in characters.
const LONGEST_WORDS: usize = 300;

/// How long a client's name for itself may be, in characters.
const LONGEST_SOFTWARE: usize = 80;

#[cfg(test)]
mod tests;
