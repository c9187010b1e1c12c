//! Publishers that send as much as they can, beside an honest one.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use super::FLOOD;
use crate::flood::{self, Flood};
use crate::peer::{self, Messages};
use crate::row::Row;
use crate::victim::Victim;
use crate::wire;

/// How much later a picture of the honest stream may be than without a flood, nineteen times in
/// twenty: no stutter.
const LATENESS_MS: u64 = 250;

const FRAME: Duration = Duration::from_millis(33);

/// Four floods of tiny messages: work for the receiver, and little for the attacker.
pub(crate) fn publishers_that_flood() -> Row {
    let victim = Victim::receive("");
    let to = victim.rtmp();
    let alone = nineteen_of_twenty(honest_stream(to, "alone"));
    let flooding = thread::spawn(move || flood_by_four(to));
    let lateness = honest_stream(to, "honest");
    flooding.join().expect("the flood ends");
    let count = lateness.len() as u64;
    Row::new("4 publishers flood beside an honest one", victim.end())
        .demands("all its pictures arrive", count >= pictures())
        .at_most(
            "late, 95 %, in ms",
            nineteen_of_twenty(lateness),
            alone + LATENESS_MS,
        )
}

fn nineteen_of_twenty(mut numbers: Vec<u64>) -> u64 {
    numbers.sort_unstable();
    numbers
        .get(numbers.len() * 19 / 20)
        .copied()
        .unwrap_or(u64::MAX)
}

fn pictures() -> u64 {
    u64::try_from(FLOOD.as_millis() / FRAME.as_millis()).expect("few")
}

fn flood_by_four(to: SocketAddr) {
    let sockets: Vec<_> = (0..4)
        .map(|number| peer::publisher(2, to, &format!("flood{number}")).expect("it is granted"))
        .collect();
    let tiny = wire::picture(0, false, 8, 0).repeat(2000);
    let floods = sockets
        .iter()
        .map(|socket| Flood::of(socket, &tiny, usize::MAX));
    flood::run(floods.collect(), FLOOD + Duration::from_millis(500));
}

/// Publishes thirty pictures a second and plays them; gives the delay of each, in milliseconds.
fn honest_stream(to: SocketAddr, name: &str) -> Vec<u64> {
    let mut publisher = peer::publisher(3, to, name).expect("it is granted");
    let mut first = wire::avc_config(0, 0, 0);
    first.extend(wire::picture(0, true, 2000, 0));
    publisher.write_all(&first).expect("it is taken");
    let mut player = Messages::play(3, to, name).expect("it connects");
    assert_eq!(player.picture(), Some(0), "the first picture");
    let (tell, told) = channel();
    let last = pictures();
    let watching = thread::spawn(move || {
        while let Some(number) = player.picture() {
            if tell.send((number, Instant::now())).is_err() || number == last {
                return;
            }
        }
    });
    let began = Instant::now();
    let due = |number: u64| began + FRAME * u32::try_from(number).expect("few");
    for number in 1..=last {
        flood::hold(due(number).saturating_duration_since(Instant::now()));
        let millis = u32::try_from(number * 33).expect("few");
        let picture = wire::picture(millis, number % 30 == 0, 2000, number);
        if publisher.write_all(&picture).is_err() {
            break;
        }
    }
    let lateness = told.iter().map(|(number, at)| {
        let late = at.saturating_duration_since(due(number));
        u64::try_from(late.as_millis()).unwrap_or(u64::MAX)
    });
    let lateness = lateness.collect();
    watching.join().expect("the player ends");
    lateness
}
