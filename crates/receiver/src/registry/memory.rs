use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::stop::{Stop, Stopper};

/// One budget of bytes for what strangers can make this process hold: one half for the streams'
/// rings, the other for the connections. Clones are the same budget. Pure but for its lock.
///
/// When the connections together hold more than half of their half, those that have made no
/// progress for [`PROGRESS_TIMEOUT`] are cut, the slowest first: the one with the greatest product
/// of bytes and time held. A peer that reads holds little, and not for long. Once all of their half
/// is held, nothing is waited for.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    half: usize,
    rings: Arc<AtomicUsize>,
    ledger: Arc<Mutex<Ledger>>,
}

#[derive(Debug, Default)]
struct Ledger {
    accounts: HashMap<u64, Account>,
    last: u64,
    /// What the connections hold that are not cut.
    held: usize,
}

#[derive(Debug)]
struct Account {
    bytes: usize,
    /// When it began to hold something, or last made progress.
    since: Instant,
    /// How much it has to let go of before that counts as progress.
    due: usize,
    cut: Option<Stopper>,
}

/// One connection's part.
#[derive(Debug)]
pub(crate) struct Share {
    memory: Memory,
    number: u64,
    bytes: usize,
    /// How many bytes its peer took since it last stated what it holds.
    taken: usize,
    cut: Stop,
}

/// One ring's part; nothing once it is dropped.
#[derive(Debug, Default)]
pub(super) struct RingBytes {
    own: usize,
    all: Arc<AtomicUsize>,
    limit: usize,
}

impl Memory {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            half: limit / 2,
            rings: Arc::default(),
            ledger: Arc::default(),
        }
    }

    /// For one more connection.
    pub(super) fn share(&self) -> Share {
        let (stopper, cut) = Stopper::new();
        let mut ledger = self.ledger();
        ledger.last += 1;
        let number = ledger.last;
        let account = Account {
            bytes: 0,
            since: Instant::now(),
            due: 0,
            cut: Some(stopper),
        };
        ledger.accounts.insert(number, account);
        drop(ledger);
        Share {
            memory: self.clone(),
            number,
            bytes: 0,
            taken: 0,
            cut,
        }
    }

    /// For one more ring.
    pub(super) fn ring(&self) -> RingBytes {
        RingBytes {
            own: 0,
            all: self.rings.clone(),
            limit: self.half,
        }
    }

    /// By how many bytes the rings exceed their half.
    pub(super) fn rings_excess(&self) -> usize {
        self.rings.load(Ordering::Relaxed).saturating_sub(self.half)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    fn set(&mut self, number: u64, (bytes, taken): (usize, usize), now: Instant) {
        let Some(account) = self.accounts.get_mut(&number) else {
            return;
        };
        let before = std::mem::replace(&mut account.bytes, bytes);
        account.due = account
            .due
            .saturating_sub(taken.max(before.saturating_sub(bytes)));
        if before == 0 || account.due == 0 {
            account.since = now;
            account.due = bytes.min(MIN_PROGRESS);
        }
        if account.cut.is_some() {
            self.held = self.held - before + bytes;
        }
    }

    /// Cuts the slowest until the rest is within the limit, or has made progress within `timeout`.
    fn relieve(&mut self, limit: usize, timeout: Duration, now: Instant) {
        while self.held > limit {
            let age = |account: &Account| now.saturating_duration_since(account.since);
            let there = self.accounts.values_mut().filter(|account| {
                account.cut.is_some() && account.bytes > 0 && age(account) >= timeout
            });
            let slowness =
                |account: &Account| account.bytes as u128 * (age(account).as_millis() + 1);
            let Some(slowest) = there.max_by_key(|account| slowness(account)) else {
                return;
            };
            self.held -= slowest.bytes;
            if let Some(cut) = slowest.cut.take() {
                cut.stop();
            }
        }
    }
}

/// How long a connection that holds something may make no progress while memory is short.
const PROGRESS_TIMEOUT: Duration = Duration::from_millis(500);

/// Less than this is no progress, unless it is everything, as in [`onair_rtmp::SendBuffer`]: a byte
/// now and then does not count.
const MIN_PROGRESS: usize = 16 * 1024;

impl Share {
    /// States how much this connection holds now.
    pub(crate) fn set(&mut self, bytes: usize, now: Instant) {
        if bytes == self.bytes && (bytes == 0 || self.taken < MIN_PROGRESS) {
            return;
        }
        self.bytes = bytes;
        let taken = std::mem::take(&mut self.taken);
        let half = self.memory.half;
        let mut ledger = self.memory.ledger();
        ledger.set(self.number, (bytes, taken), now);
        ledger.relieve(half, Duration::ZERO, now);
        ledger.relieve(half / 2, PROGRESS_TIMEOUT, now);
    }

    /// Notes that the peer took `bytes` of what this connection holds, even if all of it is held
    /// until the last is gone. Counts from the next [`set`](Self::set) on.
    pub(crate) const fn take(&mut self, bytes: usize) {
        self.taken = self.taken.saturating_add(bytes);
    }

