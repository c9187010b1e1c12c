use onair_media::{FourCc, VideoCodec};

use crate::Error;
use crate::codec::{self, Form};
use crate::folded::{FOLDED, VIDEO_EX_HEADER as EX_HEADER, VIDEO_METADATA as METADATA, is_folded};
use crate::head::{Head, TagKind};

/// What kind of picture a video tag carries (FLV 10.1 §E.4.3.1, `FrameType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameType {
    /// Decoding can start here: IDR for AVC.
    Key = 1,
    /// Needs pictures before it.
    Inter = 2,
    /// Inter, and nothing needs it (H.263 only).
    DisposableInter = 3,
    /// Key, made by a server.
    GeneratedKey = 4,
    /// No picture: video info or a command.
    Command = 5,
}

impl FrameType {
    const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Key),
            2 => Some(Self::Inter),
            3 => Some(Self::DisposableInter),
            4 => Some(Self::GeneratedKey),
            5 => Some(Self::Command),
            _ => None,
        }
    }
}

/// What follows a video tag's head (FLV 10.1 §E.4.3.1, `AVCPacketType`; Enhanced RTMP v2,
/// `VideoPacketType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VideoPacketType {
    /// A decoder configuration.
    SequenceStart = 0,
    /// One access unit.
    CodedFrames = 1,
    /// Nothing: the stream ends.
    SequenceEnd = 2,
}

/// The `VideoTagHeader` of a tag with media in it (FLV 10.1 §E.4.3.1), or its `ExVideoTagHeader`
/// (Enhanced RTMP v2, "Enhanced Video").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoTagHeader {
    /// The codec.
    pub codec: VideoCodec,
    /// Key or not.
    pub frame_type: FrameType,
    /// What the payload is.
    pub packet_type: VideoPacketType,
    /// Presentation time minus decoding time in milliseconds, 24 bits signed; only coded frames
    /// have one.
    pub composition_offset: i32,
}

impl VideoTagHeader {
    /// The largest composition offset that fits.
    pub const MAX_OFFSET: i32 = (1 << 23) - 1;
    /// The smallest composition offset that fits.
    pub const MIN_OFFSET: i32 = -(1 << 23);

    /// The header as bytes, in the form that FLV has for the codec; an offset out of range is
    /// clamped.
    pub fn write(self) -> Head {
        match codec::video(self.codec) {
            Form::Numbered(number) => self.write_numbered(number),
            Form::Named(four_cc) => self.write_named(four_cc),
        }
    }

    fn write_numbered(self, number: u8) -> Head {
        let [a, b, c] = write_offset(self.composition_offset);
        let first = (self.frame_type as u8) << 4 | number;
        Head::new(&[first, self.packet_type as u8, a, b, c])
    }

    /// As `CodedFramesX`, which has no composition offset, if that is zero.
    fn write_named(self, four_cc: FourCc) -> Head {
        let is_coded = self.packet_type == VideoPacketType::CodedFrames;
        let has_offset = is_coded && codec::has_composition_time(four_cc);
        let (packet_type, len) = match has_offset {
            true if self.composition_offset == 0 => (CODED_FRAMES_X, 5),
            true => (CODED_FRAMES, 8),
            false => (self.packet_type as u8, 5),
        };
        let [a, b, c, d] = four_cc.0;
        let first = EX_HEADER | (self.frame_type as u8) << 4 | packet_type;
        let [e, f, g] = write_offset(self.composition_offset);
        Head::new(&[first, a, b, c, d, e, f, g][..len])
    }
}

/// A parsed video tag's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VideoHeader {
    /// Pictures, or what they need.
    Media(VideoTagHeader),
    /// A command frame, whatever its codec: no picture.
    Command,
    /// What Enhanced RTMP says about the pictures, such as their colours: no picture.
    Metadata,
}

