use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::time::{Duration, Instant};

/// Thins out what strangers can make a log say.
///
/// Of the lines of one kind in a minute it lets through the first few, then the tenth, the
/// hundredth, the thousandth…, each with how many it stands for. Pure.
#[derive(Debug)]
pub struct Repeats {
    free: u64,
    kinds: HashMap<u64, Window>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Window {
    begun: Instant,
    count: u64,
    /// How many were left out.
    untold: u64,
}

const WINDOW: Duration = Duration::from_secs(60);

/// With more kinds than this, all new ones count as one.
const MAX_KINDS: usize = 1024;

impl Repeats {
    /// Lets `free` lines of each kind through in a minute.
    pub fn new(free: u64) -> Self {
        Self {
            free,
            kinds: HashMap::new(),
            hasher: RandomState::new(),
        }
    }

    /// Notes a line of a kind. If it should be said: how many it stands for, itself included.
    pub fn note(&mut self, kind: impl Hash, now: Instant) -> Option<u64> {
        let is_over = |window: &Window| now.saturating_duration_since(window.begun) >= WINDOW;
        let mut kind = self.hasher.hash_one(kind);
        if self.kinds.len() >= MAX_KINDS && !self.kinds.contains_key(&kind) {
            self.kinds.retain(|_, window| !is_over(window));
            kind = if self.kinds.len() >= MAX_KINDS {
                0
            } else {
                kind
            };
        }
        let window = self.kinds.entry(kind).or_insert(Window {
            begun: now,
            count: 0,
            untold: 0,
        });
        if is_over(window) {
            (window.begun, window.count) = (now, 0);
        }
        window.count += 1;
        window.untold += 1;
        let is_round = 10_u64.pow(window.count.ilog10()) == window.count;
        let is_said = window.count <= self.free || is_round;
        is_said.then(|| std::mem::take(&mut window.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(repeats: &mut Repeats, kind: &str, count: u64, now: Instant) -> Vec<u64> {
        (0..count).filter_map(|_| repeats.note(kind, now)).collect()
    }

    #[test]
    fn a_flood_of_one_kind_is_a_handful_of_lines_with_its_size() {
        let (mut repeats, now) = (Repeats::new(3), Instant::now());
        assert_eq!(
            said(&mut repeats, "a", 20_000, now),
            [1, 1, 1, 7, 90, 900, 9000]
        );
        assert_eq!(said(&mut repeats, "b", 2, now), [1, 1]);
        assert_eq!(said(&mut repeats, "a", 2, now + WINDOW), [10_001, 1]);
    }

    #[test]
    fn kinds_without_number_are_one_kind() {
        let (mut repeats, now) = (Repeats::new(3), Instant::now());
        let lines = (0..100_000)
            .filter_map(|kind| repeats.note(kind, now))
            .count();
        assert!(lines < MAX_KINDS + 10, "{lines}");
        assert!(repeats.kinds.len() <= MAX_KINDS + 1);
    }
}
