//! Very short streams, each to be recorded.

use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};

use super::FLOOD;
use crate::flood;
use crate::peer;
use crate::row::Row;
use crate::victim::Victim;
use crate::wire;

/// Files after three seconds of it.
const FILES: u64 = 30;

pub(crate) fn recordings_of_a_moment() -> Row {
    let victim = Victim::receive("--record shows");
    let to = victim.rtmp();
    let mut wire = wire::avc_config(0, 0, 0);
    wire.extend(wire::picture(0, true, 1000, 0));
    wire.extend(wire::picture(40, true, 1000, 1));
    wire.extend(wire::delete_stream());
    let began = Instant::now();
    let mut streams = 0_u64;
    while began.elapsed() < FLOOD {
        let Some(mut socket) = peer::publisher(1, to, &format!("cam{streams}")) else {
            break;
        };
        socket.write_all(&wire).ok();
        streams += 1;
    }
    flood::hold(Duration::from_millis(500));
    let shows = victim.directory().join("shows");
    let files = fs::read_dir(shows).map_or(0, Iterator::count) as u64;
    Row::new("streams of a moment, recorded", victim.end())
        .at_most("files made", files, FILES)
        .demands("streams were let in", streams > 0)
}
