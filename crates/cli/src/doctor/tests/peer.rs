//! What can answer at a port.

use std::time::{Duration, Instant};

use onair::flv::amf0::Value;
use onair::rtmp::server::{Config, Event, StreamId};
use onair::rtmp::{Command, Input, Machine, Output, Server, Slices, chunk};

/// What a peer does next.
pub(crate) enum Act {
    Say(Vec<u8>),
    Close,
    Wait,
}

/// One end of a connection. Times count from its beginning.
pub(crate) trait Peer: Send {
    fn hear(&mut self, bytes: &[u8], at: Duration);
    fn act(&mut self, at: Duration) -> Act;
    /// How many of so many bytes it takes now.
    fn takes(&mut self, offered: usize, at: Duration) -> usize;
}

/// Makes the peer of each connection.
pub(crate) type Make = Box<dyn Fn() -> Box<dyn Peer> + Send + Sync>;

/// Says the same to everybody, at once or when asked.
pub(crate) struct Raw {
    pub(crate) says: Vec<u8>,
    pub(crate) is_first: bool,
    pub(crate) closes: bool,
}

impl Peer for Raw {
    fn hear(&mut self, _bytes: &[u8], _at: Duration) {
        self.is_first = true;
    }

    fn act(&mut self, _at: Duration) -> Act {
        match std::mem::take(&mut self.says) {
            says if !self.is_first => {
                self.says = says;
                Act::Wait
            }
            says if !says.is_empty() => Act::Say(says),
            _ if self.closes => Act::Close,
            _ => Act::Wait,
        }
    }

    fn takes(&mut self, offered: usize, _at: Duration) -> usize {
        offered
    }
}

/// What an RTMP server does.
#[derive(Clone)]
pub(crate) enum Manner {
    Accept,
    /// Says nothing from here on.
    Silent(Stage),
    /// Closes here, without a word.
    Closes(Stage),
    RefusesConnect(&'static str, &'static str),
    /// Challenges a user, and believes any answer.
    Asks,
    /// Sends whoever connects on to another tcUrl.
    Redirects(&'static str),
    RefusesPublish(&'static str, &'static str),
    /// Takes the stream and closes after a while.
    DropsAfter(Duration),
    /// The same, in words.
    EndsAfter(Duration, &'static str, &'static str),
    /// Takes so many bytes a second of what it is sent after it agreed.
    Takes(u64),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Handshake,
    Connect,
    CreateStream,
    Publish,
}

/// An RTMP server.
pub(crate) struct Rtmp {
    server: Server,
    epoch: Instant,
    manner: Manner,
    says: Vec<u8>,
    is_silent: bool,
    closes: bool,
    /// Since when it takes the stream.
    live: Option<(StreamId, Duration)>,
    taken: u64,
}

impl Rtmp {
    pub(crate) fn new(manner: Manner) -> Self {
        let epoch = Instant::now();
        Self {
            server: Server::new(Config::default(), epoch),
            epoch,
            is_silent: matches!(manner, Manner::Silent(Stage::Handshake)),
            manner,
            says: Vec::new(),
            closes: false,
            live: None,
            taken: 0,
        }
    }

    fn drain(&mut self, at: Duration) {
        let mut said = Vec::new();
        loop {
            match self.server.poll_output() {
                Output::Transmit(slices) => said.extend(bytes(&slices)),
                Output::Event(Event::Connected { app, .. }) => said = self.connected(&app, said),
                Output::Event(Event::Publish { stream, .. }) => self.publish(stream, at),
                Output::Event(_) => {}
                Output::Timeout(_) => break,
            }
        }
        if !self.is_silent {
            self.says.extend(said);
        }
        if matches!(self.manner, Manner::Silent(Stage::CreateStream)) && self.was_connected() {
            self.is_silent = true;
        }
    }

    /// Whether the answer to connect is in what it says.
    fn was_connected(&self) -> bool {
        let mut windows = self.says.windows(7);
        windows.any(|window| window == b"_result")
    }

