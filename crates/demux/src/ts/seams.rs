use std::collections::VecDeque;

use onair_media::{Config, Kind, Packet, Timestamp};

/// Puts the segments of a stream one behind the other.
///
/// A segment is moved as a whole, so that its tracks stay together as they
/// were, to where neither overlaps what came before. For that both must have
/// been seen: what comes of the first is held until the second follows.
#[derive(Default)]
pub(super) struct Seams {
    /// Nanoseconds by which segments are moved, the newest last.
    offsets: VecDeque<(u32, i64)>,
    /// Packets of segments that have no offset yet, at their own times.
    held: Vec<(u32, Packet)>,
    bytes: usize,
    video: Tail,
    audio: Tail,
}

/// Where a track has come to.
#[derive(Clone, Copy, Default)]
struct Tail {
    segment: u32,
    last: Option<Timestamp>,
    /// When the next access unit is decoded and presented at the earliest.
    dts: Option<Timestamp>,
    pts: Option<Timestamp>,
    /// Nanoseconds from access unit to access unit: the least seen.
    step: Option<i64>,
}

impl Seams {
    /// Takes in a packet of a segment; gives those whose place is known to `out`.
    pub(super) fn push(&mut self, segment: u32, packet: Packet, out: &mut Vec<Packet>) {
        let kind = packet.kind();
        self.tail(kind).segment = segment;
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
            out.extend(self.settle());
        }
    }

    /// Lets out what is held: the end has come.
    pub(super) fn finish(&mut self) -> Vec<Packet> {
        let mut out = Vec::new();
        while !self.held.is_empty() {
            out.extend(self.settle());
        }
        out
    }

    /// The first segment is where its times are.
    fn offset(&self, segment: u32) -> Option<i64> {
        let found = self.offsets.iter().find(|(number, _)| *number == segment);
        found
            .map(|(_, offset)| *offset)
            .or_else(|| (segment == 0).then_some(0))
    }

    /// Whether both tracks have come to a segment, or are not waited for any more.
    fn is_known(&self, segment: u32) -> bool {
        let arrived = |tail: &Tail| tail.last.is_none() || tail.segment >= segment;
        let ends = self.held.first().zip(self.held.last());
        let span = ends.map_or(0, |((_, a), (_, b))| b.dts.nanos_from(a.dts));
        (arrived(&self.video) && arrived(&self.audio))
            || span.saturating_abs() > MAX_SPAN
            || self.bytes > MAX_BYTES
            || self.held.len() > MAX_PACKETS
    }

    /// Places the first segment held behind what came before.
    fn settle(&mut self) -> Vec<Packet> {
        let first = self.held.first().map_or(0, |(segment, _)| *segment);
        let held = std::mem::take(&mut self.held);
        let (packets, rest): (Vec<_>, Vec<_>) =
            held.into_iter().partition(|(segment, _)| *segment == first);
        self.held = rest;
        self.bytes = self.held.iter().map(|(_, p)| p.payload.len()).sum();
        let needs = packets.iter().filter_map(|(_, packet)| {
            let tail = self.tail_of(packet.kind());
            let decoded = tail.dts?.nanos_from(packet.dts);
            Some(decoded.max(tail.pts?.nanos_from(packet.pts)))
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

    /// What a track had at times that were not meant, now that it is back: its
    /// place is where the track has come to.
    fn take_back(&mut self, kind: Kind) -> Vec<Packet> {
        if self.held.is_empty() {
            return Vec::new();
        }
        let held = std::mem::take(&mut self.held);
        let (back, rest) = held.into_iter().partition(|(_, p)| p.kind() == kind);
        self.held = rest;
        let back: Vec<(u32, Packet)> = back;
        let place = |(_, packet): (u32, Packet)| {
            let end = self.tail_of(kind).dts.unwrap_or(packet.dts);
            let offset = end.nanos_from(packet.dts);
            self.moved(packet, offset)
        };
        back.into_iter().map(place).collect()
    }

    /// A packet at its place; decoding times never go back.
    fn moved(&mut self, mut packet: Packet, offset: i64) -> Packet {
        packet.dts = packet.dts.offset(offset);
        packet.pts = packet.pts.offset(offset);
        let tail = self.tail(packet.kind());
        if let Some(last) = tail.last.filter(|last| packet.dts < *last) {
            packet.dts = last;
            packet.pts = packet.pts.max(last);
        }
        tail.add(&packet);
        packet
    }

    const fn tail(&mut self, kind: Kind) -> &mut Tail {
        match kind {
            Kind::Video => &mut self.video,
            Kind::Audio => &mut self.audio,
        }
    }

    const fn tail_of(&self, kind: Kind) -> &Tail {
        match kind {
            Kind::Video => &self.video,
            Kind::Audio => &self.audio,
        }
    }
}

impl Tail {
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

/// How long a picture of unknown rate lasts.
const USUAL_STEP: i64 = 40_000_000;

/// How long one track is held for the other, in nanoseconds of its own time:
/// multiplexers keep audio up to a second behind.
const MAX_SPAN: i64 = 2_000_000_000;

/// How much is held meanwhile.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// How many packets are held meanwhile, should they take no time.
const MAX_PACKETS: usize = 4096;

/// Segments remembered: a track is at most one behind the other.
const MAX_SEGMENTS: usize = 4;
