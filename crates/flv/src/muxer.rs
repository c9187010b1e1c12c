use std::iter::{Chain, Once, once};
use std::option;

use onair_media::{AudioCodec, Config, Kind, Packet, Timestamp, Tracks, VideoCodec};

use crate::audio::{AudioPacketType, AudioTagHeader};
use crate::video::{FrameType, VideoPacketType, VideoTagHeader};
use crate::{Head, Tag, TagKind, metadata};

/// Packets to tags: here nanoseconds become the wire's wrapping milliseconds.
///
/// A track's sequence header goes before its first packet, and again whenever its configuration
/// changes. Wire time begins at zero, and a track's never decreases. A picture's composition offset
/// counts from its wire time, so that it is shown on time even if its decoding time was moved. No
/// payload byte is copied.
#[derive(Debug, Default)]
pub struct Muxer {
    origin: Option<Timestamp>,
    video: Track,
    audio: Track,
}

impl Muxer {
    /// A muxer whose wire time is zero at its first packet's decoding time.
    pub fn new() -> Self {
        Self::default()
    }

    /// A muxer whose wire time is zero at `origin`, for instance after a reconnect. Whatever is
    /// earlier is sent at zero.
    pub fn starting_at(origin: Timestamp) -> Self {
        Self {
            origin: Some(origin),
            ..Self::default()
        }
    }

    /// The tags that carry `packet`.
    pub fn mux(&mut self, packet: &Packet) -> Muxed {
        let origin = *self.origin.get_or_insert(packet.dts);
        let track = match packet.kind() {
            Kind::Video => &mut self.video,
            Kind::Audio => &mut self.audio,
        };
        let millis = track.advance(millis(packet.dts, origin));
        let header = track.configure(&packet.config);
        let media = Tag {
            kind: tag_kind(packet.kind()),
            timestamp: wire(millis),
            head: media_head(packet, origin, millis),
            payload: packet.payload.clone(),
        };
        Muxed {
            header: header.then(|| Tag::sequence_header(&packet.config, wire(millis))),
            media,
        }
    }

    /// The stream's description as a tag, at the latest time that was muxed.
    pub fn metadata(&self, tracks: &Tracks) -> Tag {
        metadata::to_tag(tracks, wire(self.video.latest.max(self.audio.latest)))
    }

    /// The tag that properly ends the video track; `None` if there was no video.
    pub fn end_of_sequence(&self) -> Option<Tag> {
        let Some(Config::Video(video)) = &self.video.config else {
            return None;
        };
        Some(Tag::end_of_sequence(video.codec, wire(self.video.latest)))
    }
}

impl Tag {
    /// The tag that sets up a decoder for `config`.
    pub fn sequence_header(config: &Config, timestamp: u32) -> Self {
        let (head, decoder_config) = match config {
            Config::Video(video) => {
                let head = video_head(video.codec, true, VideoPacketType::SequenceStart, 0);
                (head, &video.decoder_config)
            }
            Config::Audio(audio) => {
                let head = audio_head(audio.codec, AudioPacketType::SequenceStart);
                (head, &audio.decoder_config)
            }
        };
        Self {
            kind: tag_kind(config.kind()),
            timestamp,
            head,
            payload: decoder_config.clone(),
        }
    }

    /// The tag that says no more pictures follow.
    pub fn end_of_sequence(codec: VideoCodec, timestamp: u32) -> Self {
        Self {
            kind: TagKind::Video,
            timestamp,
            head: video_head(codec, true, VideoPacketType::SequenceEnd, 0),
            payload: bytes::Bytes::new(),
        }
    }
}

/// The tags of one packet: its sequence header, when one is due, and itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Muxed {
    header: Option<Tag>,
    media: Tag,
}

impl IntoIterator for Muxed {
    type Item = Tag;
    type IntoIter = Chain<option::IntoIter<Tag>, Once<Tag>>;
    fn into_iter(self) -> Self::IntoIter {
        self.header.into_iter().chain(once(self.media))
    }
}

#[derive(Debug, Default)]
struct Track {
    config: Option<Config>,
    /// Milliseconds since the origin, not wrapped.
    latest: i64,
}

impl Track {
    fn advance(&mut self, millis: i64) -> i64 {
        self.latest = self.latest.max(millis);
        self.latest
    }

    /// True if `config` is new.
    fn configure(&mut self, config: &Config) -> bool {
        if self.config.as_ref().is_some_and(|old| old.same(config)) {
            return false;
        }
        self.config = Some(config.clone());
        true
    }
}

fn media_head(packet: &Packet, origin: Timestamp, dts: i64) -> Head {
    match &packet.config {
        Config::Video(video) => {
            let offset = millis(packet.pts, origin) - dts;
            let coded = VideoPacketType::CodedFrames;
            video_head(video.codec, packet.keyframe, coded, offset)
        }
        Config::Audio(audio) => audio_head(audio.codec, AudioPacketType::CodedFrames),
    }
}

fn video_head(
    codec: VideoCodec,
    keyframe: bool,
    packet_type: VideoPacketType,
    offset: i64,
) -> Head {
    let header = VideoTagHeader {
        codec,
        frame_type: if keyframe {
            FrameType::Key
        } else {
            FrameType::Inter
        },
        packet_type,
        composition_offset: saturating(offset),
    };
    header.write()
}

fn audio_head(codec: AudioCodec, packet_type: AudioPacketType) -> Head {
    AudioTagHeader { codec, packet_type }.write()
}

/// Headers clamp offsets that do not fit.
fn saturating(offset: i64) -> i32 {
    i32::try_from(offset).unwrap_or(if offset < 0 { i32::MIN } else { i32::MAX })
}

const fn tag_kind(kind: Kind) -> TagKind {
    match kind {
        Kind::Video => TagKind::Video,
        Kind::Audio => TagKind::Audio,
    }
}

/// The nearest millisecond after the origin.
const fn millis(time: Timestamp, origin: Timestamp) -> i64 {
    time.nanos_from(origin)
        .saturating_add(500_000)
        .div_euclid(1_000_000)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "never negative, and wrapping is what the wire does"
)]
const fn wire(millis: i64) -> u32 {
    millis as u32
}

#[cfg(test)]
mod tests;
