//! [`Reconnect`]: when a destination is tried again.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::line::{Line, Note, nanos};
use super::machine::{Answer, Impossible, Machine, Traced};
use super::recorder::Trace;
use crate::failure::Cause;
use crate::reconnect::{Reconnect, Verdict};
use crate::{Failure, FailureStage, Fault, RetryPolicy};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Call {
    New {
        destination: usize,
        enabled: bool,
        attempts: u32,
        seed: u64,
    },
    Live,
    Failed {
        fault: Fault,
        stage: FailureStage,
        cause: Cause,
    },
    Renewed,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Says {
    Retry { delay: u64, attempt: u32 },
    GiveUp(Fault),
}

impl From<&Verdict> for Says {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Retry { delay, attempt } => Self::Retry {
                delay: nanos(*delay),
                attempt: *attempt,
            },
            Verdict::GiveUp(failure) => Self::GiveUp(failure.fault),
        }
    }
}

impl Traced<Reconnect> {
    pub(crate) fn reconnect(
        trace: &Trace,
        destination: usize,
        policy: RetryPolicy,
        seed: u64,
    ) -> Self {
        Self::new(Reconnect::new(policy, seed), trace, || Call::New {
            destination,
            enabled: policy.enabled,
            attempts: policy.max_attempts,
            seed,
        })
    }

    pub(crate) fn live(&mut self, since: Instant) {
        self.machine.live(since);
        self.note(Some(since), || Call::Live, None);
    }

    pub(crate) fn failed(&mut self, failure: Failure, now: Instant) -> Verdict {
        let (fault, stage, cause) = (failure.fault, failure.stage, failure.cause);
        let verdict = self.machine.failed(failure, now);
        let call = || Call::Failed {
            fault,
            stage,
            cause,
        };
        self.note(Some(now), call, Some((&verdict).into()));
        verdict
    }

    pub(crate) fn renewed(&mut self) {
        let verdict = self.machine.renewed();
        self.note(None, || Call::Renewed, Some((&verdict).into()));
    }
}

impl Machine for Reconnect {
    type Call = Call;
    type Says = Says;

    fn line(note: Note<Self>) -> Line {
        Line::Reconnect(note)
    }

    fn repeats(_call: &Call, _before: &Call) -> bool {
        false
    }

    fn begin(call: &Call) -> Result<Option<Self>, Impossible> {
        let Call::New {
            enabled,
            attempts,
            seed,
            ..
        } = *call
        else {
            return Ok(None);
        };
        let policy = RetryPolicy {
            enabled,
            max_attempts: attempts,
        };
        Ok(Some(Self::new(policy, seed)))
    }

    fn again(&mut self, call: &Call, now: Instant) -> Answer<Says> {
        let verdict = match *call {
            Call::New { .. } => None,
            Call::Live => {
                self.live(now);
                None
            }
            Call::Failed {
                fault,
                stage,
                cause,
            } => Some(self.failed(Failure::new(stage, fault, "").because(cause), now)),
            Call::Renewed => Some(self.renewed()),
        };
        Ok(verdict.as_ref().map(Says::from))
    }
}
