//! What goes when there is too much.

use std::time::{Duration, Instant};

use onair_media::Packet;

use super::held::Entry;
use super::state::{Consumer, Source};
use super::{Overflow, PacketQueue};

/// What a queue holds, or would if something of it went.
struct Load<'a> {
    bytes: usize,
    front: Option<&'a Entry>,
    /// The oldest that could be shed.
    oldest: Option<&'a Entry>,
}

/// By how much the first connection, and a long GOP while away, may exceed the limit.
pub(super) const ALLOWANCE: u32 = 4;

/// Whether there is too much.
impl PacketQueue {
    pub(super) fn is_over(&self, now: Instant) -> bool {
        let front = self.held.front();
        let oldest = match self.has_video && !self.consumer.is_away() {
            true => self.held.iter().find(|entry| entry.is_video()),
            false => front,
        };
        let bytes = self.held.bytes();
        self.is_too_much(
            &Load {
                bytes,
                front,
                oldest,
            },
            now,
        )
    }

    /// Whether real time has yet to come to the oldest packet.
    pub(super) fn is_ahead(&self, now: Instant) -> bool {
        self.overdue(self.held.front(), now).is_zero()
    }

    fn is_too_much(&self, load: &Load<'_>, now: Instant) -> bool {
        if self.overflow == Overflow::ShedLate && self.overdue(load.front, now).is_zero() {
            return false;
        }
        load.bytes > self.limits.bytes || self.lag(load, now) > self.max_lag()
    }

    /// How late the oldest packet may be.
    fn max_lag(&self) -> Duration {
        let is_generous = match self.consumer {
            Consumer::First { .. } => self.overflow != Overflow::Hold,
            Consumer::Live { grace, .. } => self.newest < grace,
            Consumer::Away { .. } => false,
        };
        let allowance = if is_generous { ALLOWANCE } else { 1 };
        self.limits.time.saturating_mul(allowance)
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
}

/// What goes then.
impl PacketQueue {
    pub(super) fn shed(&mut self, now: Instant) {
        if let Some(idr) = self.idr_to_keep(now) {
            self.drop_before(idr, self.consumer.is_unheard());
        } else if self.consumer.is_away() {
            self.shed_away();
        } else {
            self.refuse_newest();
        }
        while self.held.bytes() > self.limits.bytes && self.drop_tail() {}
        if self.held.bytes() > self.limits.bytes {
            self.drop_oldest_audio();
        }
    }

    /// The first IDR picture with video before it from which on the rest is not too much; the last
    /// one, when it always is.
    fn idr_to_keep(&self, now: Instant) -> Option<usize> {
        let with_audio = self.consumer.is_unheard();
        let (mut bytes, mut has_video) = (self.held.bytes(), false);
        let (mut audio, mut keep) = (None, None);
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
                bytes -= entry.weight();
            } else {
                audio = audio.or(Some(entry));
            }
        }
        keep
    }

    /// A GOP longer than the limit, and no line: keep it for a while, then wait for the next.
    fn shed_away(&mut self) {
        let most = self.limits.time.saturating_mul(ALLOWANCE);
        if self.span() > most || self.held.bytes() > self.limits.bytes {
            self.drop_before(self.held.len(), true);
            if self.has_video {
                self.refuse_until_keyframe();
            }
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
        let Some(packet) = self.held.take_tail() else {
            return false;
        };
        self.count_dropped(&packet);
        match self.newest.filter(|_| self.has_ended()) {
            Some(end) => self.tally.close_gap(end),
            None => self.refuse_until_keyframe(),
        }
        true
    }

    /// Makes room where no video can go: somewhat more than is needed, since it takes a look at
    /// everything.
    fn drop_oldest_audio(&mut self) {
        let most = self.limits.bytes - self.limits.bytes / 8;
        self.drop_front(self.held.len(), |bytes, entry| {
            bytes > most && !entry.is_video()
        });
    }

    /// Drops what is in front of a packet, video alone or all.
    pub(super) fn drop_before(&mut self, index: usize, with_audio: bool) {
        self.drop_front(index, |_, entry| with_audio || entry.is_video());
        if !self.consumer.is_away()
            && let Some(next) = self.held.first_video().map(|video| video.dts)
        {
            self.tally.close_gap(next);
        }
    }

    /// What would continue a GOP that has lost a picture is of no use.
    pub(super) fn refuse_until_keyframe(&mut self) {
        if self.source == Source::Open {
            self.source = Source::Shedding;
        }
    }

    /// Counts a packet that will not be sent.
    pub(super) fn count_dropped(&mut self, packet: &Packet) {
        let (is_lost, is_watched) = (self.consumer.loses(), self.is_watched(packet.kind()));
        self.tally.dropped(packet, is_lost, is_watched);
    }

    /// Drops, of the first so many packets, those that go: by what is held, in bytes, and itself.
    fn drop_front(&mut self, count: usize, goes: impl Fn(usize, &Entry) -> bool) {
        let (is_lost, has_video, tally) = (self.consumer.loses(), self.has_video, &mut self.tally);
        self.held.drop_front(count, goes, |entry| {
            let is_watched = entry.is_video() || !has_video;
            tally.dropped(&entry.packet, is_lost, is_watched);
        });
    }
}
