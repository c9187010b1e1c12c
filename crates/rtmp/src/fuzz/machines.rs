//! Commands, and operations played at both machines.

use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use onair_flv::{Tag, TagKind};
use onair_media::VideoCodec;

use crate::auth::Demand;
use crate::chunk::{Header, StreamId, Writer};
use crate::publisher::{self, Flight};
use crate::status::Status;
use crate::{
    Command, Input, Machine, MessageKind, Output, Player, Publisher, Server, Slices, Url, player,
    server,
};

/// A command that was read can be written and read again; interpreting it does no harm.
pub fn command(data: &[u8]) {
    let Ok(command) = Command::parse(data) else {
        return;
    };
    let written = command.write();
    let again = Command::parse(&written).map(|again| again.write());
    assert_eq!(again, Ok(written));
    let status = Status::parse(command.info());
    let _ = status.meaning();
    let _ = Demand::parse(&status.description);
}

/// Operations against a publisher, with our server as its peer.
pub fn publisher_ops(data: &[u8]) {
    play(
        data,
        publish,
        |client, server, now, op, arguments| match op {
            0 => {
                let _ = client.machine.send(&tag(arguments));
            }
            1 => client.input(Input::Receive(now, arguments)),
            2 => client.input(Input::Receive(now, &message(arguments))),
            3 => client.input(Input::Closed(now)),
            4 => client.machine.close(now),
            _ => {
                server.input(Input::Receive(now, &std::mem::take(&mut client.said)));
                client.input(Input::Receive(now, &std::mem::take(&mut server.said)));
            }
        },
    );
}

/// Operations against a server, with our publisher as its peer.
pub fn server_ops(data: &[u8]) {
    play(
        data,
        publish,
        |client, server, now, op, arguments| match op {
            0 => {
                let stream =
                    server::StreamId(u32::from(arguments.first().copied().unwrap_or_default()));
                match arguments.len() % 3 {
                    0 => server.machine.accept(stream),
                    1 => server
                        .machine
                        .refuse(stream, "NetStream.Publish.Denied", "no"),
                    _ => {
                        let _ = server.machine.send(stream, &tag(arguments));
                    }
                }
            }
            1 => server.input(Input::Receive(now, arguments)),
            2 => server.input(Input::Receive(now, &message(arguments))),
            3 => server.input(Input::Closed(now)),
            4 => server.machine.close(now),
            _ => {
                server.input(Input::Receive(now, &std::mem::take(&mut client.said)));
                client.input(Input::Receive(now, &std::mem::take(&mut server.said)));
            }
        },
    );
}

/// Operations against a player, with our server as its peer.
pub fn player_ops(data: &[u8]) {
    let watch = |_, now| Player::new(url(), 0, now);
    play(data, watch, |client, server, now, op, arguments| match op {
        0 => {
            let stream =
                server::StreamId(u32::from(arguments.first().copied().unwrap_or_default()));
            let _ = server.machine.send(stream, &tag(arguments));
        }
        1 => client.input(Input::Receive(now, arguments)),
        2 => client.input(Input::Receive(now, &message(arguments))),
        3 => client.input(Input::Closed(now)),
        4 => server.machine.close(now),
        _ => {
            server.input(Input::Receive(now, &std::mem::take(&mut client.said)));
            client.input(Input::Receive(now, &std::mem::take(&mut server.said)));
        }
    });
}

/// A machine and what it said last.
struct Driven<M> {
    machine: M,
    said: Vec<u8>,
    is_over: bool,
}

/// How a machine's events are answered.
trait Answer: Machine {
    /// Answers an event; true at the end.
    fn answer(&mut self, event: &Self::Event) -> bool;
}

impl Answer for Publisher {
    fn answer(&mut self, event: &Self::Event) -> bool {
        matches!(event, publisher::Event::Closed(_))
    }
}

impl Answer for Player {
    fn answer(&mut self, event: &Self::Event) -> bool {
        matches!(event, player::Event::Ended)
    }
}

impl Answer for Server {
    fn answer(&mut self, event: &Self::Event) -> bool {
        if let server::Event::Publish { stream, .. } | server::Event::Play { stream, .. } = event {
            self.accept(*stream);
        }
        matches!(event, server::Event::Closed)
    }
}

impl<M: Answer> Driven<M> {
    const fn new(machine: M) -> Self {
        Self {
            machine,
            said: Vec::new(),
            is_over: false,
        }
    }

    fn input(&mut self, input: Input<'_>) {
        let failed = self.machine.handle_input(input).is_err();
        assert!(!(failed && self.is_over), "it fails after its end");
        let timeout = self.drain();
        if let Input::Timeout(now) = input {
            assert!(timeout > now, "a timeout stays due");
        }
        self.is_over |= failed;
    }

    /// Polls to the timeout, which has to come; what comes after the end is too late.
    fn drain(&mut self) -> Instant {
        for _ in 0..100_000 {
            match self.machine.poll_output() {
                Output::Transmit(mut slices) => {
                    assert!(!self.is_over, "it speaks after its end");
                    self.said.extend(slices.copy_to_bytes(slices.remaining()));
                }
                Output::Event(event) => {
                    assert!(!self.is_over, "it tells something after its end");
                    self.is_over = self.machine.answer(&event);
                }
                Output::Timeout(at) => return at,
            }
        }
        panic!("it never comes to its timeout");
    }
}

