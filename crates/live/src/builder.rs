use std::path::PathBuf;
use std::time::Duration;

use onair_av::encode::{AudioSettings, VideoSettings};
use onair_av::{AudioSource, VideoSource};
use onair_demux::PacketSource;
use onair_media::Tracks;

use crate::{Adapt, Destination, Error, Pace};

/// What to send where: see [`Broadcast::builder`](crate::Broadcast::builder).
pub struct Builder {
    pub(crate) video: Option<Box<dyn VideoSource>>,
    pub(crate) audio: Option<Box<dyn AudioSource>>,
    pub(crate) media: Option<Box<dyn PacketSource>>,
    pub(crate) media_is_live: bool,
    pub(crate) described: Option<Tracks>,
    pub(crate) video_settings: Option<VideoSettings>,
    pub(crate) audio_settings: Option<AudioSettings>,
    pub(crate) destinations: Vec<Destination>,
    pub(crate) record: Option<PathBuf>,
    pub(crate) trace: Option<PathBuf>,
    pub(crate) pace: Pace,
    pub(crate) duration: Option<Duration>,
    pub(crate) adapt: Option<Adapt>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            video: None,
            audio: None,
            media: None,
            media_is_live: false,
            described: None,
            video_settings: None,
            audio_settings: None,
            destinations: Vec::new(),
            record: None,
            trace: None,
            pace: Pace::default(),
            duration: None,
            adapt: Some(Adapt::default()),
        }
    }
}

impl Builder {
    /// Raw frames to encode.
    #[must_use]
    pub fn video(mut self, source: impl VideoSource + 'static) -> Self {
        self.video = Some(Box::new(source));
        self
    }

    /// Raw audio to encode.
    #[must_use]
    pub fn audio(mut self, source: impl AudioSource + 'static) -> Self {
        self.audio = Some(Box::new(source));
        self
    }

    /// Compressed media to pass through untouched, in place of frames and audio.
    #[must_use]
    pub fn media(mut self, media: Box<dyn PacketSource>) -> Self {
        self.media = Some(media);
        self
    }

    /// As [`media`](Self::media), for media that comes live: each packet is sent as soon as it is
    /// there.
    #[must_use]
    pub fn live_media(mut self, media: Box<dyn PacketSource>) -> Self {
        self.media_is_live = true;
        self.media(media)
    }

    /// How the media's source describes it. Receivers are told its frame rate, bitrates, encoder
    /// and other properties, for the tracks that exist.
    #[must_use]
    pub fn described(mut self, said: Tracks) -> Self {
        self.described = Some(said);
        self
    }

    /// How to encode video; derived from the source's size and rate by default.
    #[must_use]
    pub fn video_settings(mut self, settings: VideoSettings) -> Self {
        self.video_settings = Some(settings);
        self
    }

    /// How to encode audio; by default with the source's rate and channels, at 128 kbit/s.
    #[must_use]
    pub fn audio_settings(mut self, settings: AudioSettings) -> Self {
        self.audio_settings = Some(settings);
        self
    }

    /// Adds a destination. One encode serves them all, and each fails alone.
    #[must_use]
    pub fn to(mut self, destination: impl Into<Destination>) -> Self {
        self.destinations.push(destination.into());
        self
    }

    /// Also writes everything to a file, whose name ends as one of
    /// [`recording_extensions`](crate::recording_extensions) does. A full disk does not stop the
    /// stream.
    #[must_use]
    pub fn record(mut self, path: impl Into<PathBuf>) -> Self {
        self.record = Some(path.into());
        self
    }

    /// Also writes what is seen and decided to a new file, without media and without secrets, for
    /// [`replay`](crate::trace::replay) to decide again. The broadcast never waits for that.
    #[must_use]
    pub fn trace(mut self, path: impl Into<PathBuf>) -> Self {
        self.trace = Some(path.into());
        self
    }

    /// How fast to send media that is not live by nature.
    #[must_use]
    pub const fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Ends the broadcast after this much media time.
    #[must_use]
    pub const fn duration(mut self, duration: Duration) -> Self {
        self.duration = Some(duration);
        self
    }

    /// How video that is encoded here adapts to what the lines carry, in real time; `None`: it does
    /// not, and what is too much for a line is shed. By default it does.
    ///
    /// All destinations get the same encode, which takes what the weakest line carries.
    #[must_use]
    pub fn adapt(mut self, adapt: impl Into<Option<Adapt>>) -> Self {
        self.adapt = adapt.into();
        self
    }

    /// Whether all is there that a broadcast needs.
    pub(crate) const fn check(&self) -> Result<(), Error> {
        let raw = self.video.is_some() || self.audio.is_some();
        let fault = match self.media {
            _ if self.destinations.is_empty() => "a broadcast needs a destination",
            Some(_) if raw => "a broadcast passes media through or encodes, not both",
            None if !raw => "a broadcast needs pictures, sound or media to pass through",
            _ => return Ok(()),
        };
        Err(Error::Misuse(fault))
    }
}
