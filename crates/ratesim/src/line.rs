//! The bottleneck, and the way there and back.

use std::collections::{HashSet, VecDeque};

use onair_netsim::Noise;

use crate::Trace;
use crate::tcp::{Fate, Sent};

/// What a line is like beside what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineHabits {
    /// How many milliseconds' worth its buffer holds.
    pub buffer: u64,
    /// The round trip of an empty line, in milliseconds.
    pub round_trip: u64,
    /// By how much longer that is after 20 seconds, because of another route.
    pub detour: u64,
    /// How many segments of a thousand get lost by themselves.
    pub loss: usize,
}

impl Default for LineHabits {
    fn default() -> Self {
        Self {
            buffer: 300,
            round_trip: 0,
            detour: 0,
            loss: 0,
        }
    }
}

/// Whose a segment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Flow {
    Ours,
    Rival,
}

/// A buffer that empties as fast as a trace says, and drops what does not fit.
#[derive(Debug)]
pub(crate) struct Line {
    trace: Trace,
    habits: LineHabits,
    noise: Noise,
    queue: VecDeque<Sent>,
    queued: u64,
    /// Bits that may leave.
    credit: u64,
    overflowed: HashSet<(Flow, u64)>,
}

/// However slow the line, its buffer holds so many bytes.
const LEAST_BUFFER: u64 = 2 * 1514;

impl Line {
    pub(crate) fn new(trace: Trace, habits: LineHabits, seed: u64) -> Self {
        Self {
            trace,
            habits,
            noise: Noise::new(seed),
            queue: VecDeque::new(),
            queued: 0,
            credit: 0,
            overflowed: HashSet::new(),
        }
    }

    pub(crate) fn push(&mut self, sent: Sent, ms: u64) {
        let room = self.trace.kbps(ms) * self.habits.buffer / 8;
        if self.queued + sent.bytes > room.max(LEAST_BUFFER) {
            self.overflowed.insert((sent.flow, sent.number));
            return;
        }
        self.queued += sent.bytes;
        self.queue.push_back(sent);
    }

    /// Whether a transmission was lost for want of room; forgets it.
    pub(crate) fn overflowed(&mut self, sent: Sent) -> bool {
        self.overflowed.remove(&(sent.flow, sent.number))
    }

    /// What leaves in a millisecond, and is not lost.
    pub(crate) fn step(&mut self, ms: u64) -> Vec<Sent> {
        self.credit += self.trace.kbps(ms);
        let mut left = Vec::new();
        while let Some(sent) = self.queue.front().copied()
            && self.credit >= 8 * sent.bytes
        {
            self.queue.pop_front();
            self.credit -= 8 * sent.bytes;
            self.queued -= sent.bytes;
            if self.noise.within(&(0..=999)) >= self.habits.loss {
                left.push(sent);
            }
        }
        if self.queue.is_empty() {
            self.credit = 0;
        }
        left
    }
}

/// When a detour begins.
const DETOUR_AT: u64 = 20_000;

/// The way from the bottleneck to the receiver and back.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    habits: LineHabits,
    there: VecDeque<(u64, Sent)>,
    back: VecDeque<(u64, Sent)>,
    /// When each transmission was sent.
    sent: Vec<u64>,
}

impl Path {
    pub(crate) const fn new(habits: LineHabits) -> Self {
        Self {
            habits,
            there: VecDeque::new(),
            back: VecDeque::new(),
            sent: Vec::new(),
        }
    }

    pub(crate) const fn round_trip(&self, ms: u64) -> u64 {
        let detour = if ms < DETOUR_AT {
            0
        } else {
            self.habits.detour
        };
        self.habits.round_trip + detour
    }

    /// The number of the transmission that begins.
    pub(crate) fn begin(&mut self, ms: u64) -> u64 {
        self.sent.push(ms);
        self.sent_count() - 1
    }

    pub(crate) const fn sent_count(&self) -> u64 {
        self.sent.len() as u64
    }

    pub(crate) fn sent_at(&self, number: u64) -> u64 {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        self.sent.get(index).copied().unwrap_or(0)
    }

    /// Takes what left the bottleneck.
    pub(crate) fn send(&mut self, sent: Sent, ms: u64) {
        let round_trip = self.round_trip(ms);
        self.there.push_back((ms + round_trip / 2, sent));
        self.back.push_back((ms + round_trip, sent));
    }

    /// What happens by now, in the order that counts: what is acknowledged has arrived.
    pub(crate) fn next(&mut self, ms: u64) -> Option<Fate> {
        let due = |way: &mut VecDeque<(u64, Sent)>| match way.front() {
            Some((at, _)) if *at <= ms => way.pop_front().map(|(_, sent)| sent),
            _ => None,
        };
        if let Some(sent) = due(&mut self.there) {
            return Some(Fate::Arrived(sent));
        }
        due(&mut self.back).map(Fate::Acked)
    }
}