/// Plays operations (a code, a length, that many bytes) at a client and a server.
fn play<C: Answer>(
    data: &[u8],
    client: impl FnOnce(u8, Instant) -> C,
    mut operate: impl FnMut(&mut Driven<C>, &mut Driven<Server>, Instant, u8, &[u8]),
) {
    let Some((&[options, ..], mut data)) = data.split_first_chunk::<1>() else {
        return;
    };
    let mut now = epoch();
    let mut client = Driven::new(client(options, now));
    let mut server = Driven::new(Server::new(server::Config::default(), now));
    client.drain();
    while let Some((&[op, length], rest)) = data.split_first_chunk::<2>() {
        let (arguments, rest) = rest.split_at(usize::from(length).min(rest.len()));
        data = rest;
        if op % 8 == 7 {
            now += Duration::from_millis(50 * u64::from(length));
            client.input(Input::Timeout(now));
            server.input(Input::Timeout(now));
            continue;
        }
        operate(&mut client, &mut server, now, op % 8, arguments);
        client.drain();
        server.drain();
    }
    client.input(Input::Closed(now));
    server.input(Input::Closed(now));
    assert!(server.is_over, "a server outlives its connection");
}

fn url() -> Url {
    Url::from_tc_url("rtmp://user:password@host/app", "key").expect("a plain URL")
}

fn publish(options: u8, now: Instant) -> Publisher {
    Publisher::new(config(options), now)
}

fn config(options: u8) -> publisher::Config {
    let mut config = publisher::Config::new(url());
    if options & 1 == 1 {
        config.flight = Flight::Classic;
    }
    config.reconnect_requests = options & 2 == 2;
    config.video_codec = (options & 4 == 4).then_some(VideoCodec::Hevc);
    config.flight_limit = 1000;
    config
}

fn tag(arguments: &[u8]) -> Tag {
    let kinds = [TagKind::Audio, TagKind::Video, TagKind::Script];
    let kind = kinds[arguments.len() % 3];
    let body = Bytes::copy_from_slice(arguments);
    Tag::from_body(
        kind,
        u32::from(body.first().copied().unwrap_or_default()),
        body,
    )
}

/// A well-formed message of any kind, as from a peer whose chunks are right and whose content lies.
fn message(arguments: &[u8]) -> Vec<u8> {
    let Some((&[kind, stream], payload)) = arguments.split_first_chunk::<2>() else {
        return Vec::new();
    };
    let header = Header {
        chunk_stream: StreamId::COMMAND,
        stream_id: u32::from(stream % 4),
        kind: MessageKind::from(kind % 24),
        timestamp: 0,
    };
    let mut out = Slices::new();
    let payload = Bytes::copy_from_slice(payload);
    let result = Writer::new().write(&header, &[], &payload, &mut out);
    result.expect("a short message");
    out.copy_to_bytes(out.remaining()).into()
}

#[expect(
    clippy::disallowed_methods,
    reason = "std makes no Instant without a clock"
)]
fn epoch() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use onair_flv::amf0::Value;

    use super::*;
    use crate::fuzz::tests::replay;

    #[test]
    fn command_replays() {
        let info = Value::object([
            ("level", Value::from("error")),
            ("code", Value::from("NetConnection.Connect.Rejected")),
            (
                "description",
                Value::from("[ authmod=adobe ] : ?reason=needauth&salt=x&challenge=y"),
            ),
        ]);
        let error = Command::new("_error", 1.0).argument(info).write();
        let publish = Command::new("publish", 5.0)
            .text("key")
            .text("live")
            .write();
        replay(command, &[&error, &publish]);
    }

    /// Exchanges, media, a message in between, time, and the end.
    fn operations(message: &[u8]) -> Vec<u8> {
        let mut ops = vec![0];
        for _ in 0..4 {
            ops.extend([5, 0, 0, 4, 0x17, 1, 0, 0]);
        }
        ops.extend([2, u8::try_from(message.len()).expect("short")]);
        ops.extend(message);
        ops.extend([5, 0, 7, 100, 5, 0, 4, 0, 5, 0, 7, 200]);
        ops
    }

    #[test]
    fn machines_replay_operations() {
        let close = Command::new("close", 0.0).write();
        let close = [&[20, 0], &close[..]].concat();
        let delete = Command::new("deleteStream", 0.0)
            .argument(Value::from(1.0))
            .write();
        let delete = [&[20, 0], &delete[..]].concat();
        let goldens = [
            operations(&close),
            operations(&delete),
            operations(&[4, 0, 0, 6, 0, 0, 0, 1]),
        ];
        let goldens: Vec<&[u8]> = goldens.iter().map(Vec::as_slice).collect();
        replay(publisher_ops, &goldens);
        replay(server_ops, &goldens);
        replay(player_ops, &goldens);
    }
}
