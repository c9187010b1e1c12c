//! The client machine.

mod config;
mod event;
mod flight;
mod reply;
mod step;
mod verdict;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use onair_flv::{Tag, TagKind};

pub use self::config::{Config, Flight, Timeouts};
pub use self::event::{End, Event, Retry, Why};
pub use self::step::Step;
use self::verdict::Setback;
use crate::chunk::Limits;
use crate::io::IDLE;
use crate::wire::Wire;
use crate::{Error, Input, Machine, Output, handshake};

/// Publishes one stream over one connection, which it never touches itself.
///
/// One mutation ([`handle_input`](Self::handle_input), [`send`](Self::send),
/// [`close`](Self::close)), then drain [`poll_output`](Self::poll_output) until it answers
/// [`Output::Timeout`], then the next mutation. After an error, or after [`Event::Closed`], the
/// machine is done.
#[derive(Debug)]
pub struct Publisher {
    config: Config,
    state: State,
    failed_at: Option<Step>,
    handshake: handshake::Client,
    wire: Wire,
    events: VecDeque<Event>,
    now: Instant,
    began: Instant,
    /// From C0 and C1 to S2.
    round_trip: Duration,
    deadline: Option<Instant>,
    /// Bytes of media sent before the server agreed to the publish.
    unconfirmed: usize,
    has_checked_bandwidth: bool,
}

/// Where we are.
///
/// ```text
///                 S0 S1 S2          _result               _result             Publish.Start
///     Handshake ───────────► Connect ───────► CreateStream ───────► Publish ───────────────► Live
///         │                     │                  │                   │                       │
///         └─────────────────────┴──────────────────┴─── close() ───────┴───────────────────────┤
///                                                                                              ▼
///                          Closed ◄── NetStream.Unpublish.Success, end of file, timeout ── Farewell
/// ```
///
/// A refusal, a close, a silence or a breach of the protocol leads from anywhere to `Closed`.
/// The two flights share the states and differ in when they speak.
#[derive(Debug)]
enum State {
    Handshake,
    Connect,
    CreateStream,
    Publish { stream: u32 },
    Live { stream: u32 },
    Farewell,
    Closed,
}

impl State {
    const fn step(&self) -> Step {
        match self {
            Self::Handshake => Step::Handshake,
            Self::Connect => Step::Connect,
            Self::CreateStream => Step::CreateStream,
            Self::Publish { .. } => Step::Publish,
            Self::Live { .. } => Step::Live,
            Self::Farewell => Step::Farewell,
            Self::Closed => Step::Closed,
        }
    }
}

impl Machine for Publisher {
    type Event = Event;

    /// # Errors
    ///
    /// When the stream cannot be, or can no longer be, published: the server refused, closed, fell
    /// silent, or broke the protocol.
    fn handle_input(&mut self, input: Input<'_>) -> Result<(), Error> {
        self.now = self.now.max(input.now());
        let result = match input {
            Input::Timeout(_) => self.handle_timeout(),
            Input::Receive(_, data) => self.handle_data(data),
            Input::Closed(_) => self.handle_end(),
        };
        result.or_else(|setback| self.end(setback))
    }

    fn poll_output(&mut self) -> Output<Event> {
        if let Some(slices) = self.wire.take() {
            return Output::Transmit(slices);
        }
        if let Some(event) = self.events.pop_front() {
            return Output::Event(event);
        }
        Output::Timeout(self.deadline.unwrap_or(self.now + IDLE))
    }
}

impl Publisher {
    /// A publisher for a connection that is just open, or is about to be.
    pub fn new(config: Config, now: Instant) -> Self {
        let handshake = match config.flight {
            Flight::First => handshake::Client::first_flight(config.seed),
            Flight::Classic => handshake::Client::new(config.seed),
        };
        let mut publisher = Self {
            state: State::Handshake,
            failed_at: None,
            handshake,
            wire: Wire::new(LIMITS),
            events: VecDeque::new(),
            now,
            began: now,
            round_trip: Duration::ZERO,
            deadline: Some(now + config.timeouts.handshake),
            unconfirmed: 0,
            has_checked_bandwidth: false,
            config,
        };
        publisher.open();
        publisher
    }

    /// Whether [`send`](Self::send) is welcome: the stream is live, or this is the first flight
    /// and its allowance is not used up.
    pub fn ready(&self) -> bool {
        match self.state {
            State::Live { .. } => true,
            State::Farewell | State::Closed => false,
            _ => self.is_first_flight() && self.unconfirmed < self.config.flight_limit,
        }
    }

    /// How far the connection has come.
    pub const fn step(&self) -> Step {
        self.state.step()
    }

    /// The same, but for one that failed: how far it had come when it did.
    pub const fn reached(&self) -> Step {
        match self.failed_at {
            Some(step) => step,
            None => self.step(),
        }
    }

    /// Sends a tag; metadata (`onMetaData`) is wrapped in `@setDataFrame`.
    ///
    /// # Errors
    ///
    /// When not [`ready`](Self::ready).
    pub fn send(&mut self, tag: &Tag) -> Result<(), Error> {
        if !self.ready() {
            return Err(Error::Misuse {
                what: "send() while not ready()",
            });
        }
        let prefix = if is_metadata(tag) {
            SET_DATA_FRAME
        } else {
            &[]
        };
        match self.state {
            State::Live { stream } => self.wire.send_tag(stream, prefix, tag),
            _ => {
                self.unconfirmed += tag.len();
                self.wire.send_tag(flight::ASSUMED_STREAM, prefix, tag)
            }
        }
    }

