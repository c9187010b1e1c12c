use std::io::{Error, ErrorKind, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Buf;
use onair_rtmp::{Input, Machine, Output, SendBuffer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::Timer;

/// A machine, the connection it speaks through, and what lies between the two.
///
/// What the machine transmits waits in a [`SendBuffer`] until the kernel takes it, payloads by
/// reference, in one vectored write each time. A peer that does not read is not read from, and what
/// it is sent is let go of once the connection breaks: what the peer said before that
/// can still be read.
///
/// An owner's turn is: [`next_event`](Self::next_event) until there is none,
/// [`poll_write`](Self::poll_write) until it waits, then [`poll_read`](Self::poll_read) and
/// [`poll_timer`](Self::poll_timer); and again, as long as one of them was ready.
#[derive(Debug)]
pub struct Pump<S, M> {
    /// What speaks. Whoever changes it takes another turn.
    pub machine: M,
    stream: S,
    pending: SendBuffer,
    is_writable: bool,
    is_readable: bool,
    deadline: Instant,
    timer: Timer,
}

/// How much one look at the connection takes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// The most bytes read at once: [`MAX_BYTES`](Self::MAX_BYTES), or fewer.
    pub bytes: usize,
    /// Nothing is read while more bytes than this wait to be written: each thing that is read may
    /// cost an answer. [`SendBuffer::MAX_UNREAD`], or fewer.
    pub unwritten: usize,
}

impl ReadLimits {
    /// The most that is ever read at once.
    pub const MAX_BYTES: usize = 64 * 1024;
}

/// What reading once brought. The machine has been told.
#[derive(Debug)]
pub struct Received {
    /// How many bytes came. Zero: the peer has ended its side, and nothing more will come.
    pub bytes: usize,
    /// Why nothing more will come, unless the peer just ended its side.
    pub broken: Option<Broken>,
    /// What the machine says of it.
    pub result: Result<(), onair_rtmp::Error>,
}

/// A connection broke: nothing can be written any more.
#[derive(Debug)]
pub struct Broken {
    /// What the system says.
    pub error: Error,
    /// How many bytes had still to be written.
    pub unwritten: usize,
}

/// How many pieces one write may have.
const PIECES: usize = 256;

impl<S: AsyncRead + AsyncWrite + Unpin, M: Machine> Pump<S, M> {
    /// Lets a machine speak through a connection.
    pub fn new(stream: S, machine: M, now: Instant) -> Self {
        Self {
            machine,
            stream,
            pending: SendBuffer::new(now),
            is_writable: true,
            is_readable: true,
            deadline: now,
            timer: Timer::new(now),
        }
    }

    /// The connection.
    pub const fn stream(&self) -> &S {
        &self.stream
    }

    /// The connection, to end it by hand.
    pub const fn stream_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// What the machine tells next; `None` when it waits, and what it transmits is in the buffer.
    pub fn next_event(&mut self, now: Instant) -> Option<M::Event> {
        loop {
            match self.machine.poll_output() {
                Output::Transmit(_) if !self.is_writable => {}
                Output::Transmit(slices) => self.pending.push(slices, now),
                Output::Event(event) => return Some(event),
                Output::Timeout(at) => {
                    self.deadline = at;
                    return None;
                }
            }
        }
    }

    /// Writes once: how many bytes the kernel took. Pending when it takes no more now, or there is
    /// nothing, or the connection is broken.
    ///
    /// # Errors
    ///
    /// The one time the connection breaks.
    pub fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
    ) -> Poll<Result<usize, Broken>> {
        if !self.is_writable {
            return Poll::Pending;
        }
        let result = match self.pending.is_empty() {
            true => ready!(Pin::new(&mut self.stream).poll_flush(cx)).map(|()| 0),
            false => ready!(self.write_some(cx)),
        };
        match result {
            Ok(0) if self.pending.is_empty() => Poll::Pending,
            Ok(0) => {
                let error = Error::new(ErrorKind::WriteZero, "it takes nothing any more");
                Poll::Ready(Err(self.broke(error)))
            }
            Ok(bytes) => {
                self.pending.advance(bytes, now);
                Poll::Ready(Ok(bytes))
            }
            Err(error) => Poll::Ready(Err(self.broke(error))),
        }
    }

    fn write_some(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Error>> {
        let mut pieces = [IoSlice::new(&[]); PIECES];
        let count = self.pending.slices().chunks_vectored(&mut pieces);
        Pin::new(&mut self.stream).poll_write_vectored(cx, &pieces[..count])
    }

    /// Reads once, and tells the machine. Pending when nothing is there, too much waits to be
    /// written, or nothing more will come.
    pub fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        limits: ReadLimits,
        now: Instant,
    ) -> Poll<Received> {
        if !self.is_readable || self.pending.len() > limits.unwritten {
            return Poll::Pending;
        }
        let mut buffer = [const { MaybeUninit::uninit() }; ReadLimits::MAX_BYTES];
        let mut read = ReadBuf::uninit(&mut buffer[..limits.bytes.min(ReadLimits::MAX_BYTES)]);
        let result = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut read));
        let bytes = read.filled();
        self.is_readable = result.is_ok() && !bytes.is_empty();
        let input = match self.is_readable {
            true => Input::Receive(now, bytes),
            false => Input::Closed(now),
        };
        Poll::Ready(Received {
            bytes: bytes.len(),
            result: self.machine.handle_input(input),
            broken: result.err().map(|error| self.broke(error)),
        })
    }

    /// Wakes the task at `deadline`; true when there is reason to look at the clock, as
    /// [`Timer::poll`].
    pub fn poll_timer(&mut self, cx: &mut Context<'_>, deadline: Instant) -> bool {
        self.timer.poll(deadline, cx)
    }

    /// When the machine wants [`Input::Timeout`].
    pub const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// How many bytes wait to be written.
    pub const fn unwritten(&self) -> usize {
        self.pending.len()
    }

    /// As [`SendBuffer::stalled_at`].
    pub fn stalled_at(&self, limit: Duration) -> Option<Instant> {
        self.pending.stalled_at(limit)
    }

    /// Whether the connection is not known to be broken.
    pub const fn is_writable(&self) -> bool {
        self.is_writable
    }

    /// Forgets what waits to be written: nobody will read it.
    pub fn discard(&mut self) {
        self.pending.clear();
    }

    fn broke(&mut self, error: Error) -> Broken {
        let unwritten = self.pending.len();
        self.pending.clear();
        self.is_writable = false;
        Broken { error, unwritten }
    }
}

#[cfg(test)]
mod tests;
