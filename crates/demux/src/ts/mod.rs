//! MPEG-2 transport streams (ISO/IEC 13818-1).
//!
//! Read packet by packet here, because the ready-made readers stop at the first
//! stream type they do not know or at the first lost packet.

mod elementary;
mod losses;
mod packet;
mod pes;
mod psi;
mod seams;
mod streams;
pub(crate) mod sync;
mod timeline;

use std::collections::HashMap;
use std::io::Read;
use std::time::Duration;

use onair_media::{Kind, Packet};

use crate::codec::kind_name;
use crate::codec::stream_type_name;
use crate::interleave::Interleave;
use crate::{Container, Damage, Error, PacketSource, Refused, Track, TrackDamage};
use elementary::{Segmented, Stream};
use packet::TsPacket;
use psi::{Elementary, Sections};
use seams::Seams;
use streams::{Audio, Coding, Video};
use sync::{PACKET, Packets};
use timeline::Timeline;

/// A transport stream being read.
pub(crate) struct Ts {
    packets: Packets,
    association: Sections,
    maps: HashMap<u16, Sections>,
    program: Option<Program>,
    timeline: Timeline,
    seams: Seams,
    /// Packets that have their place, on their way: empty but for its room.
    placed: Vec<Packet>,
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

impl Ts {
    /// Reads as far as the tracks' parameters.
    /// Names the first track of each kind of which none can be sent.
    pub(crate) fn open(input: Box<dyn Read + Send>) -> Result<(Self, Vec<Refused>), Error> {
        let mut ts = Self {
            packets: Packets::new(input),
            association: Sections::default(),
            maps: HashMap::new(),
            program: None,
            timeline: Timeline::default(),
            seams: Seams::default(),
            placed: Vec::new(),
            interleave: Interleave::new(2),
            tracks: Vec::new(),
            notes: Vec::new(),
            failure: None,
            ended: false,
        };
        while !ts.ended && !ts.is_understood() {
            ts.step()?;
        }
        let refused = ts.settle()?;
        Ok((ts, refused))
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

    fn settle(&mut self) -> Result<Vec<Refused>, Error> {
        let program = self.program.take().unwrap_or_default();
        let refused = self.refused(&program);
        for other in &program.others {
            let note = format!("a stream of type {other:#04x} is left out");
            self.notes.push(note);
        }
        let listed = [
            (Kind::Video, program.video.is_some()),
            (Kind::Audio, program.audio.is_some()),
        ];
        for (kind, _) in listed.into_iter().filter(|(_, listed)| *listed) {
            let known = self.tracks.iter().any(|track| track.kind() == kind)
                || refused.iter().any(|track| track.kind == kind);
            if !known {
                let note = format!(
                    "{} is listed, but none of it could be read",
                    kind_name(kind)
                );
                self.notes.push(note);
            }
        }
        self.tracks.sort_by_key(Track::kind);
        self.interleave.expect(self.tracks.len());
        self.program = Some(program);
        if self.tracks.is_empty() && refused.is_empty() {
            let container = Container::Ts;
            return Err(self.failure.take().unwrap_or(Error::NoTracks { container }));
        }
        Ok(refused)
    }

    /// The first stream of each kind of which none can be sent; the others are noted.
    fn refused(&mut self, program: &Program) -> Vec<Refused> {
        let mut refused: Vec<Refused> = Vec::new();
        let audio = program.audio.as_ref().map(|audio| &audio.decoder);
        let unclear = audio.and_then(|audio| audio.refused.as_ref());
        let unclear = unclear.map(|e| (Kind::Audio, format!("AAC not understood ({e})")));
        for (kind, codec) in program.refused.iter().cloned().chain(unclear) {
            let known = self.tracks.iter().any(|track| track.kind() == kind);
            if known || refused.iter().any(|other| other.kind == kind) {
                let note = format!("another {} track, {codec}, is left out", kind_name(kind));
                self.notes.push(note);
            } else {
                refused.push(Refused::new(kind, codec));
            }
        }
        refused.sort_by_key(|track| track.kind);
        refused
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

    fn deliver(&mut self, packets: Vec<Segmented>) {
        if packets.is_empty() {
            return;
        }
        let mut placed = std::mem::take(&mut self.placed);
        for (segment, packet) in packets {
            self.seams.push(segment, packet, &mut placed);
        }
        placed.drain(..).for_each(|packet| self.announce(packet));
        self.placed = placed;
    }

    fn announce(&mut self, packet: Packet) {
        let kind = packet.kind();
        if !self.tracks.iter().any(|track| track.kind() == kind) {
            self.tracks.push(Track {
                start: Some(packet.pts),
                ..Track::new(packet.config.clone())
            });
        }
        self.interleave.push(packet);
    }

    /// Lets out what is whole, and says what was wrong on the way.
    fn finish(&mut self, failure: Option<Error>) {
        let (program, timeline) = (&mut self.program, &mut self.timeline);
        let video = program.as_mut().and_then(|p| p.video.as_mut());
        let (mut packets, cut_video) = video.map(|v| v.finish(timeline)).unwrap_or_default();
        let audio = program.as_mut().and_then(|p| p.audio.as_mut());
        let (frames, cut_audio) = audio.map(|a| a.finish(timeline)).unwrap_or_default();
        packets.extend(frames);
        self.deliver(packets);
        let held = self.seams.finish();
        held.into_iter().for_each(|packet| self.announce(packet));
        self.interleave.end();
        self.ended = true;
        let at = self.packets.position();
        self.failure = failure
            .or_else(|| (cut_video || cut_audio).then(|| Error::truncated("PES packet", at)));
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

impl PacketSource for Ts {
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
            video: video.map_or_else(TrackDamage::default, Stream::damage),
            audio: audio.map_or_else(TrackDamage::default, Stream::damage),
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
