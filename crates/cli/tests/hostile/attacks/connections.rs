//! Peers that take every connection, and an honest one that comes after them.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use crate::flood;
use crate::http;
use crate::peer;
use crate::row::Row;
use crate::victim::Victim;
use crate::wire;

/// Viewers of a stream that never comes, answering pings: nothing is wrong with any of them.
pub(crate) fn web_viewers_take_every_connection() -> Row {
    let victim = Victim::receive("--web 127.0.0.1:0");
    let to = victim.web();
    let viewers = (0..515_u32).map_while(|_| http::watch(1, to, "live/none").ok());
    let viewers: Vec<TcpStream> = viewers.collect();
    let gets_in = http::phone_gets_in(to);
    let count = viewers.len() as u64;
    Row::new("515 web viewers, then a phone", victim.end())
        .at_most("let in", count, 515)
        .demands("the phone gets in", gets_in)
}

/// Requests that are never finished.
pub(crate) fn slow_requests_take_every_connection() -> Row {
    let victim = Victim::receive("--web 127.0.0.1:0");
    let to = victim.web();
    let request = http::get("/live", "");
    let half = |mut socket: TcpStream| {
        socket.write_all(&request.as_bytes()[..30]).ok()?;
        Some(socket)
    };
    let slow = (0..515_u32).map_while(|_| peer::connect(1, to).ok().and_then(half));
    let slow: Vec<TcpStream> = slow.collect();
    let gets_in = http::phone_gets_in(to);
    let count = slow.len() as u64;
    Row::new("515 unfinished requests, then a phone", victim.end())
        .at_most("let in", count, 515)
        .demands("the phone gets in", gets_in)
}

/// Players are many, publishers few: publishers come first.
pub(crate) fn players_take_every_connection() -> Row {
    let victim = Victim::receive("--max-connections 100");
    let to = victim.rtmp();
    let mut show = peer::publisher(1, to, "show").expect("it is granted");
    let _ = show.write_all(&wire::avc_config(0, 0, 0));
    let _ = show.write_all(&wire::picture(0, true, 20, 0));
    let viewers = (0..120).map(|_| peer::player(1, to, "show"));
    let viewers: Vec<Option<TcpStream>> = viewers.collect();
    let gets_in = peer::publisher(9, to, "phone").is_some();
    let count = viewers.iter().flatten().count() as u64;
    Row::new("120 players, room for 100, a publisher", victim.end())
        .at_most("let in", count, 100)
        .demands("the publisher gets in", gets_in)
}

/// Connections that say nothing at all.
pub(crate) fn silent_peers_by_the_thousand() -> Row {
    let victim = Victim::receive("");
    let to = victim.rtmp();
    let silent = (0..1500).map_while(|_| peer::connect(1, to).ok());
    let silent: Vec<TcpStream> = silent.collect();
    let gets_in = peer::publisher(9, to, "cam").is_some();
    drop(silent);
    Row::new("1500 silent connections, a publisher", victim.end())
        .demands("the publisher gets in", gets_in)
}

/// Half of a handshake costs the other side a context each.
pub(crate) fn half_a_tls_handshake() -> Row {
    let victim = Victim::receive("--listen-tls 127.0.0.1:0 --tls");
    let to = victim.rtmps();
    // The beginning of a ClientHello (RFC 8446, sections 4.1.2 and 5.1) of 512 bytes.
    let hello = [&[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3][..], &[7; 200]].concat();
    let half = |mut socket: TcpStream| {
        socket.write_all(&hello).ok()?;
        Some(socket)
    };
    let stuck = (0..1000).map_while(|_| peer::connect(1, to).ok().and_then(half));
    let stuck: Vec<TcpStream> = stuck.collect();
    let gets_in = peer::publisher(9, victim.rtmp(), "cam").is_some();
    drop(stuck);
    Row::new("1000 halves of a TLS handshake", victim.end()).demands("a publisher gets in", gets_in)
}

/// The process may open 64 files, and does not know what else needs some.
pub(crate) fn no_descriptors_left() -> Row {
    let victim = Victim::receive_with_descriptors(64, "");
    let to = victim.rtmp();
    let silent = (0..100).map_while(|_| peer::connect(1, to).ok());
    let silent: Vec<TcpStream> = silent.collect();
    let gets_in = peer::publisher(9, to, "cam").is_some();
    drop(silent);
    flood::hold(Duration::from_millis(300));
    let logged = victim.logged();
    let is_said = ["descriptor", "open files"]
        .iter()
        .any(|words| victim.has_said(words));
    Row::new("100 connections, 64 descriptors", victim.end())
        .demands("a publisher gets in", gets_in)
        .demands("it says what is used up", is_said)
        .at_most("bytes of log", logged, 10_000)
}
