//! What one destination still has to send: pure, with the time as an argument.

mod held;
mod shed;
mod state;
mod tally;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use onair_media::{Kind, Packet, Timestamp};
use serde::{Deserialize, Serialize};

use self::held::Held;
use self::state::{Consumer, Source};
pub(crate) use self::tally::Tally;
use crate::Gap;
use crate::config::Limits;

/// What one destination still has to send.
///
/// Bounded by media time and by bytes. When a line lags and the bound is
/// reached, video goes, in units a decoder does not notice: a GOP once begun
/// loses its tail, up to the next IDR picture. If that IDR is in the queue
/// already, what lies before it goes and the lateness with it; if not, what
/// comes in is refused until it comes. While the line lives audio goes only
/// where the bytes alone, without any video that could, are too many.
///
/// While there is no line ([`Consumer::Away`]) the queue keeps to its newest GOP,
/// audio and all, so that the next connection begins close to the present. The
/// first attempt ([`Consumer::First`]) is allowed more, so that a slow server
/// does not cost the beginning; what exceeds that goes with its audio, since
/// nobody has heard any of it.
///
/// In a queue that [sheds what is late](Overflow::ShedLate) a burst is not: a packet has to wait
/// for long, and past the time at which real time would have it.
///
/// A queue that [holds](Overflow::Hold) sheds nothing, ever; its producer asks
/// [`is_full`](Self::is_full) and waits.
#[derive(Debug)]
pub(crate) struct PacketQueue {
    held: Held,
    limits: Limits,
    overflow: Overflow,
    /// Audio overtakes video that waits.
    audio_first: bool,
    has_video: bool,
    consumer: Consumer,
    source: Source,
    last_taken: Option<Timestamp>,
    /// What the present connection began with.
    first_taken: Option<Timestamp>,
    /// The latest decoding time the source has given.
    newest: Option<Timestamp>,
    /// When the source's first packet came, and its time.
    began: Option<(Instant, Timestamp)>,
    missed: Missed,
    tally: Tally,
}

/// What came while nobody sent anything any more.
#[derive(Debug, Default)]
struct Missed {
    from: Option<Timestamp>,
    video: u64,
    audio: u64,
}

/// What to do when a queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Overflow {
    /// Drop video: the source does not wait.
    Shed,
    /// Drop video that is late by its arrival and by its own time: what comes faster than it plays
    /// is not late, and its source waits when there is no more room.
    ShedLate,
    /// Drop nothing: the source waits.
    Hold,
}

/// How long a picture has to have waited before audio overtakes it: the order of what goes at once
/// stays as it is.
const MIN_WAIT: Duration = Duration::from_millis(60);

/// How far audio may get ahead of the pictures of its time: players hold so much of it.
const MAX_LEAD: Duration = Duration::from_secs(2);

/// How much audio may wait for the first IDR picture.
const MAX_WAIT: Duration = Duration::from_millis(2500);

/// The source's side.
impl PacketQueue {
    /// An empty queue before its first connection.
    pub(crate) fn new(limits: Limits, overflow: Overflow, has_video: bool) -> Self {
        Self {
            held: Held::default(),
            limits,
            overflow,
            audio_first: false,
            has_video,
            consumer: Consumer::First { begun: false },
            source: Source::Open,
            last_taken: None,
            first_taken: None,
            newest: None,
            began: None,
            missed: Missed::default(),
            tally: Tally::default(),
        }
    }

    /// The same, but audio [overtakes](MAX_LEAD) video that waits for a line.
    pub(crate) const fn with_audio_first(mut self) -> Self {
        self.audio_first = true;
        self
    }

    /// What it was made with: its limits, what happens beyond them, whether there is video, and
    /// whether audio overtakes it.
    pub(crate) const fn settings(&self) -> (Limits, Overflow, bool, bool) {
        (self.limits, self.overflow, self.has_video, self.audio_first)
    }

    /// Takes a packet from the source, and sheds if that was one too many.
    pub(crate) fn push(&mut self, packet: Packet, now: Instant) {
        self.newest = self.newest.max(Some(packet.dts));
        // What is relayed may have pictures later that nobody promised.
        self.has_video |= self.overflow == Overflow::ShedLate && packet.kind() == Kind::Video;
        self.began.get_or_insert((now, packet.dts));
        if self.source == Source::Shedding && packet.kind() == Kind::Video {
            if !packet.keyframe {
                self.count_dropped(&packet);
                return;
            }
            self.source = Source::Open;
            self.tally.close_gap(packet.dts);
        }
        self.held.push(packet, now);
        if self.overflow != Overflow::Hold && self.is_over(now) {
            self.shed(now);
        }
    }

