use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Buf;
use onair_flv::{Metadata, Muxer};
use onair_media::{Kind, Packet};
use onair_rtmp::publisher::{self, End, Retry};
use onair_rtmp::{Error, Input, Output, Publisher, Slices, Url};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Sleep, sleep_until, timeout, timeout_at};

use crate::feed::Taken;
use crate::hub::Hub;
use crate::line::Line;
use crate::queue::Queue;
use crate::transport::{Stream, stall_limit};
use crate::{Event, Pace, State};

/// One connection's life: obeys a [`Publisher`] and moves bytes.
///
/// Packets leave the queue only when the kernel has taken all before them, so
/// what is late can still be shed.
pub(crate) struct Session<'a> {
    stream: Stream,
    publisher: Publisher,
    place: Place<'a>,
    muxer: Muxer,
    /// Taken from the queue, not yet given to the publisher.
    batch: VecDeque<Packet>,
    /// Given to the publisher before the server agreed to the publish.
    unconfirmed: Vec<Packet>,
    /// Given by the publisher, not yet taken by the kernel.
    pending: Slices,
    progress: Instant,
    described: bool,
    live: Option<Instant>,
    phase: Phase,
    moving: Option<Option<Url>>,
    broken: Option<String>,
    ending: Option<Ending>,
    server: Option<String>,
    congested: bool,
    machine_deadline: Instant,
    tick: Instant,
    timer: Pin<Box<Sleep>>,
    stopping: Option<Pin<Box<dyn Future<Output = ()> + Send + 'a>>>,
    buffer: Box<[u8]>,
}

/// Whose session it is.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) index: usize,
    pub(crate) hub: &'a Hub,
    pub(crate) line: &'a Line,
    pub(crate) metadata: &'a Metadata,
    pub(crate) pace: Pace,
    /// When the attempt began that this connection belongs to.
    pub(crate) began: Instant,
}

/// How a session stands towards its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Sending what comes.
    Sending,
    /// The source ended before the server agreed to the publish.
    Waiting,
    /// The farewell is said.
    Closing,
}

/// How a session ended, and what it leaves behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) how: Ending,
    /// Packets that did not arrive.
    pub(crate) left: Vec<Packet>,
    /// Since when the stream was on air, if it was.
    pub(crate) live: Option<Instant>,
}

/// How a session ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// As asked, farewell and all.
    Finished,
    /// The machine wants another connection.
    Retry(Box<Retry>),
    /// The server asked us to connect anew, there or to the same place.
    Moved(Option<Url>),
    /// The conversation failed.
    Failed(Error),
    /// The connection broke.
    Lost(String),
}

/// How often the kernel is asked and the application told.
const TICK: Duration = Duration::from_millis(500);

/// More queued media than this is congestion; less than a quarter of it is recovery.
const CONGESTION: Duration = Duration::from_millis(600);

/// What the farewell may take once nobody waits any longer.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How many pieces one write may have.
const PIECES: usize = 512;

/// How long a silent server may take to close its side once it has everything.
const LINGER: Duration = Duration::from_secs(1);

impl<'a> Session<'a> {
    pub(crate) fn new(stream: Stream, config: publisher::Config, place: Place<'a>) -> Self {
        let now = Instant::now();
        Self {
            stream,
            publisher: Publisher::new(config, now),
            place,
            muxer: Muxer::new(),
            batch: VecDeque::new(),
            unconfirmed: Vec::new(),
            pending: Slices::new(),
            progress: now,
            described: false,
            live: None,
            phase: Phase::Sending,
            moving: None,
            broken: None,
            ending: None,
            server: None,
            congested: false,
            machine_deadline: now,
            tick: now + TICK,
            timer: Box::pin(sleep_until(now.into())),
            stopping: Some(Box::pin(place.hub.stopping().asked())),
            buffer: vec![0; 4096].into_boxed_slice(),
        }
    }

