//! A player: chunks and commands by hand, on a blocking socket.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bytes::{Buf, Bytes};
use onair::flv::amf0::Value;
use onair::flv::{Demuxed, Demuxer, Tag, TagKind};
use onair::media::{Packet, Tracks};
use onair::rtmp::chunk::{Limits, Reader, Writer};
use onair::rtmp::{Command, Message, MessageKind, Slices, handshake};

pub(crate) struct Player {
    pub(crate) socket: TcpStream,
    reader: Reader,
    demuxer: Demuxer,
    /// Status codes and descriptions, as received.
    pub(crate) said: Vec<(String, String)>,
    pub(crate) metadata: Vec<Tracks>,
}

impl Player {
    /// Asks to play, without waiting for an answer.
    pub(crate) fn ask(address: SocketAddr, name: &str) -> Self {
        Self::ask_with(address, &requests(name))
    }

    /// The same for a player that lists its codecs.
    pub(crate) fn ask_for(address: SocketAddr, name: &str, codecs: &[&str]) -> Self {
        let list = codecs.iter().map(|&codec| codec.into()).collect();
        let said = [("fourCcList", Value::StrictArray(list))];
        Self::ask_with(address, &requests_with(name, said))
    }

    fn ask_with(address: SocketAddr, requests: &[u8]) -> Self {
        let mut socket = TcpStream::connect(address).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let mut shake = handshake::Client::new(7);
        let mut rest = Vec::new();
        while !shake.is_done() {
            while let Some(bytes) = shake.poll_transmit() {
                socket.write_all(&bytes).unwrap();
            }
            let mut buffer = [0; 4096];
            let count = socket.read(&mut buffer).unwrap();
            assert!(count > 0, "closed in the handshake");
            let used = shake.handle(&buffer[..count]).unwrap();
            rest.extend_from_slice(&buffer[used..count]);
        }
        while let Some(bytes) = shake.poll_transmit() {
            socket.write_all(&bytes).unwrap();
        }
        socket.write_all(requests).unwrap();
        let mut reader = Reader::new(Limits::default());
        reader.feed(&rest);
        Self {
            socket,
            reader,
            demuxer: Demuxer::new(),
            said: Vec::new(),
            metadata: Vec::new(),
        }
    }

    /// Asks to play, and returns once that is granted.
    pub(crate) fn play(address: SocketAddr, name: &str) -> Self {
        let mut player = Self::ask(address, name);
        player.wait_for("NetStream.Play.Start");
        player
    }

    pub(crate) fn wait_for(&mut self, code: &str) {
        while !self.has_heard(code) {
            let message = self.message().expect("it is said");
            self.hear(&message);
        }
    }

    pub(crate) fn has_heard(&self, code: &str) -> bool {
        self.said.iter().any(|(said, _)| said == code)
    }

    /// The next packet; `None` at the end of the connection.
    pub(crate) fn packet(&mut self) -> Option<Packet> {
        loop {
            let message = self.message()?;
            if let Some(packet) = self.hear(&message) {
                return Some(packet);
            }
        }
    }

    pub(crate) fn packets(&mut self, count: usize) -> Vec<Packet> {
        (0..count).map(|_| self.packet().expect("more")).collect()
    }

    /// Reads to the end of the connection.
    pub(crate) fn rest(mut self) -> (Vec<Packet>, Vec<(String, String)>) {
        let packets = std::iter::from_fn(|| self.packet()).collect();
        (packets, self.said)
    }

    fn hear(&mut self, message: &Message) -> Option<Packet> {
        let kind = match message.kind {
            MessageKind::Audio => TagKind::Audio,
            MessageKind::Video => TagKind::Video,
            MessageKind::DataAmf0 => TagKind::Script,
            MessageKind::CommandAmf0 => {
                self.hear_command(&message.payload);
                return None;
            }
            _ => return None,
        };
        let tag = Tag::from_body(kind, message.timestamp, message.payload.clone());
        match self.demuxer.demux(&tag).unwrap() {
            Demuxed::Packet(packet) => Some(packet),
            Demuxed::Metadata(metadata) => {
                self.metadata.push(metadata);
                None
            }
            Demuxed::Nothing => None,
        }
    }

    fn hear_command(&mut self, payload: &Bytes) {
        let command = Command::parse(payload).unwrap();
        if command.name == "onStatus" {
            let info = &command.arguments[0];
            let text = |name| info.get(name).and_then(Value::as_str).unwrap_or_default();
            let said = (text("code").to_owned(), text("description").to_owned());
            self.said.push(said);
        }
    }

    fn message(&mut self) -> Option<Message> {
        loop {
            if let Some(message) = self.reader.next().unwrap() {
                return Some(message);
            }
            let mut buffer = vec![0; 64 * 1024];
            match self.socket.read(&mut buffer) {
                Ok(0) => return None,
                Ok(count) => self.reader.feed(&buffer[..count]),
                Err(error) => panic!("the receiver is silent: {error}"),
            }
        }
    }
}

/// connect, createStream and play, without waiting for answers.
pub(crate) fn requests(name: &str) -> Bytes {
    requests_with(name, [])
}

fn requests_with<const N: usize>(name: &str, said: [(&'static str, Value); N]) -> Bytes {
    let (mut writer, mut out) = (Writer::new(), Slices::new());
    let usual = [
        ("app", Value::from("live")),
        ("tcUrl", Value::from("rtmp://127.0.0.1/live")),
        ("flashVer", Value::from("test player")),
    ];
    let object = Value::object(usual.into_iter().chain(said));
    let play = Command::new("play", 3.0).argument(Value::from(name));
    let commands = [
        (0, Command::new("connect", 1.0).object(object)),
        (0, Command::new("createStream", 2.0)),
        (1, play),
    ];
    for (stream_id, command) in commands {
        writer.write_command(stream_id, &command, &mut out).unwrap();
    }
    out.copy_to_bytes(out.remaining())
}
