//! [`Arbiter`]: whose limit on the bitrate applies.

use std::time::Instant;

use onair_media::Bitrate;
use serde::{Deserialize, Serialize};

use super::line::{Line, Note, bps};
use super::machine::{Answer, Impossible, Machine, Traced};
use super::recorder::Trace;
use crate::rate::{Arbiter, Change, Holder, LimitedBy};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Call {
    New,
    Begin { bitrate: u64, min: Option<u64> },
    Wish(Holder, Option<u64>),
    Follow(usize, Option<u64>),
    Change,
    Applied(Holder, u64),
    Refused(Holder, u64),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Says {
    /// Whether a line is heard.
    Heard(bool),
    /// The rate to set.
    Set(Holder, u64),
    /// The same rate for another reason.
    Because(LimitedBy),
}

impl Traced<Arbiter> {
    pub(crate) fn arbiter(trace: &Trace) -> Self {
        Self::new(Arbiter::default(), trace, || Call::New)
    }

    pub(crate) fn begin(&mut self, bitrate: Bitrate, min: Option<Bitrate>) {
        self.machine.begin(bitrate, min);
        let call = || Call::Begin {
            bitrate: bitrate.as_bps(),
            min: bps(min),
        };
        self.note(None, call, None);
    }

    pub(crate) fn wish(&mut self, holder: Holder, bitrate: Option<Bitrate>) {
        self.machine.wish(holder, bitrate);
        self.note(None, || Call::Wish(holder, bps(bitrate)), None);
    }

    pub(crate) fn follow(&mut self, line: usize, bitrate: Option<Bitrate>, now: Instant) -> bool {
        let is_heard = self.machine.follow(line, bitrate, now);
        let call = || Call::Follow(line, bps(bitrate));
        self.note(Some(now), call, Some(Says::Heard(is_heard)));
        is_heard
    }

    pub(crate) fn change(&mut self, now: Instant) -> Option<Change> {
        let (change, says) = change(&mut self.machine, now);
        self.note(Some(now), || Call::Change, says);
        change
    }

    pub(crate) fn applied(&mut self, change: Change) {
        self.machine.applied(change);
        let Change { holder, bitrate } = change;
        self.note(None, || Call::Applied(holder, bitrate.as_bps()), None);
    }

    pub(crate) fn refused(&mut self, change: Change) {
        self.machine.refused(change);
        let Change { holder, bitrate } = change;
        self.note(None, || Call::Refused(holder, bitrate.as_bps()), None);
    }
}

fn change(arbiter: &mut Arbiter, now: Instant) -> (Option<Change>, Option<Says>) {
    let reason = |arbiter: &Arbiter| arbiter.limit().map(|limit| limit.limited_by);
    let before = reason(arbiter);
    let change = arbiter.change(now);
    let after = reason(arbiter).filter(|after| before != Some(*after));
    let set = change.map(|Change { holder, bitrate }| Says::Set(holder, bitrate.as_bps()));
    (change, set.or_else(|| after.map(Says::Because)))
}

impl Machine for Arbiter {
    type Call = Call;
    type Says = Says;

    fn line(note: Note<Self>) -> Line {
        Line::Arbiter(note)
    }

    /// It is asked for each frame.
    fn repeats(call: &Call, before: &Call) -> bool {
        matches!(call, Call::Change) && call == before
    }

    fn begin(call: &Call) -> Result<Option<Self>, Impossible> {
        Ok((*call == Call::New).then(Self::default))
    }

    fn again(&mut self, call: &Call, now: Instant) -> Answer<Says> {
        let of = |holder, bitrate| Change {
            holder,
            bitrate: Bitrate::bps(bitrate),
        };
        match *call {
            Call::New => {}
            Call::Begin { bitrate, min } => {
                self.begin(Bitrate::bps(bitrate), min.map(Bitrate::bps));
            }
            Call::Wish(holder, bitrate) => self.wish(holder, bitrate.map(Bitrate::bps)),
            Call::Follow(line, bitrate) => {
                let is_heard = self.follow(line, bitrate.map(Bitrate::bps), now);
                return Ok(Some(Says::Heard(is_heard)));
            }
            Call::Change => return Ok(change(self, now).1),
            Call::Applied(holder, bitrate) => self.applied(of(holder, bitrate)),
            Call::Refused(holder, bitrate) => self.refused(of(holder, bitrate)),
        }
        Ok(None)
    }
}
