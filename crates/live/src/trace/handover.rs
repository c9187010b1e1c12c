//! [`Handover`]: when another connection takes over.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::line::{Line, Note};
use super::machine::{Answer, Impossible, Machine, Traced};
use super::recorder::Trace;
use crate::handover::{Action, Handover, OnAir};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Call {
    New {
        destination: Option<usize>,
        leaves_stalls: bool,
    },
    Want,
    Forget,
    Connected,
    Again,
    Failed,
    Poll(OnAir),
}

impl Traced<Handover> {
    pub(crate) fn handover(trace: &Trace, destination: Option<usize>, leaves_stalls: bool) -> Self {
        Self::new(Handover::new(leaves_stalls), trace, || Call::New {
            destination,
            leaves_stalls,
        })
    }

    pub(crate) fn want(&mut self, now: Instant) {
        self.machine.want();
        self.note(Some(now), || Call::Want, None);
    }

    pub(crate) fn forget_wish(&mut self, now: Instant) {
        self.machine.forget_wish();
        self.note(Some(now), || Call::Forget, None);
    }

    pub(crate) fn connected(&mut self, now: Instant) {
        self.machine.connected();
        self.note(Some(now), || Call::Connected, None);
    }

    pub(crate) fn again(&mut self, now: Instant) {
        self.machine.again(now);
        self.note(Some(now), || Call::Again, None);
    }

    pub(crate) fn failed(&mut self, now: Instant) {
        self.machine.failed(now);
        self.note(Some(now), || Call::Failed, None);
    }

    pub(crate) fn poll(&mut self, on_air: OnAir, now: Instant) -> Option<Action> {
        let action = self.machine.poll(on_air, now);
        self.note(Some(now), || Call::Poll(on_air), action);
        action
    }
}

impl Machine for Handover {
    type Call = Call;
    type Says = Action;

    fn line(note: Note<Self>) -> Line {
        Line::Handover(note)
    }

    /// It is asked at each turn of a session, and mostly says nothing.
    fn repeats(call: &Call, before: &Call) -> bool {
        matches!(call, Call::Poll(_)) && call == before
    }

    fn begin(call: &Call) -> Result<Option<Self>, Impossible> {
        Ok(match *call {
            Call::New { leaves_stalls, .. } => Some(Self::new(leaves_stalls)),
            _ => None,
        })
    }

    fn again(&mut self, call: &Call, now: Instant) -> Answer<Action> {
        match *call {
            Call::New { .. } => {}
            Call::Want => self.want(),
            Call::Forget => self.forget_wish(),
            Call::Connected => self.connected(),
            Call::Again => self.again(now),
            Call::Failed => self.failed(now),
            Call::Poll(on_air) => return Ok(self.poll(on_air, now)),
        }
        Ok(None)
    }
}
