use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use onair_flv::Tag;
use onair_flv::amf0::Value;
use onair_netsim::{Arrival, Peer, Profile};
use onair_rtmp::chunk::{Header, Limits, Reader, StreamId, Writer};
use onair_rtmp::publisher::{Config, Retry};
use onair_rtmp::{Command, Control, Error, Message, MessageKind, Slices, handshake};

use crate::client::Client;
use crate::common::{bytes_of, run, show};

/// A server of another make: `rule` decides its answers.
pub(crate) struct Script<R> {
    handshake: handshake::Server,
    reader: Reader,
    rule: R,
    pub(crate) reply: Reply,
    /// The client's commands, in order.
    pub(crate) heard: Vec<Command>,
    pub(crate) messages: Vec<Message>,
}

/// The server's answer.
pub(crate) struct Reply {
    writer: Writer,
    out: VecDeque<Vec<u8>>,
    /// Half-closes once all is sent.
    pub(crate) closes: bool,
}

impl Reply {
    pub(crate) fn new() -> Self {
        Self {
            writer: Writer::new(),
            out: VecDeque::new(),
            closes: false,
        }
    }

    pub(crate) fn command(&mut self, stream_id: u32, command: &Command) {
        self.message(stream_id, MessageKind::CommandAmf0, &command.write());
    }

    pub(crate) fn message(&mut self, stream_id: u32, kind: MessageKind, payload: &Bytes) {
        let chunk_stream = StreamId::COMMAND;
        let header = Header {
            chunk_stream,
            stream_id,
            kind,
            timestamp: 0,
        };
        let mut out = Slices::new();
        self.writer.write(&header, &[], payload, &mut out).unwrap();
        self.raw(&bytes_of(&out));
    }

    pub(crate) fn control(&mut self, control: &Control) {
        let mut out = Slices::new();
        self.writer.write_control(control, &mut out).unwrap();
        self.raw(&bytes_of(&out));
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.out.push_back(bytes.to_vec());
    }

    /// Everything said so far.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        self.out.drain(..).flatten().collect()
    }

    pub(crate) fn result(&mut self, to: &Command, value: Value) {
        self.command(0, &Command::new("_result", to.transaction).argument(value));
    }

    pub(crate) fn status(&mut self, stream: u32, level: &str, code: &str, description: &str) {
        let info = info(level, code, description);
        self.command(stream, &Command::new("onStatus", 0.0).argument(info));
    }

    pub(crate) fn error(&mut self, to: &Command, info: Value) {
        self.command(0, &Command::new("_error", to.transaction).argument(info));
    }

    /// Answers like a server without quirks that does not know the old FMS's commands.
    pub(crate) fn politely(&mut self, command: &Command) {
        match command.name.as_str() {
            "connect" => {
                let code = "NetConnection.Connect.Success";
                self.result(command, info("status", code, "Connection succeeded."));
            }
            "createStream" => self.result(command, Value::from(1.0)),
            "publish" => self.status(1, "status", "NetStream.Publish.Start", "Started."),
            _ => {}
        }
    }
}

pub(crate) fn info(level: &str, code: &str, description: &str) -> Value {
    Value::object([
        ("level", Value::from(level)),
        ("code", Value::from(code)),
        ("description", Value::from(description)),
    ])
}

impl<R: FnMut(&Command, &mut Reply)> Script<R> {
    pub(crate) fn new(rule: R) -> Self {
        Self {
            handshake: handshake::Server::new(9),
            reader: Reader::new(Limits::default()),
            rule,
            reply: Reply::new(),
            heard: Vec::new(),
            messages: Vec::new(),
        }
    }

    pub(crate) fn receive(&mut self, data: &[u8]) {
        let used = self.handshake.handle(data).unwrap();
        while let Some(bytes) = self.handshake.poll_transmit() {
            self.reply.raw(&bytes);
        }
        self.reader.feed(&data[used..]);
        while let Some(message) = self.reader.next().unwrap() {
            if message.kind == MessageKind::CommandAmf0 {
                let command = Command::parse(&message.payload).unwrap();
                (self.rule)(&command, &mut self.reply);
                self.heard.push(command);
            }
            self.messages.push(message);
        }
    }

    /// The names of the commands heard.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.heard
            .iter()
            .map(|command| command.name.as_str())
            .collect()
    }

    pub(crate) fn heard_command(&self, name: &str) -> &Command {
        let found = self.heard.iter().find(|command| command.name == name);
        found.unwrap_or_else(|| panic!("no {name} was heard"))
    }
}

impl<R: FnMut(&Command, &mut Reply)> Peer for Script<R> {
    fn handle_arrival(&mut self, _now: Instant, arrival: Arrival) {
        match arrival {
            Arrival::Bytes(data) => self.receive(&data),
            Arrival::End(_) => self.reply.closes = true,
        }
    }

    fn handle_timeout(&mut self, _now: Instant) {}

    fn next_timeout(&self) -> Option<Instant> {
        None
    }

    fn poll_transmit(&mut self, _now: Instant) -> Option<Vec<u8>> {
        self.reply.out.pop_front()
    }

    fn is_done(&self) -> bool {
        self.reply.closes && self.reply.out.is_empty()
    }
}

/// A publisher of a short show, and the server it spoke to, after the show.
pub(crate) struct Exchange<R> {
    pub(crate) client: Client,
    pub(crate) server: Script<R>,
}

/// A short show, ended once it is live.
pub(crate) fn exchange<R: FnMut(&Command, &mut Reply)>(config: Config, rule: R) -> Exchange<R> {
    exchange_of(show(3), config, rule)
}

pub(crate) fn exchange_of<R>(tags: Vec<Tag>, config: Config, rule: R) -> Exchange<R>
where
    R: FnMut(&Command, &mut Reply),
{
    converse(Client::new(config, tags), rule)
}

/// A short show, after which the stream stays live.
pub(crate) fn stay<R: FnMut(&Command, &mut Reply)>(config: Config, rule: R) -> Exchange<R> {
    let mut client = Client::new(config, show(3));
    client.closes = false;
    converse(client, rule)
}

fn converse<R: FnMut(&Command, &mut Reply)>(mut client: Client, rule: R) -> Exchange<R> {
    let mut server = Script::new(rule);
    let delay = Duration::from_millis(10);
    let line = Profile {
        delay,
        ..Profile::default()
    };
    run(line, &mut client, &mut server, Duration::from_secs(120));
    Exchange { client, server }
}

/// Follows retries to their end, each on a new connection to the same rule.
pub(crate) fn exchanges<R: FnMut(&Command, &mut Reply)>(
    config: Config,
    mut rule: R,
) -> (Vec<Retry>, Result<(), Error>) {
    let mut retries = Vec::new();
    let mut config = config;
    loop {
        let client = exchange(config, &mut rule).client;
        let Some(retry) = client.retry() else {
            return (retries, client.error.map_or(Ok(()), Err));
        };
        config = retry.config.clone();
        retries.push(retry);
        assert!(retries.len() < 20, "it goes on for ever");
    }
}