    /// Runs to its end.
    pub(crate) async fn run(mut self) -> Ended {
        let mut how = poll_fn(|cx| self.poll(cx)).await;
        if let Ending::Finished = how {
            self.part().await;
            if let Some(url) = self.moving.take() {
                how = Ending::Moved(url);
            }
        }
        self.tell_gaps();
        let mut left = self.unconfirmed;
        left.extend(self.batch);
        Ended {
            how,
            left,
            live: self.live,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        loop {
            let now = Instant::now();
            self.drain(now);
            self.poll_write(cx, now);
            let is_flushed = self.pending.is_empty() || self.broken.is_some();
            match self.ending.take() {
                Some(Ending::Finished) if !is_flushed => self.ending = Some(Ending::Finished),
                Some(ending) => return Poll::Ready(ending),
                None => {}
            }
            let progress = self.poll_read(cx, now)
                || self.poll_feed(cx, now)
                || self.poll_stop(cx)
                || self.poll_timer(cx, now);
            if !progress {
                return Poll::Pending;
            }
        }
    }

    /// Does what the machine says.
    fn drain(&mut self, now: Instant) {
        loop {
            match self.publisher.poll_output() {
                Output::Transmit(slices) => {
                    if self.pending.is_empty() {
                        self.progress = now;
                        self.pending = slices;
                    } else {
                        self.pending.append(&slices);
                    }
                }
                Output::Event(event) => self.handle_event(event, now),
                Output::Timeout(deadline) => {
                    self.machine_deadline = deadline;
                    return;
                }
            }
        }
    }

    fn handle_event(&mut self, event: publisher::Event, now: Instant) {
        match event {
            publisher::Event::Connected { server } => self.server = server,
            publisher::Event::Publishing => self.go_live(now),
            publisher::Event::Status {
                level,
                code,
                description,
            } => tracing::debug!(level, code, description, "the server says"),
            publisher::Event::ReconnectRequested { url, description } => {
                let destination = self.place.index;
                self.moving = Some(url);
                self.place.hub.tell(Event::ReconnectRequested {
                    destination,
                    description,
                });
            }
            publisher::Event::Closed(End::Finished) => self.ending = Some(Ending::Finished),
            publisher::Event::Closed(End::Retry(retry)) => {
                self.ending = Some(Ending::Retry(retry));
            }
            _ => {}
        }
    }

    fn go_live(&mut self, now: Instant) {
        self.live = Some(now);
        self.unconfirmed = Vec::new();
        self.place.line.feed().with(Queue::live);
        let mut status = self.place.line.status();
        status.state = State::Live;
        status.connects += 1;
        status.link = self.stream.link();
        drop(status);
        self.place.hub.tell(Event::Live {
            destination: self.place.index,
            after: now - self.place.began,
            server: self.server.take(),
        });
        if self.phase == Phase::Waiting {
            self.say_farewell(now);
        }
    }

    fn input(&mut self, input: Input<'_>) {
        if let Err(error) = self.publisher.handle_input(input)
            && self.ending.is_none()
        {
            let is_close = matches!(error, Error::Closed { .. });
            self.ending = Some(match self.broken.take() {
                Some(words) if is_close && self.live.is_some() => Ending::Lost(words),
                _ => Ending::Failed(error),
            });
        }
    }

    /// Hands the kernel what it takes.
    fn poll_write(&mut self, cx: &mut Context<'_>, now: Instant) {
        if self.broken.is_some() {
            return;
        }
        while !self.pending.is_empty() {
            match self.write_some(cx) {
                Poll::Ready(Ok(written)) if written > 0 => {
                    self.progress = now;
                    self.pending.advance(written);
                    self.place.line.status().bytes += written as u64;
                }
                Poll::Ready(Ok(_)) => return self.broke("it takes nothing any more"),
                Poll::Ready(Err(error)) => return self.broke(&error.to_string()),
                Poll::Pending => return,
            }
        }
        if let Poll::Ready(Err(error)) = Pin::new(&mut self.stream).poll_flush(cx) {
            self.broke(&error.to_string());
        }
    }

    fn write_some(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<usize>> {
        let mut pieces = [IoSlice::new(&[]); PIECES];
        let count = self.pending.chunks_vectored(&mut pieces);
        Pin::new(&mut self.stream).poll_write_vectored(cx, &pieces[..count])
    }

    /// Nothing more can be written; what the server said before may still be read.
    fn broke(&mut self, words: &str) {
        self.pending.clear();
        self.broken = Some(format!("the connection broke: {words}"));
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut read = ReadBuf::new(&mut buffer);
        let result = Pin::new(&mut self.stream).poll_read(cx, &mut read);
        let is_ready = result.is_ready();
        match result {
            Poll::Ready(Ok(())) if !read.filled().is_empty() => {
                self.input(Input::Receive(now, read.filled()));
            }
            Poll::Ready(Ok(())) => self.input(Input::Closed(now)),
            Poll::Ready(Err(error)) => {
                if self.broken.is_none() {
                    self.broke(&error.to_string());
                }
                self.input(Input::Closed(now));
            }
            Poll::Pending => {}
        }
        self.buffer = buffer;
        is_ready
    }

    /// Takes packets from the queue once everything before them is gone.
    fn poll_feed(&mut self, cx: &Context<'_>, now: Instant) -> bool {
        let wanted = self.phase == Phase::Sending
            && self.pending.is_empty()
            && self.broken.is_none()
            && self.publisher.ready();
        if !wanted {
            return false;
        }
        if self.batch.is_empty() {
            let mut taken = Vec::new();
            let feed = self.place.line.feed();
            match feed.poll_take(cx, self.budget(), &mut taken) {
                Poll::Ready(Taken::Some) => self.batch = taken.into(),
                Poll::Ready(Taken::End) => self.source_ended(now),
                Poll::Pending => return false,
            }
        }
        self.send_batch(now);
        true
    }

    const fn budget(&self) -> usize {
        match self.place.pace {
            Pace::Realtime => 32 * 1024,
            Pace::Max => 512 * 1024,
        }
    }

    fn send_batch(&mut self, now: Instant) {
        while self.publisher.ready()
            && let Some(packet) = self.batch.pop_front()
        {
            if self.moving.is_some() && self.may_move(&packet) {
                self.batch.push_front(packet);
                return self.say_farewell(now);
            }
            self.send(&packet);
            if self.live.is_none() {
                self.unconfirmed.push(packet);
            }
        }
    }

    fn may_move(&self, packet: &Packet) -> bool {
        let has_video = self.place.metadata.video_codec.is_some();
        packet.kind() == Kind::Video && packet.keyframe || !has_video
    }

    /// Metadata first, sequence headers when due, the packet.
    fn send(&mut self, packet: &Packet) {
        let metadata = (!self.described).then(|| self.place.metadata.to_tag(0));
        self.described = true;
        for tag in metadata.into_iter().chain(self.muxer.mux(packet)) {
            // The allowance of the first flight may end between the tags of one packet; what is
            // refused then is sent again with the packet, in the patient order or when live.
            if let Err(error) = self.publisher.send(&tag) {
                tracing::debug!(%error, "not sent");
            }
        }
    }

    fn source_ended(&mut self, now: Instant) {
        let hurry = self.place.line.feed().deadline().is_some_and(|d| now >= d);
        if self.live.is_some() || hurry {
            self.say_farewell(now);
        } else {
            self.phase = Phase::Waiting;
        }
    }

    fn say_farewell(&mut self, now: Instant) {
        if self.publisher.ready()
            && let Some(tag) = self.muxer.end_of_sequence()
            && let Err(error) = self.publisher.send(&tag)
        {
            tracing::debug!(%error, "no end of sequence");
        }
        self.phase = Phase::Closing;
        self.publisher.close(now);
    }

    /// Learns that the broadcast is being stopped: from then on there is a deadline.
    fn poll_stop(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(stopping) = &mut self.stopping else {
            return false;
        };
        let is_asked = stopping.as_mut().poll(cx).is_ready();
        if is_asked {
            self.stopping = None;
        }
        is_asked
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let hurry = self.place.line.feed().deadline();
        let stall = self.progress + stall_limit(self.place.pace);
        let next = [
            Some(self.machine_deadline),
            Some(self.tick),
            hurry.map(|at| if now < at { at } else { at + LAST_WORDS }),
            (!self.pending.is_empty()).then_some(stall),
        ];
        let next = next.into_iter().flatten().min().unwrap_or(self.tick);
        if self.timer.deadline() != next.into() {
            self.timer.as_mut().reset(next.into());
        }
        if self.timer.as_mut().poll(cx).is_pending() {
            return false;
        }
        self.handle_time(now.max(next), hurry, stall);
        true
    }

    fn handle_time(&mut self, now: Instant, hurry: Option<Instant>, stall: Instant) {
        if now >= self.machine_deadline {
            self.input(Input::Timeout(now));
        }
        if now >= self.tick {
            self.tick = now + TICK;
            self.look();
        }
        if hurry.is_some_and(|at| now >= at) && self.phase != Phase::Closing {
            self.say_farewell(now);
        }
        if hurry.is_some_and(|at| now >= at + LAST_WORDS) {
            self.pending.clear();
            self.ending.get_or_insert(Ending::Finished);
        }
        if !self.pending.is_empty() && now >= stall {
            let seconds = stall_limit(self.place.pace).as_secs();
            let words = format!("the line took nothing for {seconds} seconds");
            self.ending.get_or_insert(Ending::Lost(words));
        }
    }

    /// Asks the kernel, and tells the application what is new.
    fn look(&mut self) {
        self.place.line.status().link = self.stream.link();
        self.tell_gaps();
        let queued = self.place.line.feed().with(|queue| queue.span());
        let congested = self.place.pace == Pace::Realtime && queued > CONGESTION;
        if congested && !self.congested {
            let destination = self.place.index;
            self.place.hub.tell(Event::Congested {
                destination,
                queued,
            });
        }
        self.congested = congested || self.congested && queued > CONGESTION / 4;
    }

    fn tell_gaps(&self) {
        let destination = self.place.index;
        for (gap, frames) in self.place.line.feed().with(Queue::take_news) {
            self.place.hub.tell(Event::Dropped {
                destination,
                frames,
                gap,
            });
        }
    }

    /// Ends our side, then reads until the server has ended its own: it has everything then.
    async fn part(&mut self) {
        if self.broken.is_some() {
            return;
        }
        let hurry = self.place.line.feed().deadline();
        let last = hurry.map(|at| at + LAST_WORDS);
        let limit = last.unwrap_or_else(|| Instant::now() + stall_limit(self.place.pace));
        let goodbye = async {
            if self.stream.shutdown().await.is_ok() {
                self.linger().await;
            }
        };
        if timeout_at(limit.into(), goodbye).await.is_err() {
            tracing::debug!("the server did not close its side");
        }
    }

    async fn linger(&mut self) {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut settled = Instant::now();
        while Instant::now() < settled + LINGER {
            let link = self.stream.link();
            if link.unsent.unwrap_or(0) + link.unacked.unwrap_or(0) > 1 {
                settled = Instant::now();
            }
            let read = timeout(LINGER / 10, self.stream.read(&mut buffer)).await;
            if let Ok(Ok(0) | Err(_)) = read {
                return;
            }
        }
    }
}
