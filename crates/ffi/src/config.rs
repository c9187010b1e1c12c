use std::fmt;
use std::time::Duration;

use onair::av::encode::{AudioSettings, VideoSettings};
use onair::media::{Bitrate, FrameRate, Size, VideoCodec};
use onair::{Adapt, Address, Credentials};

use crate::OnairError;

/// What to send, and where.
#[derive(Clone, Debug, uniffi::Record)]
pub struct BroadcastConfig {
    /// At least one. One encode serves them all, and each fails alone.
    pub destinations: Vec<Destination>,
    /// `None` for audio alone.
    #[uniffi(default = None)]
    pub video: Option<VideoConfig>,
    /// `None` for video alone, which some services refuse.
    #[uniffi(default = None)]
    pub audio: Option<AudioConfig>,
    /// Also write everything to this file, as FLV or MP4 by its name.
    #[uniffi(default = None)]
    pub record: Option<String>,
}

/// A server to publish to. Prints without its key and password.
#[derive(Clone, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Destination {
    /// `rtmp://host/app`, or `rtmps`; followed by the key if `key` is `None`.
    pub url: String,
    /// The stream key, if it is given apart.
    #[uniffi(default = None)]
    pub key: Option<String>,
    /// The user name, if the server asks for one.
    #[uniffi(default = None)]
    pub user: Option<String>,
    /// The user's password.
    #[uniffi(default = None)]
    pub password: Option<String>,
    /// A second address of the same stream, for when the first fails; without the key if `key` has it.
    #[uniffi(default = None)]
    pub backup: Option<String>,
}

/// How video is encoded.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct VideoConfig {
    /// Columns; even. Frames of another size change the stream's size.
    pub width: u32,
    /// Rows; even.
    pub height: u32,
    /// Frames a second, at most 240.
    #[uniffi(default = 30)]
    pub frame_rate: u32,
    /// Bits a second; by default what live services recommend for the size and rate.
    #[uniffi(default = None)]
    pub bitrate: Option<u64>,
    /// Whether the bitrate follows the lines, down to `min_bitrate`; otherwise what is too much for
    /// a line is dropped.
    #[uniffi(default = true)]
    pub adapts: bool,
    /// Bits a second, to which a weak line may bring video down; by default chosen by size.
    #[uniffi(default = None)]
    pub min_bitrate: Option<u64>,
    /// The time between keyframes; most services ask for 2 seconds.
    #[uniffi(default = 2.0)]
    pub keyframe_seconds: f64,
    /// H.264 when `None`.
    #[uniffi(default = None)]
    pub codec: Option<Codec>,
}

/// How video is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Codec {
    /// Every server takes it.
    H264,
    /// A third fewer bits for the same picture, for servers that understand Enhanced RTMP.
    Hevc,
}

/// How audio is encoded. The audio pushed may have any rate and any number of channels.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AudioConfig {
    /// Samples a second in each channel: 44100 or 48000 are understood everywhere.
    #[uniffi(default = 48000)]
    pub sample_rate: u32,
    /// 1 or 2.
    #[uniffi(default = 2)]
    pub channels: u8,
    /// Bits a second.
    #[uniffi(default = 128000)]
    pub bitrate: u64,
}

impl Destination {
    /// The destination, or what is wrong with it.
    fn parse(&self) -> Result<onair::Destination, String> {
        let address = self.address(&self.url)?;
        let backup = self.backup.as_ref().map(|backup| self.address(backup));
        let credentials = self.credentials()?;
        Ok(onair::Destination {
            credentials,
            backup: backup.transpose()?,
            ..onair::Destination::new(address)
        })
    }

    fn address(&self, url: &str) -> Result<Address, String> {
        let address = match &self.key {
            Some(key) => Address::from_server(url, key.as_str()),
            None => url.parse(),
        };
        address.map_err(|error| error.to_string())
    }

