//! What a codec's file tells the table in `codec.rs`.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::{Error, FrameRate, Size};

/// Four characters that name a codec (ISO/IEC 14496-12 sample entries, Enhanced RTMP v2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FourCc(pub [u8; 4]);

impl FourCc {
    /// The code as a number: big-endian.
    pub const fn as_u32(self) -> u32 {
        u32::from_be_bytes(self.0)
    }
}

/// The four characters, or their hexadecimal digits if one is not printable.
impl fmt::Display for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match std::str::from_utf8(&self.0) {
            Ok(text) if self.0.iter().all(u8::is_ascii_graphic) => f.write_str(text),
            _ => write!(f, "{:08x}", self.as_u32()),
        }
    }
}

/// What is common to all video codecs.
#[derive(Debug)]
pub(crate) struct VideoDescriptor {
    /// The common name.
    pub(crate) name: &'static str,
    /// Its name in MP4, in Enhanced RTMP, and at the beginning of its RFC 6381 string.
    pub(crate) four_cc: FourCc,
    /// Reads a decoder configuration.
    pub(crate) facts: fn(&Bytes) -> Result<VideoFacts, Error>,
    /// The RFC 6381 string of a decoder configuration; of a broken one, as much as can be said.
    pub(crate) codec_string: fn(&Bytes) -> String,
    /// Which byte of a decoder configuration ends with `lengthSizeMinusOne`; `None` if payloads
    /// have no NAL units.
    pub(crate) length_size_at: Option<usize>,
    /// Whether decoding can start with a payload, which has a decoder configuration.
    pub(crate) is_random_access_point: fn(&[u8], &Bytes) -> bool,
}

/// What a decoder configuration says about the video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VideoFacts {
    /// After cropping.
    pub(crate) size: Size,
    pub(crate) frame_rate: Option<FrameRate>,
    /// How many pictures may come before one in decoding order and after it in output order.
    pub(crate) reorder_depth: Option<u8>,
}

/// What is common to all audio codecs.
#[derive(Debug)]
pub(crate) struct AudioDescriptor {
    /// The common name.
    pub(crate) name: &'static str,
    /// As a video codec's.
    pub(crate) four_cc: FourCc,
    /// Reads a decoder configuration.
    pub(crate) facts: fn(&Bytes) -> Result<AudioFacts, Error>,
    /// The RFC 6381 string of a decoder configuration; of a broken one, as much as can be said.
    pub(crate) codec_string: fn(&Bytes) -> String,
}

/// What a decoder configuration says about the audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AudioFacts {
    /// Samples per second in each channel that a decoder puts out.
    pub(crate) sample_rate: u32,
    /// Channels that a decoder puts out.
    pub(crate) channels: u8,
    /// How long one frame lasts.
    pub(crate) frame_duration: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_not_printable_is_a_number() {
        assert_eq!(FourCc(*b"hvc1").to_string(), "hvc1");
        assert_eq!(FourCc(*b"\0av1").to_string(), "00617631");
    }
}
