use onair_media::{Kind, Packet};

use super::losses::Losses;
use super::packet::TsPacket;
use super::pes::{Assembler, Pes};
use super::streams::{Audio, Times, Video};
use super::timeline::{Place, Timeline, difference, timestamp};
use crate::TrackDamage;

/// One stream's packets being put together.
pub(super) struct Stream<T> {
    pub(super) pid: u16,
    pub(super) decoder: T,
    counter: Option<u8>,
    assembler: Assembler,
    losses: Losses,
    /// The segment that what is in the decoder belongs to.
    segment: u32,
}

/// A packet at its segment's times.
pub(super) type Segmented = (u32, Packet);

/// How a packet follows another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Continuity {
    /// Nothing is missing.
    Whole,
    /// It is the same once more.
    Repeated,
    /// There were others between them: at least so many.
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
    /// recordings were joined the counter jumps as the clock does, and what came
    /// before is whole.
    fn follow(&mut self, packet: &TsPacket<'_>, kind: Kind, timeline: &Timeline) -> Continuity {
        let last = self.counter.replace(packet.counter);
        let expected = last.map_or(packet.counter, |last| (last + 1) & 0x0f);
        let missing = packet.counter.wrapping_sub(expected) & 0x0f;
        if missing == 15 && self.assembler.has_just_taken(packet.payload) {
            return Continuity::Repeated;
        }
        if missing == 0 || packet.discontinuity || is_seam(packet, kind, timeline) {
            return Continuity::Whole;
        }
        Continuity::Broken(u64::from(missing))
    }

    fn in_segment(&self, packets: Vec<Packet>) -> impl Iterator<Item = Segmented> + use<T> {
        let segment = self.segment;
        packets.into_iter().map(move |packet| (segment, packet))
    }
}

fn is_seam(packet: &TsPacket<'_>, kind: Kind, timeline: &Timeline) -> bool {
    let header = packet.start.then(|| Pes::parse(packet.payload)).flatten();
    let time = header.and_then(|pes| pes.decoding_time());
    time.is_some_and(|time| timeline.is_seam(kind, time))
}

/// What is done with the parts of a stream of one kind.
trait Parts {
    const KIND: Kind;

    /// What came whole before a break; what is under way is given up.
    fn break_off(&mut self, timeline: &mut Timeline) -> Vec<Segmented>;

    /// Takes a whole PES packet apart.
    fn unpack(&mut self, data: &[u8], timeline: &mut Timeline) -> Vec<Segmented>;
}

#[expect(private_bounds, reason = "there are no other streams than these two")]
impl<T> Stream<T>
where
    Self: Parts,
{
    /// Takes in a packet; gives what it shows to be whole.
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

    /// What is left at the end, and whether that is cut.
    pub(super) fn finish(&mut self, timeline: &mut Timeline) -> (Vec<Segmented>, bool) {
        let cut = self.assembler.is_incomplete();
        let whole = if cut { None } else { self.assembler.finish() };
        let mut packets = whole.map_or_else(Vec::new, |data| self.unpack(&data, timeline));
        packets.extend(self.break_off(timeline));
        (packets, cut)
    }
}

impl Parts for Stream<Video> {
    const KIND: Kind = Kind::Video;

    fn break_off(&mut self, timeline: &mut Timeline) -> Vec<Segmented> {
        let mut packets = self.finish_picture();
        if let Some(part) = self.assembler.finish_cut() {
            let times = Pes::parse(&part).and_then(|pes| pes.times(timeline));
            packets.extend(
                times
                    .and_then(|(place, _)| self.enter(place))
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
        let before = times.and_then(|(place, _)| self.enter(place));
        let times = times.map(|(_, times)| times);
        let packets = self.decoder.push(&data[pes.payload..], times);
        self.count(&packets);
        let mut all = before.unwrap_or_default();
        all.extend(self.in_segment(packets));
        all
    }
}

impl Stream<Video> {
    /// Goes on in another segment: gives what is left of the last.
    fn enter(&mut self, place: Place) -> Option<Vec<Segmented>> {
        if place.segment == self.segment {
            return None;
        }
        let packets = self.finish_picture();
        self.decoder.forget_times();
        self.losses.forget_times();
        self.segment = place.segment;
        Some(packets)
    }

    fn finish_picture(&mut self) -> Vec<Segmented> {
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

impl Parts for Stream<Audio> {
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
        let place = pes.pts.map(|pts| timeline.place(Kind::Audio, pts));
        if let Some(place) = place.filter(|place| place.segment != self.segment) {
            self.abandon();
            self.decoder.forget_times();
            self.losses.forget_times();
            self.segment = place.segment;
        }
        let time = place.map(|place| timestamp(place.ticks));
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
        if let Some(cut) = self.decoder.abandon() {
            self.losses.cut(cut);
        }
    }
}

impl Pes {
    fn decoding_time(&self) -> Option<u64> {
        self.dts.or(self.pts)
    }

    /// A picture's place and times.
    fn times(&self, timeline: &mut Timeline) -> Option<(Place, Times)> {
        let (dts, pts) = (self.decoding_time()?, self.pts?);
        let place = timeline.place(Kind::Video, dts);
        let offset = difference(pts.cast_signed(), dts.cast_signed());
        let times = Times {
            dts: timestamp(place.ticks),
            pts: timestamp(place.ticks.saturating_add(offset)),
        };
        Some((place, times))
    }
}
