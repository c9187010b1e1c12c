//! What depends on time: the machine's deadlines, ours, and regular looks at the line.

use std::task::Context;
use std::time::Instant;

use onair_rtmp::{Input, Machine};

use super::super::failure::stage_of;
use super::{EndReason, LAST_WORDS, Move, Phase, Session, TICK, Wish, news, renewal};
use crate::HandoverReason;
use crate::failure::Failure;
use crate::output::took_too_long;
use crate::output::transport::stall_limit;

/// True once, when a wish has come.
fn has_come(wish: &mut Option<Wish>, cx: &mut Context<'_>) -> bool {
    wish.take_if(|wish| wish.as_mut().poll(cx).is_ready())
        .is_some()
}

impl Session {
    /// Notices that the broadcast is being stopped: from then on there is a deadline.
    pub(super) fn poll_stop(&mut self, cx: &mut Context<'_>) -> bool {
        has_come(&mut self.stopping, cx)
    }

    /// Notices that another connection is wanted. One that is on air goes on until then; one that
    /// is only being made is dropped, unless it is about to end properly.
    pub(super) fn poll_renewal(&mut self, cx: &mut Context<'_>) -> bool {
        let is_asked = has_come(&mut self.renewing, cx);
        if !is_asked {
            return false;
        }
        match self.phase {
            Phase::Opening { .. } => {
                self.pump.discard();
                self.end(EndReason::Lost(Failure::renewed()));
            }
            Phase::Live => {
                self.renewing = Some(renewal(&self.context));
                let why = HandoverReason::Asked;
                self.moving.get_or_insert(Move { to: None, why });
            }
            Phase::Closing { .. } => {}
        }
        true
    }

    /// Notices that the ways to the network have changed.
    pub(super) fn poll_routes(&mut self, cx: &mut Context<'_>) -> bool {
        let is_news = has_come(&mut self.rerouting, cx);
        if is_news {
            self.rerouting = Some(news(&self.context));
            self.look_at_route();
        }
        is_news
    }

    pub(super) fn poll_timer(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let hurry = self.context.queue().deadline();
        let stall = self.pump.stalled_at(stall_limit(self.context.pace));
        let next = [
            Some(self.pump.deadline()),
            self.next_look(now),
            self.next_sample(),
            hurry.map(|at| if now < at { at } else { at + LAST_WORDS }),
            stall,
            self.next_progress(),
            self.opening_until(),
        ];
        let next = next.into_iter().flatten().min().unwrap_or(self.tick);
        // The runtime may not let a busy task's timer run out; the clock does.
        if now < next {
            return self.pump.poll_timer(cx, next);
        }
        self.handle_time(now, hurry, stall);
        true
    }

    /// When to look at the line. Sending wakes the session anyway: it is woken for a look only if
    /// something waits, and rarely if something may be on its way.
    fn next_look(&self, now: Instant) -> Option<Instant> {
        if now >= self.tick || self.pump.unwritten() > 0 {
            return Some(self.tick);
        }
        (!self.context.is_calm()).then(|| self.tick + 3 * TICK)
    }

    /// When another address is tried instead.
    const fn opening_until(&self) -> Option<Instant> {
        match self.phase {
            Phase::Opening { .. } => self.context.until,
            Phase::Live | Phase::Closing { .. } => None,
        }
    }

    fn handle_time(&mut self, now: Instant, hurry: Option<Instant>, stall: Option<Instant>) {
        if now >= self.pump.deadline() {
            let result = self.pump.machine.handle_input(Input::Timeout(now));
            self.check(result);
        }
        if self.opening_until().is_some_and(|at| now >= at) {
            self.pump.discard();
            self.end(EndReason::Lost(took_too_long(stage_of(
                self.pump.machine.step(),
            ))));
        }
        if now >= self.tick && !self.is_retired {
            self.tick = now + TICK;
            let link = self.pump.stream().link();
            self.context.look(link, self.phase.is_live());
        }
        if hurry.is_some_and(|at| now >= at) && !self.phase.is_closing() {
            self.say_farewell(now);
        }
        if hurry.is_some_and(|at| now >= at + LAST_WORDS) {
            self.pump.discard();
            self.end(EndReason::Finished);
            return;
        }
        if stall.is_some_and(|at| now >= at) && self.pump.unwritten() > 0 {
            let seconds = stall_limit(self.context.pace).as_secs();
            let stage = stage_of(self.pump.machine.step());
            self.pump.discard();
            self.end_reason = Some(EndReason::Lost(Failure::stalled(stage, seconds)));
        }
    }
}
