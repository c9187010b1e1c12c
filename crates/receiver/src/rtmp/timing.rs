use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::time::Instant;

use tokio::time::{Sleep, sleep_until};

/// What a connection waits for, and its one timer.
pub(super) struct Timing {
    /// What the machine asked for.
    pub(super) machine: Instant,
    /// When media last came.
    pub(super) media: Instant,
    /// When a publisher that is held up is looked at again.
    pub(super) look_again: Option<Instant>,
    armed: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Timing {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            machine: now,
            media: now,
            look_again: None,
            armed: now,
            timer: Box::pin(sleep_until(now.into())),
        }
    }

    /// True when the timer rang. One that rings too early is set again, later: that is rarer than setting it each time.
    pub(super) fn poll(&mut self, deadline: Instant, cx: &mut Context<'_>) -> bool {
        if deadline < self.armed {
            self.arm(deadline);
        }
        if self.timer.as_mut().poll(cx).is_pending() {
            return false;
        }
        self.arm(deadline);
        true
    }

    fn arm(&mut self, deadline: Instant) {
        self.armed = deadline;
        self.timer.as_mut().reset(deadline.into());
    }
}
