//! A relay to a target that does not answer.

use std::io::Write;
use std::net::{Ipv4Addr, Shutdown, TcpListener};

use crate::peer;
use crate::row::Row;
use crate::victim::Victim;
use crate::wire;

/// Streams come and go; their relays must not stay behind.
pub(crate) fn a_relay_target_that_is_silent() -> Row {
    const STREAMS: u32 = 120;
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let victim = Victim::receive(&format!("--relay rtmp://127.0.0.1:{port}/live/key"));
    let to = victim.rtmp();
    let mut wire = wire::avc_config(0, 0, 0);
    wire.extend(wire::picture(0, true, 1000, 0));
    wire.extend(wire::delete_stream());
    for _ in 0..STREAMS {
        if let Some(mut socket) = peer::publisher(1, to, "cam") {
            socket.write_all(&wire).ok();
            // The stream has ended before the next begins.
            socket.shutdown(Shutdown::Write).ok();
            peer::read_until(&mut socket, "NetStream.Unpublish.Success").ok();
        }
    }
    drop(silent);
    Row::new("publishing anew 120 times, relay silent", victim.end())
}
