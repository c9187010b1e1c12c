//! MPEG-2 transport streams (ISO/IEC 13818-1).
//!
//! Read packet by packet here, because the ready-made readers stop at the first
//! stream type they do not know or at the first lost packet.

mod elementary;
mod losses;
mod packet;
mod pes;
mod psi;
mod segments;
mod streams;
pub(crate) mod sync;
mod timeline;

use std::collections::HashMap;
use std::io::Read;

use onair_media::{Kind, Packet};

use crate::codec::kind_name;
use crate::codec::stream_type_name;
use crate::reader::{Output, Reader, opened};
use crate::{Container, Damage, Error, Opened, Refused, Track, TrackDamage};
use elementary::{Segmented, Stream};
use packet::TsPacket;
use psi::{Elementary, Sections};
use segments::SegmentJoiner;
use streams::{Audio, Coding, Video};
use sync::{PACKET, Packets};
use timeline::Timeline;

/// A transport stream being read.
struct Ts {
    packets: Packets,
    association: Sections,
    maps: HashMap<u16, Sections>,
    program: Option<Program>,
    timeline: Timeline,
    joiner: SegmentJoiner,
    /// Kept for its allocation; empty between two calls.
    placed: Vec<Packet>,
}

/// The streams of the chosen program.
#[derive(Default)]
struct Program {
    video: Option<Stream<Video>>,
    audio: Option<Stream<Audio>>,
    refused: Vec<(Kind, String)>,
    /// Types of streams that seem to be neither video nor audio.
    others: Vec<u8>,
}

/// Whether a stream that begins like this is one.
pub(crate) fn recognizes(head: &[u8]) -> bool {
    sync::find(head).is_some()
}

/// Reads as far as the tracks' parameters.
pub(crate) fn open(input: Box<dyn Read + Send>) -> Result<Opened, Error> {
    let mut out = Output::new();
    let mut ts = Ts {
        packets: Packets::new(input),
        association: Sections::default(),
        maps: HashMap::new(),
        program: None,
        timeline: Timeline::default(),
        joiner: SegmentJoiner::default(),
        placed: Vec::new(),
    };
    while !out.has_ended() && !ts.is_understood(&out) {
        ts.step(&mut out);
    }
    let refused = ts.name_tracks(&mut out);
    opened(Container::Ts, ts, out, refused)
}

impl Reader for Ts {
    fn step(&mut self, out: &mut Output) {
        match self.packets.next() {
            Ok(Some(packet)) => self.take(&packet, out),
            Ok(None) => self.finish(None, out),
            Err(error) => self.finish(Some(error), out),
        }
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

impl Ts {
    /// Whether every stream of the program has shown its parameters.
    fn is_understood(&self, out: &Output) -> bool {
        let known = self.program.as_ref().is_some_and(|program| {
            (program.video.is_none() || has(out, Kind::Video))
                && (program.audio.is_none() || has(out, Kind::Audio))
        });
        known || self.packets.position() > MAX_PROBE
    }

    /// Names the tracks found; gives the first stream of each kind that has none to send.
    fn name_tracks(&mut self, out: &mut Output) -> Vec<Refused> {
        let program = self.program.take().unwrap_or_default();
        let refused = refused(&program, out);
        for other in &program.others {
            let note = format!("a stream of type {other:#04x} is left out");
            out.notes.push(note);
        }
        let listed = [
            (Kind::Video, program.video.is_some()),
            (Kind::Audio, program.audio.is_some()),
        ];
        for (kind, _) in listed.into_iter().filter(|(_, listed)| *listed) {
            if !has(out, kind) && !refused.iter().any(|track| track.kind == kind) {
                let kind = kind_name(kind);
                let note = format!("{kind} is listed, but none of it could be read");
                out.notes.push(note);
            }
        }
        out.tracks.sort_by_key(Track::kind);
        self.program = Some(program);
        refused
    }

    fn take(&mut self, packet: &[u8; PACKET], out: &mut Output) {
        let Some(found) = TsPacket::parse(packet) else {
            return;
        };
        if self
            .program
            .as_ref()
            .is_some_and(|program| program.has(found.pid))
        {
            self.take_stream(&found, out);
        } else if found.pid == PAT {
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

    fn take_stream(&mut self, found: &TsPacket<'_>, out: &mut Output) {
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
        self.deliver(packets, out);
    }

    fn deliver(&mut self, packets: Vec<Segmented>, out: &mut Output) {
        if packets.is_empty() {
            return;
        }
        let mut placed = std::mem::take(&mut self.placed);
        for (segment, packet) in packets {
            self.joiner.push(segment, packet, &mut placed);
        }
        placed.drain(..).for_each(|packet| announce(packet, out));
        self.placed = placed;
    }

    /// Gives what is whole, and notes what was wrong.
    fn finish(&mut self, failure: Option<Error>, out: &mut Output) {
        let (program, timeline) = (&mut self.program, &mut self.timeline);
        let video = program.as_mut().and_then(|p| p.video.as_mut());
        let (mut packets, cut_video) = video.map(|v| v.finish(timeline)).unwrap_or_default();
        let audio = program.as_mut().and_then(|p| p.audio.as_mut());
        let (frames, cut_audio) = audio.map(|a| a.finish(timeline)).unwrap_or_default();
        packets.extend(frames);
        self.deliver(packets, out);
        let held = self.joiner.finish();
        held.into_iter().for_each(|packet| announce(packet, out));
        let at = self.packets.position();
        let cut = || (cut_video || cut_audio).then(|| Error::truncated("PES packet", at));
        out.end(failure.or_else(cut));
        let jumps = self.timeline.jumps;
        if jumps > 0 {
            let note = format!("{jumps} jumps of the clock were closed");
            out.notes.push(note);
        }
    }
}

fn announce(packet: Packet, out: &mut Output) {
    if !has(out, packet.kind()) {
        out.tracks.push(Track {
            start: Some(packet.pts),
            ..Track::new(packet.config.clone())
        });
    }
    out.push(packet);
}

fn has(out: &Output, kind: Kind) -> bool {
    out.tracks.iter().any(|track| track.kind() == kind)
}

/// The first stream of each kind that has none to send; the others are noted.
fn refused(program: &Program, out: &mut Output) -> Vec<Refused> {
    let mut refused: Vec<Refused> = Vec::new();
    let audio = program.audio.as_ref().map(|audio| &audio.decoder);
    let unclear = audio.and_then(|audio| audio.refused.as_ref());
    let unclear = unclear.map(|e| (Kind::Audio, format!("AAC not understood ({e})")));
    for (kind, codec) in program.refused.iter().cloned().chain(unclear) {
        if has(out, kind) || refused.iter().any(|other| other.kind == kind) {
            let kind = kind_name(kind);
            let note = format!("another {kind} track, {codec}, is left out");
            out.notes.push(note);
        } else {
            refused.push(Refused::new(kind, codec));
        }
    }
    refused.sort_by_key(|track| track.kind);
    refused
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

    /// Whether a stream of this program has this packet id.
    fn has(&self, pid: u16) -> bool {
        let is_video = self.video.as_ref().is_some_and(|video| video.pid == pid);
        is_video || self.audio.as_ref().is_some_and(|audio| audio.pid == pid)
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
