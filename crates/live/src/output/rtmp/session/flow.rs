//! Bytes in and out, and packets from the queue.

use std::task::{Context, Poll};
use std::time::Instant;

use onair_flv::Muxer;
use onair_media::{Kind, Packet, Tracks};
use onair_net::{Broken, ReadLimits};
use onair_rtmp::SendBuffer;
use onair_rtmp::publisher::Stage;

use super::super::failure::of_stage;
use super::{Ending, Phase, Session};
use crate::Pace;
use crate::failure::Failure;
use crate::feed::Taken;

/// The server says little.
const READ: ReadLimits = ReadLimits {
    bytes: 4096,
    unwritten: SendBuffer::MAX_UNREAD,
};

impl Session<'_> {
    /// Hands the kernel what it takes.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, now: Instant) {
        let stage = self.pump.machine.stage();
        while let Poll::Ready(written) = self.pump.poll_write(cx, now) {
            match written {
                Ok(bytes) => self.place.line.status().sent(bytes, now),
                Err(broken) => self.broke(&broken, stage),
            }
        }
    }

    /// Nothing more can be written; what the server said before may still be read.
    ///
    /// Where the end was said already and something of the stream had still to go, it is lost.
    fn broke(&mut self, broken: &Broken, stage: Stage) {
        let failure = Failure::broken(of_stage(stage), &broken.error);
        let is_hurried = self.place.line.feed().deadline().is_some();
        if broken.unwritten > 0 && self.phase == Phase::Closing && !is_hurried {
            self.ending = Some(Ending::Lost(failure.clone()));
        }
        self.broken.get_or_insert(failure);
    }

    /// Reads, unless the server does not.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let stage = self.pump.machine.stage();
        let Poll::Ready(received) = self.pump.poll_read(cx, READ, now) else {
            return false;
        };
        if let Some(broken) = &received.broken {
            self.broke(broken, stage);
        }
        self.check(received.result, stage);
        true
    }

    /// Takes packets from the queue once everything before them is gone.
    pub(super) fn poll_feed(&mut self, cx: &Context<'_>, now: Instant) -> bool {
        let wanted = self.phase == Phase::Sending
            && self.pump.unwritten() == 0
            && self.broken.is_none()
            && self.pump.machine.ready();
        if !wanted {
            return false;
        }
        if self.batch.is_empty() && self.owed.is_empty() {
            let mut taken = Vec::new();
            let feed = self.place.line.feed();
            match feed.poll_take(cx, self.budget(), &mut taken) {
                Poll::Ready(Taken::Some) => self.batch = taken.into(),
                Poll::Ready(Taken::End) => self.source_ended(now),
                Poll::Pending => return false,
            }
        }
        self.send_batch(now);
        true
    }

    const fn budget(&self) -> usize {
        match self.place.pace {
            Pace::Realtime => 32 * 1024,
            Pace::Max => 256 * 1024,
        }
    }

    fn send_batch(&mut self, now: Instant) {
        while self.send_owed()
            && self.pump.machine.ready()
            && let Some(packet) = self.batch.pop_front()
        {
            if self.moving.is_some() && self.may_move(&packet) {
                self.batch.push_front(packet);
                return self.say_farewell(now);
            }
            self.mux(&packet);
            if self.live.is_none() {
                self.unconfirmed.push(packet);
            }
        }
    }

    /// Sends what was muxed and did not fit into what the first flight may carry; true when
    /// nothing of it is left.
    fn send_owed(&mut self) -> bool {
        while self.pump.machine.ready()
            && let Some(tag) = self.owed.pop_front()
        {
            if let Err(error) = self.pump.machine.send(&tag) {
                let index = self.place.index;
                self.place.hub.warn(Some(index), error.to_string());
            }
        }
        self.owed.is_empty()
    }

    fn may_move(&self, packet: &Packet) -> bool {
        let has_video = self.place.program.tracks.has(Kind::Video);
        packet.kind() == Kind::Video && packet.keyframe || !has_video
    }

    /// Metadata first, and whenever a picture has another size or a track begins that nobody
    /// announced; sequence headers when due, the packet.
    fn mux(&mut self, packet: &Packet) {
        let program = self.place.program;
        let muxer = self.muxer.get_or_insert_with(|| program.muxer(packet));
        let is_told = |tracks: &Tracks| tracks.agrees_with(&packet.config);
        if !self.described.as_ref().is_some_and(is_told) {
            let tracks = self.described.get_or_insert_with(|| program.tracks.clone());
            tracks.update(&packet.config);
            self.owed.push_back(muxer.metadata(tracks));
        }
        self.owed.extend(muxer.mux(packet));
    }

    fn source_ended(&mut self, now: Instant) {
        let hurry = self.place.line.feed().deadline().is_some_and(|d| now >= d);
        if self.live.is_some() || hurry {
            self.say_farewell(now);
        } else {
            self.phase = Phase::Waiting;
        }
    }

    pub(super) fn say_farewell(&mut self, now: Instant) {
        if self.pump.machine.ready()
            && let Some(tag) = self.muxer.as_ref().and_then(Muxer::end_of_sequence)
            && let Err(error) = self.pump.machine.send(&tag)
        {
            tracing::debug!(%error, "no end of sequence");
        }
        self.phase = Phase::Closing;
        self.pump.machine.close(now);
    }
}