    /// Sheds what has become too late while nothing came.
    pub(crate) fn look(&mut self, now: Instant) {
        if self.overflow == Overflow::ShedLate && self.is_over(now) {
            self.shed(now);
        }
    }

    /// No packet will follow.
    pub(crate) fn end(&mut self) {
        let before = std::mem::replace(&mut self.source, Source::Ended);
        if before == Source::Shedding
            && let Some(to) = self.newest
        {
            self.tally.close_gap(to);
        }
    }

    /// A packet came while there was nobody to send it.
    pub(crate) fn miss(&mut self, packet: &Packet) {
        self.newest = self.newest.max(Some(packet.dts));
        self.missed.from = self.missed.from.or(Some(packet.dts));
        match packet.kind() {
            Kind::Video => self.missed.video += 1,
            Kind::Audio => self.missed.audio += 1,
        }
    }

    /// Whether video is refused until a keyframe comes.
    pub(crate) fn needs_keyframe(&self) -> bool {
        self.source == Source::Shedding
    }

    /// True when a source that can wait should.
    pub(crate) fn is_full(&self, now: Instant) -> bool {
        match self.overflow {
            Overflow::Shed => false,
            Overflow::ShedLate => self.held.bytes() > self.limits.bytes && self.is_ahead(now),
            Overflow::Hold => self.is_over(now),
        }
    }

    /// True when a source that waited may go on: later than it had to stop, so that it wakes rarely.
    pub(crate) const fn has_room(&self) -> bool {
        self.held.bytes() <= self.limits.bytes / 2
    }
}

