use std::collections::VecDeque;
use std::time::{Duration, Instant};

use onair_media::{Kind, Packet, Timestamp};

use crate::config::Limits;
use crate::delay::Delays;
use crate::{Gap, TrackReport};

/// What one destination still has to send.
///
/// Bounded by media time and by bytes. When a line lags and the bound is
/// reached, video goes, in units a decoder does not notice: a GOP once begun
/// loses its tail, up to the next IDR picture. If that IDR is in the queue
/// already, what lies before it goes and the lateness with it; if not, what
/// comes in is refused until it comes. While the line lives audio goes only
/// where the bytes alone, without any video that could, are too many.
///
/// While there is no line ([`Phase::Away`]) the queue keeps to its newest GOP,
/// sound and all, so that the next connection begins close to the present. The
/// first attempt ([`Phase::First`]) is allowed more, so that a slow server
/// does not cost the beginning; what exceeds that goes with its sound, since
/// nobody has heard any of it.
///
/// In a queue that [sheds what is late](Overflow::ShedLate) a burst is not: a packet has to wait
/// for long, and past the time at which real time would have it.
///
/// A queue that [holds](Overflow::Hold) sheds nothing, ever; its producer asks
/// [`is_full`](Self::is_full) and waits.
#[derive(Debug)]
pub(crate) struct Queue {
    held: VecDeque<Entry>,
    /// What it costs to hold that.
    bytes: usize,
    limits: Limits,
    overflow: Overflow,
    has_video: bool,
    phase: Phase,
    /// Until the first packet of a connection was taken.
    starting: bool,
    /// Video is refused until the next IDR picture.
    shedding: bool,
    ended: bool,
    last_taken: Option<Timestamp>,
    /// The latest decoding time the source has given.
    newest: Option<Timestamp>,
    /// Until when, in media time, a connection may still send what was kept for it.
    grace: Option<Timestamp>,
    /// When the source's first packet came, and its time.
    began: Option<(Instant, Timestamp)>,
    gap: Option<OpenGap>,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overflow {
    /// Drop video: the source does not wait.
    Shed,
    /// Drop video that is late by its arrival and by its own time: what comes faster than it plays
    /// is not late, and its source waits when there is no more room.
    ShedLate,
    /// Drop nothing: the source waits.
    Hold,
}

/// How the line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing has failed yet.
    First,
    /// It is up.
    Live,
    /// It is to come, or to come back.
    Away,
}

/// What went through a queue and what did not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) video: TrackReport,
    pub(crate) audio: TrackReport,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) delays: Delays,
    /// Gaps closed since somebody last asked.
    pub(crate) news: Vec<(Gap, u64)>,
    /// Where the last of them ended.
    told_to_ms: i64,
    /// Pictures lost within what was told before they were known to be.
    untold: u64,
}

#[derive(Debug)]
struct Entry {
    packet: Packet,
    since: Instant,
}

impl Entry {
    fn is_video(&self) -> bool {
        self.packet.kind() == Kind::Video
    }
}

/// What a queue holds, or would if something of it went.
struct Load<'a> {
    bytes: usize,
    front: Option<&'a Entry>,
    /// The oldest that could be shed.
    oldest: Option<&'a Entry>,
}

/// What it costs to hold a packet, but for the configuration that packets share.
fn weight(packet: &Packet) -> usize {
    OVERHEAD + packet.payload.len()
}

/// What it takes to keep a packet of any size: a queue that has grown is up to twice as large as
/// what is in it, and a payload has its own allocation.
const OVERHEAD: usize = 2 * size_of::<Entry>() + 64;

#[derive(Debug)]
struct OpenGap {
    from: Timestamp,
    frames: u64,
}

/// More gaps than this are told as one.
const MOST_GAPS: usize = 1000;

/// By how much the first connection, and a long GOP while away, may exceed the limit.
const ALLOWANCE: u32 = 4;

