use crate::enhanced::{FOLDED, is_folded};
use crate::hevc::{CODED_FRAMES, CODED_FRAMES_X, HevcHeader, SEQUENCE_START};
use crate::{Error, FourCc, Head, TagKind};

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

/// What follows an AVC head (FLV 10.1 §E.4.3.1, `AVCPacketType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AvcPacketType {
    /// An `AVCDecoderConfigurationRecord`.
    SequenceHeader = 0,
    /// Length-prefixed NAL units of one access unit.
    NalUnits = 1,
    /// Nothing: the stream ends.
    EndOfSequence = 2,
}

/// The `VideoTagHeader` of an AVC tag (FLV 10.1 §E.4.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvcHeader {
    /// Key or not.
    pub frame_type: FrameType,
    /// What the payload is.
    pub packet_type: AvcPacketType,
    /// Composition time minus decoding time in milliseconds, 24 bits signed.
    pub composition_offset: i32,
}

impl AvcHeader {
    /// The largest composition offset that fits.
    pub const MAX_OFFSET: i32 = (1 << 23) - 1;
    /// The smallest composition offset that fits.
    pub const MIN_OFFSET: i32 = -(1 << 23);

    /// The header as bytes; an offset out of range is clamped into it.
    pub fn write(self) -> Head {
        let [a, b, c] = write_offset(self.composition_offset);
        let first = (self.frame_type as u8) << 4 | AVC;
        Head::new(&[first, self.packet_type as u8, a, b, c])
    }
}

/// A video tag's head, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VideoHeader {
    /// H.264.
    Avc(AvcHeader),
    /// HEVC, by its `FourCC`.
    Hevc(HevcHeader),
    /// A command frame, whatever its codec: no picture.
    Command,
    /// What Enhanced RTMP says about the pictures, their colours for instance: no picture.
    Metadata,
}

impl VideoHeader {
    /// Reads a tag's head. A codec other than AVC and HEVC (this by its `FourCC`
    /// only) is [`Error::Unsupported`], by its name.
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
        if is_ex {
            return ex(frame_type, head);
        }
        match first & 0x0F {
            AVC => avc(frame_type, head).map(Self::Avc),
            codec => Err(Error::unsupported(format!(
                "video codec {codec} ({}); H.264 (7) works",
                codec_name(codec)
            ))),
        }
    }
}

/// What people call a legacy video `CodecID` (FLV 10.1 §E.4.3.1).
pub fn codec_name(codec_id: u8) -> &'static str {
    match codec_id {
        1 => "JPEG",
        2 => "Sorenson H.263",
        3 => "Screen video",
        4 => "On2 VP6",
        5 => "On2 VP6 with alpha",
        6 => "Screen video 2",
        AVC => "H.264",
        HEVC => "HEVC as non-standard codec 12",
        _ => "unknown",
    }
}

/// How many bytes of a video body are its head.
pub(crate) fn head_len(body: &[u8]) -> usize {
    match body {
        [first, rest @ ..] if first & EX_HEADER != 0 => ex_head_len(first & 0x0F, rest),
        [first, ..] if *first >> 4 == FrameType::Command as u8 => 1,
        [first, ..] if matches!(first & 0x0F, AVC | HEVC) => 5,
        _ => 1,
    }
}

pub(crate) fn is_sequence_header(head: &[u8]) -> bool {
    match head {
        [first, ..] if first & EX_HEADER != 0 => first & 0x0F == SEQUENCE_START,
        [first, 0, ..] => *first >> 4 != 5 && matches!(first & 0x0F, AVC | HEVC),
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
        !matches!(first & 0x0F, AVC | HEVC) || head.get(1) == Some(&1)
    };
    key && coded
}

fn avc(frame_type: FrameType, head: &[u8]) -> Result<AvcHeader, Error> {
    let &[_, packet_type, a, b, c] = head else {
        return Err(Error::truncated("AVC tag header", head.len()));
    };
    let packet_type = match packet_type {
        0 => AvcPacketType::SequenceHeader,
        1 => AvcPacketType::NalUnits,
        2 => AvcPacketType::EndOfSequence,
        _ => return Err(Error::invalid("AVC tag: no such AVCPacketType", 1)),
    };
    Ok(AvcHeader {
        frame_type,
        packet_type,
        composition_offset: read_offset([a, b, c]),
    })
}

/// Whether `first` begins a command of Enhanced RTMP, which has no `FourCC`.
pub(crate) const fn is_command(first: u8) -> bool {
    first & EX_HEADER != 0 && first >> 4 & 7 == FrameType::Command as u8 && first & 0x0F != METADATA
}

/// A composition offset as 24 bits, clamped into them.
pub(crate) fn write_offset(offset: i32) -> [u8; 3] {
    let offset = offset.clamp(AvcHeader::MIN_OFFSET, AvcHeader::MAX_OFFSET);
    let [_, a, b, c] = offset.to_be_bytes();
    [a, b, c]
}

pub(crate) const fn read_offset([a, b, c]: [u8; 3]) -> i32 {
    i32::from_be_bytes([a, b, c, 0]) >> 8
}

fn ex(frame_type: FrameType, head: &[u8]) -> Result<VideoHeader, Error> {
    match head.get(1..5).and_then(FourCc::from_slice) {
        Some(FourCc::HEVC) => HevcHeader::parse(frame_type, head).map(VideoHeader::Hevc),
        Some(FourCc::AVC) => {
            let header = HevcHeader::parse(frame_type, head)?;
            Ok(VideoHeader::Avc(header.into()))
        }
        Some(other) => Err(Error::unsupported(format!(
            "Enhanced RTMP video {other}; H.264 (avc1) and HEVC (hvc1) work"
        ))),
        None => Err(Error::truncated("Enhanced RTMP video header", head.len())),
    }
}

/// Enhanced RTMP v2, `ExVideoTagHeader`: flags, `FourCC`, and for the codecs
/// with B-frames a composition time in front of coded frames.
fn ex_head_len(packet_type: u8, rest: &[u8]) -> usize {
    let reorders = matches!(rest.get(..4), Some(b"hvc1" | b"avc1" | b"vvc1"));
    if packet_type == CODED_FRAMES && reorders {
        8
    } else {
        5
    }
}

const AVC: u8 = 7;
const HEVC: u8 = 12;
/// Enhanced RTMP v2, `VideoPacketType`.
const METADATA: u8 = 4;
/// Enhanced RTMP v2: `isExVideoHeader`.
pub(crate) const EX_HEADER: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn avc_heads_read_back_what_was_written() {
        for composition_offset in [0, 80, -80, AvcHeader::MAX_OFFSET, AvcHeader::MIN_OFFSET] {
            let header = AvcHeader {
                frame_type: FrameType::Key,
                packet_type: AvcPacketType::NalUnits,
                composition_offset,
            };
            assert_eq!(
                VideoHeader::parse(&header.write()),
                Ok(VideoHeader::Avc(header))
            );
        }
    }

    #[test]
    fn an_offset_of_25_bits_is_clamped() {
        let header = AvcHeader {
            frame_type: FrameType::Inter,
            packet_type: AvcPacketType::NalUnits,
            composition_offset: i32::MIN,
        };
        assert_eq!(&header.write()[..], [0x27, 1, 0x80, 0, 0]);
    }

    #[test]
    fn other_codecs_are_named() {
        let error = |head: &[u8]| VideoHeader::parse(head).unwrap_err().to_string();
        assert!(error(&[0x12]).contains("Sorenson H.263"));
        assert!(error(&[0x1C, 0, 0, 0, 0]).contains("HEVC"));
        assert!(error(b"\x90av01").contains("av01"));
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