/// The consumer's side.
impl PacketQueue {
    /// The next packet to send. A connection begins at an IDR picture.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<Packet> {
        let is_first = !self.consumer.has_begun();
        if is_first && !self.begin() {
            return None;
        }
        let ahead = self.overtaking(now).filter(|_| !is_first);
        let entry = match ahead {
            Some(index) => self.held.take(index)?,
            None => self.held.pop()?,
        };
        let waited = now.saturating_duration_since(entry.since);
        self.tally.delays.add(waited);
        self.sent(&entry.packet, ahead.is_some());
        Some(entry.packet)
    }

    /// Where the audio is that goes before the video in front of it, if any does.
    fn overtaking(&self, now: Instant) -> Option<usize> {
        let front = self.held.front().filter(|_| self.audio_first)?;
        let waited = now.saturating_duration_since(front.since);
        if !front.is_video() || waited < MIN_WAIT {
            return None;
        }
        let (index, audio) = self.held.first_audio()?;
        let lead = audio.packet.dts.since(front.packet.dts);
        (lead <= MAX_LEAD).then_some(index)
    }

    /// Puts back what was taken but did not arrive.
    pub(crate) fn restore(&mut self, packets: Vec<Packet>, now: Instant) {
        if let Some(first) = packets.first() {
            self.last_taken = Some(first.dts);
        }
        for packet in packets.into_iter().rev() {
            self.tally.returned(&packet);
            self.held.put_back(packet, now);
        }
        self.consumer.begin_again();
    }

    /// Counts packets that were taken and did not arrive, of this connection or of the one before.
    pub(crate) fn lose(&mut self, packets: &[Packet]) {
        for packet in packets {
            self.tally.returned(packet);
            let is_watched = self.is_watched(packet.kind());
            self.tally.dropped(packet, true, is_watched);
        }
        if let Some(first) = self.first_taken.filter(|_| self.consumer.has_begun()) {
            self.tally.close_gap(first);
        }
    }

    /// The line is up. What was kept until now may exceed the limit for as long as the limit is:
    /// that it is still here does not mean that the line is slow.
    pub(crate) fn live(&mut self) {
        self.consumer = Consumer::Live {
            begun: self.consumer.has_begun(),
            grace: self.newest.map(|newest| newest + self.limits.time),
        };
    }

    /// There is no line: the next connection begins at an IDR picture again, and close to the
    /// present, but where nothing is ever shed.
    pub(crate) fn away(&mut self) {
        if self.is_first() && self.overflow == Overflow::Hold {
            self.consumer.begin_again();
            return;
        }
        self.consumer = Consumer::Away { begun: false };
        if let Some(from) = self.last_taken {
            self.tally.open_gap(from);
        }
    }

    /// Nothing of what is left will be sent: if anything ever was, the rest is a gap.
    pub(crate) fn abandon(&mut self) {
        if self.is_first() {
            return;
        }
        self.consumer.give_up();
        if !self.is_over_and_empty()
            && let Some(from) = self.last_taken
        {
            self.tally.open_gap(from);
        }
        self.drop_before(self.held.len(), true);
        if let Some(to) = self.newest {
            self.tally.close_gap(to);
        }
    }

    /// There is somebody to send packets again: what was missed, and what is left, is a gap.
    pub(crate) fn reopen(&mut self) {
        let missed = std::mem::take(&mut self.missed);
        self.source = Source::Open;
        self.away();
        self.drop_before(self.held.len(), true);
        self.tally.video.lose(missed.video);
        self.tally.audio.lose(missed.audio);
        if let Some(from) = missed.from {
            self.tally.open_gap(from);
        }
        self.tally.widen_gap(if self.has_video {
            missed.video
        } else {
            missed.audio
        });
    }

    /// True when no packet will follow.
    pub(crate) fn has_ended(&self) -> bool {
        self.source == Source::Ended
    }

    /// True when the source ended and everything was taken.
    pub(crate) fn is_over_and_empty(&self) -> bool {
        self.has_ended() && self.held.is_empty()
    }

    /// True when nothing waits, and no gap is to be told.
    pub(crate) fn is_quiet(&self) -> bool {
        self.held.is_empty() && self.tally.news.is_empty()
    }

    /// True when a `pop` now would give a packet.
    pub(crate) fn is_ready(&self) -> bool {
        !self.held.is_empty() && (self.consumer.has_begun() || self.beginning().is_some())
    }

    /// The media time between the oldest and the newest packet.
    pub(crate) fn span(&self) -> Duration {
        self.held.span()
    }

    /// For how long the oldest packet has waited.
    pub(crate) fn age(&self, now: Instant) -> Duration {
        let oldest = self.held.front();
        oldest.map_or(Duration::ZERO, |entry| {
            now.saturating_duration_since(entry.since)
        })
    }

    /// The payload bytes that wait.
    pub(crate) fn payload(&self) -> usize {
        self.held.payload()
    }

    /// The decoding time of the last packet taken.
    pub(crate) const fn last_taken(&self) -> Option<Timestamp> {
        self.last_taken
    }

    /// What went through so far.
    pub(crate) const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The gaps closed since the last call, with the pictures lost in each.
    pub(crate) fn take_news(&mut self) -> Vec<(Gap, u64)> {
        std::mem::take(&mut self.tally.news)
    }

    /// What overtook others is not the end of what was taken.
    fn sent(&mut self, packet: &Packet, is_overtaking: bool) {
        if !is_overtaking {
            self.last_taken = Some(packet.dts);
        }
        self.tally.sent(packet);
        if self.is_watched(packet.kind()) {
            self.tally.close_gap(packet.dts);
        }
    }

    const fn is_first(&self) -> bool {
        matches!(self.consumer, Consumer::First { .. })
    }

    /// Whether viewers notice that a packet of this kind is missing: audio only where it is all.
    fn is_watched(&self, kind: Kind) -> bool {
        kind == Kind::Video || !self.has_video
    }

    /// Where a connection can begin: at an IDR picture, or, when none comes, at the audio.
    fn beginning(&self) -> Option<usize> {
        if !self.has_video {
            return Some(0);
        }
        let waited_enough = || self.has_waited_enough().then_some(0);
        self.held.first_keyframe().or_else(waited_enough)
    }

    fn has_waited_enough(&self) -> bool {
        let is_stuffed = self.overflow != Overflow::Shed && self.held.bytes() > self.limits.bytes;
        self.has_ended() || is_stuffed || self.span() > self.limits.time.min(MAX_WAIT)
    }

    /// Drops what no decoder could use. Before the first connection audio is kept all the same.
    fn begin(&mut self) -> bool {
        let Some(index) = self.beginning() else {
            return false;
        };
        self.drop_before(index, self.consumer.is_away());
        let first = self.held.first_video().filter(|_| self.has_video);
        if first.is_some_and(|first| !first.keyframe) {
            self.drop_before(self.held.len(), false);
            self.refuse_until_keyframe();
        }
        if self.held.is_empty() {
            return false;
        }
        let first = self.held.first_video().filter(|_| self.has_video);
        let first_dts = first.or_else(|| self.held.front().map(|entry| &entry.packet));
        let first_dts = first_dts.map(|packet| packet.dts);
        self.first_taken = first_dts;
        self.consumer.begin();
        true
    }
}
