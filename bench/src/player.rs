//! A player that records what it gets.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::Sender;
use std::time::Duration;

use anyhow::{Result, ensure};
use bytes::{Buf, Bytes};
use onair_flv::amf0::Value;
use onair_flv::{Tag, TagKind};
use onair_rtmp::chunk::{Limits, Reader, Writer};
use onair_rtmp::{Command, MessageKind, Slices, handshake};

/// What a player got.
#[derive(Debug, Default)]
pub struct Heard {
    /// The frames' times on the wire.
    pub frames: Vec<u32>,
    /// The last frame.
    pub last: Bytes,
}

/// How long a silence means the end: a server may keep its players connected.
const SILENCE: Duration = Duration::from_secs(5);

/// Plays a stream to its end; reports the first frame.
pub fn play(address: SocketAddr, app: &str, name: &str, playing: &Sender<()>) -> Result<Heard> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(SILENCE))?;
    let mut reader = Reader::new(Limits::default());
    reader.feed(&shake_hands(&mut socket)?);
    socket.write_all(&requests(address, app, name)?)?;
    let mut heard = Heard::default();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        while let Some(message) = reader.next()? {
            if message.kind != MessageKind::Video {
                continue;
            }
            let tag = Tag::from_body(TagKind::Video, message.timestamp, message.payload);
            if tag.payload.is_empty() || tag.is_sequence_header() {
                continue;
            }
            if heard.frames.is_empty() {
                playing.send(())?;
            }
            heard.frames.push(tag.timestamp);
            heard.last = tag.payload;
        }
        match socket.read(&mut buffer) {
            Ok(0) => return Ok(heard),
            Ok(count) => reader.feed(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(heard),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Gives what came after the handshake.
fn shake_hands(socket: &mut TcpStream) -> Result<Vec<u8>> {
    let mut shake = handshake::Client::new(1);
    let mut rest = Vec::new();
    loop {
        while let Some(bytes) = shake.poll_transmit() {
            socket.write_all(&bytes)?;
        }
        if shake.is_done() {
            return Ok(rest);
        }
        let mut buffer = [0; 4096];
        let count = socket.read(&mut buffer)?;
        ensure!(count > 0, "closed in the handshake");
        let used = shake.handle(&buffer[..count])?;
        rest.extend_from_slice(&buffer[used..count]);
    }
}

/// connect, createStream and play, without waiting for answers.
fn requests(address: SocketAddr, app: &str, name: &str) -> Result<Bytes> {
    let (mut writer, mut out) = (Writer::new(), Slices::new());
    let url = format!("rtmp://{address}/{app}");
    let object = Value::object([("app", Value::from(app)), ("tcUrl", Value::from(&url[..]))]);
    let play = Command::new("play", 3.0).argument(Value::from(name));
    let commands = [
        (0, Command::new("connect", 1.0).object(object)),
        (0, Command::new("createStream", 2.0)),
        (1, play),
    ];
    for (stream_id, command) in commands {
        writer.write_command(stream_id, &command, &mut out)?;
    }
    Ok(out.copy_to_bytes(out.remaining()))
}
