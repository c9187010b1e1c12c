//! What time brings: the machine's deadlines, ours, and a regular look at the line.

use std::task::Context;
use std::time::{Duration, Instant};

use onair_media::Bitrate;
use onair_rtmp::{Input, Machine};

use super::super::failure::of_stage;
use super::{Ending, LAST_WORDS, Phase, Session, TICK, Wish};
use crate::failure::Failure;
use crate::output::transport::stall_limit;
use crate::rate::{Holder, LinkSample};
use crate::{Event, Pace};

/// True the one time a wish is found to have come.
fn has_come(wish: &mut Option<Wish<'_>>, cx: &mut Context<'_>) -> bool {
    wish.take_if(|wish| wish.as_mut().poll(cx).is_ready())
        .is_some()
}

/// More queued media than this is congestion; less than a quarter of it is recovery.
const CONGESTION: Duration = Duration::from_millis(600);

impl Session<'_> {
    /// Learns that the broadcast is being stopped: from then on there is a deadline.
    pub(super) fn poll_stop(&mut self, cx: &mut Context<'_>) -> bool {
        has_come(&mut self.stopping, cx)
    }

    /// Drops the connection when another is wanted, unless it is about to end in an orderly way.
    pub(super) fn poll_renewal(&mut self, cx: &mut Context<'_>) -> bool {
        let is_asked = has_come(&mut self.renewing, cx);
        if is_asked && self.phase != Phase::Closing {
            self.pump.discard();
            self.ending.get_or_insert(Ending::Renewed);
        }
        is_asked
    }

    pub(super) fn poll_timer(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let hurry = self.place.line.feed().deadline();
        let stall = self.pump.stalled_at(stall_limit(self.place.pace));
        let next = [
            Some(self.pump.deadline()),
            Some(self.tick),
            self.rate.deadline(),
            hurry.map(|at| if now < at { at } else { at + LAST_WORDS }),
            stall,
        ];
        let next = next.into_iter().flatten().min().unwrap_or(self.tick);
        // The runtime may not let a busy task's timer run out; the clock does.
        if now < next {
            return self.pump.poll_timer(cx, next);
        }
        self.handle_time(now, hurry, stall);
        true
    }

    fn handle_time(&mut self, now: Instant, hurry: Option<Instant>, stall: Option<Instant>) {
        if now >= self.pump.deadline() {
            let stage = self.pump.machine.stage();
            let result = self.pump.machine.handle_input(Input::Timeout(now));
            self.check(result, stage);
        }
        if now >= self.tick {
            self.tick = now + TICK;
            self.look();
        }
        if self.rate.deadline().is_some_and(|at| now >= at) {
            self.follow(now);
        }
        if hurry.is_some_and(|at| now >= at) && self.phase != Phase::Closing {
            self.say_farewell(now);
        }
        if hurry.is_some_and(|at| now >= at + LAST_WORDS) {
            self.pump.discard();
            self.ending.get_or_insert(Ending::Finished);
            return;
        }
        if stall.is_some_and(|at| now >= at) && self.pump.unwritten() > 0 {
            let seconds = stall_limit(self.place.pace).as_secs();
            let stage = of_stage(self.pump.machine.stage());
            self.pump.discard();
            self.ending = Some(Ending::Lost(Failure::stalled(stage, seconds)));
        }
    }

    /// Shows the connection to its law, where pictures are encoded here.
    fn follow(&mut self, now: Instant) {
        let (hub, line) = (self.place.hub, self.place.line);
        let (asked, most) = hub.rate().asked();
        let (encoded, audio) = hub.notes().encoded(now);
        let (queue_age, queued) = line.feed().with(|queue| (queue.age(now), queue.payload()));
        let link = self.pump.stream().link();
        let advice = self.rate.update(&LinkSample {
            at: now,
            queue_age,
            queued: queued as u64,
            pending: self.pump.unwritten() as u64,
            written: line.status().bytes,
            unsent: link.unsent,
            unacked: link.unacked,
            delivery: link.delivery_bps.map(Bitrate::bps),
            rtt: link.rtt,
            encoded,
            asked,
            most,
            audio,
        });
        self.wish(advice.bitrate);
    }

    /// The most that this destination's line carries.
    pub(super) fn wish(&self, bitrate: Option<Bitrate>) {
        let holder = Holder::Line(self.place.index);
        self.place.hub.rate().wish(holder, bitrate);
    }

    /// Asks the kernel, and tells the application what is new.
    fn look(&mut self) {
        self.place.line.status().link = self.pump.stream().link();
        self.place
            .hub
            .tell_gaps(self.place.index, self.place.line.feed());
        let queued = self.place.line.feed().with(|queue| queue.span());
        let is_live = self.live.is_some() && self.place.pace == Pace::Realtime;
        let congested = is_live && queued > CONGESTION;
        if congested && !self.congested {
            let destination = self.place.index;
            self.place.hub.tell(Event::Congested {
                destination,
                queued,
            });
        }
        self.congested = congested || self.congested && queued > CONGESTION / 4;
    }
}
