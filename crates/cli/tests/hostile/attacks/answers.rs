//! Peers that ask for answers and do not read them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use onair_rtmp::server::{Config, Event};
use onair_rtmp::{Input, Machine, MessageKind, Output, Server};

use super::FLOOD;
use crate::flood::{self, Flood};
use crate::peer;
use crate::row::Row;
use crate::victim::Victim;
use crate::wire;

/// Messages written at once.
const MANY: usize = 2000;

/// Before any key: all connections that may be half open, each sending as much as it may.
pub(crate) fn half_open_peers_release_streams() -> Row {
    const PEERS: usize = 512;
    const EACH: usize = 170_000;
    let victim = Victim::receive("--key cam=sesame");
    let to = victim.rtmp();
    let peers = (0..PEERS).filter_map(|_| peer::connect(1, to).ok());
    let peers: Vec<TcpStream> = peers.collect();
    let release = wire::bare("FCPublish");
    let flight = wire::repeated(
        MessageKind::CommandAmf0,
        &release,
        EACH / (1 + release.len()),
    );
    let flight = [wire::hello(), flight].concat();
    let floods = peers
        .iter()
        .map(|peer| Flood::of(peer, &flight, flight.len()));
    let sent = flood::run(floods.collect(), FLOOD * 2);
    Row::new("512 half-open peers send FCPublish", victim.end()).sent(sent)
}

pub(crate) fn a_publisher_floods_fcpublish() -> Row {
    publisher_floods("a publisher floods FCPublish", &commands("FCPublish"))
}

pub(crate) fn a_publisher_floods_checkbw() -> Row {
    publisher_floods("a publisher floods _checkbw", &commands("_checkbw"))
}

pub(crate) fn a_publisher_floods_create_stream() -> Row {
    publisher_floods("a publisher floods createStream", &commands("createStream"))
}

pub(crate) fn a_publisher_floods_pings() -> Row {
    publisher_floods("a publisher floods pings", &wire::pings(MANY))
}

fn publisher_floods(name: &'static str, messages: &[u8]) -> Row {
    let victim = Victim::receive("");
    let socket = peer::publisher(1, victim.rtmp(), "cam").expect("it is granted");
    let sent = flood::run(vec![Flood::of(&socket, messages, usize::MAX)], FLOOD);
    Row::new(name, victim.end()).sent(sent)
}

fn commands(name: &str) -> Vec<u8> {
    wire::repeated(MessageKind::CommandAmf0, &wire::bare(name), MANY)
}

/// Reads just enough to look alive, which is no reason to keep it for ever.
pub(crate) fn a_peer_reads_a_byte_at_a_time() -> Row {
    const LONGEST: Duration = Duration::from_secs(60);
    let victim = Victim::receive("");
    let mut socket = peer::publisher(1, victim.rtmp(), "cam").expect("it is granted");
    let check = commands("_checkbw");
    let began = Instant::now();
    let mut byte = [0];
    let is_cut = loop {
        flood::run(
            vec![Flood::of(&socket, &check, usize::MAX)],
            Duration::from_millis(300),
        );
        socket.set_nonblocking(false).ok();
        let is_open = socket.read(&mut byte).is_ok_and(|count| count > 0);
        if !is_open || began.elapsed() > LONGEST {
            break !is_open;
        }
    };
    let seconds = began.elapsed().as_secs();
    Row::new("a peer reads a byte at a time", victim.end())
        .demands("it is cut off", is_cut)
        .at_most("seconds until then", seconds, 40)
}

/// The other way round: a server that a publisher trusts.
pub(crate) fn a_server_pings_the_publisher() -> Row {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let options = "--size 160x90 --bitrate 100k --no-reconnect";
    let victim = Victim::publish(&format!("--to rtmp://127.0.0.1:{port}/live/key {options}"));
    let socket = granted(&listener);
    let pings = wire::pings(MANY);
    let sent = flood::run(vec![Flood::of(&socket, &pings, usize::MAX)], FLOOD);
    Row::new("a server pings the publisher", victim.end()).sent(sent)
}

/// Accepts a connection and a publish on it.
fn granted(listener: &TcpListener) -> TcpStream {
    let (mut socket, _) = listener.accept().expect("somebody connects");
    let mut server = Server::new(Config::default(), Instant::now());
    let mut buffer = [0; 65536];
    loop {
        let count = socket.read(&mut buffer).expect("it publishes");
        let input = Input::Receive(Instant::now(), &buffer[..count]);
        server.handle_input(input).expect("it speaks RTMP");
        if answer(&mut server, &mut socket) {
            return socket;
        }
    }
}

/// Sends what the machine says; true when it has granted a publish.
fn answer(server: &mut Server, socket: &mut TcpStream) -> bool {
    let mut is_granted = false;
    loop {
        match server.poll_output() {
            Output::Transmit(slices) => {
                for piece in slices.pieces() {
                    socket.write_all(piece).expect("it reads");
                }
            }
            Output::Event(Event::Publish { stream, .. }) => {
                server.accept(stream);
                is_granted = true;
            }
            Output::Event(_) => {}
            Output::Timeout(_) => return is_granted,
        }
    }
}
