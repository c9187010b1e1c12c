use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::h264::{self, AvcDecoderConfig, LengthSize};
use crate::hevc::{self, HevcDecoderConfig};
use crate::{Error, FrameRate, Size, Timestamp, aac};

/// One access unit of video or one frame of audio, compressed.
///
/// Every packet names the configuration it needs to be decoded with, so a
/// queue may drop any of its neighbours without losing a parameter set. The
/// clone is two reference counts: no payload byte is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// What a decoder must be set up with before this packet.
    pub config: Config,
    /// When it is shown or heard.
    pub pts: Timestamp,
    /// When it is decoded; never decreases within a track.
    pub dts: Timestamp,
    /// How long it lasts, where the source says so.
    pub duration: Option<Duration>,
    /// True when decoding can start here: an IDR picture, or any audio frame.
    pub keyframe: bool,
    /// H.264 and HEVC: NAL units each behind a length of [`VideoConfig::decoder_config`]'s
    /// size, never start codes. AAC: one raw data block, never ADTS.
    pub payload: Bytes,
}

impl Packet {
    /// Whether this is video or audio.
    pub const fn kind(&self) -> Kind {
        self.config.kind()
    }

    /// What it costs to hold it, in bytes, but for the configuration that packets share: tiny ones
    /// are not free.
    pub const fn weight(&self) -> usize {
        OVERHEAD + self.payload.len()
    }

    /// True for an IDR picture: where a viewer, or a GOP, can begin.
    pub const fn is_video_keyframe(&self) -> bool {
        self.keyframe && matches!(self.config, Config::Video(_))
    }
}

/// What it takes to hold a packet of any size: a list that has grown is up to twice as large as
/// what is in it, and a payload has its own allocation.
const OVERHEAD: usize = 2 * size_of::<Packet>() + 64;

/// The two kinds of track a broadcast has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Pictures.
    Video,
    /// Sound.
    Audio,
}

/// A decoder's set-up, shared by all the packets that need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Config {
    /// A video track's.
    Video(Arc<VideoConfig>),
    /// An audio track's.
    Audio(Arc<AudioConfig>),
}

impl Config {
    /// Whether this belongs to a video or an audio track.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Video(_) => Kind::Video,
            Self::Audio(_) => Kind::Audio,
        }
    }

    /// True when both are one allocation, or equal in content.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Video(a), Self::Video(b)) => Arc::ptr_eq(a, b) || a == b,
            (Self::Audio(a), Self::Audio(b)) => Arc::ptr_eq(a, b) || a == b,
            _ => false,
        }
    }
}

/// How a video track is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VideoCodec {
    /// H.264 / AVC (ISO/IEC 14496-10).
    H264,
    /// H.265 / HEVC (ISO/IEC 23008-2).
    Hevc,
}

/// As people call it.
impl fmt::Display for VideoCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::H264 => "H.264",
            Self::Hevc => "HEVC",
        })
    }
}

/// How an audio track is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AudioCodec {
    /// MPEG-4 AAC (ISO/IEC 14496-3).
    Aac,
}

/// A video track's decoder set-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoConfig {
    /// The codec.
    pub codec: VideoCodec,
    /// Picture size after cropping.
    pub size: Size,
    /// Pictures per second, where the stream or its container says so.
    pub frame_rate: Option<FrameRate>,
    /// H.264: the `AVCDecoderConfigurationRecord` ("avcC", ISO/IEC 14496-15 §5.3.3.1).
    /// HEVC: the `HEVCDecoderConfigurationRecord` ("hvcC", ISO/IEC 14496-15 §8.3.3.1).
    pub decoder_config: Bytes,
}

/// An audio track's decoder set-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioConfig {
    /// The codec.
    pub codec: AudioCodec,
    /// Samples per second in each channel.
    pub sample_rate: u32,
    /// Number of channels.
    pub channels: u8,
    /// AAC: the `AudioSpecificConfig` (ISO/IEC 14496-3 §1.6.2.1).
    pub decoder_config: Bytes,
}

impl VideoConfig {
    /// The configuration of an H.264 track with this avcC.
    pub fn h264(avcc: Bytes) -> Result<Self, Error> {
        h264::video_config(avcc)
    }

    /// The configuration of an H.264 track with these parameter sets, and
    /// payloads with four-byte lengths.
    pub fn from_parameter_sets(sps: &[Bytes], pps: &[Bytes]) -> Result<Self, Error> {
        h264::video_config(AvcDecoderConfig::from_parameter_sets(sps, pps)?.write())
    }

    /// The configuration of an HEVC track with this hvcC.
    pub fn hevc(hvcc: Bytes) -> Result<Self, Error> {
        hevc::video_config(hvcc)
    }

    /// The configuration of an HEVC track with these parameter sets, and payloads
    /// with four-byte lengths.
    pub fn hevc_from_parameter_sets(
        vps: &[Bytes],
        sps: &[Bytes],
        pps: &[Bytes],
    ) -> Result<Self, Error> {
        hevc::video_config(HevcDecoderConfig::from_parameter_sets(vps, sps, pps)?.write())
    }

    /// How long the length in front of each NAL unit of a payload is.
    pub fn length_size(&self) -> LengthSize {
        let at = match self.codec {
            VideoCodec::H264 => 4,
            VideoCodec::Hevc => hevc::LENGTH_SIZE_AT,
        };
        let size = self.decoder_config.get(at).map(|byte| (byte & 0b11) + 1);
        size.and_then(LengthSize::new).unwrap_or_default()
    }

    /// The codec as media types name it, e.g. `avc1.640028` (RFC 6381).
    pub fn codec_string(&self) -> String {
        match (self.codec, self.decoder_config.get(1..4)) {
            (VideoCodec::H264, Some(&[profile, compatibility, level])) => {
                h264::codec_string(profile, compatibility, level)
            }
            (VideoCodec::H264, _) => "avc1".to_owned(),
            (VideoCodec::Hevc, _) => HevcDecoderConfig::parse(&self.decoder_config)
                .map_or_else(|_| "hvc1".to_owned(), |hvcc| hvcc.codec_string()),
        }
    }
}

impl AudioConfig {
    /// The configuration of an AAC track with this `AudioSpecificConfig`.
    pub fn aac(asc: Bytes) -> Result<Self, Error> {
        aac::audio_config(asc)
    }

    /// The codec as media types name it, e.g. `mp4a.40.2` (RFC 6381).
    pub fn codec_string(&self) -> String {
        let parsed = aac::AudioSpecificConfig::parse(&self.decoder_config);
        parsed.map_or_else(|_| "mp4a.40".to_owned(), |asc| asc.codec_string())
    }
}
