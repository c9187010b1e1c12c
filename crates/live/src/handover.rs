//! When another connection is made beside the one that is on air. Pure: time is an argument.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// Notices that nothing of what was sent arrives any more.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Changes whenever something arrives.
    mark: u64,
    /// Since when something is out, and nothing has arrived.
    still: Option<Instant>,
    looked: Option<Instant>,
    is_stalled: bool,
}

/// How long nothing may arrive: with [`LOOK`] before it, a stall is noticed within 1.5 s.
const STALL: Duration = Duration::from_millis(1100);

/// The same where the system knows another way by now, or none.
const REROUTED: Duration = Duration::from_millis(300);

/// How often to look while something is out.
pub(crate) const LOOK: Duration = Duration::from_millis(200);

/// Whoever looks as late as this was asleep, and so may have been the line.
const ASLEEP: Duration = Duration::from_secs(1);

impl Progress {
    /// Looks at the line: whether something is out, and a number that changes with all that arrives.
    /// `is_rerouted` is asked if nothing has arrived for a while.
    pub(crate) fn look(
        &mut self,
        is_out: bool,
        mark: u64,
        is_rerouted: impl FnOnce() -> bool,
        now: Instant,
    ) {
        let has_moved = std::mem::replace(&mut self.mark, mark) != mark;
        let before = self.looked.replace(now);
        let slept = before.is_some_and(|at| now.saturating_duration_since(at) > ASLEEP);
        if !is_out || has_moved || slept {
            self.still = None;
        }
        self.is_stalled = is_out && {
            let since = *self.still.get_or_insert(now);
            let still = now.saturating_duration_since(since);
            still >= STALL || still >= REROUTED && is_rerouted()
        };
    }

    /// Whether nothing arrived for too long, when last looked at.
    pub(crate) const fn is_stalled(&self) -> bool {
        self.is_stalled
    }

    /// Whether something was out when last looked at.
    pub(crate) const fn is_out(&self) -> bool {
        self.still.is_some()
    }
}

/// Decides when the connection on air gets a successor, and what becomes of both.
///
/// ```text
///            a wish, or a stall            connected
///   Idle ─────────────────────► Connecting ─────────► Ready
///    ▲ ▲    the line moves again    │                   │ stalled, or at a keyframe
///    │ └────────────────────────────┴───────────────────┤
///    │        failed, refused, no answer                ▼
///    └──────────────────────────────────────────── Publishing ─► on air
/// ```
///
/// A stall begins a race and kills nothing: a slow line, or one that sends again what was lost, may
/// be silent for as long. Whichever connection moves first wins. Until the successor is on air the
/// old connection lives.
#[derive(Debug)]
pub(crate) struct Handover {
    phase: Phase,
    /// Another connection is wanted, however well the present one does.
    is_wanted: bool,
    /// A stall begins a race: the user lets a broadcast reconnect.
    leaves_stalls: bool,
    /// How many successors in a row came to nothing.
    failures: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle { failed: Option<Instant> },
    Connecting { since: Instant },
    Ready,
    Publishing { since: Instant },
}

/// How the connection on air stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OnAir {
    /// Nothing arrives any more.
    pub(crate) is_stalled: bool,
    /// It has sent all before a keyframe, and waits.
    pub(crate) is_at_keyframe: bool,
    /// The server is known to take no second publisher.
    pub(crate) is_alone: bool,
    /// The successor is made at another address, which does not wait for the old one's end.
    pub(crate) is_elsewhere: bool,
}

/// A step from one connection to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Open a connection, in place of one that is being opened.
    Connect,
    /// Forget the successor; the old connection goes on.
    Drop,
    /// Publish on the successor; the old connection waits.
    Publish,
    /// End the old connection properly, and only then publish on the successor.
    BreakFirst,
    /// The successor has not answered, and may be waiting for it: end the old connection.
    EndOld,
}

/// How long one attempt may take while the old connection is stalled. A system asks for a connection
/// after 0, 1 and 3 s: this way it asks often.
const ATTEMPT: Duration = Duration::from_secs(3);

/// How long a server may leave a publish unanswered before the old connection ends for it.
const ANSWER: Duration = Duration::from_secs(2);

/// The delay after a first failure, which doubles.
const DELAY: Duration = Duration::from_millis(500);

/// The longest delay while the old connection is stalled.
const MAX_STALLED_DELAY: Duration = Duration::from_secs(1);

/// The longest delay.
const MAX_DELAY: Duration = Duration::from_secs(15);