impl VideoHeader {
    /// Reads a tag's head. An unknown codec is [`Error::Unsupported`], by its name.
    pub fn parse(head: &[u8]) -> Result<Self, Error> {
        let first = *head
            .first()
            .ok_or_else(|| Error::truncated("video tag", 0))?;
        let is_ex = first & EX_HEADER != 0;
        if is_ex && first & 0x0F == METADATA {
            return Ok(Self::Metadata);
        }
        let code = if is_ex { first >> 4 & 7 } else { first >> 4 };
        let frame_type = FrameType::from_code(code)
            .ok_or_else(|| Error::invalid("video tag: no such FrameType", 0))?;
        if frame_type == FrameType::Command {
            return Ok(Self::Command);
        }
        if is_folded(TagKind::Video, first) {
            return Err(Error::unsupported(FOLDED));
        }
        let header = if is_ex {
            named(frame_type, head)
        } else {
            numbered(frame_type, first & 0x0F, head)
        };
        header.map(Self::Media)
    }
}

/// The common name of a legacy video `CodecID` (FLV 10.1 §E.4.3.1).
pub fn codec_name(codec_id: u8) -> &'static str {
    match codec_id {
        1 => "JPEG",
        2 => "Sorenson H.263",
        3 => "Screen video",
        4 => "On2 VP6",
        5 => "On2 VP6 with alpha",
        6 => "Screen video 2",
        7 => "H.264",
        HEVC => "HEVC as non-standard codec 12",
        _ => "unknown",
    }
}

/// How many bytes of a video body are its head.
pub(crate) fn head_len(body: &[u8]) -> usize {
    match body {
        [first, rest @ ..] if first & EX_HEADER != 0 => ex_head_len(first & 0x0F, rest),
        [first, ..] if *first >> 4 == FrameType::Command as u8 => 1,
        [first, ..] if has_packet_type(first & 0x0F) => 5,
        _ => 1,
    }
}

pub(crate) fn is_sequence_header(head: &[u8]) -> bool {
    match head {
        [first, ..] if first & EX_HEADER != 0 => first & 0x0F == SEQUENCE_START,
        [first, 0, ..] => *first >> 4 != 5 && has_packet_type(first & 0x0F),
        _ => false,
    }
}

pub(crate) fn is_keyframe(head: &[u8]) -> bool {
    let Some(first) = head.first() else {
        return false;
    };
    let key = first >> 4 & 7 == FrameType::Key as u8;
    let coded = if first & EX_HEADER != 0 {
        matches!(first & 0x0F, CODED_FRAMES | CODED_FRAMES_X)
    } else {
        !has_packet_type(first & 0x0F) || head.get(1) == Some(&1)
    };
    key && coded
}

/// Whether the tags of a legacy codec look like AVC's: HEVC's do, as some write it.
fn has_packet_type(number: u8) -> bool {
    codec::video_of(number).is_some() || number == HEVC
}

fn numbered(frame_type: FrameType, number: u8, head: &[u8]) -> Result<VideoTagHeader, Error> {
    let Some(codec) = codec::video_of(number) else {
        return Err(Error::unsupported(format!(
            "video codec {number} ({}); H.264 (7) works",
            codec_name(number)
        )));
    };
    let &[_, packet_type, a, b, c] = head else {
        return Err(Error::truncated("AVC tag header", head.len()));
    };
    let packet_type = match packet_type {
        0 => VideoPacketType::SequenceStart,
        1 => VideoPacketType::CodedFrames,
        2 => VideoPacketType::SequenceEnd,
        _ => return Err(Error::invalid("AVC tag: no such AVCPacketType", 1)),
    };
    Ok(VideoTagHeader {
        codec,
        frame_type,
        packet_type,
        composition_offset: read_offset([a, b, c]),
    })
}

