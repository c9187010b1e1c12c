use std::time::Instant;

use crate::duplex::{Arrival, Duplex, Side};

/// More turns than this at one moment mean a timeout that never moves on.
const MAX_TURNS: u32 = 10_000;

/// A machine without I/O, as [`Duplex::run`] drives it.
pub trait Peer {
    /// Bytes or an end have arrived.
    fn handle_arrival(&mut self, now: Instant, arrival: Arrival);
    /// Its timeout is due.
    fn handle_timeout(&mut self, now: Instant);
    /// When it wants [`handle_timeout`](Self::handle_timeout); must move on, or
    /// become `None`, once that was called.
    fn next_timeout(&self) -> Option<Instant>;
    /// Its next bytes to send; asked only once the last ones were all taken, so a
    /// full link holds it back.
    fn poll_transmit(&mut self, now: Instant) -> Option<Vec<u8>>;
    /// True once it will send no more: its direction is then closed.
    fn is_done(&self) -> bool;
}

/// How far [`Duplex::run`] got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ran {
    /// To the moment asked for; more is due later.
    Until(Instant),
    /// To this moment, after which nothing happens by itself.
    Idle(Instant),
}

impl Ran {
    /// The moment it came to.
    pub const fn time(self) -> Instant {
        match self {
            Self::Until(time) | Self::Idle(time) => time,
        }
    }
}

impl Duplex {
    /// Drives two machines from `now` to `until`.
    ///
    /// # Panics
    ///
    /// When a machine's timeout stays due however often it is handled.
    pub fn run(
        &mut self,
        now: Instant,
        until: Instant,
        client: &mut dyn Peer,
        server: &mut dyn Peer,
    ) -> Ran {
        let (mut now, mut turns) = (now, 0);
        loop {
            let Some(next) = self.turn(now, client, server) else {
                return Ran::Idle(now);
            };
            if next > until {
                return Ran::Until(until);
            }
            turns = if next > now { 0 } else { turns + 1 };
            assert!(
                turns < MAX_TURNS,
                "a timeout stays due however often it is handled"
            );
            now = now.max(next);
        }
    }

    /// Gives both machines what is due at `now`, takes what they send, and tells
    /// when something is due next. For tests that act between turns.
    pub fn turn(
        &mut self,
        now: Instant,
        client: &mut dyn Peer,
        server: &mut dyn Peer,
    ) -> Option<Instant> {
        self.deliver(Side::Client, now, client);
        self.deliver(Side::Server, now, server);
        self.collect(Side::Client, now, client);
        self.collect(Side::Server, now, server);
        let timeout = earlier(client.next_timeout(), server.next_timeout());
        earlier(timeout, self.next_time().map(|(due, _)| due))
    }

    fn deliver(&mut self, side: Side, now: Instant, peer: &mut dyn Peer) {
        while let Some(arrival) = self.arrival(side, now) {
            peer.handle_arrival(now, arrival);
        }
        if peer.next_timeout().is_some_and(|due| due <= now) {
            peer.handle_timeout(now);
        }
    }

    /// Sends what a machine has, as far as there is room.
    fn collect(&mut self, from: Side, now: Instant, peer: &mut dyn Peer) {
        loop {
            let mut bytes = std::mem::take(self.waiting(from));
            if bytes.is_empty() {
                match peer.poll_transmit(now) {
                    Some(next) => bytes = next,
                    None => break,
                }
            }
            let link = self.outgoing(from);
            if link.is_closed() {
                continue; // A broken connection swallows what is still sent.
            }
            let taken = link.send(now, &bytes);
            bytes.drain(..taken);
            if !bytes.is_empty() {
                *self.waiting(from) = bytes;
                return;
            }
        }
        if peer.is_done() {
            self.close(from, now);
        }
    }

    const fn waiting(&mut self, from: Side) -> &mut Vec<u8> {
        match from {
            Side::Client => &mut self.waiting[0],
            Side::Server => &mut self.waiting[1],
        }
    }
}

fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    a.into_iter().chain(b).min()
}
