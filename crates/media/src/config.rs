use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::h264::{AvcDecoderConfig, LengthSize};
use crate::hevc::HevcDecoderConfig;
use crate::{AudioCodec, Error, FrameRate, Kind, Size, VideoCodec};

/// A decoder's configuration, shared by all packets that need it.
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
            (Self::Video(_), Self::Audio(_)) | (Self::Audio(_), Self::Video(_)) => false,
        }
    }

    /// The codec as media types name it, e.g. `avc1.640028` or `mp4a.40.2` (RFC 6381).
    pub fn codec_string(&self) -> String {
        match self {
            Self::Video(video) => video.codec_string(),
            Self::Audio(audio) => audio.codec_string(),
        }
    }

    /// How long one audio frame lasts, if this is audio and says so.
    pub fn frame_duration(&self) -> Option<Duration> {
        match self {
            Self::Video(_) => None,
            Self::Audio(audio) => audio.frame_duration(),
        }
    }
}

/// A video track's decoder configuration.
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

/// An audio track's decoder configuration.
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
    /// The configuration of a track of `codec` with this decoder configuration, which is kept as it
    /// is.
    pub fn new(codec: VideoCodec, decoder_config: Bytes) -> Result<Self, Error> {
        let facts = (codec.descriptor().facts)(&decoder_config)?;
        Ok(Self {
            codec,
            size: facts.size,
            frame_rate: facts.frame_rate,
            decoder_config,
        })
    }

    /// The configuration of an H.264 track with this avcC.
    pub fn h264(avcc: Bytes) -> Result<Self, Error> {
        Self::new(VideoCodec::H264, avcc)
    }

    /// The configuration of an H.264 track with these parameter sets, and
    /// payloads with four-byte lengths.
    pub fn from_parameter_sets(sps: &[Bytes], pps: &[Bytes]) -> Result<Self, Error> {
        Self::h264(AvcDecoderConfig::from_parameter_sets(sps, pps)?.write())
    }

    /// The configuration of an HEVC track with this hvcC.
    pub fn hevc(hvcc: Bytes) -> Result<Self, Error> {
        Self::new(VideoCodec::Hevc, hvcc)
    }

    /// The configuration of an HEVC track with these parameter sets, and payloads
    /// with four-byte lengths.
    pub fn hevc_from_parameter_sets(
        vps: &[Bytes],
        sps: &[Bytes],
        pps: &[Bytes],
    ) -> Result<Self, Error> {
        Self::hevc(HevcDecoderConfig::from_parameter_sets(vps, sps, pps)?.write())
    }

    /// How long the length in front of each NAL unit of a payload is.
    pub fn length_size(&self) -> LengthSize {
        let at = self.codec.descriptor().length_size_at;
        at.map_or(LengthSize::Four, |at| {
            LengthSize::read(&self.decoder_config, at)
        })
    }

    /// The codec as media types name it, e.g. `avc1.640028` (RFC 6381).
    pub fn codec_string(&self) -> String {
        (self.codec.descriptor().codec_string)(&self.decoder_config)
    }

    /// Whether decoding can start with this payload, by what is in it.
    pub fn is_random_access_point(&self, payload: &[u8]) -> bool {
        (self.codec.descriptor().is_random_access_point)(payload, &self.decoder_config)
    }

    /// How many pictures may come before one in decoding order and after it in output order;
    /// `None` when the decoder configuration does not say.
    pub fn reorder_depth(&self) -> Option<u8> {
        let facts = (self.codec.descriptor().facts)(&self.decoder_config);
        facts.ok()?.reorder_depth
    }
}

impl AudioConfig {
    /// The configuration of a track of `codec` with this decoder configuration, which is kept
    /// as it is; rate and channels are those a decoder puts out.
    pub fn new(codec: AudioCodec, decoder_config: Bytes) -> Result<Self, Error> {
        let facts = (codec.descriptor().facts)(&decoder_config)?;
        Ok(Self {
            codec,
            sample_rate: facts.sample_rate,
            channels: facts.channels,
            decoder_config,
        })
    }

    /// The configuration of an AAC track with this `AudioSpecificConfig`.
    pub fn aac(asc: Bytes) -> Result<Self, Error> {
        Self::new(AudioCodec::Aac, asc)
    }

    /// The codec as media types name it, e.g. `mp4a.40.2` (RFC 6381).
    pub fn codec_string(&self) -> String {
        (self.codec.descriptor().codec_string)(&self.decoder_config)
    }

    /// How long one frame lasts once it is decoded; `None` when the decoder configuration is
    /// broken.
    pub fn frame_duration(&self) -> Option<Duration> {
        let facts = (self.codec.descriptor().facts)(&self.decoder_config);
        let duration = facts.ok()?.frame_duration;
        (!duration.is_zero()).then_some(duration)
    }
}
