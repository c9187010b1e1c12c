use std::time::{Duration, Instant};

use super::super::least::Least;
use super::tuning::{
    DRAIN_AGAIN, DRAIN_FOR, DRAIN_RAREST, DRAIN_ROUND_TRIPS, DRAINED, FOREIGN_AFTER,
    FOREIGN_ROUND_TRIPS, FOREIGN_SEEN, LONGEST_RTT, NEAR_LEAST, RTT_WINDOW,
};

/// The line's round trip without a queue of ours.
///
/// That is the least of a window, but two things may be wrong with it. A queue of ours that stood
/// throughout the window is part of it: so when it has grown, the line is drained for a moment, to
/// see whose the queue is. And a queue that others make is not: a rival keeps its buffer full however
/// little of ours is in it, and who makes room for that is left with nothing. What stays while next
/// to nothing of ours is on the line belongs to the line.
#[derive(Debug)]
pub(super) struct BaseRtt {
    window: Least<Duration>,
    /// The least that there ever was.
    shortest: Option<Duration>,
    latest: Option<(Instant, Duration)>,
    /// Since when they are longer than what we have on the line explains.
    longer_since: Option<Instant>,
    drain: Drain,
}

/// What is done about a round trip that has grown.
#[derive(Clone, Copy, Debug)]
enum Drain {
    Unneeded,
    Runs {
        since: Instant,
        from: Duration,
        /// For how long none is tried if this one is in vain.
        rest: Duration,
    },
    /// What is left is not ours.
    Rests {
        until: Instant,
        rest: Duration,
        /// What was left.
        left: Duration,
        /// It was most of it.
        is_contested: bool,
    },
}

impl BaseRtt {
    pub(super) const fn new() -> Self {
        Self {
            window: Least::new(RTT_WINDOW),
            shortest: None,
            latest: None,
            longer_since: None,
            drain: Drain::Unneeded,
        }
    }

    /// Notes a round trip, and the longest that we explain, if we do. Gives whether it just turned
    /// out that somebody else makes it so long.
    pub(super) fn push(&mut self, at: Instant, rtt: Duration, explained: Option<Duration>) -> bool {
        let rtt = rtt.min(LONGEST_RTT);
        let before = self.latest.replace((at, rtt));
        self.window.push(at, rtt);
        self.shortest = Some(self.shortest.map_or(rtt, |least| least.min(rtt)));
        self.drain = self.next_drain(at, rtt);
        let patience = FOREIGN_AFTER + rtt.mul_f64(FOREIGN_ROUND_TRIPS);
        let is_longer = explained.is_some_and(|most| rtt > most) && self.draining().is_none();
        // A line that was dead in between says nothing.
        if !is_longer || before.is_none_or(|(then, _)| passed(then, at) > patience) {
            self.longer_since = None;
            return false;
        }
        let is_foreign = passed(*self.longer_since.get_or_insert(at), at) > patience;
        if is_foreign {
            self.window.forget(at, FOREIGN_SEEN);
            self.longer_since = None;
            let rest = match self.drain {
                Drain::Rests { rest, .. } => rest,
                Drain::Runs { .. } | Drain::Unneeded => DRAIN_AGAIN,
            };
            self.rest(at, rest, true);
        }
        is_foreign
    }

    fn next_drain(&self, at: Instant, rtt: Duration) -> Drain {
        let is_long = |rtt| rtt > self.shortest() + NEAR_LEAST;
        let rest = match self.drain {
            Drain::Runs { .. } if is_long(rtt) => return self.drain,
            Drain::Rests { until, left, .. }
                if at < until && is_long(self.least()) && self.least() <= left + NEAR_LEAST =>
            {
                return self.drain;
            }
            Drain::Rests { rest, .. } => (2 * rest).min(DRAIN_RAREST),
            Drain::Runs { .. } | Drain::Unneeded => DRAIN_AGAIN,
        };
        match is_long(self.least()) {
            true => Drain::Runs {
                since: at,
                from: rtt,
                rest,
            },
            false => Drain::Unneeded,
        }
    }

    /// Ends a drain after a while: what is left is not ours.
    pub(super) fn pass(&mut self, at: Instant) {
        let Drain::Runs { since, from, rest } = self.drain else {
            return;
        };
        let time = passed(since, at);
        if time > DRAIN_FOR + from.mul_f64(DRAIN_ROUND_TRIPS) {
            self.window.forget(at, time);
            let ours = (from - self.shortest()).mul_f64(DRAINED);
            let is_contested = self.least() > self.shortest() + ours;
            self.rest(at, rest, is_contested);
        }
    }

    fn rest(&mut self, at: Instant, rest: Duration, is_contested: bool) {
        self.drain = Drain::Rests {
            until: at + rest,
            rest,
            left: self.least(),
            is_contested,
        };
    }

    fn shortest(&self) -> Duration {
        self.shortest.unwrap_or(LONGEST_RTT)
    }

    /// Zero while none is known.
    pub(super) fn least(&self) -> Duration {
        self.window.get().unwrap_or_default()
    }

    /// The last one.
    pub(super) fn latest(&self) -> Duration {
        self.latest.map_or(Duration::ZERO, |(_, rtt)| rtt)
    }

    /// Whether somebody else's queue is part of it.
    pub(super) const fn is_contested(&self) -> bool {
        matches!(
            self.drain,
            Drain::Rests {
                is_contested: true,
                ..
            }
        )
    }

    /// Whether the line is drained to see whose its queue is, and from which round trip on.
    pub(super) const fn draining(&self) -> Option<Duration> {
        match self.drain {
            Drain::Runs { from, .. } => Some(from),
            Drain::Unneeded | Drain::Rests { .. } => None,
        }
    }
}

fn passed(since: Instant, at: Instant) -> Duration {
    at.saturating_duration_since(since)
}
