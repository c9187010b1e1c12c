//! Which of a destination's two addresses is used. Pure: time is an argument.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::RetryPolicy;
use crate::failure::{Cause, Failure};
use crate::reconnect::Verdict;

/// One of a destination's addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ingest {
    /// The one that is meant.
    #[default]
    First,
    /// The one for when the first fails.
    Backup,
}

/// Decides which of a destination's two addresses is used.
///
/// ```text
///            fails, and is not back at once
///   First ──────────────────────────────────► Backup
///    on ▲                                      on air
///   air │      answers twice, after a stay      │
///       └───────────────────────────────────────┘
/// ```
///
/// Off air the addresses take turns. One that was on air for a while is tried once more before the
/// other is, and one that has certainly refused is left out. While the backup is on air, the first
/// is asked now and then whether it answers; it takes over once it has done so twice in a row. Each
/// return that does not last makes the next one wait four times as long: the two never alternate.
#[derive(Debug)]
pub(crate) struct Failover {
    has_backup: bool,
    retries: bool,
    current: Ingest,
    /// What was on air last.
    last: Ingest,
    /// How often each has failed in this outage.
    failures: [u32; 2],
    given_up: [Option<Failure>; 2],
    /// Where the next successor of a stalled connection goes.
    turn: Option<Ingest>,
    watch: Watch,
    /// Since when the first is on air again.
    returned: Option<Instant>,
    /// How many returns in a row did not last.
    relapses: u32,
}

/// What is known of the first address while the backup is on air.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watch {
    No,
    Waiting {
        until: Instant,
        /// How often in a row it answered.
        answers: u32,
        /// How often in a row it did not.
        silences: u32,
    },
    Asking {
        answers: u32,
        silences: u32,
    },
    Returning,
}

/// What to do about the first address while the backup is on air.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Step {
    /// Ask whether it answers.
    Probe,
    /// Let it take over.
    Return,
}

/// How long an address must have been on air to be tried once more before the other.
const STABLE: Duration = Duration::from_secs(10);

/// How long an attempt may take at first before the other address is tried.
const ANSWER: Duration = Duration::from_secs(3);

/// The delay where the address that is tried next has failed in this outage too, and the one that
/// failed now is given up.
const DELAY: Duration = Duration::from_secs(1);

/// How long the backup stays on air at least.
const STAY: Duration = Duration::from_secs(10);

/// The same after returns that did not last.
const MAX_STAY: Duration = Duration::from_secs(600);

/// A return that lasts this long was right.
const LASTING: Duration = Duration::from_secs(120);

/// The first delay after the first address has not answered, which doubles.
const ASK_AGAIN: Duration = Duration::from_secs(10);

/// The longest such delay.
const MAX_ASK_AGAIN: Duration = Duration::from_secs(60);

/// How long after an answer it is asked for another.
const CONFIRM: Duration = Duration::from_secs(5);

/// How often in a row the first address answers before it takes over.
const ANSWERS: u32 = 2;

/// Whether an address that failed like this may take the stream later.
const fn may_pass(failure: &mut Failure) -> bool {
    !matches!(failure.cause, Cause::Rejected | Cause::Untrusted)
}

impl Ingest {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::First => Self::Backup,
            Self::Backup => Self::First,
        }
    }
}

/// Off air.
impl Failover {
    /// Before the first connection.
    pub(crate) const fn new(has_backup: bool, policy: RetryPolicy) -> Self {
        Self {
            has_backup,
            retries: policy.enabled,
            current: Ingest::First,
            last: Ingest::First,
            failures: [0; 2],
            given_up: [None, None],
            turn: None,
            watch: Watch::No,
            returned: None,
            relapses: 0,
        }
    }

    /// The address that is on air, or is tried next.
    pub(crate) const fn current(&self) -> Ingest {
        self.current
    }

    /// Whether the next attempt is made elsewhere than what was on air last.
    pub(crate) fn has_moved(&self) -> bool {
        self.current != self.last
    }

    /// How long an attempt may take before the other address is tried; longer each time.
    pub(crate) fn limit(&self) -> Option<Duration> {
        let doublings = self.failures[self.current as usize].min(2);
        self.is_usable(self.current.other())
            .then(|| ANSWER * (1 << doublings))
    }

    /// The address failed after it had been on air for `aired`, if it was: what now? `verdict` is
    /// what would be done about it if there were no other.
    pub(crate) fn failed(&mut self, verdict: Verdict, aired: Option<Duration>) -> Verdict {
        if !self.has_backup {
            return verdict;
        }
        self.watch = Watch::No;
        let (own, other) = (self.current, self.current.other());
        let is_stable = aired.is_some_and(|aired| aired >= STABLE);
        let is_fresh = self.failures[other as usize] == 0;
        self.failures[own as usize] += 1;
        match verdict {
            Verdict::GiveUp(failure) => self.give_up(failure, is_fresh),
            Verdict::Retry { .. } if is_stable || !self.is_usable(other) => verdict,
            Verdict::Retry { delay, attempt } => {
                self.current = other;
                let delay = if is_fresh { Duration::ZERO } else { delay };
                Verdict::Retry { delay, attempt }
            }
        }
    }