    fn credentials(&self) -> Result<Option<Credentials>, String> {
        match (&self.user, &self.password) {
            (None, None) => Ok(None),
            (Some(user), password) => {
                let password = password.clone().unwrap_or_default();
                Ok(Some(Credentials::new(user, password)))
            }
            (None, Some(_)) => Err("there is a password but no user to go with it".to_owned()),
        }
    }
}

/// The URL as it prints, and the user.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parse() {
            Ok(destination) => write!(f, "{}", destination.address),
            Err(reason) => write!(f, "(unusable: {reason})"),
        }
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Destination({self})")
    }
}

impl VideoConfig {
    /// The settings they result in.
    pub(crate) fn settings(&self) -> Result<VideoSettings, OnairError> {
        let size = size(self.width, self.height)?;
        let mut settings = VideoSettings::new(size, frame_rate(self.frame_rate)?);
        settings.codec = video_codec(self.codec);
        settings.keyframe_interval = keyframe_interval(self.keyframe_seconds)?;
        if let Some(bitrate) = self.bitrate {
            settings.bitrate = video_bitrate(bitrate)?;
        }
        Ok(settings)
    }
}

impl AudioConfig {
    /// The settings they result in; the encoder says which of them it cannot do.
    pub(crate) const fn settings(&self) -> AudioSettings {
        AudioSettings {
            sample_rate: self.sample_rate,
            channels: self.channels,
            bitrate: Bitrate::bps(self.bitrate),
        }
    }
}

/// Parses destinations.
pub(crate) fn destinations(given: &[Destination]) -> Result<Vec<onair::Destination>, OnairError> {
    let parse = |(index, destination): (usize, &Destination)| {
        destination
            .parse()
            .map_err(|reason| OnairError::Destination {
                number: index + 1,
                reason,
            })
    };
    given.iter().enumerate().map(parse).collect()
}

/// A size that can be encoded.
pub(crate) fn size(width: u32, height: u32) -> Result<Size, OnairError> {
    let size = Size::new(width, height);
    let is_fine = |side: u32| (16..=8192).contains(&side) && side.is_multiple_of(2);
    if is_fine(width) && is_fine(height) {
        return Ok(size);
    }
    let what = format!("a video size of {size}: both sides are even numbers from 16 to 8192");
    Err(OnairError::Config(what))
}

/// A frame rate that a camera may have.
pub(crate) fn frame_rate(rate: u32) -> Result<FrameRate, OnairError> {
    let wrong = || OnairError::Config(format!("{rate} pictures a second: 1 to 240 will do"));
    let rate = FrameRate::new(rate, 1).filter(|_| rate <= 240);
    rate.ok_or_else(wrong)
}

/// An interval that a server may accept.
pub(crate) fn keyframe_interval(seconds: f64) -> Result<Duration, OnairError> {
    if (0.1..=60.0).contains(&seconds) {
        return Ok(Duration::from_secs_f64(seconds));
    }
    let what = format!("a keyframe every {seconds} seconds: 0.1 to 60 will do");
    Err(OnairError::Config(what))
}

/// The codec.
pub(crate) const fn video_codec(codec: Option<Codec>) -> VideoCodec {
    match codec {
        None | Some(Codec::H264) => VideoCodec::H264,
        Some(Codec::Hevc) => VideoCodec::Hevc,
    }
}

/// Whether video follows the lines, and how far down.
pub(crate) fn adapt(adapts: bool, min: Option<u64>) -> Result<Option<Adapt>, OnairError> {
    let min = min.map(video_bitrate).transpose()?;
    Ok(adapts.then_some(Adapt {
        min,
        ..Adapt::default()
    }))
}

/// A rate that makes sense for a video encoder and a line.
pub(crate) fn video_bitrate(bits: u64) -> Result<Bitrate, OnairError> {
    if (10_000..=200_000_000).contains(&bits) {
        return Ok(Bitrate::bps(bits));
    }
    let what = format!(
        "a video bitrate of {bits} bits a second: 10 thousand to 200 million will do; 2500000 is usual for 720p"
    );
    Err(OnairError::Config(what))
}
