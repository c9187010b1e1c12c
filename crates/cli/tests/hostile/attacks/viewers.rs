//! Viewers that begin to watch and then read nothing.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::flood::{self, Flood};
use crate::http;
use crate::peer;
use crate::row::Row;
use crate::victim::Victim;
use crate::wire;

/// So large that each viewer gets stuck in a different one.
const KEYFRAME: usize = 7_800_000;

/// How long the publisher may take for one.
const TIMEOUT: Duration = Duration::from_secs(2);

pub(crate) fn players_that_stop_reading() -> Row {
    let victim = Victim::receive("");
    let stuck = |to, _| peer::player(1, to, "cam");
    let (count, _all) = stall(&victim, victim.rtmp(), 120, stuck);
    Row::new("120 players that stop reading", victim.end()).at_most("let in", count, 120)
}

pub(crate) fn web_viewers_that_stop_reading() -> Row {
    let victim = Victim::receive("--web 127.0.0.1:0");
    let stuck = |to, _| http::watch(1, to, "live/cam").ok();
    let (count, _all) = stall(&victim, victim.web(), 100, stuck);
    Row::new("100 web viewers that stop reading", victim.end()).at_most("let in", count, 100)
}

/// Adds a viewer for each keyframe.
fn stall(
    victim: &Victim,
    to: SocketAddr,
    viewers: u32,
    watch: impl Fn(SocketAddr, u32) -> Option<TcpStream>,
) -> (u64, Vec<TcpStream>) {
    let publisher = peer::publisher(1, victim.rtmp(), "cam").expect("it is granted");
    let mut wire = wire::avc_config(0, 0, 0);
    wire.extend(wire::picture(0, true, 20, 0));
    flood::run(vec![Flood::of(&publisher, &wire, wire.len())], TIMEOUT);
    let mut stuck = Vec::new();
    for number in 1..=viewers {
        stuck.extend(watch(to, number));
        let keyframe = wire::picture(number * 40, true, KEYFRAME, number.into());
        let flood = Flood::of(&publisher, &keyframe, keyframe.len());
        if flood::run(vec![flood], TIMEOUT) < KEYFRAME as u64 {
            break;
        }
    }
    (stuck.len() as u64, stuck)
}