    fn give_up(&mut self, failure: Failure, is_fresh: bool) -> Verdict {
        let other = self.current.other();
        let is_usable = self.is_usable(other);
        self.given_up[self.current as usize] = Some(failure.clone());
        if !is_usable {
            let [first, _] = &self.given_up;
            return Verdict::GiveUp(first.clone().unwrap_or(failure));
        }
        self.current = other;
        Verdict::Retry {
            delay: if is_fresh { Duration::ZERO } else { DELAY },
            attempt: 1,
        }
    }

    /// Another connection was asked for: earlier failures do not count.
    pub(crate) fn renewed(&mut self) {
        self.failures = [0; 2];
        self.given_up = [None, None];
        self.watch = Watch::No;
    }

    fn is_usable(&self, ingest: Ingest) -> bool {
        self.has_backup && self.given_up[ingest as usize].is_none()
    }
}

/// On air.
impl Failover {
    /// An address is on air.
    pub(crate) fn live(&mut self, ingest: Ingest, now: Instant) {
        if !self.has_backup {
            return;
        }
        self.failures = [0; 2];
        self.turn = None;
        self.given_up[ingest as usize] = None;
        if self.retries {
            let mut given_up = self.given_up.iter_mut();
            given_up
                .by_ref()
                .for_each(|one| drop(one.take_if(may_pass)));
        }
        let before = std::mem::replace(&mut self.last, ingest);
        self.current = ingest;
        match ingest {
            Ingest::First => {
                self.watch = Watch::No;
                if before == Ingest::Backup {
                    self.returned = Some(now);
                }
            }
            Ingest::Backup => self.begin_watch(now),
        }
    }

    fn begin_watch(&mut self, now: Instant) {
        if let Some(since) = self.returned.take() {
            let has_lasted = now.saturating_duration_since(since) >= LASTING;
            self.relapses = if has_lasted { 0 } else { self.relapses + 1 };
        }
        self.watch = match self.is_usable(Ingest::First) {
            true => self.wait(self.stay(), now),
            false => Watch::No,
        };
    }

    /// Where the next successor of a stalled connection goes: they take turns, the present address
    /// first.
    pub(crate) fn next_of_stalled(&mut self) -> Ingest {
        let next = self.turn.unwrap_or(self.current);
        let other = next.other();
        self.turn = Some(if self.is_usable(other) { other } else { next });
        next
    }

    /// The connection on air is not stalled any more.
    pub(crate) fn moves_again(&mut self) {
        self.turn = None;
    }

    /// What to do about the first address now, once.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<Step> {
        let Watch::Waiting {
            until,
            answers,
            silences,
        } = self.watch
        else {
            return None;
        };
        if now < until {
            return None;
        }
        if answers >= ANSWERS {
            self.watch = Watch::Returning;
            return Some(Step::Return);
        }
        self.watch = Watch::Asking { answers, silences };
        Some(Step::Probe)
    }

    /// When to ask again what to do.
    pub(crate) const fn deadline(&self) -> Option<Instant> {
        match self.watch {
            Watch::Waiting { until, .. } => Some(until),
            Watch::No | Watch::Asking { .. } | Watch::Returning => None,
        }
    }

    /// Whether the first address answered.
    pub(crate) fn probed(&mut self, has_answered: bool, now: Instant) {
        let Watch::Asking { answers, silences } = self.watch else {
            return;
        };
        self.watch = match has_answered {
            true => Watch::Waiting {
                until: now
                    + if answers + 1 < ANSWERS {
                        CONFIRM
                    } else {
                        Duration::ZERO
                    },
                answers: answers + 1,
                silences: 0,
            },
            false => Watch::Waiting {
                until: now + (ASK_AGAIN * (1 << silences.min(8))).min(MAX_ASK_AGAIN),
                answers: 0,
                silences: silences + 1,
            },
        };
    }

    /// The first address did not take the stream after all.
    pub(crate) fn return_failed(&mut self, now: Instant) {
        if self.watch == Watch::Returning {
            self.relapses += 1;
            self.watch = self.wait(self.stay(), now);
        }
    }

    fn wait(&self, delay: Duration, now: Instant) -> Watch {
        Watch::Waiting {
            until: now + delay,
            answers: 0,
            silences: 0,
        }
    }

    /// How long the backup stays on air at least.
    fn stay(&self) -> Duration {
        (STAY * (1 << (2 * self.relapses).min(12))).min(MAX_STAY)
    }
}

#[cfg(test)]
mod tests;
