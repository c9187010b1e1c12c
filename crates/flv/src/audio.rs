use crate::enhanced::{FOLDED, is_folded};
use crate::{Error, FourCc, Head, TagKind};

/// What follows an AAC head (FLV 10.1 §E.4.2.1, `AACPacketType`; Enhanced RTMP v2,
/// `AudioPacketType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AacPacketType {
    /// An `AudioSpecificConfig`.
    SequenceHeader = 0,
    /// One raw data block.
    Raw = 1,
    /// Nothing to decode, by Enhanced RTMP only: the end of the sequence, or which channel is for
    /// which loudspeaker.
    Other = 2,
}

impl AacPacketType {
    /// The legacy `AudioTagHeader` of an AAC tag. Rate, size and channels are the
    /// constants the specification asks for: the truth is in the configuration.
    pub fn write(self) -> Head {
        Head::new(&[AAC << 4 | 0x0F, self as u8])
    }

    /// Reads a tag's head, in the legacy form or by its `FourCC`. A format other than AAC is
    /// [`Error::Unsupported`], by its name.
    pub fn parse(head: &[u8]) -> Result<Self, Error> {
        let first = *head
            .first()
            .ok_or_else(|| Error::truncated("audio tag", 0))?;
        match first >> 4 {
            AAC => aac(head),
            EX_HEADER if is_folded(TagKind::Audio, first) => Err(Error::unsupported(FOLDED)),
            EX_HEADER => enhanced(head),
            format => Err(Error::unsupported(format!(
                "sound format {format} ({}); AAC (10) works",
                format_name(format)
            ))),
        }
    }
}

/// What people call a legacy `SoundFormat` (FLV 10.1 §E.4.2.1).
pub fn format_name(format: u8) -> &'static str {
    match format {
        0 => "PCM of unknown byte order",
        1 => "ADPCM",
        2 => "MP3",
        3 => "PCM, little-endian",
        4 => "Nellymoser 16 kHz mono",
        5 => "Nellymoser 8 kHz mono",
        6 => "Nellymoser",
        7 => "G.711 A-law",
        8 => "G.711 mu-law",
        AAC => "AAC",
        11 => "Speex",
        14 => "MP3 8 kHz",
        15 => "device-specific",
        _ => "reserved",
    }
}

/// How many bytes of an audio body are its head.
pub(crate) fn head_len(body: &[u8]) -> usize {
    match body.first().map(|first| first >> 4) {
        Some(AAC) => 2,
        Some(EX_HEADER) => 5,
        _ => 1,
    }
}

pub(crate) fn is_sequence_header(head: &[u8]) -> bool {
    match head {
        [first, packet_type, ..] if first >> 4 == AAC => *packet_type == 0,
        [first, ..] => *first == EX_HEADER << 4,
        [] => false,
    }
}

fn aac(head: &[u8]) -> Result<AacPacketType, Error> {
    match head.get(1) {
        Some(0) => Ok(AacPacketType::SequenceHeader),
        Some(1) => Ok(AacPacketType::Raw),
        Some(_) => Err(Error::invalid("AAC tag: no such AACPacketType", 1)),
        None => Err(Error::truncated("AAC tag header", 1)),
    }
}

fn enhanced(head: &[u8]) -> Result<AacPacketType, Error> {
    match head.get(1..5).and_then(FourCc::from_slice) {
        Some(FourCc::AAC) => {}
        Some(other) => {
            let what = format!("Enhanced RTMP audio {other}; AAC (mp4a) works");
            return Err(Error::unsupported(what));
        }
        None => return Err(Error::truncated("Enhanced RTMP audio header", head.len())),
    }
    match head[0] & 0x0F {
        0 => Ok(AacPacketType::SequenceHeader),
        1 => Ok(AacPacketType::Raw),
        2 | 4 => Ok(AacPacketType::Other),
        other => {
            let what = format!("Enhanced RTMP audio packet type {other}; coded frames (1) work");
            Err(Error::unsupported(what))
        }
    }
}

const AAC: u8 = 10;
/// Enhanced RTMP v2: `SoundFormat.ExHeader`.
pub(crate) const EX_HEADER: u8 = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aac_heads_read_back_what_was_written() {
        for packet_type in [AacPacketType::SequenceHeader, AacPacketType::Raw] {
            assert_eq!(AacPacketType::parse(&packet_type.write()), Ok(packet_type));
        }
        assert_eq!(&AacPacketType::Raw.write()[..], [0xAF, 1]);
    }

    #[test]
    fn a_head_from_any_rate_and_channel_count_is_read() {
        assert_eq!(AacPacketType::parse(&[0xA2, 1]), Ok(AacPacketType::Raw));
    }

    #[test]
    fn aac_by_its_fourcc_is_aac() {
        for (head, packet_type) in [
            (b"\x90mp4a", AacPacketType::SequenceHeader),
            (b"\x91mp4a", AacPacketType::Raw),
            (b"\x92mp4a", AacPacketType::Other),
            (b"\x94mp4a", AacPacketType::Other),
        ] {
            assert_eq!(AacPacketType::parse(head), Ok(packet_type));
        }
        let error = AacPacketType::parse(b"\x93mp4a").unwrap_err();
        assert!(error.to_string().contains("packet type 3"), "{error}");
    }

    #[test]
    fn other_formats_are_named() {
        let error = |head: &[u8]| AacPacketType::parse(head).unwrap_err().to_string();
        assert!(error(&[0x2F]).contains("MP3"));
        assert!(error(&[0xB6]).contains("Speex"));
        assert!(error(b"\x90Opus").contains("Opus"));
    }

    #[test]
    fn nonsense_is_refused_and_says_why() {
        for (head, error) in [
            (&[][..], Error::truncated("audio tag", 0)),
            (&[0xAF], Error::truncated("AAC tag header", 1)),
            (
                &[0xAF, 2],
                Error::invalid("AAC tag: no such AACPacketType", 1),
            ),
            (
                &[0x90, 1],
                Error::truncated("Enhanced RTMP audio header", 2),
            ),
        ] {
            assert_eq!(AacPacketType::parse(head), Err(error), "{head:02x?}");
        }
    }
}
