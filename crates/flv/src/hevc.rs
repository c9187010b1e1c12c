use crate::video::{EX_HEADER, FrameType, read_offset, write_offset};
use crate::{AvcHeader, AvcPacketType, Error, FourCc, Head};

/// What follows an HEVC head (Enhanced RTMP v2, `VideoPacketType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HevcPacketType {
    /// An `HEVCDecoderConfigurationRecord`.
    SequenceStart,
    /// Length-prefixed NAL units of one access unit.
    CodedFrames,
    /// Nothing: the stream ends.
    SequenceEnd,
}

/// The `ExVideoTagHeader` of an HEVC tag (Enhanced RTMP v2, "Enhanced Video").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HevcHeader {
    /// Key or not.
    pub frame_type: FrameType,
    /// What the payload is.
    pub packet_type: HevcPacketType,
    /// Composition time minus decoding time in milliseconds, 24 bits signed;
    /// only coded frames have one.
    pub composition_offset: i32,
}

impl HevcHeader {
    /// The header as bytes: `CodedFramesX`, which has no composition offset,
    /// where that is zero. An offset out of range is clamped into it.
    pub fn write(self) -> Head {
        let packet_type = match self.packet_type {
            HevcPacketType::SequenceStart => SEQUENCE_START,
            HevcPacketType::SequenceEnd => SEQUENCE_END,
            HevcPacketType::CodedFrames if self.composition_offset == 0 => CODED_FRAMES_X,
            HevcPacketType::CodedFrames => CODED_FRAMES,
        };
        let [a, b, c, d] = FourCc::HEVC.0;
        let first = EX_HEADER | (self.frame_type as u8) << 4 | packet_type;
        let [e, f, g] = write_offset(self.composition_offset);
        let bytes = [first, a, b, c, d, e, f, g];
        let len = if packet_type == CODED_FRAMES { 8 } else { 5 };
        Head::new(&bytes[..len])
    }

    /// Reads a head whose `FourCC` is known to be HEVC's, or AVC's, which has the same form.
    pub(crate) fn parse(frame_type: FrameType, head: &[u8]) -> Result<Self, Error> {
        let (packet_type, composition_offset) = match head[0] & 0x0F {
            SEQUENCE_START => (HevcPacketType::SequenceStart, 0),
            SEQUENCE_END => (HevcPacketType::SequenceEnd, 0),
            CODED_FRAMES_X => (HevcPacketType::CodedFrames, 0),
            CODED_FRAMES => (HevcPacketType::CodedFrames, offset(head)?),
            other => {
                return Err(Error::unsupported(format!(
                    "Enhanced RTMP video packet type {other}; coded frames (1, 3) work"
                )));
            }
        };
        Ok(Self {
            frame_type,
            packet_type,
            composition_offset,
        })
    }
}

fn offset(head: &[u8]) -> Result<i32, Error> {
    match head.get(5..8) {
        Some(&[a, b, c]) => Ok(read_offset([a, b, c])),
        _ => Err(Error::truncated("Enhanced RTMP video header", head.len())),
    }
}

impl From<HevcHeader> for AvcHeader {
    /// The legacy header that says the same.
    fn from(header: HevcHeader) -> Self {
        Self {
            frame_type: header.frame_type,
            packet_type: match header.packet_type {
                HevcPacketType::SequenceStart => AvcPacketType::SequenceHeader,
                HevcPacketType::CodedFrames => AvcPacketType::NalUnits,
                HevcPacketType::SequenceEnd => AvcPacketType::EndOfSequence,
            },
            composition_offset: header.composition_offset,
        }
    }
}

/// Enhanced RTMP v2, `VideoPacketType`.
pub(crate) const SEQUENCE_START: u8 = 0;
pub(crate) const CODED_FRAMES: u8 = 1;
const SEQUENCE_END: u8 = 2;
pub(crate) const CODED_FRAMES_X: u8 = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::VideoHeader;

    fn header(packet_type: HevcPacketType, composition_offset: i32) -> HevcHeader {
        HevcHeader {
            frame_type: FrameType::Key,
            packet_type,
            composition_offset,
        }
    }

    #[test]
    fn heads_are_the_bytes_of_the_specification_and_read_back() {
        for (packet_type, offset, bytes) in [
            (HevcPacketType::SequenceStart, 0, &b"\x90hvc1"[..]),
            (HevcPacketType::CodedFrames, 80, b"\x91hvc1\0\0\x50"),
            (HevcPacketType::CodedFrames, -80, b"\x91hvc1\xff\xff\xb0"),
            (HevcPacketType::SequenceEnd, 0, b"\x92hvc1"),
            (HevcPacketType::CodedFrames, 0, b"\x93hvc1"),
        ] {
            let header = header(packet_type, offset);
            assert_eq!(&header.write()[..], bytes);
            assert_eq!(VideoHeader::parse(bytes), Ok(VideoHeader::Hevc(header)));
        }
    }

    #[test]
    fn an_offset_of_25_bits_is_clamped() {
        let header = header(HevcPacketType::CodedFrames, i32::MAX);
        assert_eq!(&header.write()[..], b"\x91hvc1\x7f\xff\xff");
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
}