    /// What it says in place of what the machine does.
    fn connected(&mut self, app: &str, said: Vec<u8>) -> Vec<u8> {
        match self.manner.clone() {
            Manner::Asks if !app.contains("response=") => {
                let is_introduced = app.contains("user=alice");
                let description = if is_introduced { CHALLENGE } else { WHO };
                let code = ("code", "NetConnection.Connect.Rejected");
                return self.refuse(&[code, ("description", description)], None);
            }
            Manner::Silent(Stage::Connect) => self.is_silent = true,
            Manner::Closes(Stage::Connect) => self.closes = true,
            Manner::RefusesConnect(code, description) => {
                let info = [("code", code), ("description", description)];
                return self.refuse(&info, None);
            }
            Manner::Redirects(to) => {
                let info = [("code", "NetConnection.Connect.Rejected")];
                return self.refuse(&info, Some(to));
            }
            _ => {}
        }
        said
    }

    /// An `_error` to connect, in place of all that the machine says from here on.
    fn refuse(&mut self, info: &[(&str, &str)], redirect: Option<&str>) -> Vec<u8> {
        self.is_silent = true;
        let text = |text: &str| Value::String(text.to_owned());
        let mut object = vec![("level".to_owned(), text("error"))];
        object.extend(
            info.iter()
                .map(|(name, value)| ((*name).to_owned(), text(value))),
        );
        if let Some(to) = redirect {
            let ex = vec![
                ("code".to_owned(), Value::Number(302.0)),
                ("redirect".to_owned(), text(to)),
            ];
            object.push(("ex".to_owned(), Value::Object(ex)));
        }
        let command = Command::new("_error", 1.0).argument(Value::Object(object));
        let mut out = Slices::default();
        let written = chunk::Writer::default().write_command(0, &command, &mut out);
        written.expect("it is short");
        self.says.extend(bytes(&out));
        Vec::new()
    }

    fn publish(&mut self, stream: StreamId, at: Duration) {
        match self.manner.clone() {
            Manner::Silent(Stage::Publish) => self.is_silent = true,
            Manner::Closes(Stage::Publish) => self.closes = true,
            Manner::RefusesPublish(code, description) => {
                self.server.refuse(stream, code, description);
            }
            _ => {
                self.server.accept(stream);
                self.live = Some((stream, at));
            }
        }
    }

    /// How long it has taken the stream.
    fn live_for(&self, at: Duration) -> Option<(StreamId, Duration)> {
        let (stream, since) = self.live?;
        Some((stream, at.saturating_sub(since)))
    }
}

impl Peer for Rtmp {
    fn hear(&mut self, bytes: &[u8], at: Duration) {
        self.taken += bytes.len() as u64;
        let input = Input::Receive(self.epoch + at, bytes);
        self.closes |= self.server.handle_input(input).is_err();
        self.drain(at);
    }

    fn act(&mut self, at: Duration) -> Act {
        match (self.manner.clone(), self.live_for(at)) {
            (Manner::DropsAfter(limit), Some((_, lasted))) if lasted >= limit => self.closes = true,
            (Manner::EndsAfter(limit, code, words), Some((stream, lasted))) if lasted >= limit => {
                self.live = None;
                self.server.end_publish(stream, code, words);
                self.drain(at);
            }
            _ => {}
        }
        let says = std::mem::take(&mut self.says);
        match () {
            () if self.closes => Act::Close,
            () if !says.is_empty() => Act::Say(says),
            () => Act::Wait,
        }
    }

    fn takes(&mut self, offered: usize, at: Duration) -> usize {
        let (Manner::Takes(rate), Some((_, lasted))) = (&self.manner, self.live_for(at)) else {
            self.taken = 0;
            return offered;
        };
        let millis = u64::try_from(lasted.as_millis()).expect("seconds");
        let room = (rate * millis / 1000).saturating_sub(self.taken);
        offered.min(usize::try_from(room).expect("megabytes"))
    }
}

/// Adobe's two rounds.
const WHO: &str = "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ";
const CHALLENGE: &str = "[ AccessManager.Reject ] : [ authmod=adobe ] : \
                         ?reason=needauth&user=alice&salt=c2FsdA==&challenge=Y2hhbA==&opaque=x";

fn bytes(slices: &Slices) -> Vec<u8> {
    slices.pieces().flatten().copied().collect()
}
