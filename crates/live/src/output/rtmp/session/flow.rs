//! Bytes in and out, and packets from the queue.

use std::io::{Error, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Buf;
use onair_flv::{Metadata, Muxer};
use onair_media::{Kind, Packet};
use onair_rtmp::{Input, SendBuffer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::super::failure::of_stage;
use super::{Ending, Phase, Session};
use crate::Pace;
use crate::failure::Failure;
use crate::feed::Taken;
use crate::program;

/// How many pieces one write may have.
const PIECES: usize = 512;

impl Session<'_> {
    /// Hands the kernel what it takes.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, now: Instant) {
        if self.broken.is_some() {
            return;
        }
        while !self.pending.is_empty() {
            match self.write_some(cx) {
                Poll::Ready(Ok(written)) if written > 0 => {
                    self.pending.advance(written, now);
                    self.place.line.status().sent(written, now);
                }
                Poll::Ready(Ok(_)) => {
                    let words = "it takes nothing any more";
                    return self.broke(&Error::new(ErrorKind::WriteZero, words));
                }
                Poll::Ready(Err(error)) => return self.broke(&error),
                Poll::Pending => return,
            }
        }
        if let Poll::Ready(Err(error)) = Pin::new(&mut self.stream).poll_flush(cx) {
            self.broke(&error);
        }
    }

    fn write_some(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<usize>> {
        let mut pieces = [IoSlice::new(&[]); PIECES];
        let count = self.pending.slices().chunks_vectored(&mut pieces);
        Pin::new(&mut self.stream).poll_write_vectored(cx, &pieces[..count])
    }

    /// Nothing more can be written; what the server said before may still be read.
    ///
    /// Where the end was said already and something of the stream had still to go, it is lost.
    fn broke(&mut self, error: &Error) {
        let failure = Failure::broken(of_stage(self.publisher.stage()), error);
        let is_hurried = self.place.line.feed().deadline().is_some();
        if !self.pending.is_empty() && self.phase == Phase::Closing && !is_hurried {
            self.ending = Some(Ending::Lost(failure.clone()));
        }
        self.pending.clear();
        self.broken = Some(failure);
    }

    /// Reads, unless the server does not: its every ping would cost an answer.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        if self.is_read_up || self.pending.len() > SendBuffer::MAX_UNREAD {
            return false;
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut read = ReadBuf::new(&mut buffer);
        let result = Pin::new(&mut self.stream).poll_read(cx, &mut read);
        let is_ready = result.is_ready();
        match result {
            Poll::Ready(Ok(())) if !read.filled().is_empty() => {
                self.input(Input::Receive(now, read.filled()));
            }
            Poll::Ready(Ok(())) => {
                self.is_read_up = true;
                self.input(Input::Closed(now));
            }
            Poll::Ready(Err(error)) => {
                self.is_read_up = true;
                if self.broken.is_none() {
                    self.broke(&error);
                }
                self.input(Input::Closed(now));
            }
            Poll::Pending => {}
        }
        self.buffer = buffer;
        is_ready
    }

    /// Takes packets from the queue once everything before them is gone.
    pub(super) fn poll_feed(&mut self, cx: &Context<'_>, now: Instant) -> bool {
        let wanted = self.phase == Phase::Sending
            && self.pending.is_empty()
            && self.broken.is_none()
            && self.publisher.ready();
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
            && self.publisher.ready()
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
        while self.publisher.ready()
            && let Some(tag) = self.owed.pop_front()
        {
            if let Err(error) = self.publisher.send(&tag) {
                let index = self.place.index;
                self.place.hub.warn(Some(index), error.to_string());
            }
        }
        self.owed.is_empty()
    }

    fn may_move(&self, packet: &Packet) -> bool {
        let has_video = self.place.program.metadata.video_codec.is_some();
        packet.kind() == Kind::Video && packet.keyframe || !has_video
    }

    /// Metadata first, and whenever a picture has another size or a track begins that nobody
    /// announced; sequence headers when due, the packet.
    fn mux(&mut self, packet: &Packet) {
        let program = self.place.program;
        let muxer = self.muxer.get_or_insert_with(|| program.muxer(packet));
        let is_told = |metadata: &Metadata| program::tells_of(metadata, &packet.config);
        if !self.described.as_ref().is_some_and(is_told) {
            let before = self.described.as_ref().unwrap_or(&program.metadata);
            let metadata = program::tell_of(before.clone(), &packet.config);
            self.owed.push_back(muxer.metadata(&metadata));
            self.described = Some(metadata);
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
        if self.publisher.ready()
            && let Some(tag) = self.muxer.as_ref().and_then(Muxer::end_of_sequence)
            && let Err(error) = self.publisher.send(&tag)
        {
            tracing::debug!(%error, "no end of sequence");
        }
        self.phase = Phase::Closing;
        self.publisher.close(now);
    }
}
