use std::collections::HashSet;
use std::io::Read;
use std::sync::Arc;

use onair_flv::file::Parser;
use onair_flv::{Demuxed, Demuxer, TagKind};
use onair_media::{Config, FrameRate, Kind, Packet, Timestamp, Tracks};

use crate::block_stream::BlockStream;
use crate::codec::kind_name;
use crate::reader::{Output, Reader, opened};
use crate::{Container, Damage, Error, Opened, Refused, Track};

/// A Flash Video file or stream (FLV 10.1 annex E), read in large blocks that the packets are
/// slices of.
struct Flv {
    input: BlockStream,
    parser: Parser,
    demuxer: Demuxer,
    damage: Damage,
    /// Kinds of tags already noted as unsupported.
    unsupported: HashSet<TagKind>,
}

/// Whether a file that begins like this is one.
pub(crate) fn recognizes(head: &[u8]) -> bool {
    head.starts_with(b"FLV")
}

/// Reads as far as the sequence headers of the tracks.
pub(crate) fn open(input: Box<dyn Read + Send>) -> Result<Opened, Error> {
    let mut out = Output::new();
    let mut flv = Flv {
        input: BlockStream::new(input),
        parser: Parser::new(),
        demuxer: Demuxer::new(),
        damage: Damage::default(),
        unsupported: HashSet::new(),
    };
    let mut probe = Probe::default();
    while !out.has_ended() && !probe.is_satisfied(&flv.demuxer, flv.parser.promised()) {
        flv.read(&mut out, Some(&mut probe));
    }
    let refused = flv.name_tracks(&mut out, probe);
    opened(Container::Flv, flv, out, refused)
}

impl Flv {
    /// Takes in one tag, or one block of input when there is none.
    fn read(&mut self, out: &mut Output, probe: Option<&mut Probe>) {
        match self.parser.next() {
            Ok(Some(tag)) => {
                match self.demuxer.demux(&tag) {
                    Ok(Demuxed::Packet(packet)) => take(packet, out, probe),
                    Ok(Demuxed::Metadata(metadata)) => note(&metadata, out, probe),
                    Ok(_) => {}
                    Err(error) => self.refuse(&error, tag.kind, out, probe),
                }
                while let Some(error) = self.demuxer.left_out() {
                    self.refuse(&error, tag.kind, out, None);
                }
            }
            Ok(None) => self.read_block(out),
            Err(error) => out.end(Some(flv_error(&error, self.parser.position()))),
        }
    }

    /// Leaves out a tag that is not understood; while probing, it may name a codec.
    fn refuse(
        &mut self,
        error: &onair_flv::Error,
        kind: TagKind,
        out: &mut Output,
        probe: Option<&mut Probe>,
    ) {
        let at = self.parser.position();
        match (error, probe) {
            (onair_flv::Error::Unsupported { what }, Some(probe)) => {
                let kind = if kind == TagKind::Video {
                    Kind::Video
                } else {
                    Kind::Audio
                };
                probe.refuse(kind, codec_name(what), self.parser.position());
            }
            (error, _) => {
                let unsupported = matches!(error, onair_flv::Error::Unsupported { .. });
                if !unsupported {
                    self.count_damaged(kind);
                }
                let said = unsupported && !self.unsupported.insert(kind);
                if !said && out.notes.len() < MAX_NOTES {
                    let note = format!("a tag before byte {at} is left out: {error}");
                    out.notes.push(note);
                }
            }
        }
    }

    const fn count_damaged(&mut self, kind: TagKind) {
        let kind = match kind {
            TagKind::Video => Kind::Video,
            TagKind::Audio => Kind::Audio,
            TagKind::Script => return,
        };
        self.damage.of_mut(kind).damaged += 1;
    }

    fn read_block(&mut self, out: &mut Output) {
        match self.input.next() {
            Err(error) => out.end(Some(error)),
            Ok(block) if block.is_empty() => {
                let error = self.parser.finish().err();
                let at = self.parser.position();
                out.end(error.map(|error| flv_error(&error, at)));
            }
            Ok(block) => self.parser.push(block),
        }
    }

    /// Names the tracks found; gives those that cannot be sent.
    fn name_tracks(&mut self, out: &mut Output, mut probe: Probe) -> Vec<Refused> {
        let configs = [self.demuxer.video_config(), self.demuxer.audio_config()];
        let configs = configs.into_iter().flatten().cloned();
        out.tracks = configs.map(Track::new).collect();
        for track in &mut out.tracks {
            probe.describe(track);
        }
        let known = |kind| out.tracks.iter().any(|track| track.kind() == kind);
        probe.refused.retain(|refused| !known(refused.kind));
        probe.refused.sort_by_key(|refused| refused.kind);
        let said = probe.refused.iter().map(|refused| match refused.kind {
            Kind::Video => TagKind::Video,
            Kind::Audio => TagKind::Audio,
        });
        self.unsupported.extend(said);
        let promised = self.parser.promised().unwrap_or((false, false));
        for (kind, promised) in [(Kind::Audio, promised.0), (Kind::Video, promised.1)] {
            let refused = probe.refused.iter().any(|refused| refused.kind == kind);
            if promised && !refused && !out.tracks.iter().any(|track| track.kind() == kind) {
                let kind = kind_name(kind);
                let note = format!("the header promises {kind} but none was found");
                out.notes.push(note);
            }
        }
        probe.refused
    }
}