    /// As [`take`](Self::take), while the connection holds the same.
    pub(crate) fn note_taken(&mut self, bytes: u64, now: Instant) {
        self.take(usize::try_from(bytes).unwrap_or(usize::MAX));
        self.set(self.bytes, now);
    }

    /// Waits until this connection has to go, because memory is short and it is the slowest.
    pub(crate) fn cut(&self) -> impl Future<Output = ()> + Send + use<> {
        let cut = self.cut.clone();
        async move { cut.asked_for().await }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut ledger = self.memory.ledger();
        if let Some(Account {
            bytes,
            cut: Some(_),
            ..
        }) = ledger.accounts.remove(&self.number)
        {
            ledger.held -= bytes;
        }
    }
}

impl RingBytes {
    pub(super) const fn own(&self) -> usize {
        self.own
    }

    /// Whether the rings together have little left.
    pub(super) fn are_crowded(&self) -> bool {
        self.limit > 0 && self.all.load(Ordering::Relaxed) > self.limit / 4 * 3
    }

    pub(super) fn add(&mut self, bytes: usize) {
        self.own += bytes;
        self.all.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn remove(&mut self, bytes: usize) {
        self.own -= bytes;
        self.all.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for RingBytes {
    fn drop(&mut self) {
        self.remove(self.own);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    fn is_cut(share: &Share) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        pin!(share.cut()).poll(&mut cx).is_ready()
    }

    fn shares(memory: &Memory, count: usize) -> Vec<Share> {
        (0..count).map(|_| memory.share()).collect()
    }

    fn are_cut(shares: &[Share]) -> Vec<bool> {
        shares.iter().map(is_cut).collect()
    }

    #[test]
    fn who_holds_on_is_cut_and_who_reads_is_not() {
        let memory = Memory::new(4000);
        let (mut all, start) = (shares(&memory, 3), Instant::now());
        all[0].set(600, start);
        all[1].set(600, start);
        assert_eq!(are_cut(&all), [false, false, false], "it may still be read");
        all[1].set(0, start + PROGRESS_TIMEOUT);
        all[1].set(600, start + PROGRESS_TIMEOUT);
        assert_eq!(are_cut(&all), [true, false, false]);
        all[2].set(300, start + PROGRESS_TIMEOUT);
        assert_eq!(are_cut(&all), [true, false, false]);
    }

    #[test]
    fn of_two_that_are_as_slow_the_larger_is_cut() {
        let memory = Memory::new(2000);
        let (mut all, now) = (shares(&memory, 2), Instant::now());
        all[0].set(100, now);
        all[1].set(901, now);
        assert_eq!(are_cut(&all), [false, true]);
    }

    #[test]
    fn no_more_than_necessary_are_cut_and_what_they_held_is_free_again() {
        let memory = Memory::new(2000);
        let (mut all, now) = (shares(&memory, 20), Instant::now());
        all.iter_mut().for_each(|share| share.set(100, now));
        assert_eq!(all.iter().filter(|share| is_cut(share)).count(), 10);
        drop(all);
        let ledger = memory.ledger();
        assert_eq!((ledger.held, ledger.accounts.len()), (0, 0));
    }

    #[test]
    fn who_lets_go_of_a_good_part_has_made_progress_and_of_a_byte_has_not() {
        for (gone, is_lost) in [(1, true), (MIN_PROGRESS - 1, true), (MIN_PROGRESS, false)] {
            let memory = Memory::new(400_000);
            let (mut all, start) = (shares(&memory, 2), Instant::now());
            all[0].set(60_000, start);
            for millis in 1..500 {
                let at = start + Duration::from_millis(millis);
                all[0].set(60_000 - gone * usize::from(millis == 499), at);
            }
            all[1].set(70_000, start + PROGRESS_TIMEOUT);
            assert_eq!(are_cut(&all), [is_lost, false], "{gone}");
        }
    }

    #[test]
    fn a_byte_now_and_then_makes_nobody_younger() {
        let memory = Memory::new(400_000);
        let (mut all, start) = (shares(&memory, 2), Instant::now());
        all[0].set(50_000, start);
        for millis in 1..=500 {
            let held = 50_000 + usize::from(millis % 2 == 0);
            all[0].set(held, start + Duration::from_millis(millis));
        }
        all[1].set(60_000, start + PROGRESS_TIMEOUT);
        assert_eq!(are_cut(&all), [true, false]);
    }

    #[test]
    fn who_takes_what_is_held_to_the_last_byte_makes_progress_too() {
        let memory = Memory::new(400_000);
        let (mut all, start) = (shares(&memory, 3), Instant::now());
        all[0].set(60_000, start);
        all[1].set(60_000, start);
        all[0].take(MIN_PROGRESS);
        all[0].set(60_000, start + PROGRESS_TIMEOUT);
        assert_eq!(are_cut(&all), [false, true, false]);
    }
}
