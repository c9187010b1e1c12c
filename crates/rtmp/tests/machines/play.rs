//! The player, against our own server and against broken ones.

use onair_flv::{Tag, TagKind};
use onair_rtmp::player::Event;
use onair_rtmp::publisher::Step;
use onair_rtmp::server::{self, Event as Told};
use onair_rtmp::{Error, Input, Machine, Output, Player, Server};

use crate::common::{KEY, audio, bytes_of, metadata, picture, start, url};

/// A machine's bytes and events.
fn drain<E>(mut poll: impl FnMut() -> Output<E>) -> (Vec<u8>, Vec<E>) {
    let (mut bytes, mut events) = (Vec::new(), Vec::new());
    loop {
        match poll() {
            Output::Transmit(slices) => bytes.extend(bytes_of(&slices)),
            Output::Event(event) => events.push(event),
            Output::Timeout(_) => return (bytes, events),
        }
    }
}

/// Plays `show` from a server that then ends the stream; gives the player's events and what it was
/// sent.
fn watch(show: &[Tag]) -> (Vec<Event>, Vec<u8>) {
    let mut player = Player::new(url(), 7, start());
    let mut server = Server::new(server::Config::default(), start());
    let (mut told, mut sent) = (Vec::new(), Vec::new());
    for _ in 0..20 {
        let (up, events) = drain(|| player.poll_output());
        told.extend(events);
        server.handle_input(Input::Receive(start(), &up)).unwrap();
        let (mut down, events) = drain(|| server.poll_output());
        for event in events {
            if let Told::Play {
                stream, app, key, ..
            } = event
            {
                assert_eq!((&*app, key.expose()), ("app", KEY));
                server.accept(stream);
                show.iter()
                    .for_each(|tag| server.send(stream, tag).unwrap());
                server.close(start());
                down.extend(drain(|| server.poll_output()).0);
            }
        }
        sent.extend_from_slice(&down);
        player.handle_input(Input::Receive(start(), &down)).unwrap();
    }
    (told, sent)
}

fn show() -> Vec<Tag> {
    vec![metadata(), picture(0, 3000), audio(0), picture(1, 500)]
}

#[test]
fn a_player_is_given_the_stream_as_it_was_sent_and_told_of_its_end() {
    let (told, _) = watch(&show());
    let tags: Vec<_> = told
        .iter()
        .filter_map(|event| match event {
            Event::Media(tag) => Some(tag.clone()),
            _ => None,
        })
        .collect();
    let bodies = |tags: &[Tag]| -> Vec<(TagKind, u32, Vec<u8>)> {
        let body = |tag: &Tag| [&tag.head[..], &tag.payload].concat();
        tags.iter()
            .map(|tag| (tag.kind, tag.timestamp, body(tag)))
            .collect()
    };
    assert_eq!(bodies(&tags), bodies(&show()));
    assert_eq!(told.first(), Some(&Event::Playing));
    assert_eq!(told.last(), Some(&Event::Ended));
}

#[test]
fn a_refusal_comes_in_the_servers_words_and_without_the_key() {
    let mut player = Player::new(url(), 7, start());
    let mut server = Server::new(server::Config::default(), start());
    let error = (0..20).find_map(|_| {
        let (up, _) = drain(|| player.poll_output());
        server.handle_input(Input::Receive(start(), &up)).unwrap();
        let (mut down, events) = drain(|| server.poll_output());
        for event in events {
            if let Told::Play { stream, .. } = event {
                let words = format!("there is no {KEY}");
                server.refuse(stream, "NetStream.Play.StreamNotFound", &words);
                down.extend(drain(|| server.poll_output()).0);
            }
        }
        player.handle_input(Input::Receive(start(), &down)).err()
    });
    let Some(Error::Refused { code, description }) = error else {
        panic!("{error:?}");
    };
    assert_eq!(code, "NetStream.Play.StreamNotFound");
    assert!(!description.contains(KEY), "{description}");
}

#[test]
fn silence_and_a_close_are_named_by_what_was_waited_for() {
    let mut player = Player::new(url(), 7, start());
    let Output::Timeout(at) = ({
        drain(|| player.poll_output());
        player.poll_output()
    }) else {
        panic!("all is said");
    };
    let closed = player.handle_input(Input::Closed(start())).unwrap_err();
    let during = Step::Handshake;
    assert_eq!(closed, Error::Closed { during });
    let mut player = Player::new(url(), 7, start());
    let late = player.handle_input(Input::Timeout(at)).unwrap_err();
    let waiting_for = Step::Handshake.awaited();
    assert_eq!(late, Error::TimedOut { waiting_for });
}

#[test]
fn whatever_a_server_sends_a_player_does_not_panic() {
    let (_, sent) = watch(&show());
    let hear = |bytes: &[u8]| {
        let mut player = Player::new(url(), 7, start());
        for piece in bytes.chunks(700) {
            if player.handle_input(Input::Receive(start(), piece)).is_err() {
                return;
            }
            drain(|| player.poll_output());
        }
    };
    (0..sent.len())
        .step_by(3)
        .for_each(|end| hear(&sent[..end]));
    for at in (0..sent.len()).filter(|at| *at < 16 || *at > 3000) {
        let mut bytes = sent.clone();
        bytes[at] ^= 0xff;
        hear(&bytes);
    }
}
