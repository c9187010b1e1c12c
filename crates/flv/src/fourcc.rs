use std::fmt;

use onair_media::VideoCodec;

/// Four characters that name a codec (Enhanced RTMP v2, "FourCC").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FourCc(pub [u8; 4]);

impl FourCc {
    /// H.264, its parameter sets in the sequence start.
    pub const AVC: Self = Self(*b"avc1");

    /// AAC.
    pub const AAC: Self = Self(*b"mp4a");

    /// HEVC, its parameter sets in the sequence start.
    pub const HEVC: Self = Self(*b"hvc1");

    /// The code that names `codec`; `None` where a legacy number does.
    pub const fn of(codec: VideoCodec) -> Option<Self> {
        match codec {
            VideoCodec::Hevc => Some(Self::HEVC),
            _ => None,
        }
    }

    /// The code as `onMetaData` counts it: big-endian.
    pub const fn as_u32(self) -> u32 {
        u32::from_be_bytes(self.0)
    }

    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

/// The four characters, or their hexadecimal digits where one is not printable.
impl fmt::Display for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match std::str::from_utf8(&self.0) {
            Ok(text) if self.0.iter().all(u8::is_ascii_graphic) => f.write_str(text),
            _ => write!(f, "{:08x}", self.as_u32()),
        }
    }
}
