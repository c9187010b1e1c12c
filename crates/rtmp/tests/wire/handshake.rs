//! The handshake, both sides, in every cut.

use onair_rtmp::Error;
use onair_rtmp::handshake::{Client, Server};

const PACKET: usize = 1536;

fn sent_by(mut poll: impl FnMut() -> Option<bytes::Bytes>) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(bytes) = poll() {
        all.extend_from_slice(&bytes);
    }
    all
}

/// Feeds `data` in pieces of `cut`; gives how much the handshake took.
fn feed(mut handle: impl FnMut(&[u8]) -> usize, data: &[u8], cut: usize) -> usize {
    data.chunks(cut).map(&mut handle).sum()
}

#[test]
fn c1_says_no_digest_and_has_a_body_made_from_the_seed() {
    let mut client = Client::new(7);
    let sent = sent_by(|| client.poll_transmit());
    assert_eq!(sent.len(), 1 + PACKET);
    assert_eq!(sent[..9], [3, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert!(sent[9..].windows(8).all(|run| run != [0; 8]));
    let mut other = Client::new(8);
    assert_ne!(sent, sent_by(|| other.poll_transmit()));
    let mut same = Client::new(7);
    assert_eq!(sent, sent_by(|| same.poll_transmit()));
}

#[test]
fn every_seed_makes_a_body() {
    for seed in [0, 1, u64::MAX, 1 << 63] {
        let mut client = Client::new(seed);
        let sent = sent_by(|| client.poll_transmit());
        assert!(sent[9..].iter().any(|byte| *byte != 0), "seed {seed}");
    }
}

#[test]
fn classical_client_and_server_agree_in_any_cut() {
    for cut in [1, 2, 1535, 1536, 1537, 5000] {
        let (mut client, mut server) = (Client::new(1), Server::new(2));
        let c0c1 = sent_by(|| client.poll_transmit());
        assert_eq!(feed(|d| server.handle(d).unwrap(), &c0c1, cut), c0c1.len());
        let reply = sent_by(|| server.poll_transmit());
        assert_eq!(reply.len(), 1 + 2 * PACKET);
        assert_eq!(reply[1 + PACKET..], c0c1[1..], "S2 echoes C1");
        let with_chunks = [&reply[..], b"chunks"].concat();
        assert_eq!(
            feed(|d| client.handle(d).unwrap(), &with_chunks, cut),
            reply.len()
        );
        let c2 = sent_by(|| client.poll_transmit());
        assert_eq!(c2, reply[1..=PACKET], "C2 echoes S1");
        assert!(client.is_done() && !server.is_done());
        assert_eq!(feed(|d| server.handle(d).unwrap(), &c2, cut), PACKET);
        assert!(server.is_done());
    }
}

#[test]
fn first_flight_sends_c2_without_waiting_and_the_server_takes_it() {
    let (mut client, mut server) = (Client::first_flight(1), Server::new(2));
    let flight = sent_by(|| client.poll_transmit());
    assert_eq!(flight.len(), 1 + 2 * PACKET);
    let all = [&flight[..], b"connect"].concat();
    assert_eq!(server.handle(&all), Ok(flight.len()));
    assert!(server.is_done());
    let reply = sent_by(|| server.poll_transmit());
    assert_eq!(client.handle(&reply), Ok(reply.len()));
    assert!(client.is_done());
    assert_eq!(client.poll_transmit(), None, "C2 goes out once");
}

#[test]
fn the_client_sends_c2_as_soon_as_s1_is_there() {
    let mut client = Client::new(1);
    sent_by(|| client.poll_transmit());
    let s0s1 = [&[3][..], &[9; PACKET]].concat();
    client.handle(&s0s1).unwrap();
    assert_eq!(sent_by(|| client.poll_transmit()), [9; PACKET]);
    assert!(!client.is_done());
}

#[test]
fn the_server_takes_a_digest_c1_for_a_simple_one() {
    let mut server = Server::new(1);
    // Bytes 4 to 7 of a digest C1 are the Flash player's version.
    let c0c1 = [&[3, 0, 0, 0, 0, 0x80, 0, 7, 2][..], &[0xA5; PACKET - 8]].concat();
    server.handle(&c0c1).unwrap();
    let reply = sent_by(|| server.poll_transmit());
    assert_eq!(reply[5..9], [0; 4], "S1 says: no digest");
    server.handle(&[0x5A; PACKET]).unwrap();
    assert!(server.is_done());
}

#[test]
fn a_peer_that_is_not_rtmp_is_named() {
    let said = |result: Result<usize, Error>| result.unwrap_err().to_string();
    let client = || Client::new(1);
    assert!(said(client().handle(b"HTTP/1.1 400")).contains("HTTP"));
    assert!(said(client().handle(&[0x15, 3, 1])).contains("rtmps://"));
    assert!(said(client().handle(&[4])).contains("version 3"));
    assert!(said(Server::new(1).handle(&[6])).contains("RTMPE"));
    assert!(said(Server::new(1).handle(&[0x16, 3, 1])).contains("TLS"));
    assert!(said(Server::new(1).handle(b"GET /")).contains("HTTP"));
}

#[test]
fn a_finished_handshake_takes_nothing_more() {
    let mut server = Server::new(1);
    let flight = [&[3][..], &[1; 2 * PACKET]].concat();
    assert_eq!(server.handle(&flight), Ok(flight.len()));
    assert_eq!(server.handle(b"chunks"), Ok(0));
}
