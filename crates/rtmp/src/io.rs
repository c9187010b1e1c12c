use std::time::{Duration, Instant};

use crate::{Error, Slices};

/// What the world gives a machine.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// The time a machine asked for has come. Coming early does no harm.
    Timeout(Instant),
    /// Bytes arrived from the peer.
    Receive(Instant, &'a [u8]),
    /// The peer ended its side of the connection: end of file, or reset.
    Closed(Instant),
}

impl Input<'_> {
    /// The time of the input.
    pub const fn now(&self) -> Instant {
        match *self {
            Input::Timeout(now) | Input::Receive(now, _) | Input::Closed(now) => now,
        }
    }
}

/// What a machine gives the world.
///
/// After each mutation drain `poll_output` until it answers [`Output::Timeout`].
#[derive(Debug)]
pub enum Output<E> {
    /// Write these bytes to the peer, in order.
    Transmit(Slices),
    /// Something the application wants to know.
    Event(E),
    /// Nothing more for now: come back with [`Input::Timeout`] at this time, or earlier with news.
    Timeout(Instant),
}

/// What [`Publisher`](crate::Publisher), [`Player`](crate::Player) and [`Server`](crate::Server)
/// have in common: all that a driver needs to know.
pub trait Machine {
    /// What it reports.
    type Event;

    /// Takes an input.
    ///
    /// # Errors
    ///
    /// When the conversation failed: the peer refused, closed, fell silent, broke the protocol or
    /// asked for too much memory.
    fn handle_input(&mut self, input: Input<'_>) -> Result<(), Error>;

    /// Gives the next output; [`Output::Timeout`] means that there is nothing more for now.
    fn poll_output(&mut self) -> Output<Self::Event>;
}

/// How far away the timeout lies when a machine waits for nothing in particular.
pub(crate) const IDLE: Duration = Duration::from_secs(3600);
