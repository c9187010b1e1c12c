//! The viewer's machine.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use onair_flv::amf0::Value;
use onair_flv::{Tag, TagKind, enhanced_four_cc};
use onair_media::VideoCodec;

use crate::chunk::Limits;
use crate::command::stream_id;
use crate::io::IDLE;
use crate::publisher::Step;
use crate::status::Status;
use crate::wire::{Heard, Wire};
use crate::{
    Command, Control, Error, Input, Machine, Message, MessageKind, Output, Url, UserControl,
    handshake, publisher,
};

/// Plays one stream over one connection, which it never touches itself (RTMP 1.0 section 7.2.2.1),
/// in the classical order that every server understands.
///
/// One mutation ([`handle_input`](Self::handle_input)), then drain
/// [`poll_output`](Self::poll_output) until it answers [`Output::Timeout`], then the next. After
/// an error, or after [`Event::Ended`], the machine is done: close the connection.
///
/// ```text
///                 S0 S1 S2          _result               _result          Play.Start, or media
///     Handshake ───────────► Connect ───────► CreateStream ───────► Play ──────────────────────► Playing
/// ```
#[derive(Debug)]
pub struct Player {
    /// A publisher's configuration for this URL: where to connect, how long to wait, what is
    /// secret.
    config: publisher::Config,
    state: State,
    failed_at: Option<Step>,
    handshake: handshake::Client,
    wire: Wire,
    events: VecDeque<Event>,
    now: Instant,
    deadline: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Handshake,
    Connect,
    CreateStream,
    Play,
    Playing,
    Closed,
}

/// What a [`Player`] reports.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The server plays the stream; no media need have come yet.
    Playing,
    /// Audio, video, or `onMetaData` and its like.
    Media(Tag),
    /// The stream is over.
    Ended,
}

impl Machine for Player {
    type Event = Event;

    /// # Errors
    ///
    /// When the stream cannot be, or can no longer be, played: the server refused, closed, fell
    /// silent, or broke the protocol.
    fn handle_input(&mut self, input: Input<'_>) -> Result<(), Error> {
        self.now = self.now.max(input.now());
        let result = match input {
            Input::Timeout(_) => self.handle_timeout(),
            Input::Receive(_, data) => self.handle_data(data),
            Input::Closed(_) => self.handle_end(),
        };
        result.map_err(|error| {
            self.failed_at = Some(self.step());
            self.state = State::Closed;
            self.deadline = self.now + IDLE;
            self.wire.clear();
            self.config.secrets().hide_in(error)
        })
    }

    fn poll_output(&mut self) -> Output<Event> {
        if let Some(slices) = self.wire.take() {
            return Output::Transmit(slices);
        }
        if let Some(event) = self.events.pop_front() {
            return Output::Event(event);
        }
        Output::Timeout(self.deadline)
    }
}

impl Player {
    /// A player for a connection that is just open, or is about to be; `seed` feeds the
    /// handshake's random bytes.
    pub fn new(url: Url, seed: u64, now: Instant) -> Self {
        let config = publisher::Config::new(url);
        let mut player = Self {
            state: State::Handshake,
            failed_at: None,
            handshake: handshake::Client::new(seed),
            wire: Wire::new(LIMITS),
            events: VecDeque::new(),
            now,
            deadline: now + config.timeouts.handshake,
            config,
        };
        player.drain_handshake();
        player
    }

    fn handle_timeout(&self) -> Result<(), Error> {
        if self.now < self.deadline || self.state == State::Closed {
            return Ok(());
        }
        let waiting_for = match self.state {
            State::Playing => "the stream's media",
            _ => self.step().awaited(),
        };
        Err(Error::TimedOut { waiting_for })
    }

    fn handle_end(&mut self) -> Result<(), Error> {
        let during = self.step();
        match self.state {
            State::Closed => {}
            State::Playing => self.finish(),
            _ => return Err(Error::Closed { during }),
        }
        Ok(())
    }

    fn handle_data(&mut self, data: &[u8]) -> Result<(), Error> {
        if self.state == State::Closed {
            return Ok(());
        }
        let used = if self.handshake.is_done() {
            0
        } else {
            self.handshake.handle(data)?
        };
        self.drain_handshake();
        if self.handshake.is_done() && self.state == State::Handshake {
            let connect = Command::new("connect", CONNECT).object(self.connect_object());
            self.say(0, &connect, State::Connect);
        }
        if used < data.len() {
            self.wire.feed(&data[used..]);
        }
        while self.state != State::Closed
            && let Some(heard) = self.wire.next()?
        {
            self.handle_heard(heard)?;
        }
        Ok(())
    }

    fn handle_heard(&mut self, heard: Heard) -> Result<(), Error> {
        match heard {
            Heard::Command(_, command) => self.handle_command(&command),
            Heard::Media(message) => {
                self.handle_media(message);
                Ok(())
            }
            Heard::Acknowledged(_) => Ok(()),
        }
    }

