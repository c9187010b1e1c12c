//! The accepting machine: one publisher's or player's connection, seen from the server.

mod command;
mod config;
mod event;
mod media;
mod streams;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use onair_flv::enhanced_four_cc;
use onair_media::VideoCodec;

pub use self::config::Config;
pub use self::event::{Event, StreamId};
use self::streams::{Request, Streams};
use crate::chunk::Limits;
use crate::io::IDLE;
use crate::wire::{Heard, Wire};
use crate::{Control, Error, Input, Machine, Output, UserControl, codecs, handshake};

/// Serves one connection, which it never touches itself.
///
/// One mutation, then drain [`poll_output`](Self::poll_output) until it answers
/// [`Output::Timeout`], then the next mutation. A client that does not wait for answers is
/// understood: its media is held until its publish is accepted. After an error, or after
/// [`Event::Closed`], the machine is done.
#[derive(Debug)]
pub struct Server {
    config: Config,
    state: State,
    wire: Wire,
    streams: Streams,
    events: VecDeque<Event>,
    now: Instant,
    awaiting: Awaiting,
    is_unpublishing: bool,
}

/// Where we are.
///
/// ```text
///     Handshake ── C0 C1 C2 ──► Greeting ── connect ──► Open ── end of file, close() ──► Closed
/// ```
///
/// A breach of the protocol or a silence leads from anywhere to `Closed`. What a client may do in
/// `Open` depends on each message stream: see [`Streams`].
#[derive(Debug)]
enum State {
    Handshake(Box<handshake::Server>),
    Greeting,
    Open(Greeted),
    Closed,
}

/// What `connect` said; shared, because a client can ask for many events.
#[derive(Clone)]
struct Greeted {
    app: Arc<str>,
    tc_url: Arc<str>,
    /// The codecs it says it takes; none when it says nothing.
    codecs: Vec<String>,
}

impl fmt::Debug for Greeted {
    /// The queries may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Greeted")
    }
}

/// What we wait for.
#[derive(Clone, Copy, Debug)]
enum Awaiting {
    /// The client to ask for something, by then.
    Request(Instant),
    /// Any sign of life, before we ask for one.
    Quiet(Instant),
    /// The answer to our ping.
    Pong(Instant),
}

impl Awaiting {
    const fn until(self) -> Instant {
        match self {
            Self::Request(until) | Self::Quiet(until) | Self::Pong(until) => until,
        }
    }
}

impl Machine for Server {
    type Event = Event;

    /// # Errors
    ///
    /// When the client broke the protocol, asked for too much memory, or fell silent.
    fn handle_input(&mut self, input: Input<'_>) -> Result<(), Error> {
        self.now = self.now.max(input.now());
        let result = match input {
            Input::Timeout(_) => self.handle_timeout(),
            Input::Receive(_, data) => self.handle_data(data),
            Input::Closed(_) => {
                self.end();
                Ok(())
            }
        };
        result.inspect_err(|error| {
            tracing::debug!(%error, "the connection failed");
            self.wire.clear();
            self.end();
        })
    }

    fn poll_output(&mut self) -> Output<Event> {
        if let Some(slices) = self.wire.take() {
            return Output::Transmit(slices);
        }
        if let Some(event) = self.events.pop_front() {
            return Output::Event(event);
        }
        Output::Timeout(match self.state {
            State::Closed => self.now + IDLE,
            _ => self.awaiting.until(),
        })
    }
}

impl Server {
    /// A server for a connection just accepted.
    pub fn new(config: Config, now: Instant) -> Self {
        Self {
            state: State::Handshake(Box::new(handshake::Server::new(config.seed))),
            wire: Wire::new(Limits::default()),
            streams: Streams::new(config.pending_limit),
            events: VecDeque::new(),
            now,
            awaiting: Awaiting::Request(now + config.setup_timeout),
            is_unpublishing: false,
            config,
        }
    }

    /// Grants a publish or play request. A stream that is gone by now, or that asked for nothing,
    /// is left alone.
    pub fn accept(&mut self, stream: StreamId) {
        match self.streams.accept(stream) {
            Some(Request::Publish(pending)) => self.start_publish(stream, pending),
            Some(Request::Play) => self.start_play(stream),
            None => {}
        }
    }

    /// Turns a publish or play request down, for instance with `NetStream.Publish.Denied`, or a
    /// publish that was granted and turns out to be useless.
    pub fn refuse(&mut self, stream: StreamId, code: &str, description: &str) {
        if self.streams.refuse(stream) {
            self.say_status(stream, "error", code, description);
        }
    }

    /// Tells a publisher whose publish was accepted why that is over.
    pub fn end_publish(&mut self, stream: StreamId, code: &str, description: &str) {
        if self.streams.is_publishing(stream) {
            self.say_status(stream, "error", code, description);
        }
    }