impl Queue {
    /// An empty queue before its first connection.
    pub(crate) fn new(limits: Limits, overflow: Overflow, has_video: bool) -> Self {
        Self {
            held: VecDeque::new(),
            bytes: 0,
            limits,
            overflow,
            has_video,
            phase: Phase::First,
            starting: true,
            shedding: false,
            ended: false,
            last_taken: None,
            newest: None,
            grace: None,
            began: None,
            gap: None,
            missed: Missed::default(),
            tally: Tally::default(),
        }
    }

    /// Takes a packet from the source, and sheds if that was one too many.
    pub(crate) fn push(&mut self, packet: Packet, now: Instant) {
        self.newest = self.newest.max(Some(packet.dts));
        // What is relayed may have pictures later that nobody promised.
        self.has_video |= self.overflow == Overflow::ShedLate && packet.kind() == Kind::Video;
        self.began.get_or_insert((now, packet.dts));
        if self.shedding && packet.kind() == Kind::Video {
            if !packet.keyframe {
                self.drop_packet(&packet);
                return;
            }
            self.shedding = false;
            self.close_gap(packet.dts);
        }
        self.bytes += weight(&packet);
        self.held.push_back(Entry { packet, since: now });
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

    /// The next packet to send. A connection begins at an IDR picture.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<Packet> {
        if self.starting && !self.begin() {
            return None;
        }
        let entry = self.held.pop_front()?;
        self.bytes -= weight(&entry.packet);
        let waited = now.saturating_duration_since(entry.since);
        self.tally.delays.add(waited);
        self.sent(&entry.packet);
        Some(entry.packet)
    }

    /// Puts back what was taken but did not arrive.
    pub(crate) fn restore(&mut self, packets: Vec<Packet>, now: Instant) {
        if let Some(first) = packets.first() {
            self.last_taken = Some(first.dts);
        }
        for packet in packets.into_iter().rev() {
            self.bytes += weight(&packet);
            let track = self.tally.track(packet.kind());
            track.frames = track.frames.saturating_sub(1);
            if packet.is_video_keyframe() {
                track.keyframes = track.keyframes.map(|count| count.saturating_sub(1));
            }
            self.held.push_front(Entry { packet, since: now });
        }
        self.starting = true;
    }

    /// The line is up. What was kept until now may exceed the limit for as long as the limit is:
    /// that it is still here does not mean that the line is slow.
    pub(crate) fn live(&mut self) {
        self.phase = Phase::Live;
        self.grace = self.newest.map(|newest| newest + self.limits.time);
    }

    /// There is no line: the next connection begins at an IDR picture again, and close to the
    /// present, but where nothing is ever shed.
    pub(crate) fn away(&mut self) {
        self.starting = true;
        if self.phase == Phase::First && self.overflow == Overflow::Hold {
            return;
        }
        self.phase = Phase::Away;
        if let Some(from) = self.last_taken {
            self.open_gap(from);
        }
    }

    /// No packet will follow.
    pub(crate) fn end(&mut self) {
        self.ended = true;
        if self.shedding
            && let Some(to) = self.newest
        {
            self.close_gap(to);
        }
    }

