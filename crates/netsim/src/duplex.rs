use std::time::Instant;

use crate::link::{End, Link, Profile};

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The end that connects.
    Client,
    /// The end that accepts.
    Server,
}

impl Side {
    /// The other end.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// What reaches one end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The next bytes.
    Bytes(Vec<u8>),
    /// The other end's direction is over; reported once.
    End(End),
}

/// A connection: a [`Link`] each way.
#[derive(Clone, Debug)]
pub struct Duplex {
    /// From the client to the server.
    pub up: Link,
    /// From the server to the client.
    pub down: Link,
    /// Bytes from client and server that [`run`](Self::run) has no room for yet.
    pub(crate) waiting: [Vec<u8>; 2],
}

impl Duplex {
    /// A connection with the same profile both ways.
    pub fn new(seed: u64, profile: Profile) -> Self {
        Self::asymmetric(seed, profile.clone(), profile)
    }

    /// A connection with a profile for each way.
    pub fn asymmetric(seed: u64, up: Profile, down: Profile) -> Self {
        Self {
            up: Link::new(seed, up),
            down: Link::new(!seed, down),
            waiting: [Vec::new(), Vec::new()],
        }
    }

    /// Takes as many of the bytes `from` one side as there is room for.
    pub fn send(&mut self, from: Side, now: Instant, bytes: &[u8]) -> usize {
        self.outgoing(from).send(now, bytes)
    }

    /// How many bytes it would take `from` one side now.
    pub const fn room(&self, from: Side) -> usize {
        match from {
            Side::Client => self.up.room(),
            Side::Server => self.down.room(),
        }
    }

    /// The next arrival, and at which side; the earlier one first.
    pub fn poll(&mut self, now: Instant) -> Option<(Side, Arrival)> {
        let (_, first) = self.next_time()?;
        let arrival = |this: &mut Self, side: Side| Some((side, this.arrival(side, now)?));
        arrival(self, first).or_else(|| arrival(self, first.other()))
    }

    /// When something arrives next, and at which side; may lie in the past.
    pub fn next_time(&self) -> Option<(Instant, Side)> {
        let server = self.up.next_time().map(|due| (due, Side::Server));
        let client = self.down.next_time().map(|due| (due, Side::Client));
        server.into_iter().chain(client).min_by_key(|&(due, _)| due)
    }

    /// Closes the direction that goes out `from` one side.
    pub fn close(&mut self, from: Side, now: Instant) {
        self.outgoing(from).close(now);
    }

    /// Tears both directions down.
    pub fn reset(&mut self, now: Instant) {
        self.waiting = [Vec::new(), Vec::new()];
        self.up.reset(now);
        self.down.reset(now);
    }

    /// Lets nothing depart from either side between `from` and `until`.
    pub fn stall(&mut self, from: Instant, until: Instant) {
        self.up.stall(from, until);
        self.down.stall(from, until);
    }

    /// The link that goes out from a side.
    pub(crate) const fn outgoing(&mut self, from: Side) -> &mut Link {
        match from {
            Side::Client => &mut self.up,
            Side::Server => &mut self.down,
        }
    }

    pub(crate) fn arrival(&mut self, to: Side, now: Instant) -> Option<Arrival> {
        let link = self.outgoing(to.other());
        let bytes = link.poll(now).map(Arrival::Bytes);
        bytes.or_else(|| link.poll_end(now).map(Arrival::End))
    }
}
