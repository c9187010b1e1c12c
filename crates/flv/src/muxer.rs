use std::iter::{Chain, Once, once};
use std::option;

use onair_media::{Config, Kind, Packet, Timestamp, VideoCodec};

use crate::video::{AvcHeader, AvcPacketType, FrameType};
use crate::{AacPacketType, Head, HevcHeader, HevcPacketType, Metadata, Tag, TagKind};

/// Packets to tags: where nanoseconds become the wire's wrapping milliseconds.
///
/// A track's sequence header goes before its first packet, and again whenever
/// its configuration changes. Wire time begins at zero and a track's never
/// decreases; a picture's composition offset is measured from the wire time it
/// gets, so it is shown when it should be even where its decoding time was
/// moved. No payload byte is copied.
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

    /// A muxer whose wire time is zero at `origin`: a reconnect's, say. What
    /// comes from before it is sent at zero.
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

    /// `metadata` as a tag, at the latest time that was muxed.
    pub fn metadata(&self, metadata: &Metadata) -> Tag {
        metadata.to_tag(wire(self.video.latest.max(self.audio.latest)))
    }

    /// The tag that ends the video track in an orderly way; `None` when there
    /// was no video.
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
        let (head, record) = match config {
            Config::Video(video) => (sequence_start(video.codec), &video.decoder_config),
            Config::Audio(audio) => (AacPacketType::SequenceHeader.write(), &audio.decoder_config),
        };
        Self {
            kind: tag_kind(config.kind()),
            timestamp,
            head,
            payload: record.clone(),
        }
    }

    /// The tag that says no more pictures follow.
    pub fn end_of_sequence(codec: VideoCodec, timestamp: u32) -> Self {
        let head = match codec {
            VideoCodec::Hevc => hevc(true, HevcPacketType::SequenceEnd, 0),
            _ => avc(true, AvcPacketType::EndOfSequence, 0),
        };
        Self {
            kind: TagKind::Video,
            timestamp,
            head,
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

    /// True when `config` is news.
    fn configure(&mut self, config: &Config) -> bool {
        if self.config.as_ref().is_some_and(|old| old.same(config)) {
            return false;
        }
        self.config = Some(config.clone());
        true
    }
}

fn media_head(packet: &Packet, origin: Timestamp, dts: i64) -> Head {
    let Config::Video(video) = &packet.config else {
        return AacPacketType::Raw.write();
    };
    let offset = millis(packet.pts, origin) - dts;
    match video.codec {
        VideoCodec::Hevc => hevc(packet.keyframe, HevcPacketType::CodedFrames, offset),
        _ => avc(packet.keyframe, AvcPacketType::NalUnits, offset),
    }
}

fn sequence_start(codec: VideoCodec) -> Head {
    match codec {
        VideoCodec::Hevc => hevc(true, HevcPacketType::SequenceStart, 0),
        _ => avc(true, AvcPacketType::SequenceHeader, 0),
    }
}

fn avc(keyframe: bool, packet_type: AvcPacketType, offset: i64) -> Head {
    let header = AvcHeader {
        frame_type: frame_type(keyframe),
        packet_type,
        composition_offset: saturating(offset),
    };
    header.write()
}

fn hevc(keyframe: bool, packet_type: HevcPacketType, offset: i64) -> Head {
    let header = HevcHeader {
        frame_type: frame_type(keyframe),
        packet_type,
        composition_offset: saturating(offset),
    };
    header.write()
}

const fn frame_type(keyframe: bool) -> FrameType {
    if keyframe {
        FrameType::Key
    } else {
        FrameType::Inter
    }
}

/// Headers clamp what does not fit.
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
