use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use onair_media::Timestamp;

use super::ring::Ring;

/// Whether a publisher should wait for the outputs of its stream, its recordings and relays.
///
/// Media that comes faster than it plays, from a file without pacing or a line that catches up, is
/// ahead of time: its publisher can wait, and nothing need be lost. Live media is never held up:
/// whatever an output cannot take of it is lost to that output alone.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// When the publisher's first packet came, and its time.
    began: Option<(Instant, Timestamp)>,
    publisher: Option<Waker>,
    /// Since when the publisher waits, and the next entry of the last output at that time.
    waits: Option<(Instant, Option<u64>)>,
}

/// Being ahead by less than this is a publisher's own jitter.
const AHEAD: Duration = Duration::from_secs(1);

/// How long an output may read nothing while a publisher waits for it; then it is left behind.
const STUCK: Duration = Duration::from_secs(5);

impl Backlog {
    /// Notes a publisher's first packet.
    pub(super) fn begin(&mut self, dts: Timestamp, now: Instant) {
        self.began = Some((now, dts));
    }

    /// Ready when the publisher may go on. Whoever waits asks again when woken, and now and then.
    pub(super) fn poll_room(&mut self, ring: &Ring, cx: &Context<'_>, now: Instant) -> Poll<()> {
        if ring.unread() <= ring.full() || !self.is_ahead(ring.newest(), now) {
            self.waits = None;
            return Poll::Ready(());
        }
        let (since, needed) = *self.waits.get_or_insert_with(|| (now, ring.needed()));
        if needed != ring.needed() {
            self.waits = Some((now, ring.needed()));
        } else if now.saturating_duration_since(since) >= STUCK {
            return Poll::Ready(());
        }
        self.publisher = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Notes that an output has read.
    pub(super) fn read(&mut self, ring: &Ring) {
        if ring.unread() <= ring.full()
            && let Some(publisher) = self.publisher.take()
        {
            publisher.wake();
        }
    }

    fn is_ahead(&self, newest: Timestamp, now: Instant) -> bool {
        let Some((began, first)) = self.began else {
            return false;
        };
        newest.since(first) > now.saturating_duration_since(began) + AHEAD
    }
}

#[cfg(test)]
mod tests;
