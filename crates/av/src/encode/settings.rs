//! Settings of encoders.

use std::time::Duration;

use onair_media::{Bitrate, FrameRate, Size, VideoCodec};

/// Settings of a video encoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoSettings {
    /// The codec.
    pub codec: VideoCodec,
    /// The size of every frame to come.
    pub size: Size,
    /// Frames per second to plan the bitrate for; timestamps rule otherwise.
    pub frame_rate: FrameRate,
    /// The bitrate to aim for.
    pub bitrate: Bitrate,
    /// Media time from one cadence keyframe to the next.
    pub keyframe_interval: Duration,
    /// An encoder's name from [`available`](super::available); `None` or
    /// `auto` takes the first that opens.
    pub encoder: Option<String>,
}

impl VideoSettings {
    /// Settings for H.264 of `size` at `frame_rate`: a keyframe every two seconds, and
    /// the bitrate live services recommend for that many pixels per second.
    pub fn new(size: Size, frame_rate: FrameRate) -> Self {
        Self {
            codec: VideoCodec::H264,
            size,
            frame_rate,
            bitrate: recommended_bitrate(size, frame_rate),
            keyframe_interval: Duration::from_secs(2),
            encoder: None,
        }
    }
}

/// 2.5 Mbit/s at 720p30, growing with the three-quarters power of the pixels.
fn recommended_bitrate(size: Size, frame_rate: FrameRate) -> Bitrate {
    let pixels = f64::from(size.width) * f64::from(size.height) * frame_rate.as_f64();
    let kbps = 2500.0 * (pixels / (1280.0 * 720.0 * 30.0)).powf(0.75);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped"
    )]
    Bitrate::kbps(kbps.clamp(100.0, 50_000.0).round() as u64)
}

/// Settings of an audio encoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioSettings {
    /// Samples per second in each channel: one of AAC's rates. Input of another is resampled.
    pub sample_rate: u32,
    /// 1 or 2; input of 1 to 8 channels is mixed to it.
    pub channels: u8,
    /// The bitrate to aim for.
    pub bitrate: Bitrate,
}

impl Default for AudioSettings {
    /// 48 kHz stereo at 128 kbit/s.
    fn default() -> Self {
        Self {
            sample_rate: 48_000,
            channels: 2,
            bitrate: Bitrate::kbps(128),
        }
    }
}
