//! Where a relay goes, nobody answers.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use crate::flood::{self, Flood};
use crate::peer;
use crate::row::Row;
use crate::victim::Victim;
use crate::wire;

/// Streams come and go; what relays them must not stay behind.
pub(crate) fn a_relay_target_that_is_silent() -> Row {
    const STREAMS: u32 = 120;
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let victim = Victim::receive(&format!("--relay rtmp://127.0.0.1:{port}/live/key"));
    let to = victim.rtmp();
    let mut wire = wire::avc_config(0, 0, 0);
    wire.extend(wire::picture(0, true, 1000, 0));
    for _ in 0..STREAMS {
        if let Some(socket) = peer::publisher(1, to, "cam") {
            let flood = Flood::of(&socket, &wire, wire.len());
            flood::run(vec![flood], Duration::from_millis(50));
            let farewell = wire::command(0, &delete_stream());
            let flood = Flood::of(&socket, &farewell, farewell.len());
            flood::run(vec![flood], Duration::from_millis(50));
        }
    }
    drop(silent);
    Row::new("publishing anew 120 times, relay silent", victim.end())
}

fn delete_stream() -> onair_rtmp::Command {
    onair_rtmp::Command::new("deleteStream", 0.0).argument(onair_flv::amf0::Value::Number(1.0))
}
