use std::collections::VecDeque;

use onair_media::{Config, Kind, Packet, Timestamp};

/// Puts a stream's segments one behind the other.
///
/// A segment is moved as a whole, so that its tracks stay in step, to where neither of them
/// overlaps what came before. That takes both tracks: the first is held until the second follows.
#[derive(Default)]
pub(super) struct SegmentJoiner {
    /// By how many nanoseconds each segment is moved, the newest last.
    offsets: VecDeque<(u32, i64)>,
    /// Packets of segments that have no offset yet, at their own times.
    held: Vec<(u32, Packet)>,
    bytes: usize,
    video: TrackEnd,
    audio: TrackEnd,
}

/// Where a track has come to.
#[derive(Clone, Copy, Default)]
struct TrackEnd {
    segment: u32,
    last: Option<Timestamp>,
    /// When the next access unit is decoded and presented at the earliest.
    dts: Option<Timestamp>,
    pts: Option<Timestamp>,
    /// Nanoseconds from access unit to access unit: the least seen.
    step: Option<i64>,
}

impl SegmentJoiner {
    /// Takes in a packet of a segment; gives `out` those whose times are known.
    pub(super) fn push(&mut self, segment: u32, packet: Packet, out: &mut Vec<Packet>) {
        let kind = packet.kind();
        self.end(kind).segment = segment;
        if let Some(offset) = self.offset(segment) {
            out.extend(self.take_back(kind));
            out.push(self.moved(packet, offset));
            return;
        }
        self.bytes += packet.payload.len();
        self.held.push((segment, packet));
        while self
            .held
            .first()
            .is_some_and(|(next, _)| self.is_known(*next))
        {
            out.extend(self.join_next());
        }
    }

    /// Gives what is held, at the end.
    pub(super) fn finish(&mut self) -> Vec<Packet> {
        let mut out = Vec::new();
        while !self.held.is_empty() {
            out.extend(self.join_next());
        }
        out
    }

    /// By how much a segment is moved, once that is known; the first one is not.
    fn offset(&self, segment: u32) -> Option<i64> {
        let found = self.offsets.iter().find(|(number, _)| *number == segment);
        found
            .map(|(_, offset)| *offset)
            .or_else(|| (segment == 0).then_some(0))
    }

    /// Whether both tracks have reached a segment, or have been waited for long enough.
    fn is_known(&self, segment: u32) -> bool {
        let arrived = |end: &TrackEnd| end.last.is_none() || end.segment >= segment;
        let ends = self.held.first().zip(self.held.last());
        let span = ends.map_or(0, |((_, a), (_, b))| b.dts.nanos_from(a.dts));
        (arrived(&self.video) && arrived(&self.audio))
            || span.saturating_abs() > MAX_SPAN
            || self.bytes > MAX_BYTES
            || self.held.len() > MAX_PACKETS
    }

    /// Moves the first segment held behind what came before.
    fn join_next(&mut self) -> Vec<Packet> {
        let first = self.held.first().map_or(0, |(segment, _)| *segment);
        let held = std::mem::take(&mut self.held);
        let (packets, rest): (Vec<_>, Vec<_>) =
            held.into_iter().partition(|(segment, _)| *segment == first);
        self.held = rest;
        self.bytes = self.held.iter().map(|(_, p)| p.payload.len()).sum();
        let needs = packets.iter().filter_map(|(_, packet)| {
            let end = self.end_of(packet.kind());
            let decoded = end.dts?.nanos_from(packet.dts);
            Some(decoded.max(end.pts?.nanos_from(packet.pts)))
        });
        let offset = needs.max().unwrap_or(0);
        self.offsets.push_back((first, offset));
        if self.offsets.len() > MAX_SEGMENTS {
            self.offsets.pop_front();
        }
        let packets = packets.into_iter();
        packets
            .map(|(_, packet)| self.moved(packet, offset))
            .collect()
    }

    /// A track is back in a segment whose offset is known: the jump in what is held of it was
    /// an error. That follows where the track ended.
    fn take_back(&mut self, kind: Kind) -> Vec<Packet> {
        if self.held.is_empty() {
            return Vec::new();
        }
        let held = std::mem::take(&mut self.held);
        let (back, rest) = held.into_iter().partition(|(_, p)| p.kind() == kind);
        self.held = rest;
        let back: Vec<(u32, Packet)> = back;
        let follow = |(_, packet): (u32, Packet)| {
            let end = self.end_of(kind).dts.unwrap_or(packet.dts);
            let offset = end.nanos_from(packet.dts);
            self.moved(packet, offset)
        };
        back.into_iter().map(follow).collect()
    }

    /// Moves a packet; decoding times never go back.
    fn moved(&mut self, mut packet: Packet, offset: i64) -> Packet {
        packet.dts = packet.dts.offset(offset);
        packet.pts = packet.pts.offset(offset);
        let end = self.end(packet.kind());
        if let Some(last) = end.last.filter(|last| packet.dts < *last) {
            packet.dts = last;
            packet.pts = packet.pts.max(last);
        }
        end.add(&packet);
        packet
    }

    const fn end(&mut self, kind: Kind) -> &mut TrackEnd {
        match kind {
            Kind::Video => &mut self.video,
            Kind::Audio => &mut self.audio,
        }
    }

    const fn end_of(&self, kind: Kind) -> &TrackEnd {
        match kind {
            Kind::Video => &self.video,
            Kind::Audio => &self.audio,
        }
    }
}

impl TrackEnd {
    fn add(&mut self, packet: &Packet) {
        let step = self.last.map(|last| packet.dts.nanos_from(last));
        if let Some(step) = step.filter(|step| *step > 0) {
            self.step = Some(self.step.map_or(step, |least| least.min(step)));
        }
        self.last = Some(packet.dts);
        let lasts = stated(packet).max(self.step).unwrap_or(USUAL_STEP);
        self.dts = self.dts.max(Some(packet.dts.offset(lasts)));
        self.pts = self.pts.max(Some(packet.pts.offset(lasts)));
    }
}

/// Nanoseconds that an access unit lasts, where it says so.
pub(super) fn stated(packet: &Packet) -> Option<i64> {
    let lasts = match &packet.config {
        Config::Audio(_) => packet.duration,
        Config::Video(video) => video.frame_rate.map(|rate| rate.time_of(1)),
    };
    i64::try_from(lasts?.as_nanos())
        .ok()
        .filter(|lasts| *lasts > 0)
}

/// How long an access unit lasts where its rate is not known.
const USUAL_STEP: i64 = 40_000_000;

/// How long one track is held for the other, in nanoseconds of its own time:
/// multiplexers keep audio up to a second behind.
const MAX_SPAN: i64 = 2_000_000_000;

/// How much is held.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// How many packets are held, should their times not move.
const MAX_PACKETS: usize = 4096;

/// Segments remembered: a track is at most one behind the other.
const MAX_SEGMENTS: usize = 4;
