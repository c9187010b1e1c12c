//! MPEG-2 transport streams (ISO/IEC 13818-1).
//!
//! Read packet by packet here, because the ready-made readers stop at the first
//! stream type they do not know or at the first lost packet.

mod losses;
mod packet;
mod pes;
mod psi;
mod streams;
pub(crate) mod sync;
mod timeline;

use std::collections::HashMap;
use std::io::Read;
use std::time::Duration;

use onair_media::{Kind, Packet};

use crate::codec::{stream_type_name, unsupported};
use crate::interleave::Interleave;
use crate::track::name;
use crate::{Container, Damage, Demux, Error, Track, TrackDamage};
use losses::Losses;
use packet::TsPacket;
use pes::{Assembler, Pes};
use psi::{Elementary, Sections};
use streams::{Audio, Coding, Times, Video};
use sync::{PACKET, Packets};
use timeline::{Timeline, timestamp};

/// A transport stream being read.
pub(crate) struct Ts {
    packets: Packets,
    association: Sections,
    maps: HashMap<u16, Sections>,
    program: Option<Program>,
    timeline: Timeline,
    interleave: Interleave,
    tracks: Vec<Track>,
    notes: Vec<String>,
    failure: Option<Error>,
    ended: bool,
}

/// The streams read of the program chosen.
#[derive(Default)]
struct Program {
    video: Option<Stream<Video>>,
    audio: Option<Stream<Audio>>,
    refused: Vec<(Kind, String)>,
    /// Types of streams that are neither video nor audio, as far as one can tell.
    others: Vec<u8>,
}

/// One stream's packets being put together.
struct Stream<T> {
    pid: u16,
    counter: Option<u8>,
    /// The last packet's payload.
    last: Vec<u8>,
    assembler: Assembler,
    decoder: T,
    losses: Losses,
}

impl Ts {
    /// Reads as far as the tracks' parameters.
    pub(crate) fn open(input: Box<dyn Read + Send>) -> Result<Self, Error> {
        let mut ts = Self {
            packets: Packets::new(input),
            association: Sections::default(),
            maps: HashMap::new(),
            program: None,
            timeline: Timeline::default(),
            interleave: Interleave::new(2),
            tracks: Vec::new(),
            notes: Vec::new(),
            failure: None,
            ended: false,
        };
        while !ts.ended && !ts.is_understood() {
            ts.step()?;
        }
        ts.settle()?;
        Ok(ts)
    }

    /// Whether every stream of the program has shown its parameters.
    fn is_understood(&self) -> bool {
        let found = |kind| self.tracks.iter().any(|track| track.kind() == kind);
        let known = self.program.as_ref().is_some_and(|program| {
            (program.video.is_none() || found(Kind::Video))
                && (program.audio.is_none() || found(Kind::Audio))
        });
        known || self.packets.position() > MAX_PROBE
    }

    fn settle(&mut self) -> Result<(), Error> {
        let program = self.program.take().unwrap_or_default();
        for (kind, codec) in &program.refused {
            if !self.tracks.iter().any(|track| track.kind() == *kind) {
                return Err(unsupported(*kind, codec));
            }
            self.notes.push(format!(
                "another {} track, {codec}, is left out",
                name(*kind)
            ));
        }
        for other in &program.others {
            let note = format!("a stream of type {other:#04x} is left out");
            self.notes.push(note);
        }
        let refused = program
            .audio
            .as_ref()
            .and_then(|audio| audio.decoder.refused.as_ref());
        if let Some(error) = refused {
            return Err(unsupported(
                Kind::Audio,
                &format!("AAC not understood ({error})"),
            ));
        }
        self.tracks.sort_by_key(Track::kind);
        self.interleave.expect(self.tracks.len());
        self.program = Some(program);
        if self.tracks.is_empty() {
            let container = Container::Ts;
            return Err(self.failure.take().unwrap_or(Error::NoTracks { container }));
        }
        Ok(())
    }

