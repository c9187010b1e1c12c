//! Sends as much as is taken, and reads nothing.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// One socket, and what goes into it.
pub(crate) struct Flood<'a> {
    socket: &'a TcpStream,
    next: Box<dyn FnMut() -> Option<Vec<u8>> + 'a>,
    pending: Vec<u8>,
    sent: usize,
    total: u64,
}

impl<'a> Flood<'a> {
    /// Sends whatever `next` gives, until it gives nothing.
    pub(crate) fn new(socket: &'a TcpStream, next: impl FnMut() -> Option<Vec<u8>> + 'a) -> Self {
        Self {
            socket,
            next: Box::new(next),
            pending: Vec::new(),
            sent: 0,
            total: 0,
        }
    }

    /// Sends the same bytes, up to `most` in all.
    pub(crate) fn of(socket: &'a TcpStream, bytes: &'a [u8], most: usize) -> Self {
        let mut rest = (most / bytes.len()).max(1);
        Self::new(socket, move || {
            rest = rest.checked_sub(1)?;
            Some(bytes.to_vec())
        })
    }

    /// Writes once; false when it is over for any reason.
    fn advance(&mut self) -> bool {
        if self.sent == self.pending.len() {
            let Some(next) = (self.next)() else {
                return false;
            };
            (self.pending, self.sent) = (next, 0);
        }
        match self.socket.write(&self.pending[self.sent..]) {
            Ok(count) => {
                self.sent += count;
                self.total += count as u64;
                count > 0
            }
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        }
    }
}

/// Floods with all of them until each is over or time is; gives how many bytes were sent.
pub(crate) fn run(mut floods: Vec<Flood<'_>>, time: Duration) -> u64 {
    let deadline = Instant::now() + time;
    let mut total = 0;
    for flood in &floods {
        flood.socket.set_nonblocking(true).ok();
    }
    while !floods.is_empty() && wait(&floods, deadline) {
        floods.retain_mut(|flood| {
            let goes_on = flood.advance();
            total += if goes_on { 0 } else { flood.total };
            goes_on
        });
    }
    total + floods.iter().map(|flood| flood.total).sum::<u64>()
}

/// Waits until one of them can write; false when time is over.
fn wait(floods: &[Flood<'_>], deadline: Instant) -> bool {
    let rest = deadline.saturating_duration_since(Instant::now());
    let watched = floods.iter().map(|flood| flood.socket.as_fd());
    let mut watched: Vec<_> = watched
        .map(|socket| PollFd::new(socket, PollFlags::POLLOUT))
        .collect();
    let rest = PollTimeout::try_from(rest).unwrap_or(PollTimeout::ZERO);
    let _ = poll(&mut watched, rest);
    Instant::now() < deadline
}

/// Lets time pass, as an attack has to.
pub(crate) fn hold(time: Duration) {
    let rest = PollTimeout::try_from(time).unwrap_or(PollTimeout::ZERO);
    let _ = poll(&mut [], rest);
}
