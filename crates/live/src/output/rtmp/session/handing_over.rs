//! A session and its successor: what the one leaves to the other.

use std::future::poll_fn;
use std::time::{Duration, Instant};

use onair_media::Packet;
use tokio::time::timeout;

use super::{Move, Phase, Session};
use crate::handover::LOOK;
use crate::kernel::ways;
use crate::output::stream::Stream;
use crate::{HandoverReason, Pace};

/// Whether a session takes packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    No,
    /// Those before the next keyframe.
    AtKeyframe,
    /// No more.
    Now,
}

/// Whether the system would by now take another way than a connection's.
pub(super) fn is_rerouted(stream: &dyn Stream) -> bool {
    let ends = stream.ends();
    ends.is_some_and(|(local, peer)| ways::is_rerouted(local, peer))
}

impl Session {
    /// Whether the server takes the stream.
    pub(in super::super) const fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Live)
    }

    /// Whether nothing of what was sent has arrived for too long.
    pub(in super::super) fn is_stalled(&self) -> bool {
        self.progress.is_stalled()
    }

    /// The wish for another connection, once.
    pub(in super::super) fn take_wish(&mut self) -> Option<Move> {
        self.moving.take_if(|_| matches!(self.phase, Phase::Live))
    }

    /// Takes nothing more from the queue, or nothing from the next keyframe on.
    pub(in super::super) fn pause(&mut self, is_at_once: bool) {
        self.pause = match (is_at_once, self.pause) {
            (true, _) | (false, Pause::Now) => Pause::Now,
            (false, Pause::No | Pause::AtKeyframe) => Pause::AtKeyframe,
        };
    }

    /// Whether it takes nothing more.
    pub(in super::super) fn is_paused(&self) -> bool {
        self.pause == Pause::Now
    }

    /// Goes on, at a keyframe if packets were [left](Self::leave_unsent) meanwhile.
    pub(in super::super) const fn resume(&mut self) {
        self.pause = Pause::No;
    }

    /// Gives up the packets that it took and has not begun to send.
    pub(in super::super) fn leave_unsent(&mut self) -> Vec<Packet> {
        self.packets.leave_unsent()
    }

    /// Ends properly, while another session is on air.
    pub(in super::super) fn retire(&mut self, now: Instant) {
        self.is_retired = true;
        if matches!(self.phase, Phase::Live) {
            self.say_farewell(now);
        }
    }

    /// Ends without a word; gives the packets that did not arrive.
    pub(in super::super) fn abandon(self) -> Vec<Packet> {
        self.packets.left()
    }

    /// Wants another connection if the system would by now reach the server from another interface,
    /// and not only since before this connection was made.
    pub(super) fn look_at_route(&mut self) {
        let Some((local, peer)) = self.pump.stream().ends().filter(|_| self.is_live()) else {
            return;
        };
        let Some(now) = ways::source(peer) else {
            return;
        };
        let has_changed = self.source.replace(now) != Some(now);
        if has_changed && now != local.ip() && ways::are_apart(local.ip(), now) {
            let why = HandoverReason::NetworkChanged;
            self.moving.get_or_insert(Move { to: None, why });
        }
    }

    /// Sees now and then whether anything arrives.
    pub(super) fn watch_progress(&mut self, now: Instant) {
        if now < self.next_look || self.context.pace != Pace::Realtime {
            return;
        }
        self.next_look = now + LOOK;
        let under_way = self.note_arrival();
        let is_out = under_way > 0 || self.pump.unwritten() > 0;
        let arrived = self.written.saturating_sub(under_way);
        let is_rerouted = || self.is_usual && is_rerouted(self.pump.stream().as_ref());
        self.progress.look(is_out, arrived, is_rerouted, now);
    }

    /// Notes what has arrived; gives how many bytes the kernel has that have not.
    pub(super) fn note_arrival(&mut self) -> u64 {
        let stream = self.pump.stream();
        let link = stream.link();
        if self.pump.unwritten() == 0
            && self.packets.is_empty()
            && let Some(bytes) = stream.flushed()
        {
            self.delivery.written(bytes);
        }
        self.delivery.arrived(link.delivered());
        link.under_way() + stream.held() as u64
    }

    /// Ends without a word, where another session has taken over; gives the packets that were
    /// sent, without their payloads, and did not arrive.
    pub(in super::super) fn into_lost(mut self) -> Vec<Packet> {
        self.give_up()
    }

    /// Lets go of the connection at once; gives what of it did not arrive, and never will.
    pub(super) fn give_up(&mut self) -> Vec<Packet> {
        self.pump.stream().abort();
        self.note_arrival();
        std::mem::take(&mut self.delivery).left()
    }

    /// Ends properly while another session is on air, within a limit; gives what did not arrive.
    pub(in super::super) async fn leave(mut self, limit: Duration) -> Vec<Packet> {
        match timeout(limit, poll_fn(|cx| self.poll(cx))).await {
            Ok(reason) => self.finish(reason).await.lost,
            Err(_) => self.into_lost(),
        }
    }

    /// When to wake up for seeing again: a little later than due, since the next packet is most often
    /// reason enough to be awake.
    pub(super) fn next_progress(&self) -> Option<Instant> {
        let is_out = self.progress.is_out() || self.pump.unwritten() > 0;
        (is_out && self.is_live()).then(|| self.next_look + LOOK / 4)
    }
}
