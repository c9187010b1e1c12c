//! [`Failover`]: which of a destination's two addresses is used.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::line::{Line, Note, nanos};
use super::machine::{Answer, Impossible, Machine, Traced};
use super::reconnect;
use super::recorder::Trace;
use crate::failover::{Failover, Ingest, Step};
use crate::failure::Cause;
use crate::reconnect::Verdict;
use crate::{Failure, FailureStage, Fault, RetryPolicy};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Call {
    New { destination: usize, retries: bool },
    Failed { verdict: Judged, aired: Option<u64> },
    Renewed,
    Live(Ingest),
    NextOfStalled,
    MovesAgain,
    Poll,
    Probed(bool),
    ReturnFailed,
}

/// What would be done about a failure if there were one address.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Judged {
    Retry {
        delay: u64,
        attempt: u32,
    },
    GiveUp {
        fault: Fault,
        stage: FailureStage,
        cause: Cause,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Says {
    /// What is done about a failure, and the address that is tried next.
    Judged(reconnect::Says, Ingest),
    Next(Ingest),
    Do(Step),
}

impl From<&Verdict> for Judged {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Retry { delay, attempt } => Self::Retry {
                delay: nanos(*delay),
                attempt: *attempt,
            },
            Verdict::GiveUp(failure) => Self::GiveUp {
                fault: failure.fault,
                stage: failure.stage,
                cause: failure.cause,
            },
        }
    }
}

impl From<Judged> for Verdict {
    fn from(judged: Judged) -> Self {
        match judged {
            Judged::Retry { delay, attempt } => Self::Retry {
                delay: Duration::from_nanos(delay),
                attempt,
            },
            Judged::GiveUp {
                fault,
                stage,
                cause,
            } => Self::GiveUp(Failure::new(stage, fault, "").because(cause)),
        }
    }
}

impl Traced<Failover> {
    /// Noted only where there are two addresses: nothing is decided about one.
    pub(crate) fn failover(trace: &Trace, destination: usize, policy: RetryPolicy) -> Self {
        Self::new(Failover::new(true, policy), trace, || Call::New {
            destination,
            retries: policy.enabled,
        })
    }

    pub(crate) fn failed(
        &mut self,
        verdict: Verdict,
        aired: Option<Duration>,
        now: Instant,
    ) -> Verdict {
        let judged = Judged::from(&verdict);
        let verdict = self.machine.failed(verdict, aired);
        let call = || Call::Failed {
            verdict: judged,
            aired: aired.map(nanos),
        };
        let says = Says::Judged((&verdict).into(), self.machine.current());
        self.note(Some(now), call, Some(says));
        verdict
    }

    pub(crate) fn renewed(&mut self) {
        self.machine.renewed();
        self.note(None, || Call::Renewed, None);
    }

    pub(crate) fn live(&mut self, ingest: Ingest, now: Instant) {
        self.machine.live(ingest, now);
        self.note(Some(now), || Call::Live(ingest), None);
    }

    pub(crate) fn next_of_stalled(&mut self) -> Ingest {
        let next = self.machine.next_of_stalled();
        self.note(None, || Call::NextOfStalled, Some(Says::Next(next)));
        next
    }

    pub(crate) fn moves_again(&mut self) {
        self.machine.moves_again();
        self.note(None, || Call::MovesAgain, None);
    }

    /// A poll that finds nothing to do changes nothing, and is not noted.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<Step> {
        let step = self.machine.poll(now)?;
        self.note(Some(now), || Call::Poll, Some(Says::Do(step)));
        Some(step)
    }

    pub(crate) fn probed(&mut self, has_answered: bool, now: Instant) {
        self.machine.probed(has_answered, now);
        self.note(Some(now), || Call::Probed(has_answered), None);
    }

    pub(crate) fn return_failed(&mut self, now: Instant) {
        self.machine.return_failed(now);
        self.note(Some(now), || Call::ReturnFailed, None);
    }
}

impl Machine for Failover {
    type Call = Call;
    type Says = Says;

    fn line(note: Note<Self>) -> Line {
        Line::Failover(note)
    }

    fn repeats(_call: &Call, _before: &Call) -> bool {
        false
    }

    fn begin(call: &Call) -> Result<Option<Self>, Impossible> {
        let Call::New { retries, .. } = *call else {
            return Ok(None);
        };
        let policy = RetryPolicy {
            enabled: retries,
            ..RetryPolicy::NEVER
        };
        Ok(Some(Self::new(true, policy)))
    }

    fn again(&mut self, call: &Call, now: Instant) -> Answer<Says> {
        match *call {
            Call::Failed { verdict, aired } => {
                let verdict = self.failed(verdict.into(), aired.map(Duration::from_nanos));
                return Ok(Some(Says::Judged((&verdict).into(), self.current())));
            }
            Call::NextOfStalled => return Ok(Some(Says::Next(self.next_of_stalled()))),
            Call::Poll => return Ok(self.poll(now).map(Says::Do)),
            Call::New { .. } => {}
            Call::Renewed => self.renewed(),
            Call::Live(ingest) => self.live(ingest, now),
            Call::MovesAgain => self.moves_again(),
            Call::Probed(has_answered) => self.probed(has_answered, now),
            Call::ReturnFailed => self.return_failed(now),
        }
        Ok(None)
    }
}