impl Handover {
    pub(crate) const fn new(leaves_stalls: bool) -> Self {
        Self {
            phase: Phase::Idle { failed: None },
            is_wanted: false,
            leaves_stalls,
            failures: 0,
        }
    }

    /// Another connection is wanted, at once and whatever failed before.
    pub(crate) fn want(&mut self) {
        self.is_wanted = true;
        self.failures = 0;
        if let Phase::Idle { failed } = &mut self.phase {
            *failed = None;
        }
    }

    /// No other connection is wanted any more, but for a stall.
    pub(crate) const fn forget_wish(&mut self) {
        self.is_wanted = false;
    }

    /// The successor's connection is open.
    pub(crate) fn connected(&mut self) {
        self.phase = Phase::Ready;
    }

    /// The successor needs another connection, at the server's wish.
    pub(crate) fn again(&mut self, now: Instant) {
        self.phase = Phase::Connecting { since: now };
    }

    /// The successor came to nothing.
    pub(crate) fn failed(&mut self, now: Instant) {
        self.phase = Phase::Idle { failed: Some(now) };
        self.failures += 1;
    }

    /// Whether the old connection should stop before its next keyframe.
    pub(crate) fn awaits_keyframe(&self) -> bool {
        self.is_wanted && self.phase == Phase::Ready
    }

    /// What to do now, once.
    pub(crate) fn poll(&mut self, on_air: OnAir, now: Instant) -> Option<Action> {
        let on_air = self.heed(on_air);
        let is_needed = self.is_wanted || on_air.is_stalled;
        match self.phase {
            Phase::Idle { .. } if !is_needed => {
                self.failures = 0;
                None
            }
            Phase::Idle { failed } => {
                let at = failed.map(|at| at + self.delay(on_air.is_stalled));
                at.is_none_or(|at| now >= at).then(|| self.connect(now))
            }
            Phase::Connecting { .. } | Phase::Ready if !is_needed => {
                self.phase = Phase::Idle { failed: None };
                Some(Action::Drop)
            }
            Phase::Connecting { since } => {
                let is_late = on_air.is_stalled && now >= since + ATTEMPT;
                is_late.then(|| self.connect(now))
            }
            Phase::Ready if on_air.is_stalled => Some(self.publish(now)),
            Phase::Ready if !on_air.is_at_keyframe => None,
            Phase::Ready if on_air.is_alone && !on_air.is_elsewhere => Some(Action::BreakFirst),
            Phase::Ready => Some(self.publish(now)),
            Phase::Publishing { since } if on_air.is_stalled || on_air.is_elsewhere => {
                (now >= since + ATTEMPT).then(|| {
                    self.failed(now);
                    Action::Drop
                })
            }
            Phase::Publishing { since } => (now >= since + ANSWER).then_some(Action::EndOld),
        }
    }

    /// When to ask again, if nothing else happens.
    pub(crate) fn deadline(&self, on_air: OnAir) -> Option<Instant> {
        let on_air = self.heed(on_air);
        match self.phase {
            Phase::Idle { failed } if self.is_wanted || on_air.is_stalled => {
                failed.map(|at| at + self.delay(on_air.is_stalled))
            }
            Phase::Connecting { since } if on_air.is_stalled => Some(since + ATTEMPT),
            Phase::Publishing { since } if on_air.is_stalled || on_air.is_elsewhere => {
                Some(since + ATTEMPT)
            }
            Phase::Publishing { since } => Some(since + ANSWER),
            Phase::Idle { .. } | Phase::Connecting { .. } | Phase::Ready => None,
        }
    }

    /// What of the connection on air matters here.
    const fn heed(&self, on_air: OnAir) -> OnAir {
        OnAir {
            is_stalled: on_air.is_stalled && (self.leaves_stalls || self.is_wanted),
            ..on_air
        }
    }

    fn connect(&mut self, now: Instant) -> Action {
        self.phase = Phase::Connecting { since: now };
        Action::Connect
    }

    fn publish(&mut self, now: Instant) -> Action {
        self.phase = Phase::Publishing { since: now };
        Action::Publish
    }

    fn delay(&self, is_stalled: bool) -> Duration {
        let longest = if is_stalled {
            MAX_STALLED_DELAY
        } else {
            MAX_DELAY
        };
        let doublings = self.failures.saturating_sub(1).min(8);
        DELAY.saturating_mul(1 << doublings).min(longest)
    }
}

#[cfg(test)]
mod tests;