    fn handle_command(&mut self, command: &Command) -> Result<(), Error> {
        let status = Status::parse(command.info());
        match (command.name.as_str(), self.state) {
            ("_result", State::Connect) if command.transaction == CONNECT => {
                let create = Command::new("createStream", CREATE_STREAM);
                self.say(0, &create, State::CreateStream);
            }
            ("_result", State::CreateStream) if command.transaction == CREATE_STREAM => {
                self.say_play(command)?;
            }
            ("_error", State::Playing) => {}
            ("_error", _) => return Err(status.into()),
            ("onStatus", _) => return self.handle_status(status),
            ("close", _) => return self.handle_end(),
            _ => {}
        }
        Ok(())
    }

    fn handle_status(&mut self, status: Status) -> Result<(), Error> {
        match status.code.as_str() {
            "NetStream.Play.Start" => self.enter_playing(),
            "NetStream.Play.Stop" | "NetStream.Play.UnpublishNotify" => self.finish(),
            _ if status.level.eq_ignore_ascii_case("error") => return Err(status.into()),
            _ => {}
        }
        Ok(())
    }

    /// Media before `Play.Start`, or without it, means the same as `Play.Start`.
    fn handle_media(&mut self, message: Message) {
        if !matches!(self.state, State::Play | State::Playing) {
            return;
        }
        self.enter_playing();
        let kind = match message.kind {
            MessageKind::Audio => TagKind::Audio,
            MessageKind::Video => TagKind::Video,
            _ => TagKind::Script,
        };
        let tag = Tag::from_body(kind, message.timestamp, message.payload);
        self.deadline = self.now + SILENCE;
        self.events.push_back(Event::Media(tag));
    }

    fn say_play(&mut self, created: &Command) -> Result<(), Error> {
        let number = created.arguments.first().and_then(Value::as_f64);
        let stream = number.and_then(stream_id);
        let stream = stream.ok_or_else(|| Error::PeerMisbehaved {
            what: "createStream's answer names no stream",
            at: self.wire.received(),
        })?;
        let key = self.config.url.key().expose();
        // -2: live, or else a recording of that name.
        let play = Command::new("play", PLAY).text(key);
        let play = play.argument(Value::Number(-2.0));
        self.say(stream, &play, State::Play);
        let length = UserControl::SetBufferLength {
            stream,
            milliseconds: BUFFER,
        };
        self.wire.send_control(&Control::UserControl(length));
        Ok(())
    }

    fn say(&mut self, stream: u32, command: &Command, next: State) {
        self.wire.send_command(stream, command);
        self.state = next;
        self.deadline = self.now + self.config.timeouts.command;
    }

    fn enter_playing(&mut self) {
        if self.state == State::Play {
            self.state = State::Playing;
            self.deadline = self.now + SILENCE;
            self.events.push_back(Event::Playing);
        }
    }

    fn finish(&mut self) {
        self.state = State::Closed;
        self.deadline = self.now + IDLE;
        self.events.push_back(Event::Ended);
    }

    fn drain_handshake(&mut self) {
        while let Some(bytes) = self.handshake.poll_transmit() {
            self.wire.send_raw(bytes);
        }
    }

    /// How far it has come.
    pub const fn step(&self) -> Step {
        match self.state {
            State::Handshake => Step::Handshake,
            State::Connect => Step::Connect,
            State::CreateStream => Step::CreateStream,
            State::Play | State::Playing => Step::Play,
            State::Closed => Step::Closed,
        }
    }

    /// The same, but for one that failed: how far it had come when it did.
    pub const fn reached(&self) -> Step {
        match self.failed_at {
            Some(step) => step,
            None => self.step(),
        }
    }

    /// A player's `connect`: every legacy codec, and the Enhanced RTMP ones that we understand.
    fn connect_object(&self) -> Value {
        let names = VideoCodec::ALL.iter().copied().filter_map(enhanced_four_cc);
        let names: Vec<_> = names.map(|name| name.to_string()).collect();
        let decodes = names
            .iter()
            .map(|name| (name.clone(), Value::Number(CAN_DECODE)));
        let decodes = Value::object(decodes);
        let list = names.into_iter().map(Value::String).collect();
        Value::object([
            ("app", Value::from(self.config.url.app())),
            ("flashVer", Value::from("LNX 9,0,124,2")),
            ("tcUrl", Value::from(self.config.url.tc_url().as_str())),
            ("fpad", Value::Boolean(false)),
            ("capabilities", Value::Number(15.0)),
            ("audioCodecs", Value::Number(4071.0)),
            ("videoCodecs", Value::Number(252.0)),
            ("videoFunction", Value::Number(1.0)),
            ("objectEncoding", Value::Number(0.0)),
            ("fourCcList", Value::StrictArray(list)),
            ("videoFourCcInfoMap", decodes),
        ])
    }
}

/// Transaction ids: each command is sent once.
const CONNECT: f64 = 1.0;
const CREATE_STREAM: f64 = 2.0;
const PLAY: f64 = 3.0;

/// E-RTMP v2, `FourCcInfoMask`.
const CAN_DECODE: f64 = 1.0;

/// How much we claim to buffer, in milliseconds: servers send that much at once.
const BUFFER: u32 = 1000;

/// How long a stream that plays may give nothing.
const SILENCE: Duration = Duration::from_secs(15);

/// Larger than the keyframes of any honest stream.
const LIMITS: Limits = Limits {
    chunk_streams: 64,
    message: 16 << 20,
    buffered: 32 << 20,
};
