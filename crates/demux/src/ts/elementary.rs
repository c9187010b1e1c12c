use onair_media::{Kind, Packet};

use super::losses::Losses;
use super::packet::TsPacket;
use super::pes::{Assembler, Pes};
use super::streams::{Audio, Times, Video};
use super::timeline::{SegmentTime, Timeline, difference, timestamp};
use crate::TrackDamage;

/// One stream's packets being put together.
pub(super) struct Stream<T> {
    pub(super) pid: u16,
    pub(super) decoder: T,
    counter: Option<u8>,
    assembler: Assembler,
    losses: Losses,
    /// The segment of what the decoder holds.
    segment: u32,
}

/// A packet and its segment, whose times it has.
pub(super) type Segmented = (u32, Packet);

/// How a packet follows another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Continuity {
    /// Nothing is missing.
    Whole,
    /// It is the same one again.
    Repeated,
    /// At least so many are missing between them.
    Broken(u64),
}

impl<T> Stream<T> {
    pub(super) fn new(pid: u16, decoder: T) -> Self {
        Self {
            pid,
            decoder,
            counter: None,
            assembler: Assembler::default(),
            losses: Losses::default(),
            segment: 0,
        }
    }

    pub(super) const fn damage(&self) -> TrackDamage {
        self.losses.damage
    }

    /// How a packet follows the last one by its counter (§2.4.3.3). Where
    /// recordings were joined, the counter jumps with the clock and nothing is missing.
    fn follow(&mut self, packet: &TsPacket<'_>, kind: Kind, timeline: &Timeline) -> Continuity {
        let last = self.counter.replace(packet.counter);
        let expected = last.map_or(packet.counter, |last| (last + 1) & 0x0f);
        let missing = packet.counter.wrapping_sub(expected) & 0x0f;
        if missing == 15 && self.assembler.has_just_taken(packet.payload) {
            return Continuity::Repeated;
        }
        if missing == 0 || packet.discontinuity || is_jump(packet, kind, timeline) {
            return Continuity::Whole;
        }
        Continuity::Broken(u64::from(missing))
    }

    fn in_segment(&self, packets: Vec<Packet>) -> impl Iterator<Item = Segmented> + use<T> {
        let segment = self.segment;
        packets.into_iter().map(move |packet| (segment, packet))
    }
}

fn is_jump(packet: &TsPacket<'_>, kind: Kind, timeline: &Timeline) -> bool {
    let header = packet.start.then(|| Pes::parse(packet.payload)).flatten();
    let time = header.and_then(|pes| pes.decoding_time());
    time.is_some_and(|time| timeline.is_jump(kind, time))
}

/// How streams of one kind are taken apart.
trait Unpack {
    const KIND: Kind;

    /// Gives what came whole before a break, and drops what did not.
    fn break_off(&mut self, timeline: &mut Timeline) -> Vec<Segmented>;

    /// Takes a PES packet apart.
    fn unpack(&mut self, data: &[u8], timeline: &mut Timeline) -> Vec<Segmented>;
}

#[expect(private_bounds, reason = "there are no other streams than these two")]
impl<T> Stream<T>
where
    Self: Unpack,
{
    /// Takes in a packet; gives what that completes.
    pub(super) fn take(&mut self, found: &TsPacket<'_>, timeline: &mut Timeline) -> Vec<Segmented> {
        let mut packets = Vec::new();
        match self.follow(found, Self::KIND, timeline) {
            Continuity::Whole => {}
            Continuity::Repeated => return packets,
            Continuity::Broken(missing) => {
                packets.extend(self.break_off(timeline));
                self.losses.skip(missing, found.start);
            }
        }
        if found.start && self.assembler.is_incomplete() {
            packets.extend(self.break_off(timeline));
        }
        if let Some(whole) = self.assembler.push(found.payload, found.start) {
            packets.extend(self.unpack(&whole, timeline));
        }
        packets
    }

    /// What is left at the end, and whether it was cut.
    pub(super) fn finish(&mut self, timeline: &mut Timeline) -> (Vec<Segmented>, bool) {
        let cut = self.assembler.is_incomplete();
        let whole = if cut { None } else { self.assembler.finish() };
        let mut packets = whole.map_or_else(Vec::new, |data| self.unpack(&data, timeline));
        packets.extend(self.break_off(timeline));
        (packets, cut)
    }
}

