//! What keeps a broadcast on air, on a clock that steps.

use std::time::{Duration, Instant};

use crate::failure::Cause;
use crate::handover::{Action, Handover, OnAir, Progress};
use crate::reconnect::{Reconnect, Verdict};
use crate::{Failure, FailureStage, Fault, RetryPolicy};

/// Two bytes are time that passes or goes back, or something that happens: no step is taken that the
/// one before does not allow, and no wait is longer than any should be.
pub fn staying(data: &[u8]) {
    let mut watch = Watch {
        now: Instant::now() + Duration::from_secs(100_000),
        progress: Progress::default(),
        handover: Handover::new(true),
        reconnect: Reconnect::new(RetryPolicy::default(), 1),
        successor: Successor::None,
    };
    for event in data.as_chunks().0.iter().take(4000) {
        watch.handle(*event);
    }
}

struct Watch {
    now: Instant,
    progress: Progress,
    handover: Handover,
    reconnect: Reconnect,
    successor: Successor,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Successor {
    None,
    Connecting,
    Ready,
    Publishing,
}

/// The longest delay of all, a fifth longer.
const LONGEST: Duration = Duration::from_secs(18);

impl Watch {
    fn handle(&mut self, [what, value]: [u8; 2]) {
        let step = Duration::from_millis(u64::from(value) << (what / 8 % 8));
        match what % 8 {
            0 | 1 => self.now += step,
            2 => self.now = self.now.checked_sub(step).unwrap_or(self.now),
            3 if value.is_multiple_of(2) => self.handover.want(),
            3 => self.handover.forget_wish(),
            4 => self.go_on(value),
            5 => self.lose(value),
            _ => self.poll(value),
        }
    }

    fn go_on(&mut self, value: u8) {
        match self.successor {
            Successor::None => {}
            Successor::Connecting if value.is_multiple_of(2) => {
                self.handover.connected();
                self.successor = Successor::Ready;
            }
            Successor::Publishing if value.is_multiple_of(4) => {
                self.handover.again(self.now);
                self.successor = Successor::Connecting;
            }
            Successor::Connecting | Successor::Ready | Successor::Publishing => {
                self.handover.failed(self.now);
                self.successor = Successor::None;
            }
        }
    }

    fn lose(&mut self, value: u8) {
        let causes = [
            Cause::Dropped,
            Cause::Lost,
            Cause::Renewed,
            Cause::Busy { is_said: true },
        ];
        let cause = causes[usize::from(value) % causes.len()];
        if value >= 128 {
            self.reconnect.live(self.now);
        }
        let failure = Failure::new(FailureStage::Live, Fault::Stalled, "").because(cause);
        if let Verdict::Retry { delay, .. } = self.reconnect.failed(failure, self.now) {
            assert!(delay <= LONGEST, "{delay:?}");
        }
    }

    fn poll(&mut self, value: u8) {
        let bit = |bit: u8| value & bit != 0;
        let mark = u64::from(value & 8);
        self.progress.look(bit(1), mark, || bit(2), self.now);
        assert!(!self.progress.is_stalled() || self.progress.is_out());
        let on_air = OnAir {
            is_stalled: self.progress.is_stalled() || bit(16),
            is_at_keyframe: bit(32),
            is_alone: bit(64),
            is_elsewhere: bit(128),
        };
        if let Some(action) = self.handover.poll(on_air, self.now) {
            self.act(action);
        }
        if let Some(at) = self.handover.deadline(on_air) {
            // A clock that went back is waited for, and no longer than that.
            assert!(at <= self.now + Duration::from_secs(100_000));
        }
    }

    fn act(&mut self, action: Action) {
        use Successor::{Connecting, None, Publishing, Ready};
        let (from, to): (&[_], _) = match action {
            Action::Connect => (&[None, Connecting], Connecting),
            Action::Drop => (&[Connecting, Ready, Publishing], None),
            Action::Publish => (&[Ready], Publishing),
            Action::BreakFirst => (&[Ready], Ready),
            Action::EndOld => (&[Publishing], None),
        };
        assert!(
            from.contains(&self.successor),
            "{action:?} at {:?}",
            self.successor
        );
        self.successor = to;
        let is_over = matches!(action, Action::BreakFirst | Action::EndOld);
        if is_over {
            (self.progress, self.handover) = (Progress::default(), Handover::new(true));
            self.successor = None;
        }
    }
}
