use std::time::{Duration, Instant};

use crate::Slices;

/// What a machine gave to be written, and the kernel has not taken yet.
///
/// A driver keeps one for each connection. A peer that does not read what it is sent costs at most
/// what is in here: drivers stop reading from it while that is more than
/// [`MAX_UNREAD`](Self::MAX_UNREAD), so that it cannot ask for more.
#[derive(Debug)]
pub struct SendBuffer {
    slices: Slices,
    /// When the buffer was last empty, or last made progress.
    since: Instant,
    /// How much has to go before that counts as progress.
    due: usize,
}

impl SendBuffer {
    /// How much may wait while we still read what the peer says, in bytes.
    pub const MAX_UNREAD: usize = 256 * 1024;

    /// Nothing to write.
    pub const fn new(now: Instant) -> Self {
        Self {
            slices: Slices::new(),
            since: now,
            due: 0,
        }
    }

    /// Takes bytes to be written after all before them.
    pub fn push(&mut self, slices: Slices, now: Instant) {
        if self.slices.is_empty() {
            self.slices = slices;
            self.begin(now);
        } else {
            self.slices.append(&slices);
        }
    }

    /// The bytes, for a vectored write.
    pub const fn slices(&self) -> &Slices {
        &self.slices
    }

    /// The kernel took `bytes`.
    ///
    /// # Panics
    /// If that is more than there are.
    pub fn advance(&mut self, bytes: usize, now: Instant) {
        bytes::Buf::advance(&mut self.slices, bytes);
        self.due = self.due.saturating_sub(bytes);
        if self.due == 0 {
            self.begin(now);
        }
    }

    /// When the peer counts as stalled, if it has `limit` for each 16 KiB, or for all that waits if
    /// that is less; `None` while nothing waits. A byte now and then does not postpone it.
    pub fn stalled_at(&self, limit: Duration) -> Option<Instant> {
        (!self.is_empty()).then(|| self.since + limit)
    }

    /// How many bytes wait.
    pub const fn len(&self) -> usize {
        self.slices.len()
    }

    /// Whether nothing waits.
    pub const fn is_empty(&self) -> bool {
        self.slices.is_empty()
    }

    /// Forgets what waits: the peer is gone.
    pub fn clear(&mut self) {
        self.slices.clear();
    }

    fn begin(&mut self, now: Instant) {
        self.since = now;
        self.due = self.slices.len().min(PROGRESS);
    }
}

/// Less than this in a stall's time is no progress, unless it is all there is: 16 KiB in 15
/// seconds is 9 kbit/s, a quarter of the leanest audio.
const PROGRESS: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(15);

    fn slices(bytes: usize) -> Slices {
        let mut slices = Slices::new();
        slices.push(vec![0; bytes].into());
        slices
    }

    /// How many seconds a peer lasts that takes `step` bytes a second of `bytes`.
    fn lasts(bytes: usize, step: usize) -> Option<u64> {
        let start = onair_netsim::epoch();
        let mut buffer = SendBuffer::new(start);
        buffer.push(slices(bytes), start);
        for second in 1..1000 {
            let now = start + Duration::from_secs(second);
            if buffer.stalled_at(LIMIT).is_some_and(|at| at <= now) {
                return Some(second);
            }
            buffer.advance(step.min(buffer.len()), now);
        }
        None
    }

    #[test]
    fn a_byte_now_and_then_is_no_progress() {
        assert_eq!(lasts(1 << 20, 0), Some(15));
        assert_eq!(lasts(1 << 20, 1), Some(15));
        assert_eq!(lasts(1 << 20, 1000), Some(15));
        assert_eq!(lasts(1000, 1), Some(15));
    }

    #[test]
    fn a_slow_line_is_progress() {
        assert_eq!(lasts(1 << 20, 1200), None);
        assert_eq!(lasts(1000, 100), None);
    }

    #[test]
    fn an_empty_buffer_does_not_stall() {
        let start = onair_netsim::epoch();
        let mut buffer = SendBuffer::new(start);
        assert_eq!(buffer.stalled_at(LIMIT), None);
        let later = start + Duration::from_secs(100);
        buffer.push(slices(9), later);
        buffer.push(slices(9), later + LIMIT);
        assert_eq!(buffer.stalled_at(LIMIT), Some(later + LIMIT));
        assert_eq!(buffer.len(), 18);
        buffer.clear();
        assert_eq!(buffer.stalled_at(LIMIT), None);
    }
}
