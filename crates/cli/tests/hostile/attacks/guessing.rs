//! Strangers who try key after key.

use std::net::SocketAddr;
use std::thread;
use std::time::Instant;

use super::FLOOD;
use crate::peer;
use crate::row::Row;
use crate::victim::Victim;
use crate::wire;

/// Answered guesses a second. A key of eight letters lasts for centuries.
const GUESSES: u64 = 50;

/// Bytes of log each second: 173 MB a day.
const LOGGED: u64 = 2_000;

pub(crate) fn keys_are_guessed() -> Row {
    let victim = Victim::receive("--key cam=sesame");
    let to = victim.rtmp();
    let before = victim.logged();
    let began = Instant::now();
    let guessers: Vec<_> = (0..8)
        .map(|number| thread::spawn(move || guess(to, number, began)))
        .collect();
    let guesses: u64 = guessers
        .into_iter()
        .map(|guesser| guesser.join().expect("it ends"))
        .sum();
    let seconds = began.elapsed().as_secs().max(1);
    let logged = (victim.logged() - before) / seconds;
    let gets_in = peer::publisher(9, to, "sesame").is_some();
    Row::new("8 peers guess keys", victim.end())
        .at_most("guesses answered a second", guesses / seconds, GUESSES)
        .at_most("bytes of log a second", logged, LOGGED)
        .demands("who knows the key gets in", gets_in)
}

/// Tries one key after the other; gives how many were answered.
fn guess(to: SocketAddr, number: u32, began: Instant) -> u64 {
    let mut answered = 0;
    for count in 0_u32.. {
        if began.elapsed() >= FLOOD {
            break;
        }
        let flight = [wire::hello(), wire::publish(&format!("{number}-{count}"))].concat();
        answered += u64::from(peer::ask(1, to, &flight, "NetStream.Publish.Denied").is_ok());
    }
    answered
}
