//! Bytes in and out, and packets from the queue.

use std::task::{Context, Poll};
use std::time::Instant;

use onair_media::{Kind, Packet};
use onair_net::{Broken, ReadLimits};
use onair_rtmp::SendBuffer;
use onair_rtmp::publisher::Step;

use super::super::failure::stage_of;
use super::{EndReason, Pause, Phase, Session};
use crate::Pace;
use crate::failure::Failure;
use crate::shared_queue::Taken;

/// Servers say little.
pub(in super::super) const READ: ReadLimits = ReadLimits {
    bytes: 4096,
    unwritten: SendBuffer::MAX_UNREAD,
};

impl Session {
    /// Hands the kernel as much as it takes.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, now: Instant) {
        let step = self.pump.machine.step();
        while let Poll::Ready(written) = self.pump.poll_write(cx, now) {
            match written {
                Ok(bytes) => {
                    self.line.is_moving = true;
                    self.written += bytes as u64;
                    self.context.sent(bytes, now);
                }
                Err(broken) => self.broke(&broken, step),
            }
        }
    }

    /// Nothing more can be written; what the server said before may still be read.
    ///
    /// If the end was announced already while something of the stream was unwritten, that is lost.
    fn broke(&mut self, broken: &Broken, step: Step) {
        let failure = Failure::broken(stage_of(step), &broken.error);
        let is_hurried = self.context.queue().deadline().is_some();
        if broken.unwritten > 0 && self.phase.is_closing() && !is_hurried {
            self.end_reason = Some(EndReason::Lost(failure.clone()));
        }
        self.broken.get_or_insert(failure);
    }

    /// Reads, unless the server does not.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let step = self.pump.machine.step();
        let Poll::Ready(received) = self.pump.poll_read(cx, READ, now) else {
            return false;
        };
        if let Some(broken) = &received.broken {
            self.broke(broken, step);
        }
        self.check(received.result);
        true
    }

    /// Takes packets from the queue once everything before them is gone and the line has room.
    pub(super) fn poll_queue(&mut self, cx: &Context<'_>, now: Instant) -> bool {
        if !self.is_sending() || !self.has_room() {
            return false;
        }
        if self.packets.is_empty() {
            if let Some(bytes) = self.pump.stream().flushed() {
                self.delivery.written(bytes);
            }
            let mut taken = Vec::new();
            let budget = self.budget();
            match self.context.queue().poll_take(cx, budget, &mut taken) {
                Poll::Ready(Taken::Some) => self.packets.push(taken),
                Poll::Ready(Taken::End) => self.source_ended(now),
                Poll::Pending => return false,
            }
        }
        self.send_packets();
        true
    }

    fn is_sending(&self) -> bool {
        let is_open = match self.phase {
            Phase::Opening {
                has_source_ended, ..
            } => !has_source_ended,
            Phase::Live => true,
            Phase::Closing { .. } => false,
        };
        is_open
            && self.pause != Pause::Now
            && self.pump.unwritten() == 0
            && self.is_flushed()
            && self.broken.is_none()
            && self.pump.machine.ready()
    }

    /// Whether what was sent live is with the kernel, TLS's share too: only then is it known where
    /// among the connection's bytes each packet ends.
    fn is_flushed(&self) -> bool {
        self.context.pace == Pace::Max || self.pump.stream().flushed().is_some()
    }

    fn send_packets(&mut self) {
        while self.send_tags()
            && self.pump.machine.ready()
            && let Some(packet) = self.packets.next()
        {
            if self.pause == Pause::AtKeyframe && self.may_begin_with(packet) {
                self.pause = Pause::Now;
                return;
            }
            let is_live = self.phase.is_live();
            if self.context.pace == Pace::Realtime {
                self.delivery.sends(packet);
            }
            self.packets.mux(&self.context.program, is_live);
        }
    }

    /// Gives the machine the muxed tags; true if none is left.
    fn send_tags(&mut self) -> bool {
        while self.pump.machine.ready() {
            let Some(tag) = self.packets.next_tag() else {
                return true;
            };
            if let Err(error) = self.pump.machine.send(&tag) {
                self.context.warn(error.to_string());
            }
        }
        false
    }

    /// Whether another connection can begin with a packet.
    fn may_begin_with(&self, packet: &Packet) -> bool {
        let has_video = self.context.program.tracks.has(Kind::Video);
        packet.kind() == Kind::Video && packet.keyframe || !has_video
    }

    fn source_ended(&mut self, now: Instant) {
        let deadline = self.context.queue().deadline();
        let is_late = deadline.is_some_and(|deadline| now >= deadline);
        match &mut self.phase {
            Phase::Opening {
                has_source_ended, ..
            } if !is_late => *has_source_ended = true,
            _ => self.say_farewell(now),
        }
    }

    /// How many bytes of packets to take from the queue at once: live, one packet.
    const fn budget(&self) -> usize {
        match self.context.pace {
            Pace::Realtime => 1,
            Pace::Max => 256 * 1024,
        }
    }

    pub(in super::super) fn say_farewell(&mut self, now: Instant) {
        if self.pump.machine.ready()
            && let Some(tag) = self.packets.end_of_sequence()
            && let Err(error) = self.pump.machine.send(&tag)
        {
            tracing::debug!(%error, "no end of sequence");
        }
        let was_live = self.phase.is_live();
        self.phase = Phase::Closing { was_live };
        self.pump.machine.close(now);
    }
}