impl Unpack for Stream<Video> {
    const KIND: Kind = Kind::Video;

    fn break_off(&mut self, timeline: &mut Timeline) -> Vec<Segmented> {
        let mut packets = self.finish_access_unit();
        if let Some(part) = self.assembler.finish_cut() {
            let times = Pes::parse(&part).and_then(|pes| pes.times(timeline));
            packets.extend(
                times
                    .and_then(|(time, _)| self.enter(time))
                    .into_iter()
                    .flatten(),
            );
            self.losses.cut(times.map(|(_, times)| times.dts));
        }
        packets
    }

    fn unpack(&mut self, data: &[u8], timeline: &mut Timeline) -> Vec<Segmented> {
        let Some(pes) = Pes::parse(data) else {
            let packets = self.break_off(timeline);
            self.losses.cut(None);
            return packets;
        };
        let times = pes.times(timeline);
        let before = times.and_then(|(time, _)| self.enter(time));
        let times = times.map(|(_, times)| times);
        let packets = self.decoder.push(&data[pes.payload..], times);
        self.count(&packets);
        let mut all = before.unwrap_or_default();
        all.extend(self.in_segment(packets));
        all
    }
}

impl Stream<Video> {
    /// Goes on in another segment; gives what is left of the last one.
    fn enter(&mut self, time: SegmentTime) -> Option<Vec<Segmented>> {
        if time.segment == self.segment {
            return None;
        }
        let packets = self.finish_access_unit();
        self.decoder.forget_times();
        self.losses.forget_times();
        self.segment = time.segment;
        Some(packets)
    }

    fn finish_access_unit(&mut self) -> Vec<Segmented> {
        let packets = self.decoder.finish();
        self.count(&packets);
        self.in_segment(packets).collect()
    }

    fn count(&mut self, packets: &[Packet]) {
        let undecodable = self.decoder.skipped.drain(..);
        undecodable.for_each(|dts| self.losses.undecodable(dts));
        packets.iter().for_each(|packet| self.losses.came(packet));
    }
}

impl Unpack for Stream<Audio> {
    const KIND: Kind = Kind::Audio;

    fn break_off(&mut self, timeline: &mut Timeline) -> Vec<Segmented> {
        let part = self.assembler.finish_cut();
        let packets = part.map_or_else(Vec::new, |data| self.unpack(&data, timeline));
        self.abandon();
        packets
    }

    fn unpack(&mut self, data: &[u8], timeline: &mut Timeline) -> Vec<Segmented> {
        let Some(pes) = Pes::parse(data) else {
            self.losses.cut(None);
            return Vec::new();
        };
        let time = pes.pts.map(|pts| timeline.locate(Kind::Audio, pts));
        if let Some(time) = time.filter(|time| time.segment != self.segment) {
            self.abandon();
            self.decoder.forget_times();
            self.losses.forget_times();
            self.segment = time.segment;
        }
        let time = time.map(|time| timestamp(time.ticks));
        let skipped = self.decoder.skipped;
        let packets = self.decoder.push(&data[pes.payload..], time);
        if self.decoder.skipped > skipped {
            self.losses.cut(None);
        }
        packets.iter().for_each(|packet| self.losses.came(packet));
        self.in_segment(packets).collect()
    }
}

impl Stream<Audio> {
    fn abandon(&mut self) {
        if self.decoder.is_within_frame() {
            self.losses.cut(self.decoder.abandon());
        }
    }
}

impl Pes {
    fn decoding_time(&self) -> Option<u64> {
        self.dts.or(self.pts)
    }

    /// Its decoding time within its segment, and both times of its access unit.
    fn times(&self, timeline: &mut Timeline) -> Option<(SegmentTime, Times)> {
        let (dts, pts) = (self.decoding_time()?, self.pts?);
        let time = timeline.locate(Kind::Video, dts);
        let offset = difference(pts.cast_signed(), dts.cast_signed());
        let times = Times {
            dts: timestamp(time.ticks),
            pts: timestamp(time.ticks.saturating_add(offset)),
        };
        Some((time, times))
    }
}
