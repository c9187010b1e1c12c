//! Peers that keep asking and never read an answer: little may wait for them.

use onair_rtmp::publisher::Config;
use onair_rtmp::{
    Command, Control, Error, Input, Machine, Publisher, Server, UserControl, handshake, server,
};

use crate::common::{bytes_of, classic, start};
use crate::script::Reply;

/// More than any machine may keep for a peer, and far less than was asked for.
const MAX_WAITING: usize = 64 * 1024;

/// A server past the handshake and `connect`, its answers taken.
fn open() -> Server {
    let mut server = Server::new(server::Config::default(), start());
    let mut client = handshake::Client::new(3);
    while let Some(bytes) = client.poll_transmit() {
        server
            .handle_input(Input::Receive(start(), &bytes))
            .unwrap();
        client.handle(&drained(&mut server)).unwrap();
    }
    let mut connect = Reply::new();
    connect.command(0, &Command::new("connect", 1.0));
    server
        .handle_input(Input::Receive(start(), &connect.take()))
        .unwrap();
    drained(&mut server);
    server
}

fn drained(server: &mut Server) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        match server.poll_output() {
            onair_rtmp::Output::Transmit(slices) => out.extend(bytes_of(&slices)),
            onair_rtmp::Output::Event(_) => {}
            onair_rtmp::Output::Timeout(_) => return out,
        }
    }
}

/// Floods with `say` a hundred thousand times, in reads of 64 KiB; gives the error in the end.
fn flood(
    say: impl Fn(&mut Reply),
    mut read: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Option<Error> {
    let mut reply = Reply::new();
    for _ in 0..100 {
        (0..1000).for_each(|_| say(&mut reply));
        for data in reply.take().chunks(64 * 1024) {
            if let Err(error) = read(data) {
                return Some(error);
            }
        }
    }
    None
}

#[test]
fn a_client_that_asks_without_end_ends_within_the_limit() {
    for name in [
        "FCPublish",
        "releaseStream",
        "_checkbw",
        "createStream",
        "publish",
        "play",
    ] {
        let mut server = open();
        let mut most = 0;
        let asked = Command::new(name, 3.0);
        let ended = flood(
            |reply| reply.command(0, &asked),
            |data| {
                let result = server.handle_input(Input::Receive(start(), data));
                most = most.max(server.waiting());
                result
            },
        );
        let is_told = matches!(ended, Some(Error::LimitExceeded { .. }));
        assert!(is_told, "{name}: {ended:?}");
        assert!(most <= MAX_WAITING, "{name}: {most} bytes wait");
    }
}

#[test]
fn a_ping_without_end_is_answered_as_far_as_answers_are_read() {
    let ping = Control::UserControl(UserControl::PingRequest(7));
    let mut server = open();
    let mut most = 0;
    let ended = flood(
        |reply| reply.control(&ping),
        |data| {
            let result = server.handle_input(Input::Receive(start(), data));
            most = most.max(server.waiting());
            result
        },
    );
    assert_eq!(ended, None, "a ping is no offence");
    assert!(most <= MAX_WAITING, "{most} bytes wait");
    assert!(!drained(&mut server).is_empty());
    let mut reply = Reply::new();
    reply.control(&ping);
    server
        .handle_input(Input::Receive(start(), &reply.take()))
        .unwrap();
    assert!(
        !drained(&mut server).is_empty(),
        "who reads is answered again"
    );
}

#[test]
fn a_window_that_changes_without_end_is_answered_as_far_as_answers_are_read() {
    let mut server = open();
    let mut most = 0;
    let ended = flood(
        |reply| {
            for size in [1, 2] {
                let limit = onair_rtmp::LimitType::Hard;
                reply.control(&Control::PeerBandwidth { size, limit });
            }
        },
        |data| {
            let result = server.handle_input(Input::Receive(start(), data));
            most = most.max(server.waiting());
            result
        },
    );
    assert_eq!(ended, None);
    assert!(most <= MAX_WAITING, "{most} bytes wait");
}

#[test]
fn a_server_that_pings_or_checks_bandwidth_without_end_costs_its_publisher_nothing() {
    let ping =
        |reply: &mut Reply| reply.control(&Control::UserControl(UserControl::PingRequest(7)));
    let check = |reply: &mut Reply| reply.command(0, &Command::new("onBWDone", 0.0));
    for say in [&ping as &dyn Fn(&mut Reply), &check] {
        let mut publisher = connected(classic());
        let mut most = 0;
        let ended = flood(say, |data| {
            let result = publisher.handle_input(Input::Receive(start(), data));
            most = most.max(publisher.waiting());
            result
        });
        assert_eq!(ended, None);
        assert!(most <= MAX_WAITING, "{most} bytes wait");
    }
}

/// A publisher past the handshake, with all its output taken.
fn connected(config: Config) -> Publisher {
    let mut publisher = Publisher::new(config, start());
    let mut server = handshake::Server::new(9);
    for _ in 0..3 {
        while let onair_rtmp::Output::Transmit(slices) = publisher.poll_output() {
            let bytes = bytes_of(&slices);
            if !server.is_done() {
                server.handle(&bytes).unwrap();
            }
        }
        while let Some(bytes) = server.poll_transmit() {
            publisher
                .handle_input(Input::Receive(start(), &bytes))
                .unwrap();
        }
    }
    publisher
}
