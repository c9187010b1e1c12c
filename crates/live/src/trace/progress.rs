//! [`Progress`]: whether anything still arrives.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::line::{Line, Note};
use super::machine::{Answer, Impossible, Machine, Traced};
use super::recorder::Trace;
use crate::handover::Progress;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Call {
    New {
        destination: Option<usize>,
    },
    Look {
        is_out: bool,
        mark: u64,
        /// The answer, if it was asked.
        is_rerouted: Option<bool>,
    },
}

/// Whether it is stalled.
pub(crate) type Says = bool;

impl Traced<Progress> {
    pub(crate) fn progress(trace: &Trace, destination: Option<usize>) -> Self {
        Self::new(Progress::default(), trace, || Call::New { destination })
    }

    pub(crate) fn look(
        &mut self,
        is_out: bool,
        mark: u64,
        is_rerouted: impl FnOnce() -> bool,
        now: Instant,
    ) {
        let mut answer = None;
        let ask = || *answer.insert(is_rerouted());
        self.machine.look(is_out, mark, ask, now);
        let call = || Call::Look {
            is_out,
            mark,
            is_rerouted: answer,
        };
        let is_stalled = self.machine.is_stalled();
        self.note(Some(now), call, Some(is_stalled));
    }
}

impl Machine for Progress {
    type Call = Call;
    type Says = Says;

    fn line(note: Note<Self>) -> Line {
        Line::Progress(note)
    }

    /// When it looked counts, too.
    fn repeats(_call: &Call, _before: &Call) -> bool {
        false
    }

    fn begin(call: &Call) -> Result<Option<Self>, Impossible> {
        let is_new = matches!(call, Call::New { .. });
        Ok(is_new.then(Self::default))
    }

    fn again(&mut self, call: &Call, now: Instant) -> Answer<Says> {
        let Call::Look {
            is_out,
            mark,
            is_rerouted,
        } = *call
        else {
            return Ok(None);
        };
        self.look(is_out, mark, || is_rerouted.unwrap_or(false), now);
        Ok(Some(self.is_stalled()))
    }
}