    /// Nothing of what is left will be sent: if anything ever was, the rest is a gap.
    pub(crate) fn abandon(&mut self) {
        if self.phase == Phase::First {
            return;
        }
        self.phase = Phase::Away;
        if !self.is_over_and_empty()
            && let Some(from) = self.last_taken
        {
            self.open_gap(from);
        }
        self.drop_before(self.held.len(), true);
        if let Some(to) = self.newest {
            self.close_gap(to);
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

    /// There is somebody to send packets again: what was missed, and what is left, is a gap.
    pub(crate) fn reopen(&mut self) {
        let missed = std::mem::take(&mut self.missed);
        self.ended = false;
        self.shedding = false;
        self.away();
        self.drop_before(self.held.len(), true);
        self.tally.video.lose(missed.video);
        self.tally.audio.lose(missed.audio);
        if let Some(from) = missed.from {
            self.open_gap(from);
        }
        if let Some(gap) = &mut self.gap {
            gap.frames += if self.has_video {
                missed.video
            } else {
                missed.audio
            };
        }
    }

    /// True when no packet will follow.
    pub(crate) const fn has_ended(&self) -> bool {
        self.ended
    }

    /// True when the source ended and everything was taken.
    pub(crate) fn is_over_and_empty(&self) -> bool {
        self.ended && self.held.is_empty()
    }

    /// True when a source that can wait should.
    pub(crate) fn is_full(&self, now: Instant) -> bool {
        match self.overflow {
            Overflow::Shed => false,
            Overflow::ShedLate => self.bytes > self.limits.bytes && self.is_ahead(now),
            Overflow::Hold => self.is_over(now),
        }
    }

    /// True when a source that waited may go on: later than it had to stop, so that it wakes rarely.
    pub(crate) fn has_room(&self) -> bool {
        self.bytes <= self.limits.bytes / 2
    }

    /// True when a `pop` now would give a packet.
    pub(crate) fn is_ready(&self) -> bool {
        !self.held.is_empty() && (!self.starting || self.beginning().is_some())
    }

    /// The media time between the oldest and the newest packet.
    pub(crate) fn span(&self) -> Duration {
        match (self.held.front(), self.held.back()) {
            (Some(first), Some(last)) => last.packet.dts.since(first.packet.dts),
            _ => Duration::ZERO,
        }
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

    fn is_over(&self, now: Instant) -> bool {
        let front = self.held.front();
        let oldest = match self.has_video && self.phase != Phase::Away {
            true => self.held.iter().find(|entry| entry.is_video()),
            false => front,
        };
        let bytes = self.bytes;
        self.is_too_much(
            &Load {
                bytes,
                front,
                oldest,
            },
            now,
        )
    }

    fn is_too_much(&self, load: &Load<'_>, now: Instant) -> bool {
        let is_in_grace = || self.newest < self.grace;
        let allowance = match self.phase {
            Phase::First if self.overflow != Overflow::Hold => ALLOWANCE,
            Phase::Live if is_in_grace() => ALLOWANCE,
            _ => 1,
        };
        if self.overflow == Overflow::ShedLate && self.overdue(load.front, now).is_zero() {
            return false;
        }
        let most = self.limits.time.saturating_mul(allowance);
        load.bytes > self.limits.bytes || self.lag(load, now) > most
    }

    /// Whether real time has yet to come to the oldest packet.
    fn is_ahead(&self, now: Instant) -> bool {
        self.overdue(self.held.front(), now).is_zero()
    }

    /// By how much real time, which began with the source, is past a packet.
    fn overdue(&self, entry: Option<&Entry>, now: Instant) -> Duration {
        let (Some((began, origin)), Some(entry)) = (self.began, entry) else {
            return Duration::ZERO;
        };
        let due = entry.packet.dts.since(origin);
        now.saturating_duration_since(began).saturating_sub(due)
    }

    /// How late the oldest packet is that could be shed.
    fn lag(&self, load: &Load<'_>, now: Instant) -> Duration {
        let Some(oldest) = load.oldest else {
            return Duration::ZERO;
        };
        if self.overflow == Overflow::ShedLate {
            let waited = now.saturating_duration_since(oldest.since);
            return waited.min(self.overdue(load.front, now));
        }
        let newest = self.held.back().unwrap_or(oldest);
        newest.packet.dts.since(oldest.packet.dts)
    }

    fn shed(&mut self, now: Instant) {
        match (self.phase, self.idr_to_keep(now)) {
            (_, Some(idr)) => self.drop_before(idr, self.is_unheard()),
            (Phase::Away, None) => self.shed_away(),
            (_, None) => self.refuse_newest(),
        }
        while self.bytes > self.limits.bytes && self.drop_tail() {}
        if self.bytes > self.limits.bytes {
            self.drop_oldest_audio();
        }
    }

    /// The first IDR picture with video before it from which on the rest is not too much; the last
    /// one, when it always is.
    fn idr_to_keep(&self, now: Instant) -> Option<usize> {
        let with_audio = self.is_unheard();
        let (mut bytes, mut has_video, mut audio, mut keep) = (self.bytes, false, None, None);
        for (index, entry) in self.held.iter().enumerate() {
            if has_video && entry.packet.is_video_keyframe() {
                keep = Some(index);
                let load = Load {
                    bytes,
                    front: audio.or(Some(entry)),
                    oldest: Some(entry),
                };
                if !self.is_too_much(&load, now) {
                    break;
                }
            }
            has_video |= entry.is_video();
            if with_audio || entry.is_video() {
                bytes -= weight(&entry.packet);
            } else {
                audio = audio.or(Some(entry));
            }
        }
        keep
    }

    /// Nobody is listening, or has ever.
    fn is_unheard(&self) -> bool {
        match self.phase {
            Phase::First => self.starting,
            Phase::Live => false,
            Phase::Away => true,
        }
    }

    fn video(&self) -> impl Iterator<Item = (usize, &Packet)> {
        let packets = self.held.iter().map(|entry| &entry.packet).enumerate();
        packets.filter(|(_, packet)| packet.kind() == Kind::Video)
    }

    /// A GOP longer than the limit, and no line: keep it for a while, then wait for the next.
    fn shed_away(&mut self) {
        let most = self.limits.time.saturating_mul(ALLOWANCE);
        if self.span() > most || self.bytes > self.limits.bytes {
            self.drop_before(self.held.len(), true);
            self.shedding = self.has_video;
        }
    }

    /// The GOP in the queue stays, what would continue it goes.
    fn refuse_newest(&mut self) {
        if self.held.back().is_some_and(Entry::is_video) {
            self.drop_tail();
        }
    }

    /// Drops the last picture of the last GOP; false when that is its first.
    fn drop_tail(&mut self) -> bool {
        let last = self.held.iter().rposition(Entry::is_video);
        let is_tail = |index: &usize| !self.held[*index].packet.keyframe;
        let Some(entry) = last
            .filter(is_tail)
            .and_then(|index| self.held.remove(index))
        else {
            return false;
        };
        self.bytes -= weight(&entry.packet);
        self.drop_packet(&entry.packet);
        self.shedding = true;
        true
    }

    /// Makes room where no video can go: somewhat more than is needed, since it takes a look at
    /// everything.
    fn drop_oldest_audio(&mut self) {
        let most = self.limits.bytes - self.limits.bytes / 8;
        for entry in std::mem::take(&mut self.held) {
            if self.bytes > most && !entry.is_video() {
                self.bytes -= weight(&entry.packet);
                self.drop_packet(&entry.packet);
            } else {
                self.held.push_back(entry);
            }
        }
    }

    fn drop_before(&mut self, index: usize, with_audio: bool) {
        let rest = self.held.split_off(index);
        let front = std::mem::replace(&mut self.held, rest);
        let mut kept = VecDeque::new();
        for entry in front {
            if with_audio || entry.packet.kind() == Kind::Video {
                self.bytes -= weight(&entry.packet);
                self.drop_packet(&entry.packet);
            } else {
                kept.push_back(entry);
            }
        }
        kept.append(&mut self.held);
        self.held = kept;
        let next = self.video().next().map(|(_, packet)| packet.dts);
        if self.phase != Phase::Away
            && let Some(next) = next
        {
            self.close_gap(next);
        }
    }

    fn drop_packet(&mut self, packet: &Packet) {
        // Before a connection's first IDR picture nothing could be sent, however fast the line.
        let is_lost = self.starting || self.phase == Phase::Away;
        let track = self.tally.track(packet.kind());
        track.dropped += 1;
        track.lost += u64::from(is_lost);
        let counts = packet.kind() == Kind::Video || !self.has_video;
        if counts {
            self.open_gap(packet.dts);
            if let Some(gap) = &mut self.gap {
                gap.frames += 1;
            }
        }
    }

    fn open_gap(&mut self, from: Timestamp) {
        let gap = self.gap.get_or_insert(OpenGap { from, frames: 0 });
        gap.from = gap.from.min(from);
    }

    /// `to` is there again; a gap that begins later stays open.
    fn close_gap(&mut self, to: Timestamp) {
        let Some(open) = self.gap.take_if(|gap| gap.from <= to) else {
            return;
        };
        if open.from == to && open.frames == 0 {
            return;
        }
        let mut gap = Gap {
            from_ms: open.from.as_millis(),
            to_ms: to.as_millis(),
        };
        gap.from_ms = gap.from_ms.max(0);
        if gap.to_ms <= 0 {
            return;
        }
        self.tally.tell(gap, open.frames);
        while let Some(last) = self.tally.gaps.last()
            && (last.to_ms >= gap.from_ms || self.tally.gaps.len() >= MOST_GAPS)
        {
            gap.from_ms = gap.from_ms.min(last.from_ms);
            gap.to_ms = gap.to_ms.max(last.to_ms);
            self.tally.gaps.pop();
        }
        self.tally.gaps.push(gap);
    }

    fn sent(&mut self, packet: &Packet) {
        self.last_taken = Some(packet.dts);
        let track = self.tally.track(packet.kind());
        track.frames += 1;
        if packet.kind() == Kind::Video {
            *track.keyframes.get_or_insert(0) += u64::from(packet.keyframe);
        }
        let closes = packet.kind() == Kind::Video || !self.has_video;
        if closes {
            self.close_gap(packet.dts);
        }
    }

    /// Where a connection can begin: at an IDR picture, or, when none comes, at the sound.
    fn beginning(&self) -> Option<usize> {
        if !self.has_video {
            return Some(0);
        }
        let idr = self.video().find(|(_, packet)| packet.keyframe);
        match idr {
            Some((index, _)) => Some(index),
            None => self.has_waited_enough().then_some(0),
        }
    }

    fn has_waited_enough(&self) -> bool {
        let is_stuffed = self.overflow != Overflow::Shed && self.bytes > self.limits.bytes;
        self.ended || is_stuffed || self.span() > self.limits.time.min(LONGEST_WAIT)
    }

    /// Drops what no decoder could use. Before the first connection sound is kept all the same.
    fn begin(&mut self) -> bool {
        let Some(index) = self.beginning() else {
            return false;
        };
        self.drop_before(index, self.phase == Phase::Away);
        if self.has_video
            && self
                .video()
                .next()
                .is_some_and(|(_, first)| !first.keyframe)
        {
            self.drop_before(self.held.len(), false);
            self.shedding = !self.ended;
        }
        self.starting = self.held.is_empty();
        !self.starting
    }
}

/// How much sound may wait for the first IDR picture.
const LONGEST_WAIT: Duration = Duration::from_millis(2500);

impl Tally {
    /// Remembers a gap to be told, without what was told before: what a connection took and did
    /// not deliver begins before the gap that made an end of it.
    fn tell(&mut self, mut gap: Gap, frames: u64) {
        self.untold += frames;
        gap.from_ms = gap.from_ms.max(self.told_to_ms);
        if gap.from_ms < gap.to_ms {
            self.told_to_ms = gap.to_ms;
            self.news.push((gap, std::mem::take(&mut self.untold)));
        }
    }

    const fn track(&mut self, kind: Kind) -> &mut TrackReport {
        match kind {
            Kind::Video => &mut self.video,
            Kind::Audio => &mut self.audio,
        }
    }
}

#[cfg(test)]
mod tests;