    /// Why this client cannot play `codec`, in words, if its `connect` listed the codecs it takes
    /// and this is none of them. H.264 in the legacy form is in no list.
    pub fn refusal_of(&self, codec: VideoCodec) -> Option<String> {
        let codec = enhanced_four_cc(codec)?;
        let State::Open(Greeted { codecs, .. }) = &self.state else {
            return None;
        };
        (!codecs::takes(codecs, codec)).then(|| {
            let takes = onair_media::text::clean(&codecs.join(", "), 200);
            format!("the stream's video is {codec}, and this player takes {takes}")
        })
    }

    /// Ends what a stream plays with an error, for instance `NetStream.Play.Failed`.
    pub fn end_play(&mut self, stream: StreamId, code: &str, description: &str) {
        if self.streams.is_playing(stream) {
            self.streams.close(stream);
            self.say_status(stream, "error", code, description);
        }
    }

    /// Sends a tag to a player; nothing where the stream is gone by now.
    ///
    /// # Errors
    ///
    /// When the tag is too large for a message.
    pub fn send(&mut self, stream: StreamId, tag: &onair_flv::Tag) -> Result<(), Error> {
        if !self.streams.is_playing(stream) {
            return Ok(());
        }
        self.wire.send_tag(stream.value(), &[], tag)
    }

    /// Ends the connection: players are told, then [`Event::Closed`] follows.
    pub fn close(&mut self, now: Instant) {
        self.now = self.now.max(now);
        for stream in self.streams.players() {
            let event = UserControl::StreamEof(stream.value());
            self.wire.send_control(&Control::UserControl(event));
            let code = "NetStream.Play.UnpublishNotify";
            self.say_status(stream, "status", code, "The stream is over.");
        }
        self.end();
    }

    /// Whether the client has announced the end of its publish (`FCUnpublish`): however the
    /// connection ends now, the stream ended as its publisher wished.
    pub const fn is_unpublishing(&self) -> bool {
        self.is_unpublishing
    }

    /// How many bytes for the client [`poll_output`](Self::poll_output) has not given yet.
    pub const fn waiting(&self) -> usize {
        self.wire.waiting()
    }

    /// How many bytes of unfinished messages the client makes the server hold.
    pub const fn buffered(&self) -> usize {
        self.wire.buffered()
    }

    fn handle_timeout(&mut self) -> Result<(), Error> {
        if matches!(self.state, State::Closed) || self.now < self.awaiting.until() {
            return Ok(());
        }
        let waiting_for = match self.awaiting {
            Awaiting::Quiet(_) => {
                self.ping();
                return Ok(());
            }
            Awaiting::Request(_) => "a request to publish or play",
            Awaiting::Pong(_) => "a sign of life from the client",
        };
        Err(Error::TimedOut { waiting_for })
    }

    fn ping(&mut self) {
        self.wire
            .send_control(&Control::UserControl(UserControl::PingRequest(PING)));
        self.awaiting = Awaiting::Pong(self.now + self.config.idle_timeout);
    }

    fn handle_data(&mut self, data: &[u8]) -> Result<(), Error> {
        if !matches!(self.awaiting, Awaiting::Request(_)) {
            self.rest();
        }
        let chunks = self.handle_handshake(data)?;
        if !chunks.is_empty() {
            self.wire.feed(chunks);
        }
        while !matches!(self.state, State::Closed | State::Handshake(_)) {
            let Some(heard) = self.wire.next()? else {
                break;
            };
            self.handle_heard(heard)?;
        }
        Ok(())
    }

    /// Takes what belongs to the handshake off the front.
    fn handle_handshake<'a>(&mut self, data: &'a [u8]) -> Result<&'a [u8], Error> {
        let State::Handshake(handshake) = &mut self.state else {
            return Ok(data);
        };
        let used = handshake.handle(data)?;
        while let Some(bytes) = handshake.poll_transmit() {
            self.wire.send_raw(bytes);
        }
        if handshake.is_done() {
            self.set_state(State::Greeting);
        }
        Ok(&data[used..])
    }

    fn handle_heard(&mut self, heard: Heard) -> Result<(), Error> {
        match heard {
            Heard::Command(stream, command) => self.handle_command(StreamId(stream), &command),
            Heard::Media(message) => return self.handle_media(message),
            Heard::Acknowledged(_) => {}
        }
        Ok(())
    }

    /// Something was asked for, or heard: from here on only silence matters.
    fn rest(&mut self) {
        self.awaiting = Awaiting::Quiet(self.now + self.config.idle_timeout);
    }

    fn end(&mut self) {
        if matches!(self.state, State::Closed) {
            return;
        }
        for stream in self.streams.end_all() {
            self.events.push_back(Event::Ended { stream });
        }
        self.events.push_back(Event::Closed);
        self.set_state(State::Closed);
    }

    fn set_state(&mut self, state: State) {
        tracing::debug!(from = self.state.name(), to = state.name(), "server");
        self.state = state;
    }
}

impl State {
    const fn name(&self) -> &'static str {
        match self {
            Self::Handshake(_) => "handshake",
            Self::Greeting => "greeting",
            Self::Open(_) => "open",
            Self::Closed => "closed",
        }
    }
}

/// The number in our pings; the answer is not looked at, any byte is a sign of life.
const PING: u32 = 0;