fn named(frame_type: FrameType, head: &[u8]) -> Result<VideoTagHeader, Error> {
    let truncated = || Error::truncated("Enhanced RTMP video header", head.len());
    let four_cc = head.get(1..5).and_then(|name| name.try_into().ok());
    let four_cc = four_cc.map(FourCc).ok_or_else(truncated)?;
    let Some(codec) = VideoCodec::from_four_cc(four_cc) else {
        let all = VideoCodec::ALL.iter();
        let works = codec::understood(all.map(|codec| format!("{codec} ({})", codec.four_cc())));
        let what = format!("Enhanced RTMP video {four_cc}; {works}");
        return Err(Error::unsupported(what));
    };
    let offset = || match head.get(5..8) {
        _ if !codec::has_composition_time(four_cc) => Ok(0),
        Some(&[a, b, c]) => Ok(read_offset([a, b, c])),
        _ => Err(truncated()),
    };
    let (packet_type, composition_offset) = match head[0] & 0x0F {
        SEQUENCE_START => (VideoPacketType::SequenceStart, 0),
        SEQUENCE_END => (VideoPacketType::SequenceEnd, 0),
        CODED_FRAMES_X => (VideoPacketType::CodedFrames, 0),
        CODED_FRAMES => (VideoPacketType::CodedFrames, offset()?),
        other => {
            return Err(Error::unsupported(format!(
                "Enhanced RTMP video packet type {other}; coded frames (1, 3) work"
            )));
        }
    };
    Ok(VideoTagHeader {
        codec,
        frame_type,
        packet_type,
        composition_offset,
    })
}

/// A composition offset clamped to 24 bits.
fn write_offset(offset: i32) -> [u8; 3] {
    let offset = offset.clamp(VideoTagHeader::MIN_OFFSET, VideoTagHeader::MAX_OFFSET);
    let [_, a, b, c] = offset.to_be_bytes();
    [a, b, c]
}

const fn read_offset([a, b, c]: [u8; 3]) -> i32 {
    i32::from_be_bytes([a, b, c, 0]) >> 8
}

/// Enhanced RTMP v2, `ExVideoTagHeader`: flags, `FourCC`, and for the codecs
/// with B-frames a composition time in front of coded frames.
fn ex_head_len(packet_type: u8, rest: &[u8]) -> usize {
    let four_cc = rest.get(..4).and_then(|name| name.try_into().ok());
    let has_offset = four_cc.map(FourCc).is_some_and(codec::has_composition_time);
    if packet_type == CODED_FRAMES && has_offset {
        8
    } else {
        5
    }
}

