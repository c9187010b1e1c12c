//! The line: a law looks at it, and the session obeys.

use std::time::Instant;

use super::Session;
use crate::output::SessionContext;
use crate::rate::{Follower, RateAdvice};

/// What is known of a connection's line.
#[derive(Debug)]
pub(super) struct Line {
    follower: Follower,
    pub(super) advice: RateAdvice,
    /// Something was on its way when the law looked last, or has been written since.
    pub(super) is_moving: bool,
    /// Something waited that the line had no room for, or a frame does.
    is_waiting: bool,
}

impl Line {
    pub(super) fn new(context: &SessionContext, now: Instant) -> Self {
        Self {
            follower: Follower::new(context.law(), now),
            advice: RateAdvice::default(),
            is_moving: false,
            is_waiting: false,
        }
    }
}

impl Session {
    /// Shows the law the line as often as it wants to see it, while anything moves on it; true if it
    /// did. That is for when nothing else is to be done: what came just now does not wait for the line.
    pub(super) fn watch_line(&mut self, now: Instant) -> bool {
        let is_due = self.line.follower.deadline().is_some_and(|at| now >= at);
        if !is_due || !self.line.is_moving || !self.phase.is_live() || self.is_retired {
            return false;
        }
        let stream = self.pump.stream();
        let pending = self.pump.unwritten() + stream.held();
        let sample = self.context.sample(stream.link(), pending, now);
        self.line.advice = self.line.follower.update(&sample);
        let limit = self.line.advice.skip_above.unwrap_or(u64::MAX);
        let is_behind = sample.backlog() > limit;
        self.line.is_waiting = is_behind || sample.queued > 0 || sample.pending > 0;
        self.line.is_moving = sample.backlog() > 0;
        self.context.obey(self.line.advice, &sample);
        true
    }

    /// When to wake up for the next look. Packets wake the session anyway, more or less often
    /// enough for a line that takes them at once.
    pub(super) fn next_sample(&self) -> Option<Instant> {
        let line = &self.line;
        if !line.is_moving || !self.phase.is_live() {
            return None;
        }
        line.follower.wake_up(line.is_waiting)
    }

    /// Whether less is on the line than its law allows.
    pub(super) fn has_room(&mut self) -> bool {
        let Some(limit) = self.line.advice.in_flight else {
            return true;
        };
        let stream = self.pump.stream();
        let has_room = stream.link().under_way() + stream.held() as u64 <= limit;
        self.line.is_waiting |= !has_room;
        has_room
    }
}
