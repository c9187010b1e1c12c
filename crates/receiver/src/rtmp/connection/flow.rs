//! Bytes in and out: how much, and when.

use std::task::{Context as Wakeup, Poll};
use std::time::{Duration, Instant};

use onair_net::{ReadLimits, Received};
use onair_rtmp::SendBuffer;

use super::{Connection, ConnectionEnd, Role, TURN};

/// The outcome of trying to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Something,
    /// There is nothing, or never will be any more.
    Nothing,
    /// Not tried: there may be much.
    Waiting,
}

/// How much is read at once: less while reading is much work. A read full of tiny messages takes a
/// thousand times the work of a piece of a large one.
#[derive(Debug)]
pub(super) struct ReadSize {
    bytes: usize,
    /// The last read, until it is dealt with: whether it was as large as allowed, and the work so
    /// far.
    last: Option<(bool, Duration)>,
}

/// The least that is read at once.
const MIN_READ: usize = 1024;

/// How much may wait to be written to a client that was granted nothing yet, before we stop
/// reading: the answers to all it can want.
const UNGRANTED: usize = 16 * 1024;

/// How often a publisher that is held up is looked at: its media may be due by now.
pub(super) const HELD_UP: Duration = Duration::from_millis(250);

/// How many bytes a second a client that does not publish may send for ever.
const FORGIVEN: usize = 1024;

impl ReadSize {
    pub(super) const fn new() -> Self {
        Self {
            bytes: MIN_READ,
            last: None,
        }
    }

    const fn note(&mut self, bytes: usize, work: Duration) {
        self.last = Some((bytes == self.bytes, work));
    }

    /// The last read is dealt with, after this much more work: adapts to what fits into a turn.
    pub(super) fn adapt(&mut self, more: Duration) {
        let Some((is_full, work)) = self.last.take() else {
            return;
        };
        let work = work + more;
        if work > TURN {
            self.bytes = (self.bytes / 2).max(MIN_READ);
        } else if is_full && work < TURN / 2 {
            self.bytes = (self.bytes * 2).min(ReadLimits::MAX_BYTES);
        }
    }
}

impl Connection {
    /// Hands the kernel as much as it takes.
    pub(super) fn poll_write(&mut self, cx: &mut Wakeup<'_>, now: Instant) {
        while let Poll::Ready(written) = self.pump.poll_write(cx, now) {
            match written {
                Ok(bytes) if matches!(self.role, Role::Player(_)) => self.share.take(bytes),
                Ok(_) => {}
                Err(broken) => self.unwritable = Some(broken.error.to_string()),
            }
        }
    }

    /// Reads, unless the end is certain: then nothing a peer says would matter.
    pub(super) fn poll_read(&mut self, cx: &mut Wakeup<'_>, now: Instant) -> Reading {
        self.timing.look_again = None;
        if self.is_answered() || self.is_held_up(cx, now) {
            return Reading::Waiting;
        }
        let unwritten = match self.role {
            Role::Guest => UNGRANTED,
            _ => SendBuffer::MAX_UNREAD,
        };
        let bytes = self.read_size.bytes;
        let limits = ReadLimits { bytes, unwritten };
        let Poll::Ready(received) = self.pump.poll_read(cx, limits, now) else {
            return Reading::Nothing;
        };
        self.read_size.note(received.bytes, now.elapsed());
        self.handle_received(received, now);
        Reading::Something
    }

    /// A publisher that is ahead of time is not read from while its media is being recorded and
    /// relayed. Its silence is then our doing.
    fn is_held_up(&mut self, cx: &Wakeup<'_>, now: Instant) -> bool {
        let Role::Publisher(publishing) = &self.role else {
            return false;
        };
        let is_held_up = publishing.ingest().poll_room(cx, now).is_pending();
        if is_held_up {
            self.timing.media = now;
        }
        self.timing.look_again = is_held_up.then(|| now + HELD_UP);
        is_held_up
    }

    fn handle_received(&mut self, received: Received, now: Instant) {
        let most = self.context.limits.bytes_before_request + ReadLimits::MAX_BYTES;
        if let Role::Publisher(publishing) = &mut self.role {
            publishing.count(received.bytes);
        } else if self.count_unasked(received.bytes, now) > most {
            self.broke("it sends much and publishes nothing");
        }
        if received.bytes == 0 {
            let why = match received.broken {
                Some(broken) => broken.error.to_string(),
                None => "it closed the connection".to_owned(),
            };
            self.end(ConnectionEnd::Broken(why));
        }
        self.check(received.result);
    }

    /// A client that does not publish has little to say: acknowledgements, for hours.
    fn count_unasked(&mut self, bytes: usize, now: Instant) -> usize {
        let (count, since) = &mut self.unasked;
        let seconds = now.saturating_duration_since(*since).as_secs();
        if seconds > 0 {
            let forgiven = usize::try_from(seconds).unwrap_or(usize::MAX);
            *count = count.saturating_sub(forgiven.saturating_mul(FORGIVEN));
            *since = now;
        }
        *count += bytes;
        *count
    }

    /// Feeds a player, once the kernel has taken all before: late media can still be cut.
    pub(super) fn poll_viewer(&mut self, cx: &Wakeup<'_>, now: Instant) -> bool {
        let Role::Player(playing) = &mut self.role else {
            return false;
        };
        if self.pump.unwritten() > 0 || self.ending.is_some() {
            return false;
        }
        match playing.poll_feed(cx, &mut self.pump.machine) {
            Poll::Pending => return false,
            Poll::Ready(Ok(true)) => {}
            Poll::Ready(Ok(false)) => self.pump.machine.close(now),
            Poll::Ready(Err(error)) => self.end(ConnectionEnd::Broken(error.to_string())),
        }
        true
    }

    /// States how much this connection holds: a player's batch stays whole until its last byte is
    /// gone.
    pub(super) fn weigh(&mut self, now: Instant) {
        let given = match &self.role {
            Role::Player(playing) if self.pump.unwritten() > 0 => playing.given(),
            _ => 0,
        };
        let held = given.max(self.pump.unwritten()) + self.pump.machine.buffered();
        self.share.set(held, now);
    }
}
