use onair_media::{AudioCodec, FourCc};

use crate::Error;
use crate::codec::{self, Form};
use crate::folded::{AUDIO_EX_HEADER as EX_HEADER, FOLDED, is_folded};
use crate::head::{Head, TagKind};

/// What follows an audio tag's head (FLV 10.1 §E.4.2.1, `AACPacketType`; Enhanced RTMP v2,
/// `AudioPacketType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AudioPacketType {
    /// A decoder configuration.
    SequenceStart = 0,
    /// One frame.
    CodedFrames = 1,
    /// Nothing to decode, Enhanced RTMP only: the end of the sequence, or which channel belongs to
    /// which loudspeaker.
    Other = 2,
}

/// The `AudioTagHeader` of a tag (FLV 10.1 §E.4.2.1), or its `ExAudioTagHeader` (Enhanced RTMP
/// v2, "Enhanced Audio").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioTagHeader {
    /// The codec.
    pub codec: AudioCodec,
    /// What the payload is.
    pub packet_type: AudioPacketType,
}

impl AudioTagHeader {
    /// The header as bytes, in the form that FLV has for the codec. Rate, size and channels of a
    /// numbered one are the constants that the specification asks for: the decoder configuration
    /// has the true ones.
    pub fn write(self) -> Head {
        let packet_type = self.packet_type as u8;
        match codec::audio(self.codec) {
            Form::Numbered(number) => Head::new(&[number << 4 | 0x0F, packet_type]),
            Form::Named(FourCc([a, b, c, d])) => {
                Head::new(&[EX_HEADER << 4 | packet_type, a, b, c, d])
            }
        }
    }

    /// Reads a tag's head, in either form. An unknown codec is [`Error::Unsupported`], by its name.
    pub fn parse(head: &[u8]) -> Result<Self, Error> {
        let first = *head
            .first()
            .ok_or_else(|| Error::truncated("audio tag", 0))?;
        match (first >> 4, codec::audio_of(first >> 4)) {
            (_, Some(codec)) => numbered(codec, head),
            (EX_HEADER, None) if is_folded(TagKind::Audio, first) => {
                Err(Error::unsupported(FOLDED))
            }
            (EX_HEADER, None) => named(head),
            (format, None) => Err(Error::unsupported(format!(
                "sound format {format} ({}); AAC (10) works",
                format_name(format)
            ))),
        }
    }
}

/// The common name of a legacy `SoundFormat` (FLV 10.1 §E.4.2.1).
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
        10 => "AAC",
        11 => "Speex",
        14 => "MP3 8 kHz",
        15 => "device-specific",
        _ => "reserved",
    }
}

/// How many bytes of an audio body are its head.
pub(crate) fn head_len(body: &[u8]) -> usize {
    match body.first().map(|first| first >> 4) {
        Some(format) if codec::audio_of(format).is_some() => 2,
        Some(EX_HEADER) => 5,
        _ => 1,
    }
}

pub(crate) fn is_sequence_header(head: &[u8]) -> bool {
    match head {
        [first, packet_type, ..] if codec::audio_of(first >> 4).is_some() => *packet_type == 0,
        [first, ..] => *first == EX_HEADER << 4,
        [] => false,
    }
}

fn numbered(codec: AudioCodec, head: &[u8]) -> Result<AudioTagHeader, Error> {
    let packet_type = match head.get(1) {
        Some(0) => AudioPacketType::SequenceStart,
        Some(1) => AudioPacketType::CodedFrames,
        Some(_) => return Err(Error::invalid("AAC tag: no such AACPacketType", 1)),
        None => return Err(Error::truncated("AAC tag header", 1)),
    };
    Ok(AudioTagHeader { codec, packet_type })
}

fn named(head: &[u8]) -> Result<AudioTagHeader, Error> {
    let four_cc = head.get(1..5).and_then(|name| name.try_into().ok());
    let truncated = || Error::truncated("Enhanced RTMP audio header", head.len());
    let four_cc = four_cc.map(FourCc).ok_or_else(truncated)?;
    let Some(codec) = AudioCodec::from_four_cc(four_cc) else {
        let all = AudioCodec::ALL.iter();
        let works = codec::understood(all.map(|codec| format!("{codec} ({})", codec.four_cc())));
        let what = format!("Enhanced RTMP audio {four_cc}; {works}");
        return Err(Error::unsupported(what));
    };
    let packet_type = match head[0] & 0x0F {
        0 => AudioPacketType::SequenceStart,
        1 => AudioPacketType::CodedFrames,
        2 | 4 => AudioPacketType::Other,
        other => {
            let what = format!("Enhanced RTMP audio packet type {other}; coded frames (1) work");
            return Err(Error::unsupported(what));
        }
    };
    Ok(AudioTagHeader { codec, packet_type })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aac(packet_type: AudioPacketType) -> AudioTagHeader {
        let codec = AudioCodec::Aac;
        AudioTagHeader { codec, packet_type }
    }

    #[test]
    fn heads_of_every_codec_read_back_what_was_written_and_name_it() {
        use AudioPacketType::{CodedFrames, SequenceStart};
        for &codec in AudioCodec::ALL {
            for packet_type in [SequenceStart, CodedFrames] {
                let header = AudioTagHeader { codec, packet_type };
                assert_eq!(AudioTagHeader::parse(&header.write()), Ok(header));
                assert_eq!(head_len(&header.write()), header.write().len());
            }
        }
        assert_eq!(&aac(CodedFrames).write()[..], [0xAF, 1]);
    }

    #[test]
    fn a_head_from_any_rate_and_channel_count_is_read() {
        let header = aac(AudioPacketType::CodedFrames);
        assert_eq!(AudioTagHeader::parse(&[0xA2, 1]), Ok(header));
    }

    #[test]
    fn aac_by_its_fourcc_is_aac() {
        for (head, packet_type) in [
            (b"\x90mp4a", AudioPacketType::SequenceStart),
            (b"\x91mp4a", AudioPacketType::CodedFrames),
            (b"\x92mp4a", AudioPacketType::Other),
            (b"\x94mp4a", AudioPacketType::Other),
        ] {
            assert_eq!(AudioTagHeader::parse(head), Ok(aac(packet_type)));
        }
        let error = AudioTagHeader::parse(b"\x93mp4a").unwrap_err();
        assert!(error.to_string().contains("packet type 3"), "{error}");
    }

    #[test]
    fn other_formats_are_named() {
        let error = |head: &[u8]| AudioTagHeader::parse(head).unwrap_err().to_string();
        assert!(error(&[0x2F]).contains("MP3"));
        assert!(error(&[0xB6]).contains("Speex"));
        let works = "Enhanced RTMP audio Opus; AAC (mp4a) works";
        assert!(error(b"\x90Opus").ends_with(works));
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
            assert_eq!(AudioTagHeader::parse(head), Err(error), "{head:02x?}");
        }
    }
}
