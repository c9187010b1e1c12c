use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use crate::noise::Noise;
use crate::schedule::Schedule;

/// What a network is like.
#[derive(Clone, Debug)]
pub struct Profile {
    /// How long a byte travels once it has departed.
    pub delay: Duration,
    /// From when on it carries how many bits per second; unlimited before the first entry, dead at
    /// 0.
    pub rate: Vec<(Instant, u64)>,
    /// How large the pieces are in which bytes arrive.
    pub chop: RangeInclusive<usize>,
    /// How many bytes may be under way (waiting, travelling, or arrived and not
    /// taken) before the link takes no more.
    pub buffer: usize,
}

/// A perfect network: no delay, no limit, TCP-sized segments, 1 MiB in flight.
impl Default for Profile {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            rate: Vec::new(),
            chop: 1460..=1460,
            buffer: 1 << 20,
        }
    }
}

/// How a direction of a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The sender closed it, after everything it had sent.
    Closed,
    /// It was torn down; bytes under way are lost.
    Reset,
}

/// One direction of a connection.
#[derive(Clone, Debug)]
pub struct Link {
    delay: Duration,
    chop: RangeInclusive<usize>,
    buffer: usize,
    schedule: Schedule,
    noise: Noise,
    /// Waiting for the line, or on it in part.
    line: VecDeque<Segment>,
    /// Wholly departed: when it arrives, and what.
    flight: VecDeque<(Instant, Load)>,
    /// When the last of `flight` departed.
    departed: Option<Instant>,
    /// Bytes in `line` and `flight`.
    held: usize,
    /// No more may be sent.
    closed: bool,
}

#[derive(Clone, Debug)]
struct Segment {
    load: Load,
    queued: Instant,
    /// `None` while the line is dead.
    departs: Option<Instant>,
}

#[derive(Clone, Debug)]
enum Load {
    Bytes(Vec<u8>),
    End(End),
}

impl Link {
    /// A link with nothing on it.
    pub fn new(seed: u64, profile: Profile) -> Self {
        Self {
            delay: profile.delay,
            chop: profile.chop,
            buffer: profile.buffer,
            schedule: Schedule::new(profile.rate),
            noise: Noise::new(seed),
            line: VecDeque::new(),
            flight: VecDeque::new(),
            departed: None,
            held: 0,
            closed: false,
        }
    }

    /// Takes as many of `bytes` as there is [`room`](Self::room) for, and says
    /// how many.
    pub fn send(&mut self, now: Instant, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(self.room());
        let mut rest = &bytes[..taken];
        while !rest.is_empty() {
            let size = self.noise.within(&self.chop).clamp(1, rest.len());
            let (piece, after) = rest.split_at(size);
            self.enqueue(now, Load::Bytes(piece.to_vec()));
            rest = after;
        }
        taken
    }

    /// How many bytes it would take now; none once closed.
    pub const fn room(&self) -> usize {
        if self.closed {
            return 0;
        }
        self.buffer.saturating_sub(self.held)
    }

    /// How many bytes still wait to depart: what a kernel calls "not sent".
    pub fn unsent(&mut self, now: Instant) -> usize {
        self.advance(now);
        self.line.iter().map(|segment| segment.load.len()).sum()
    }

    /// The next piece that has arrived.
    pub fn poll(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.advance(now);
        let (_, load) = self.flight.front_mut().filter(|(due, _)| *due <= now)?;
        let Load::Bytes(bytes) = load else {
            return None;
        };
        let bytes = std::mem::take(bytes);
        self.flight.pop_front();
        self.held -= bytes.len();
        Some(bytes)
    }

    /// How it ended, once: after the last piece was taken and the end has
    /// arrived.
    pub fn poll_end(&mut self, now: Instant) -> Option<End> {
        self.advance(now);
        let (_, load) = self.flight.front().filter(|(due, _)| *due <= now)?;
        let &Load::End(end) = load else { return None };
        self.flight.pop_front();
        Some(end)
    }

    /// When [`poll`](Self::poll) or [`poll_end`](Self::poll_end) next has
    /// something; may lie in the past.
    pub fn next_time(&self) -> Option<Instant> {
        let flying = self.flight.front().map(|&(due, _)| due);
        flying.or_else(|| Some(self.line.front()?.departs? + self.delay))
    }

    /// Lets nothing depart between `from` and `until`; what has departed arrives.
    pub fn stall(&mut self, from: Instant, until: Instant) {
        self.schedule.add_stall(from, until);
        self.reschedule();
    }

    /// Changes the rate from `from` on, for good.
    pub fn set_rate(&mut self, from: Instant, bits_per_second: u64) {
        self.schedule.add_rate(from, bits_per_second);
        self.reschedule();
    }

    /// Ends it after what was sent: the other side of a half close.
    pub fn close(&mut self, now: Instant) {
        if !self.closed {
            self.enqueue(now, Load::End(End::Closed));
            self.closed = true;
        }
    }

    /// Tears it down: bytes not yet taken are lost, and the reset arrives after
    /// the delay whatever the line carries.
    pub fn reset(&mut self, now: Instant) {
        self.closed = true;
        self.held = 0;
        self.line.clear();
        self.flight.clear();
        self.flight
            .push_back((now + self.delay, Load::End(End::Reset)));
    }

    /// True once nothing can be sent any more.
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    fn enqueue(&mut self, now: Instant, load: Load) {
        let departs = self.departure(now, &load, self.line.back());
        self.held += load.len();
        self.line.push_back(Segment {
            load,
            queued: now,
            departs,
        });
    }

    /// When `load` departs if it was queued at `queued` behind `before`.
    fn departure(&self, queued: Instant, load: &Load, before: Option<&Segment>) -> Option<Instant> {
        let free = match before {
            Some(segment) => Some(segment.departs?),
            None => self.departed,
        };
        let start = free.map_or(queued, |free| free.max(queued));
        self.schedule.finish(start, load.len())
    }

    fn reschedule(&mut self) {
        for index in 0..self.line.len() {
            let before = index.checked_sub(1).map(|before| &self.line[before]);
            let segment = &self.line[index];
            let departs = self.departure(segment.queued, &segment.load, before);
            self.line[index].departs = departs;
        }
    }

    /// Moves what has departed by `now` from the line into flight.
    fn advance(&mut self, now: Instant) {
        while let Some(departs) = self.line.front().and_then(|front| front.departs) {
            if departs > now {
                return;
            }
            self.departed = Some(departs);
            let departed = self
                .line
                .pop_front()
                .map(|front| (departs + self.delay, front.load));
            self.flight.extend(departed);
        }
    }
}

impl Load {
    const fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::End(_) => 0,
        }
    }
}
