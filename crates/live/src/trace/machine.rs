use std::fmt;
use std::ops::Deref;
use std::time::Instant;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::line::{Line, Note};
use super::recorder::{Tape, Trace};

/// A machine that can be called again as it was called before. Its decisions depend on nothing
/// else: no clock, no socket, no thread.
pub(crate) trait Machine: Sized {
    /// What it is called with.
    type Call: Clone + fmt::Debug + PartialEq + Serialize + DeserializeOwned;
    /// What comes of it.
    type Says: Clone + fmt::Debug + PartialEq + Serialize + DeserializeOwned;

    /// The line for a call.
    fn line(note: Note<Self>) -> Line;

    /// Whether a call says nothing new after another one that nothing came of: it is left out.
    fn repeats(call: &Self::Call, before: &Self::Call) -> bool;

    /// A new machine, if that is what is called for.
    fn begin(call: &Self::Call) -> Result<Option<Self>, Impossible>;

    /// Calls it again.
    fn again(&mut self, call: &Self::Call, now: Instant) -> Answer<Self::Says>;
}

/// What a machine says when it is called again, if anything.
pub(crate) type Answer<T> = Result<Option<T>, Impossible>;

/// No machine was ever called like this: the reason.
pub(crate) type Impossible = &'static str;

/// A machine whose calls are noted, where somebody wants them to be. It can be looked at as it is,
/// and called only in ways that are noted.
#[derive(Debug)]
pub(crate) struct Traced<M: Machine> {
    pub(super) machine: M,
    tape: Option<Tape>,
    /// The last call, if nothing came of it.
    before: Option<M::Call>,
}

impl<M: Machine> Traced<M> {
    /// A machine that was made by a call.
    pub(super) fn new(machine: M, trace: &Trace, call: impl FnOnce() -> M::Call) -> Self {
        let mut traced = Self {
            machine,
            tape: trace.tape(),
            before: None,
        };
        traced.note(None, call, None);
        traced
    }

    /// Notes a call, and what came of it. A call without a time is as late as the one before.
    pub(super) fn note(
        &mut self,
        now: Option<Instant>,
        call: impl FnOnce() -> M::Call,
        says: Option<M::Says>,
    ) {
        let Some(tape) = &mut self.tape else {
            return;
        };
        let call = call();
        let is_silent = says.is_none();
        let is_repeated = |before: &M::Call| M::repeats(&call, before);
        if is_silent && self.before.as_ref().is_some_and(is_repeated) {
            return;
        }
        self.before = is_silent.then(|| call.clone());
        tape.note(now, |at, id| M::line(Note(at, id, call, says)));
    }

    /// Whether anybody wants calls to be noted.
    pub(super) const fn is_noted(&self) -> bool {
        self.tape.is_some()
    }
}

impl<M: Machine> From<M> for Traced<M> {
    fn from(machine: M) -> Self {
        Self {
            machine,
            tape: None,
            before: None,
        }
    }
}

impl<M: Machine> Deref for Traced<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.machine
    }
}