    /// Takes in one TS packet.
    fn step(&mut self) -> Result<(), Error> {
        match self.packets.next() {
            Ok(Some(packet)) => self.take(&packet),
            Ok(None) => self.finish(None),
            Err(error @ Error::Truncated { .. }) => self.finish(Some(error)),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn take(&mut self, packet: &[u8; PACKET]) {
        let Some(found) = TsPacket::parse(packet) else {
            return;
        };
        if found.pid == PAT {
            for (_, body) in self.association.push(found.payload, found.start) {
                for pid in psi::program_maps(&body).into_iter().take(MAX_PROGRAMS) {
                    self.maps.entry(pid).or_default();
                }
            }
        } else if let Some(sections) = self.maps.get_mut(&found.pid) {
            let bodies = sections.push(found.payload, found.start);
            for (_, body) in bodies.iter().filter(|(table, _)| *table == PMT) {
                self.take_map(body);
            }
        } else {
            self.take_stream(&found);
        }
    }

    /// The first program with a stream that can be carried is the one read.
    fn take_map(&mut self, body: &[u8]) {
        let streams = psi::elementary_streams(body);
        let current = self.program.as_ref();
        let known = current.is_some_and(|p| p.video.is_some() || p.audio.is_some());
        if !known {
            let program = Program::choose(&streams);
            if !program.is_empty() {
                self.program = Some(program);
            }
        }
    }

    fn take_stream(&mut self, found: &TsPacket<'_>) {
        let Some(program) = &mut self.program else {
            return;
        };
        let timeline = &mut self.timeline;
        let packets = match program {
            Program {
                video: Some(video), ..
            } if video.pid == found.pid => video.take(found, timeline),
            Program {
                audio: Some(audio), ..
            } if audio.pid == found.pid => audio.take(found, timeline),
            _ => return,
        };
        self.deliver(packets);
    }

    fn deliver(&mut self, packets: Vec<Packet>) {
        for packet in packets {
            let kind = packet.kind();
            if !self.tracks.iter().any(|track| track.kind() == kind) {
                self.tracks.push(Track {
                    start: Some(packet.pts),
                    ..Track::new(packet.config.clone())
                });
            }
            self.interleave.push(packet);
        }
    }

    /// Lets out what is whole, and says what was wrong on the way.
    fn finish(&mut self, failure: Option<Error>) {
        let mut packets = Vec::new();
        let mut cut = false;
        if let Some(program) = &mut self.program {
            if let Some(video) = &mut program.video {
                cut |= video.assembler.is_incomplete();
                packets.extend(video.finish(&mut self.timeline));
            }
            if let Some(audio) = &mut program.audio {
                cut |= audio.assembler.is_incomplete();
                packets.extend(audio.break_off(&mut self.timeline));
            }
        }
        self.deliver(packets);
        self.interleave.end();
        self.ended = true;
        let at = self.packets.position();
        self.failure = failure.or_else(|| cut.then(|| Error::truncated("PES packet", at)));
        self.sum_up();
    }

    fn sum_up(&mut self) {
        let jumps = self.timeline.jumps;
        if jumps > 0 {
            let note = format!("{jumps} jumps of the clock were closed");
            self.notes.push(note);
        }
    }
}

impl Demux for Ts {
    fn container(&self) -> Container {
        Container::Ts
    }

    fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn next_packet(&mut self) -> Result<Option<Packet>, Error> {
        loop {
            if let Some(packet) = self.interleave.pop() {
                return Ok(Some(packet));
            }
            if self.ended {
                return self.failure.take().map_or(Ok(None), Err);
            }
            if let Err(error) = self.step() {
                self.finish(Some(error));
            }
        }
    }

    fn duration(&self) -> Option<Duration> {
        None
    }

    fn damage(&self) -> Damage {
        let program = self.program.as_ref();
        let video = program.and_then(|program| program.video.as_ref());
        let audio = program.and_then(|program| program.audio.as_ref());
        Damage {
            video: video.map_or_else(TrackDamage::default, |video| video.losses.damage),
            audio: audio.map_or_else(TrackDamage::default, |audio| audio.losses.damage),
            sync_losses: self.packets.losses,
        }
    }
}

impl Program {
    fn choose(streams: &[Elementary<'_>]) -> Self {
        let mut program = Self::default();
        for stream in streams {
            match stream.stream_type {
                H264 if program.video.is_none() => {
                    program.video = Some(Stream::new(stream.pid, Video::new(Coding::H264)));
                }
                HEVC if program.video.is_none() => {
                    program.video = Some(Stream::new(stream.pid, Video::new(Coding::Hevc)));
                }
                ADTS if program.audio.is_none() => {
                    program.audio = Some(Stream::new(stream.pid, Audio::default()));
                }
                H264 => program.refused.push((Kind::Video, "H.264".to_owned())),
                HEVC => program.refused.push((Kind::Video, "HEVC".to_owned())),
                ADTS => program.refused.push((Kind::Audio, "AAC".to_owned())),
                other => {
                    let private = || stream.private_codec().map(|codec| (Kind::Audio, codec));
                    match stream_type_name(other).or_else(private) {
                        Some((kind, codec)) => program.refused.push((kind, codec.to_owned())),
                        None => program.others.push(other),
                    }
                }
            }
        }
        program
    }

    const fn is_empty(&self) -> bool {
        self.video.is_none() && self.audio.is_none() && self.refused.is_empty()
    }
}

impl<T> Stream<T> {
    fn new(pid: u16, decoder: T) -> Self {
        Self {
            pid,
            counter: None,
            last: Vec::new(),
            assembler: Assembler::default(),
            decoder,
            losses: Losses::default(),
        }
    }

    /// How a packet follows the last one by its counter (§2.4.3.3).
    fn follow(&mut self, packet: &TsPacket<'_>) -> Continuity {
        let last = self.counter.replace(packet.counter);
        let expected = last.map_or(packet.counter, |last| (last + 1) & 0x0f);
        let missing = packet.counter.wrapping_sub(expected) & 0x0f;
        if missing == 15 && self.last == packet.payload {
            return Continuity::Repeated;
        }
        self.last.clear();
        self.last.extend_from_slice(packet.payload);
        match missing {
            0 => Continuity::Whole,
            _ if packet.discontinuity => Continuity::Whole,
            missing => Continuity::Broken(u64::from(missing)),
        }
    }
}

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

impl Stream<Video> {
    fn take(&mut self, found: &TsPacket<'_>, timeline: &mut Timeline) -> Vec<Packet> {
        let mut packets = Vec::new();
        match self.follow(found) {
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

    /// The picture that came whole before a break; the one under way is given up.
    fn break_off(&mut self, timeline: &mut Timeline) -> Vec<Packet> {
        let packets = self.decoder.finish();
        self.count(&packets);
        if let Some(part) = self.assembler.finish_cut() {
            let times = Pes::parse(&part).and_then(|pes| pes.times(timeline));
            self.losses.cut(times.map(|times| times.dts));
        }
        packets
    }

    /// What is left at the end.
    fn finish(&mut self, timeline: &mut Timeline) -> Vec<Packet> {
        let last = self.assembler.finish();
        let mut packets = last.map_or_else(Vec::new, |data| self.unpack(&data, timeline));
        packets.extend(self.break_off(timeline));
        packets
    }

    fn unpack(&mut self, data: &[u8], timeline: &mut Timeline) -> Vec<Packet> {
        let Some(pes) = Pes::parse(data) else {
            let packets = self.break_off(timeline);
            self.losses.cut(None);
            return packets;
        };
        let times = pes.times(timeline);
        let packets = self.decoder.push(&data[pes.payload..], times);
        self.count(&packets);
        packets
    }

    fn count(&mut self, packets: &[Packet]) {
        let undecodable = self.decoder.skipped.drain(..);
        undecodable.for_each(|dts| self.losses.undecodable(dts));
        packets.iter().for_each(|packet| self.losses.came(packet));
    }
}

impl Pes {
    /// A picture's times, on the line.
    fn times(&self, timeline: &mut Timeline) -> Option<Times> {
        let pts = self.pts?;
        let dts = self.dts.unwrap_or(pts);
        let placed = timeline.place(Kind::Video, dts);
        let offset = timeline::difference(pts.cast_signed(), dts.cast_signed());
        Some(Times {
            dts: timestamp(placed),
            pts: timestamp(placed.saturating_add(offset)),
        })
    }
}

impl Stream<Audio> {
    fn take(&mut self, found: &TsPacket<'_>, timeline: &mut Timeline) -> Vec<Packet> {
        let mut packets = Vec::new();
        match self.follow(found) {
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

    /// The frames that came whole before a break; the one under way is given up.
    fn break_off(&mut self, timeline: &mut Timeline) -> Vec<Packet> {
        let part = self.assembler.finish_cut();
        let packets = part.map_or_else(Vec::new, |data| self.unpack(&data, timeline));
        if let Some(cut) = self.decoder.abandon() {
            self.losses.cut(cut);
        }
        packets
    }

    fn unpack(&mut self, data: &[u8], timeline: &mut Timeline) -> Vec<Packet> {
        let Some(pes) = Pes::parse(data) else {
            self.losses.cut(None);
            return Vec::new();
        };
        let time = pes
            .pts
            .map(|pts| timestamp(timeline.place(Kind::Audio, pts)));
        let skipped = self.decoder.skipped;
        let packets = self.decoder.push(&data[pes.payload..], time);
        if self.decoder.skipped > skipped {
            self.losses.cut(None);
        }
        packets.iter().for_each(|packet| self.losses.came(packet));
        packets
    }
}

/// Packet id of the program association table.
const PAT: u16 = 0;

/// `table_id` of a program map table.
const PMT: u8 = 2;

/// Stream type of H.264.
const H264: u8 = 0x1b;

/// Stream type of HEVC.
const HEVC: u8 = 0x24;

/// Stream type of AAC in ADTS framing.
const ADTS: u8 = 0x0f;

/// Programs looked at.
const MAX_PROGRAMS: usize = 64;

/// Bytes read in search of the tracks' parameters.
const MAX_PROBE: u64 = 8 * 1024 * 1024;