impl Reader for Flv {
    fn step(&mut self, out: &mut Output) {
        self.read(out, None);
    }

    fn damage(&self) -> Damage {
        self.damage
    }
}

fn take(packet: Packet, out: &mut Output, probe: Option<&mut Probe>) {
    if let Some(probe) = probe {
        probe.count(&packet);
    }
    out.push(packet);
}

fn note(said: &Tracks, out: &mut Output, probe: Option<&mut Probe>) {
    if let Some(probe) = probe {
        out.duration = said.duration.filter(|d| !d.is_zero());
        probe.said = said.clone();
    }
}

/// What has been seen while looking for the tracks.
#[derive(Default)]
struct Probe {
    packets: usize,
    bytes: usize,
    video: Option<Timestamp>,
    audio: Option<Timestamp>,
    refused: Vec<Refused>,
    /// What the file says of itself.
    said: Tracks,
}

impl Probe {
    fn is_satisfied(&self, demuxer: &Demuxer, promised: Option<(bool, bool)>) -> bool {
        let refused = |kind| self.refused.iter().any(|refused| refused.kind == kind);
        let video = demuxer.video_config().is_some() || refused(Kind::Video);
        let audio = demuxer.audio_config().is_some() || refused(Kind::Audio);
        let limit = match promised {
            Some((true, true)) | None => MAX_PROBE_PACKETS,
            Some(_) => MAX_PROBE_PACKETS / 8,
        };
        let enough = self.packets > limit || self.bytes > MAX_PROBE_BYTES;
        (video && audio && self.packets > 0) || enough
    }

    /// Notes a track that cannot be sent.
    fn refuse(&mut self, kind: Kind, codec: &str, position: u64) {
        self.packets += 1;
        self.bytes = self
            .bytes
            .max(usize::try_from(position).unwrap_or(usize::MAX));
        if self.refused.iter().all(|refused| refused.kind != kind) {
            let mut refused = Refused::new(kind, codec);
            let (video, audio) = (self.said.video.first(), self.said.audio.first());
            match kind {
                Kind::Video => refused.size = video.and_then(|video| video.size),
                Kind::Audio => {
                    refused.sample_rate = audio.and_then(|audio| audio.sample_rate);
                    let channels = audio.and_then(|audio| audio.channels);
                    refused.channels = channels.map(u32::from);
                }
            }
            self.refused.push(refused);
        }
    }

    fn count(&mut self, packet: &Packet) {
        self.packets += 1;
        self.bytes += packet.payload.len();
        match packet.config {
            Config::Video(_) => self.video.get_or_insert(packet.pts),
            Config::Audio(_) => self.audio.get_or_insert(packet.pts),
        };
    }

    /// Adds what the packets and the file's own metadata say.
    fn describe(&self, track: &mut Track) {
        match &mut track.config {
            Config::Video(video) => {
                track.start = self.video;
                let said = self.said.video.first();
                track.bitrate = said.and_then(|said| said.bitrate);
                let declared = said.and_then(|said| said.frame_rate).and_then(rounded);
                if video.frame_rate.is_none() && declared.is_some() {
                    Arc::make_mut(video).frame_rate = declared;
                }
            }
            Config::Audio(_) => {
                track.start = self.audio;
                track.bitrate = self.said.audio.first().and_then(|said| said.bitrate);
            }
        }
    }
}

/// The usual name in `video codec 2 (Sorenson H.263); H.264 (7) works`.
fn codec_name(what: &str) -> &str {
    let codec = what.split(';').next().unwrap_or(what);
    let named = codec
        .split_once(" (")
        .and_then(|(_, name)| name.strip_suffix(')'));
    named.unwrap_or(codec)
}

/// Two decimals are what files round the broadcast rates to.
fn rounded(rate: FrameRate) -> Option<FrameRate> {
    format!("{:.2}", rate.as_f64()).parse().ok()
}

fn flv_error(error: &onair_flv::Error, at: u64) -> Error {
    match *error {
        onair_flv::Error::Truncated { what, .. } => Error::truncated(what, at),
        onair_flv::Error::Invalid { what, .. } => Error::invalid(what, at),
        _ => Error::invalid("FLV tag is not understood", at),
    }
}

/// A stream is taken to have one track after this many packets of it,
const MAX_PROBE_PACKETS: usize = 250;

/// or this many bytes.
const MAX_PROBE_BYTES: usize = 8 * 1024 * 1024;

/// Notes kept: a broken file would give one for each tag.
const MAX_NOTES: usize = 20;
