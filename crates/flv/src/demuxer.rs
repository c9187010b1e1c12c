use std::collections::VecDeque;
use std::sync::Arc;

use onair_media::{AudioConfig, Config, Packet, Timestamp, Tracks, VideoConfig};

use crate::audio::{AudioPacketType, AudioTagHeader};
use crate::enhanced::{Track, Unfolded};
use crate::video::{FrameType, VideoHeader, VideoPacketType, VideoTagHeader};
use crate::{Error, Tag, TagKind, metadata};

/// Tags to packets: the [`Muxer`](crate::Muxer)'s mirror.
///
/// The wire's 32-bit milliseconds are unwrapped, so that a stream may run for
/// longer than 50 days. After an error the next tag can be given as if nothing
/// had happened.
#[derive(Debug, Default)]
pub struct Demuxer {
    clock: Clock,
    video: Option<Config>,
    audio: Option<Config>,
    /// The tracks that were left out, and how many of them were reported.
    others: Vec<(TagKind, u8)>,
    left_out: VecDeque<Error>,
}

/// What a tag turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Demuxed {
    /// An access unit or an audio frame.
    Packet(Packet),
    /// `onMetaData`: how the stream describes itself.
    Metadata(Tracks),
    /// Nothing to hand on: a sequence header (kept for the packets it belongs to), an end of
    /// sequence, an empty body, a script of another name or a broken one, since a stream plays
    /// without its metadata.
    Nothing,
}

impl Demuxer {
    /// A demuxer that has seen no sequence header.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next tag.
    pub fn demux(&mut self, tag: &Tag) -> Result<Demuxed, Error> {
        let dts = self.clock.unwrap(tag.timestamp);
        match Unfolded::of(tag.kind, &tag.head, &tag.payload) {
            None => self.plain(tag, dts),
            Some(unfolded) => self.unfold(tag, unfolded?, dts),
        }
    }

    /// A track left out since the last call: of the several that Enhanced RTMP can carry, only
    /// track 0 is kept. Each of the first eight is named once.
    pub fn left_out(&mut self) -> Option<Error> {
        self.left_out.pop_front()
    }

    /// Picks the track to keep from a message with modifiers or several tracks.
    fn unfold(
        &mut self,
        folded: &Tag,
        mut message: Unfolded,
        dts: Timestamp,
    ) -> Result<Demuxed, Error> {
        let mut kept = None;
        while let Some(track) = message.next_track()? {
            match track.id {
                0 => kept = kept.or(Some(track)),
                _ => self.leave_out(folded.kind, &track),
            }
        }
        let Some(Track { head, body, .. }) = kept else {
            return Ok(Demuxed::Nothing);
        };
        let tag = Tag::from_parts(folded.kind, folded.timestamp, head, &body);
        let demuxed = self.plain(&tag, dts)?;
        let Demuxed::Packet(mut packet) = demuxed else {
            return Ok(demuxed);
        };
        let later = i64::from(message.nanos());
        packet.pts = packet.pts.offset(later);
        if tag.kind == TagKind::Audio {
            packet.dts = packet.pts;
        }
        Ok(Demuxed::Packet(packet))
    }

    fn leave_out(&mut self, kind: TagKind, track: &Track) {
        let other = (kind, track.id);
        if self.others.len() < MAX_OTHERS && !self.others.contains(&other) {
            self.others.push(other);
            let kind = if kind == TagKind::Audio {
                "audio"
            } else {
                "video"
            };
            let Track { id, codec, .. } = track;
            self.left_out.push_back(Error::unsupported(format!(
                "{kind} track {id} ({codec}) of several; track 0 is kept"
            )));
        }
    }

    fn plain(&mut self, tag: &Tag, dts: Timestamp) -> Result<Demuxed, Error> {
        match tag.kind {
            TagKind::Script => Ok(script(tag)),
            _ if tag.is_empty() => Ok(Demuxed::Nothing),
            TagKind::Video => self.video(tag, dts),
            TagKind::Audio => self.audio(tag, dts),
        }
    }

    /// The configuration of the video track, once its sequence header has passed.
    pub const fn video_config(&self) -> Option<&Config> {
        self.video.as_ref()
    }

    /// The configuration of the audio track, once its sequence header has passed.
    pub const fn audio_config(&self) -> Option<&Config> {
        self.audio.as_ref()
    }

