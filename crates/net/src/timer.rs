use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::time::Instant;

use tokio::time::{Sleep, sleep_until};

/// One timer for deadlines that move all the time, nearly always to later.
#[derive(Debug)]
pub struct Timer {
    armed: Instant,
    sleep: Pin<Box<Sleep>>,
}

impl Timer {
    /// A timer for the runtime that this is called in.
    pub fn new(now: Instant) -> Self {
        Self {
            armed: now,
            sleep: Box::pin(sleep_until(now.into())),
        }
    }

    /// Wakes the task at `deadline`; true when it rang, at the latest then.
    ///
    /// It may ring early, since a deadline that moves to later leaves it as it is: to set it again
    /// when it rings is rarer than to set it each time. Whoever is woken looks at the clock.
    pub fn poll(&mut self, deadline: Instant, cx: &mut Context<'_>) -> bool {
        if deadline < self.armed {
            self.arm(deadline);
        }
        if self.sleep.as_mut().poll(cx).is_pending() {
            return false;
        }
        self.arm(deadline);
        true
    }

    fn arm(&mut self, deadline: Instant) {
        self.armed = deadline;
        self.sleep.as_mut().reset(deadline.into());
    }
}
