//! Peers that lie, break off, or are something else: the end is an error in words or another
//! attempt, never a panic, a hang or unbounded memory.

use std::time::Duration;

use onair_netsim::Noise;
use onair_rtmp::publisher::Config;
use onair_rtmp::{Control, Error, Input, Machine, UserControl};

use crate::client::Client;
use crate::common::{classic, config, show, start};
use crate::host::Host;
use crate::script::Reply;

/// Everything our server says to a publisher, up to live and the end.
fn server_words(config: Config) -> Vec<u8> {
    let (mut client, mut host) = (Client::new(config, show(2)), Host::new());
    let mut words = Vec::new();
    for _ in 0..10 {
        host.input(Input::Receive(start(), &client.take_out()));
        let answer = host.take_out();
        client.input(Input::Receive(start(), &answer));
        words.extend(answer);
    }
    assert!(client.is_finished());
    words
}

/// Everything a publisher says to our server.
fn client_words(config: Config) -> Vec<u8> {
    let (mut client, mut host) = (Client::new(config, show(2)), Host::new());
    let mut words = Vec::new();
    for _ in 0..10 {
        let speech = client.take_out();
        host.input(Input::Receive(start(), &speech));
        words.extend(speech);
        client.input(Input::Receive(start(), &host.take_out()));
    }
    words
}

/// A publisher that hears these words and then the end of the connection.
fn hear(config: Config, words: &[u8]) -> Client {
    let mut client = Client::new(config, show(2));
    client.closes = false;
    client.input(Input::Receive(start(), words));
    client.input(Input::Closed(start()));
    client
}

fn assert_over(client: &Client) {
    let ended = client.error.is_some() || client.retry().is_some() || client.is_finished();
    assert!(ended, "{:?}", client.told());
}

/// The bytes that matter: all but the random bodies of the handshake's two packets.
fn telling(words: &[u8]) -> impl Iterator<Item = usize> + use<> {
    const PACKET: usize = 1536;
    (0..=16)
        .chain(PACKET..PACKET + 16)
        .chain(2 * PACKET..words.len())
}

#[test]
fn every_prefix_of_a_servers_words_ends_in_words() {
    for config in [config(), classic()] {
        let words = server_words(config.clone());
        for end in telling(&words) {
            let client = hear(config.clone(), &words[..end]);
            assert_over(&client);
            if let Some(error) = client.error {
                assert!(matches!(error, Error::Closed { .. }), "{end}: {error:?}");
            }
        }
    }
}

#[test]
fn every_prefix_of_a_servers_words_and_then_silence_ends_or_is_live() {
    for config in [config(), classic()] {
        let words = server_words(config.clone());
        for end in telling(&words) {
            let mut client = Client::new(config.clone(), show(2));
            client.closes = false;
            client.input(Input::Receive(start(), &words[..end]));
            client.input(Input::Timeout(start() + Duration::from_secs(60)));
            let is_live = client.publisher.step() == onair_rtmp::publisher::Step::Live;
            if !is_live {
                assert_over(&client);
            }
        }
    }
}

#[test]
fn every_flipped_byte_of_a_servers_words_ends_in_words() {
    for config in [config(), classic()] {
        let words = server_words(config.clone());
        for at in telling(&words) {
            for mask in [0x01, 0x80, 0xFF] {
                let mut words = words.clone();
                words[at] ^= mask;
                assert_over(&hear(config.clone(), &words));
            }
        }
    }
}

#[test]
fn every_prefix_of_a_clients_words_is_served() {
    for config in [config(), classic()] {
        let words = client_words(config);
        for end in telling(&words) {
            let mut host = Host::new();
            host.input(Input::Receive(start(), &words[..end]));
            assert_eq!(host.error, None, "{end}");
            host.input(Input::Closed(start()));
            assert_eq!(host.told().pop(), Some(onair_rtmp::server::Event::Closed));
        }
    }
}

#[test]
fn every_flipped_byte_of_a_clients_words_is_survived() {
    let words = client_words(classic());
    for at in telling(&words) {
        for mask in [0x01, 0x80, 0xFF] {
            let mut words = words.clone();
            words[at] ^= mask;
            let mut host = Host::new();
            host.input(Input::Receive(start(), &words));
            host.input(Input::Closed(start()));
            assert!(host.told().contains(&onair_rtmp::server::Event::Closed));
        }
    }
}

#[test]
fn noise_after_the_handshake_is_the_servers_fault() {
    let handshake = server_words(classic())[..1 + 2 * 1536].to_vec();
    for seed in 0..300 {
        let mut noise = vec![0; 4000];
        Noise::new(seed).fill(&mut noise);
        let client = hear(classic(), &[&handshake[..], &noise].concat());
        assert_over(&client);
        let error = client
            .error
            .expect("noise is no retry in the classical order");
        assert!(!matches!(error, Error::Misuse { .. }), "{error:?}");
    }
}

#[test]
fn a_server_of_another_protocol_is_named() {
    for (words, hint) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "HTTP"),
        (&[0x15, 3, 3, 0, 2, 2, 70][..], "rtmps"),
    ] {
        let client = hear(classic(), words);
        let error = client.error.expect("not RTMP");
        assert!(error.to_string().contains(hint), "{error}");
    }
}

#[test]
fn nothing_is_said_or_told_after_the_end() {
    let mut client = hear(classic(), b"");
    assert!(client.error.is_some());
    let words = server_words(classic());
    let now = start() + Duration::from_secs(1);
    for input in [
        Input::Receive(now, &words),
        Input::Timeout(now),
        Input::Closed(now),
    ] {
        assert_eq!(client.publisher.handle_input(input), Ok(()));
        let output = client.publisher.poll_output();
        assert!(
            matches!(output, onair_rtmp::Output::Timeout(_)),
            "{output:?}"
        );
    }
    client.publisher.close(now);
    assert!(client.publisher.send(&show(1)[0]).is_err());
}

#[test]
fn a_client_cannot_open_streams_without_end() {
    let mut words = client_words(classic());
    let mut reply = Reply::new();
    let create = onair_rtmp::Command::new("createStream", 9.0);
    (0..100).for_each(|_| reply.command(0, &create));
    words.truncate(1 + 2 * 1536);
    let connect = onair_rtmp::Command::new("connect", 1.0);
    let mut opening = Reply::new();
    opening.command(0, &connect);
    let mut host = Host::new();
    host.input(Input::Receive(start(), &words));
    host.input(Input::Receive(start(), &opening.take()));
    host.take_out();
    host.input(Input::Receive(start(), &reply.take()[..]));
    let answer = host.take_out();
    assert!(String::from_utf8_lossy(&answer).contains("Too many streams."));
}

#[test]
fn what_is_queued_at_a_failure_is_not_said() {
    let mut client = Client::new(classic(), show(1));
    client.input(Input::Receive(start(), &server_words(classic())[..3073]));
    client.take_out();
    let mut reply = Reply::new();
    reply.control(&Control::UserControl(UserControl::PingRequest(7)));
    reply.status(0, "error", "NetConnection.Connect.Rejected", "no");
    client.input(Input::Receive(start(), &reply.take()));
    assert!(client.error.is_some());
    assert!(
        client.take_out().is_empty(),
        "a pong to a server that refused"
    );
}