    fn video(&mut self, tag: &Tag, dts: Timestamp) -> Result<Demuxed, Error> {
        let header = match VideoHeader::parse(&tag.head)? {
            VideoHeader::Media(header) => header,
            VideoHeader::Command | VideoHeader::Metadata => return Ok(Demuxed::Nothing),
        };
        match header.packet_type {
            VideoPacketType::SequenceStart => {
                let config = VideoConfig::new(header.codec, tag.payload.clone())?;
                adopt(&mut self.video, Config::Video(Arc::new(config)));
                Ok(Demuxed::Nothing)
            }
            VideoPacketType::CodedFrames => self.picture(tag, header, dts),
            VideoPacketType::SequenceEnd => Ok(Demuxed::Nothing),
        }
    }

    /// A picture, if it has the codec of the sequence header in force.
    fn picture(&self, tag: &Tag, header: VideoTagHeader, dts: Timestamp) -> Result<Demuxed, Error> {
        if tag.payload.is_empty() {
            return Ok(Demuxed::Nothing);
        }
        let is_own = |config: &&Config| matches!(config, Config::Video(video) if video.codec == header.codec);
        let config = self.video.as_ref().filter(is_own);
        let config = config.ok_or_else(|| Error::invalid("video before its sequence header", 0))?;
        let is_key = matches!(header.frame_type, FrameType::Key | FrameType::GeneratedKey);
        Ok(Demuxed::Packet(Packet {
            config: config.clone(),
            pts: offset(dts, header.composition_offset),
            dts,
            duration: None,
            keyframe: is_key,
            payload: tag.payload.clone(),
        }))
    }

    fn audio(&mut self, tag: &Tag, dts: Timestamp) -> Result<Demuxed, Error> {
        let header = AudioTagHeader::parse(&tag.head)?;
        match header.packet_type {
            AudioPacketType::SequenceStart => {
                let config = AudioConfig::new(header.codec, tag.payload.clone())?;
                adopt(&mut self.audio, Config::Audio(Arc::new(config)));
                Ok(Demuxed::Nothing)
            }
            AudioPacketType::CodedFrames => self.frame(tag, header, dts),
            AudioPacketType::Other => Ok(Demuxed::Nothing),
        }
    }

    /// A frame of audio, if it has the codec of the sequence header in force.
    fn frame(&self, tag: &Tag, header: AudioTagHeader, dts: Timestamp) -> Result<Demuxed, Error> {
        if tag.payload.is_empty() {
            return Ok(Demuxed::Nothing);
        }
        let is_own = |config: &&Config| matches!(config, Config::Audio(audio) if audio.codec == header.codec);
        let config = self.audio.as_ref().filter(is_own);
        let config = config.ok_or_else(|| Error::invalid("audio before its sequence header", 0))?;
        Ok(Demuxed::Packet(Packet {
            config: config.clone(),
            pts: dts,
            dts,
            duration: None,
            keyframe: true,
            payload: tag.payload.clone(),
        }))
    }
}

/// No encoder sends more tracks than that, and a hostile one gets no more named.
const MAX_OTHERS: usize = 8;

fn script(tag: &Tag) -> Demuxed {
    match metadata::from_tag(tag) {
        Ok(Some(tracks)) => Demuxed::Metadata(tracks),
        Ok(None) | Err(_) => Demuxed::Nothing,
    }
}

fn offset(dts: Timestamp, millis: i32) -> Timestamp {
    dts.offset(i64::from(millis) * 1_000_000)
}

/// A repeated header leaves the packets' shared configuration as it is.
fn adopt(kept: &mut Option<Config>, config: Config) {
    if !kept.as_ref().is_some_and(|kept| kept.same(&config)) {
        *kept = Some(config);
    }
}

/// 32-bit milliseconds unwrapped: each is taken to be less than 25 days from
/// the one before it, in either direction.
#[derive(Debug, Default)]
struct Clock {
    latest: Option<(u32, i64)>,
}

impl Clock {
    fn unwrap(&mut self, wire: u32) -> Timestamp {
        let millis = match self.latest {
            None => i64::from(wire),
            Some((last, millis)) => {
                let step = wire.wrapping_sub(last).cast_signed();
                millis.saturating_add(step.into())
            }
        };
        self.latest = Some((wire, millis));
        Timestamp::from_millis(millis)
    }
}

#[cfg(test)]
mod tests;
