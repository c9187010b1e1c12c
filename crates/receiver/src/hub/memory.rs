use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::stop::{Stop, Stopper};

/// One budget of bytes for what strangers can make this process hold: the streams' rings have one
/// half of it, the connections the other. Clones are the same budget. Pure but for its lock.
///
/// When the connections together hold more than half of their half, those go that have let go of
/// nothing for [`PATIENCE`], the slowest first: the one with the most bytes times the time it has
/// held them. Who reads holds little, and not for long. Nothing is waited for when all of their half
/// is held.
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
    /// What those hold that are not cut.
    held: usize,
}

#[derive(Debug)]
struct Account {
    bytes: usize,
    /// When this one began to hold something, or last let go of some.
    since: Instant,
    cut: Option<Stopper>,
}

/// What one connection holds.
#[derive(Debug)]
pub(crate) struct Share {
    memory: Memory,
    number: u64,
    bytes: usize,
    cut: Stop,
}

/// What one ring holds; nothing any more once it is dropped.
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
            cut: Some(stopper),
        };
        ledger.accounts.insert(number, account);
        drop(ledger);
        Share {
            memory: self.clone(),
            number,
            bytes: 0,
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

    /// How many bytes the rings together hold too many.
    pub(super) fn rings_excess(&self) -> usize {
        self.rings.load(Ordering::Relaxed).saturating_sub(self.half)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    fn set(&mut self, number: u64, bytes: usize, now: Instant) {
        let Some(account) = self.accounts.get_mut(&number) else {
            return;
        };
        let before = std::mem::replace(&mut account.bytes, bytes);
        if bytes < before || before == 0 {
            account.since = now;
        }
        if account.cut.is_some() {
            self.held = self.held - before + bytes;
        }
    }

    /// Cuts the slowest until the rest is within the limit, or has been there for less than that.
    fn relieve(&mut self, limit: usize, patience: Duration, now: Instant) {
        while self.held > limit {
            let age = |account: &Account| now.saturating_duration_since(account.since);
            let there = self.accounts.values_mut().filter(|account| {
                account.cut.is_some() && account.bytes > 0 && age(account) >= patience
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

/// For how long whoever holds something may let go of nothing while memory is short.
const PATIENCE: Duration = Duration::from_millis(500);

impl Share {
    /// States what this connection holds now.
    pub(crate) fn set(&mut self, bytes: usize, now: Instant) {
        if std::mem::replace(&mut self.bytes, bytes) == bytes {
            return;
        }
        let half = self.memory.half;
        let mut ledger = self.memory.ledger();
        ledger.set(self.number, bytes, now);
        ledger.relieve(half, Duration::ZERO, now);
        ledger.relieve(half / 2, PATIENCE, now);
    }

    /// Waits until this connection has to go, since memory is short and it is the slowest.
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

    /// Whether little is left for all rings together.
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
        all[1].set(0, start + PATIENCE);
        all[1].set(600, start + PATIENCE);
        assert_eq!(are_cut(&all), [true, false, false]);
        all[2].set(300, start + PATIENCE);
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
    fn who_lets_go_of_some_has_made_progress() {
        let memory = Memory::new(4000);
        let (mut all, start) = (shares(&memory, 3), Instant::now());
        all[0].set(400, start);
        all[1].set(400, start);
        all[0].set(399, start + PATIENCE);
        all[2].set(300, start + PATIENCE);
        assert_eq!(are_cut(&all), [false, true, false]);
    }
}