    /// Takes the stream down: the farewell remains to be drained, then [`Event::Closed`] follows.
    ///
    /// Before [`Event::Publishing`] nobody knows what became of the media sent.
    pub fn close(&mut self, now: Instant) {
        self.now = self.now.max(now);
        match self.state {
            State::Farewell | State::Closed => {}
            _ => self.say_farewell(),
        }
    }

    /// How many bytes for the server [`poll_output`](Self::poll_output) has not given yet.
    pub const fn waiting(&self) -> usize {
        self.wire.waiting()
    }

    /// The first words: all of them in the first flight, C0 and C1 in the classical order.
    fn open(&mut self) {
        self.drain_handshake();
        if self.is_first_flight() {
            self.say_connect();
            self.say_create_stream();
            self.say_publish(flight::ASSUMED_STREAM);
        }
    }

    fn handle_timeout(&mut self) -> Result<(), Setback> {
        if self.deadline.is_none_or(|deadline| self.now < deadline) {
            return Ok(());
        }
        if let State::Farewell = self.state {
            self.finish();
            return Ok(());
        }
        let waiting_for = self.step().awaited();
        Err(Error::TimedOut { waiting_for }.into())
    }

    /// The peer closed, or said `close`.
    fn handle_end(&mut self) -> Result<(), Setback> {
        match self.state {
            State::Closed => {}
            State::Farewell => self.finish(),
            _ => {
                return Err(Error::Closed {
                    during: self.step(),
                }
                .into());
            }
        }
        Ok(())
    }

    fn handle_data(&mut self, data: &[u8]) -> Result<(), Setback> {
        if let State::Closed = self.state {
            return Ok(());
        }
        let chunks = self.handle_handshake(data)?;
        if !chunks.is_empty() {
            self.wire.feed(chunks);
        }
        while !matches!(self.state, State::Closed) {
            let Some(heard) = self.wire.next()? else {
                break;
            };
            self.handle_heard(heard)?;
        }
        Ok(())
    }

    /// Takes what belongs to the handshake off the front.
    fn handle_handshake<'a>(&mut self, data: &'a [u8]) -> Result<&'a [u8], Setback> {
        if self.handshake.is_done() {
            return Ok(data);
        }
        let used = self.handshake.handle(data)?;
        self.drain_handshake();
        if self.handshake.is_done() && self.step() == Step::Handshake {
            self.enter_connect();
        }
        Ok(&data[used..])
    }

    fn enter_connect(&mut self) {
        self.round_trip = self.now - self.began;
        if !self.is_first_flight() {
            self.say_connect();
        }
        self.set_state(State::Connect);
    }

    fn drain_handshake(&mut self) {
        while let Some(bytes) = self.handshake.poll_transmit() {
            self.wire.send_raw(bytes);
        }
    }

    /// Nothing more will be said; what is still to be sent remains to be drained.
    fn finish(&mut self) {
        self.set_state(State::Closed);
        self.events.push_back(Event::Closed(End::Finished));
    }

    /// Ends in an error or in another attempt. After our farewell, anything short of a refusal
    /// changes nothing: the stream is over as asked.
    fn end(&mut self, setback: Setback) -> Result<(), Error> {
        if self.step() == Step::Farewell && !setback.is_refusal() {
            self.finish();
            return Ok(());
        }
        let secrets = self.config.secrets();
        let verdict = verdict::judge(&self.config, self.step(), setback);
        self.failed_at = Some(self.step());
        self.set_state(State::Closed);
        self.wire.clear();
        let verdict = verdict.map_err(|error| secrets.hide_in(error));
        let mut retry =
            verdict.inspect_err(|error| tracing::debug!(%error, "the publish failed"))?;
        retry.cause = retry.cause.map(|cause| secrets.hide_in(cause));
        tracing::debug!(why = %retry.why, cause = ?retry.cause, "trying again");
        self.events
            .push_back(Event::Closed(End::Retry(Box::new(retry))));
        Ok(())
    }

    fn set_state(&mut self, state: State) {
        tracing::debug!(from = %self.state.step(), to = %state.step(), "publisher");
        let timeouts = &self.config.timeouts;
        let timeout = match state {
            State::Handshake => Some(timeouts.handshake),
            State::CreateStream if self.is_first_flight() => {
                let timeout = timeouts.pipelined.max(self.round_trip * 8);
                Some(timeout.min(timeouts.command))
            }
            State::Connect | State::CreateStream | State::Publish { .. } => Some(timeouts.command),
            State::Farewell => Some(timeouts.farewell),
            State::Live { .. } | State::Closed => None,
        };
        self.deadline = timeout.map(|timeout| self.now + timeout);
        self.state = state;
    }
}

/// Whether a tag is `onMetaData`, which travels inside `@setDataFrame`.
fn is_metadata(tag: &Tag) -> bool {
    tag.kind == TagKind::Script && tag.head.is_empty() && tag.payload.starts_with(ON_META_DATA)
}

/// `"onMetaData"` and `"@setDataFrame"` as AMF0 strings.
const ON_META_DATA: &[u8] = b"\x02\x00\x0AonMetaData";
const SET_DATA_FRAME: &[u8] = b"\x02\x00\x0D@setDataFrame";

/// A server says little to a publisher.
const LIMITS: Limits = Limits {
    chunk_streams: 64,
    message: 1 << 20,
    buffered: 2 << 20,
};