const HEVC: u8 = 12;
/// Enhanced RTMP v2, `VideoPacketType`.
const SEQUENCE_START: u8 = 0;
const CODED_FRAMES: u8 = 1;
const SEQUENCE_END: u8 = 2;
const CODED_FRAMES_X: u8 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn header(codec: VideoCodec, packet_type: VideoPacketType, offset: i32) -> VideoTagHeader {
        VideoTagHeader {
            codec,
            frame_type: FrameType::Key,
            packet_type,
            composition_offset: offset,
        }
    }

    #[test]
    fn heads_of_every_codec_read_back_what_was_written_and_name_it() {
        use VideoPacketType::{CodedFrames, SequenceEnd, SequenceStart};
        let bounds = [VideoTagHeader::MAX_OFFSET, VideoTagHeader::MIN_OFFSET];
        for &codec in VideoCodec::ALL {
            let offsets = [0, 80, -80].into_iter().chain(bounds);
            let coded = offsets.map(|offset| header(codec, CodedFrames, offset));
            let others = [SequenceStart, SequenceEnd].map(|kind| header(codec, kind, 0));
            for header in coded.chain(others) {
                let head = header.write();
                assert_eq!(VideoHeader::parse(&head), Ok(VideoHeader::Media(header)));
                assert_eq!(head_len(&[&head, &[9; 9][..]].concat()), head.len());
            }
        }
    }

    #[test]
    fn heads_are_the_bytes_of_the_specifications() {
        use VideoPacketType::{CodedFrames, SequenceEnd, SequenceStart};
        let (h264, hevc) = (VideoCodec::H264, VideoCodec::Hevc);
        for (codec, packet_type, offset, bytes) in [
            (h264, SequenceStart, 0, &[0x17, 0, 0, 0, 0][..]),
            (h264, CodedFrames, 80, &[0x17, 1, 0, 0, 80]),
            (h264, SequenceEnd, 0, &[0x17, 2, 0, 0, 0]),
            (hevc, SequenceStart, 0, b"\x90hvc1"),
            (hevc, CodedFrames, 80, b"\x91hvc1\0\0\x50"),
            (hevc, CodedFrames, -80, b"\x91hvc1\xff\xff\xb0"),
            (hevc, SequenceEnd, 0, b"\x92hvc1"),
            (hevc, CodedFrames, 0, b"\x93hvc1"),
        ] {
            assert_eq!(&header(codec, packet_type, offset).write()[..], bytes);
        }
        let avc = Ok(VideoHeader::Media(header(h264, CodedFrames, 80)));
        assert_eq!(VideoHeader::parse(b"\x91avc1\0\0\x50"), avc);
    }

    #[test]
    fn an_offset_of_25_bits_is_clamped() {
        let head = |codec, offset| header(codec, VideoPacketType::CodedFrames, offset).write();
        let lowest = head(VideoCodec::H264, i32::MIN);
        assert_eq!(&lowest[..], [0x17, 1, 0x80, 0, 0]);
        let highest = head(VideoCodec::Hevc, i32::MAX);
        assert_eq!(&highest[..], b"\x91hvc1\x7f\xff\xff");
    }

    #[test]
    fn what_is_cut_short_or_unknown_says_so() {
        let truncated = Error::truncated("Enhanced RTMP video header", 7);
        assert_eq!(VideoHeader::parse(b"\x91hvc1\0\0"), Err(truncated));
        for kind in [0x95, 0x96, 0x97] {
            let head = [&[kind], &b"hvc1"[..]].concat();
            let error = VideoHeader::parse(&head).unwrap_err();
            assert!(matches!(error, Error::Unsupported { .. }), "{error}");
        }
        assert_eq!(VideoHeader::parse(b"\xd0\0"), Ok(VideoHeader::Command));
        for metadata in [&b"\xd4hvc1"[..], b"\x94av01", b"\xd4"] {
            assert_eq!(VideoHeader::parse(metadata), Ok(VideoHeader::Metadata));
        }
    }

    #[test]
    fn other_codecs_are_named() {
        let error = |head: &[u8]| VideoHeader::parse(head).unwrap_err().to_string();
        assert!(error(&[0x12]).contains("Sorenson H.263"));
        assert!(error(&[0x1C, 0, 0, 0, 0]).contains("HEVC"));
        let works = "Enhanced RTMP video av01; H.264 (avc1) and HEVC (hvc1) work";
        assert!(error(b"\x90av01").ends_with(works));
        assert!(error(b"\x90\0av1").contains("00617631"));
    }

    #[test]
    fn nonsense_is_refused_and_says_why() {
        for (head, error) in [
            (&[][..], Error::truncated("video tag", 0)),
            (&[0x17], Error::truncated("AVC tag header", 1)),
            (&[0x17, 1, 0], Error::truncated("AVC tag header", 3)),
            (
                &[0x07, 1, 0, 0, 0],
                Error::invalid("video tag: no such FrameType", 0),
            ),
            (
                &[0x17, 3, 0, 0, 0],
                Error::invalid("AVC tag: no such AVCPacketType", 1),
            ),
            (
                &[0x90, b'h'],
                Error::truncated("Enhanced RTMP video header", 2),
            ),
        ] {
            assert_eq!(VideoHeader::parse(head), Err(error), "{head:02x?}");
        }
        assert_eq!(VideoHeader::parse(&[0x57]), Ok(VideoHeader::Command));
    }
}
