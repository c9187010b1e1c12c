//! One of a host's addresses is no good, and the other is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use tokio::task::spawn_blocking;

use super::connect::tests::{is_publish, serve};
use super::*;
use crate::config::Limits;
use crate::fanout::Fanout;
use crate::output::OutputHandle;
use crate::output::names::invented;
use crate::program::Program;
use crate::queue::{Overflow, PacketQueue};
use crate::samples::video;
use crate::{Pace, RetryPolicy};

/// What the server at the bad address does with a connection.
#[derive(Clone, Copy, Debug)]
enum Bad {
    HangsUp,
    SaysNothing,
    SpeaksHttp,
}

fn context() -> SessionContext {
    let mut program = Program::default();
    program.tracks.update(&video(0, true).config);
    let queue = PacketQueue::new(Limits::REALTIME, Overflow::Shed, true);
    let handle = OutputHandle::server("here".to_owned(), RetryPolicy::NEVER, queue);
    let handle = Arc::new(handle);
    handle
        .queue()
        .push([video(0, true)].into_iter(), Instant::now());
    SessionContext {
        destination: Some(0),
        fanout: Arc::new(Fanout::new(vec![handle.clone()], None)),
        renewals: handle.renewal().watch(),
        handle,
        program: Arc::new(program),
        pace: Pace::Realtime,
        began: Instant::now(),
        is_congested: false,
        limit: crate::rate::Telling::default(),
        takes_over: None,
        ingest: Ingest::First,
        until: None,
    }
}

fn behave(bad: Bad, listener: &TcpListener) {
    use std::io::{Read, Write};
    let (mut socket, _) = listener.accept().unwrap();
    let mut greeting = [0; 1537];
    socket.read_exact(&mut greeting).unwrap();
    match bad {
        Bad::HangsUp => {}
        Bad::SaysNothing => drop(socket.read_to_end(&mut Vec::new())),
        Bad::SpeaksHttp => socket
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .unwrap(),
    }
}

/// Whether a stream gets to the good address within one attempt.
async fn publishes(bad: Bad, [bad_at, good_at]: [IpAddr; 2]) -> bool {
    let [bad_one, good_one] = [bad_at, good_at].map(|at| TcpListener::bind((at, 0)).unwrap());
    let addresses = [&bad_one, &good_one].map(|one| one.local_addr().unwrap());
    invented::know("two.example", addresses.to_vec());
    thread::spawn(move || behave(bad, &bad_one));
    let served = spawn_blocking(move || serve(&mut good_one.accept().unwrap().0, true));
    let url: Url = "rtmp://two.example/live/key".parse().unwrap();
    let mut output = RtmpOutput::new(&url, &Destination::new(url.clone())).unwrap();
    output.handshake = Duration::from_millis(50);
    let (attempt, heard) = tokio::join!(output.attempt(context()), served);
    assert!(attempt.is_err(), "the server is gone");
    heard.unwrap().iter().any(is_publish)
}

#[tokio::test]
async fn where_one_address_does_not_speak_rtmp_the_other_is_tried_before_the_attempt_has_failed() {
    let (v4, v6) = (Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into());
    let also_v4 = Ipv4Addr::new(127, 0, 0, 2).into();
    let mut pairs = vec![[v4, also_v4]];
    if TcpListener::bind((v6, 0)).is_ok() {
        pairs.extend([[v4, v6], [v6, v4]]);
    }
    for pair in pairs {
        for bad in [Bad::HangsUp, Bad::SaysNothing, Bad::SpeaksHttp] {
            assert!(publishes(bad, pair).await, "{bad:?} {pair:?}");
        }
    }
}
