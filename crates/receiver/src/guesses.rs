use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::address::Neighbour;

/// Who guessed keys, and how long they have to wait. Clones share one record.
///
/// An address may be wrong a few times. After that each further wrong key doubles its wait, up to a
/// minute, and nothing it says meanwhile is looked at: a right key among a thousand guesses would
/// be found otherwise. One wrong key repeated is a mistake, not guessing, and counts once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guesses(Arc<Mutex<Book>>);

/// How long an address has to wait, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many wrong keys from this address: try again in {} s", .0.as_secs() + 1)]
pub(crate) struct Wait(pub(crate) Duration);

#[derive(Debug, Default)]
struct Book {
    by_address: HashMap<Neighbour, Record>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Record {
    /// Hashes of the last wrong keys.
    recent: Vec<u64>,
    wrong: u32,
    last: Instant,
    until: Instant,
}

/// How many different wrong keys cost nothing.
const FREE: u32 = 5;

/// How long an address that has to wait waits to be told so.
pub(crate) const ANSWER_DELAY: Duration = Duration::from_secs(1);

const MAX_WAIT: Duration = Duration::from_secs(64);

/// How long without a wrong key until an address is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(600);

const MAX_ADDRESSES: usize = 4096;

impl Guesses {
    /// Whether an address may say a key now.
    pub(crate) fn check(&self, from: IpAddr, now: Instant) -> Result<(), Wait> {
        let book = self.book();
        let until = book.by_address.get(&from.into()).map(|record| record.until);
        match until.map(|until| until.saturating_duration_since(now)) {
            Some(wait) if !wait.is_zero() => Err(Wait(wait)),
            _ => Ok(()),
        }
    }

    /// Notes a wrong key.
    pub(crate) fn wrong(&self, from: IpAddr, key: &str, now: Instant) {
        let mut book = self.book();
        let key = book.hasher.hash_one(key);
        book.record(from.into(), now).add(key, now);
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn record(&mut self, from: Neighbour, now: Instant) -> &mut Record {
        let is_over =
            |record: &Record| now.saturating_duration_since(record.last) > FORGOTTEN_AFTER;
        if self.by_address.get(&from).is_none_or(is_over) {
            self.by_address.remove(&from);
            self.make_room(is_over);
        }
        self.by_address.entry(from).or_insert_with(|| Record {
            recent: Vec::new(),
            wrong: 0,
            last: now,
            until: now,
        })
    }

    fn make_room(&mut self, is_over: impl Fn(&Record) -> bool) {
        if self.by_address.len() < MAX_ADDRESSES {
            return;
        }
        self.by_address.retain(|_, record| !is_over(record));
        while self.by_address.len() >= MAX_ADDRESSES {
            let oldest = self.by_address.iter().min_by_key(|(_, record)| record.last);
            let Some(oldest) = oldest.map(|(from, _)| *from) else {
                return;
            };
            self.by_address.remove(&oldest);
        }
    }
}

impl Record {
    fn add(&mut self, key: u64, now: Instant) {
        self.last = now;
        if self.recent.contains(&key) {
            return;
        }
        if self.recent.len() >= FREE as usize {
            self.recent.remove(0);
        }
        self.recent.push(key);
        self.wrong = self.wrong.saturating_add(1);
        if let Some(doublings) = self.wrong.checked_sub(FREE + 1) {
            let wait = Duration::from_secs(1 << doublings.min(6));
            self.until = now + wait.min(MAX_WAIT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    /// How many different keys an address can try in `seconds`, at one a millisecond.
    fn tries(guesses: &Guesses, address: IpAddr, start: Instant, seconds: u32) -> usize {
        let mut tried = 0;
        for milli in 0..seconds * 1000 {
            let now = start + Duration::from_millis(milli.into());
            if guesses.check(address, now).is_ok() {
                guesses.wrong(address, &milli.to_string(), now);
                tried += 1;
            }
        }
        tried
    }

    #[test]
    fn who_guesses_is_slowed_down_to_one_a_minute_and_nobody_else_is() {
        let (guesses, start) = (Guesses::default(), Instant::now());
        assert_eq!(tries(&guesses, from(1), start, 60), 11);
        assert!(tries(&guesses, from(1), start + Duration::from_secs(60), 600) <= 11);
        assert_eq!(guesses.check(from(2), start), Ok(()));
    }

    #[test]
    fn one_wrong_key_again_and_again_is_no_guessing() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        for _ in 0..1000 {
            guesses.wrong(from(1), "last year's", now);
        }
        assert_eq!(guesses.check(from(1), now), Ok(()));
    }

    #[test]
    fn what_was_long_ago_is_forgotten() {
        let (guesses, start) = (Guesses::default(), Instant::now());
        tries(&guesses, from(1), start, 100);
        let later = start + Duration::from_secs(100) + FORGOTTEN_AFTER + MAX_WAIT;
        assert_eq!(tries(&guesses, from(1), later, 1), 6);
    }

    #[test]
    fn the_wait_is_said_in_words() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        (0..8).for_each(|key: u8| guesses.wrong(from(1), &key.to_string(), now));
        let words = guesses.check(from(1), now).unwrap_err().to_string();
        assert_eq!(
            words,
            "too many wrong keys from this address: try again in 5 s"
        );
    }

    #[test]
    fn no_number_of_addresses_fills_the_memory() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        for i in 0..20_000_u32 {
            guesses.wrong(
                IpAddr::from(i.to_be_bytes()),
                "x",
                now + Duration::from_nanos(i.into()),
            );
        }
        assert_eq!(guesses.book().by_address.len(), MAX_ADDRESSES);
    }
}
