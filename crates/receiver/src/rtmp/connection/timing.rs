//! How long a peer may take.

use std::task::Context as Wakeup;
use std::time::Instant;

use onair_rtmp::Input;

use super::{Connection, Role};

/// The clocks of a publisher.
pub(super) struct Timing {
    /// When media last came.
    pub(super) media: Instant,
    /// When to look again at a publisher that is held up.
    pub(super) look_again: Option<Instant>,
}

impl Timing {
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            media: now,
            look_again: None,
        }
    }
}

impl Connection {
    pub(super) fn poll_timer(&mut self, cx: &mut Wakeup<'_>, now: Instant) -> bool {
        let is_past = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let stalled = self.pump.stalled_at(self.context.limits.stall_timeout);
        if is_past(stalled) {
            self.broke("it reads next to nothing of what it is sent");
            return true;
        }
        if self.ending.is_some() {
            return stalled.is_some_and(|at| self.pump.poll_timer(cx, at));
        }
        let (silent, useless) = self.publisher_deadlines();
        let machine = self.pump.deadline();
        // A client that is not read from cannot show life.
        let machine = self.timing.look_again.unwrap_or(machine);
        let is_read = self.timing.look_again.is_none();
        if is_past(silent) {
            self.broke("it publishes, but sends no media");
        } else if let Role::Publisher(publishing) = &self.role
            && is_past(useless)
        {
            let words = publishing.useless();
            self.turn_out("NetStream.Publish.Rejected", &words, now);
        } else if let Some(refusal) = self.refusal.take_if(|refusal| refusal.at <= now) {
            self.refuse(refusal.stream, refusal.code, &refusal.words);
        } else if is_read && machine <= now {
            self.input(Input::Timeout(now));
        } else {
            let refused = self.refusal.as_ref().map(|refusal| refusal.at);
            let others = [stalled, silent, useless, refused].into_iter().flatten();
            return self.pump.poll_timer(cx, others.fold(machine, Instant::min));
        }
        true
    }

    /// When a publisher must have sent media, and media that can be used.
    fn publisher_deadlines(&self) -> (Option<Instant>, Option<Instant>) {
        let Role::Publisher(publishing) = &self.role else {
            return (None, None);
        };
        let limits = &self.context.limits;
        let silent = self.timing.media + limits.silence_timeout;
        (Some(silent), publishing.useless_at(limits.useless_timeout))
    }
}
