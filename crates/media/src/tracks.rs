use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crate::{
    AudioCodec, AudioConfig, Bitrate, Config, Error, FrameRate, Kind, Size, VideoCodec, VideoConfig,
};

/// How a stream describes itself: its tracks, perhaps several of a kind, and who made it.
///
/// Nothing here is certain, and anything may be missing: a publisher can leave a track out, or
/// announce one that never comes. Packets bring what a decoder needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tracks {
    /// The video tracks, the main one first.
    pub video: Vec<VideoTrack>,
    /// The audio tracks, the main one first.
    pub audio: Vec<AudioTrack>,
    /// The program that made the stream; empty if unknown.
    pub encoder: String,
    /// How long a file lasts; `None` for a live stream.
    pub duration: Option<Duration>,
    /// Other properties, named by the publisher.
    pub properties: Vec<(String, Property)>,
}

/// One video track.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VideoTrack {
    /// `None` if unsaid, or unknown here.
    pub codec: Option<VideoCodec>,
    /// The decoder configuration, once it is known.
    pub config: Option<Arc<VideoConfig>>,
    /// Picture size.
    pub size: Option<Size>,
    /// Pictures per second.
    pub frame_rate: Option<FrameRate>,
    /// The encoder's target.
    pub bitrate: Option<Bitrate>,
    /// Its language, spoken or written.
    pub language: Option<Language>,
}

/// One audio track.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AudioTrack {
    /// `None` if unsaid, or unknown here.
    pub codec: Option<AudioCodec>,
    /// The decoder configuration, once it is known.
    pub config: Option<Arc<AudioConfig>>,
    /// Samples per second in each channel.
    pub sample_rate: Option<u32>,
    /// Number of channels.
    pub channels: Option<u8>,
    /// The encoder's target.
    pub bitrate: Option<Bitrate>,
    /// Its spoken language.
    pub language: Option<Language>,
}

/// A language by its three letters (ISO 639-2/T), e.g. `deu`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Language([u8; 3]);

impl Language {
    /// Its three letters, `a` to `z`.
    pub const fn letters(self) -> [u8; 3] {
        self.0
    }
}

impl FromStr for Language {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        let letters = text.as_bytes().try_into().ok();
        let letters =
            letters.filter(|letters: &[u8; 3]| letters.iter().all(u8::is_ascii_lowercase));
        let wrong = || Error::invalid("language: expected three letters, e.g. eng", 0);
        letters.map(Self).ok_or_else(wrong)
    }
}

/// The value of a publisher's own property.
#[derive(Clone, Debug, PartialEq)]
pub enum Property {
    /// Words.
    Text(String),
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
}

impl From<Arc<VideoConfig>> for VideoTrack {
    /// A track with a known decoder configuration.
    fn from(config: Arc<VideoConfig>) -> Self {
        let mut track = Self::default();
        track.update(config);
        track
    }
}

impl From<Arc<AudioConfig>> for AudioTrack {
    /// A track with a known decoder configuration.
    fn from(config: Arc<AudioConfig>) -> Self {
        let mut track = Self::default();
        track.update(config);
        track
    }
}

impl VideoTrack {
    /// Takes over what a decoder configuration says; a frame rate that was declared stays.
    fn update(&mut self, config: Arc<VideoConfig>) {
        self.codec = Some(config.codec);
        self.size = Some(config.size);
        self.frame_rate = self.frame_rate.or(config.frame_rate);
        self.config = Some(config);
    }
}

impl AudioTrack {
    /// Takes over what a decoder configuration says.
    fn update(&mut self, config: Arc<AudioConfig>) {
        self.codec = Some(config.codec);
        self.sample_rate = Some(config.sample_rate);
        self.channels = Some(config.channels);
        self.config = Some(config);
    }
}

impl FromIterator<Config> for Tracks {
    /// The tracks with these configurations, in their order.
    fn from_iter<T: IntoIterator<Item = Config>>(configs: T) -> Self {
        let mut tracks = Self::default();
        configs.into_iter().for_each(|config| tracks.add(config));
        tracks
    }
}

impl Tracks {
    /// Adds a track with this configuration.
    pub fn add(&mut self, config: Config) {
        match config {
            Config::Video(config) => self.video.push(config.into()),
            Config::Audio(config) => self.audio.push(config.into()),
        }
    }

    /// Whether there is a track of this kind, as far as is known.
    pub const fn has(&self, kind: Kind) -> bool {
        match kind {
            Kind::Video => !self.video.is_empty(),
            Kind::Audio => !self.audio.is_empty(),
        }
    }

    /// The codec of the main video track.
    pub fn video_codec(&self) -> Option<VideoCodec> {
        self.video.first()?.codec
    }

    /// The configurations that are known, video first.
    pub fn configs(&self) -> impl Iterator<Item = Config> {
        let video = self.video.iter().filter_map(|track| track.config.clone());
        let audio = self.audio.iter().filter_map(|track| track.config.clone());
        video.map(Config::Video).chain(audio.map(Config::Audio))
    }

    /// Whether the description of the main track agrees with its configuration well enough to
    /// mislead nobody: codec and size of video, the existence of audio.
    pub fn agrees_with(&self, config: &Config) -> bool {
        match config {
            Config::Video(config) => self.video.first().is_some_and(|track| {
                track.codec == Some(config.codec) && track.size == Some(config.size)
            }),
            Config::Audio(_) => self
                .audio
                .first()
                .is_some_and(|track| track.codec.is_some()),
        }
    }

    /// Gives the main track of its kind this configuration; the rest of its description stays.
    pub fn update(&mut self, config: &Config) {
        match config {
            Config::Video(config) => main(&mut self.video).update(config.clone()),
            Config::Audio(config) => main(&mut self.audio).update(config.clone()),
        }
    }

    /// These tracks with what only their publisher can say: frame rate, bitrate and language, the
    /// encoder, and other properties.
    #[must_use]
    pub fn described_by(mut self, said: &Self) -> Self {
        for (track, said) in self.video.iter_mut().zip(&said.video) {
            track.frame_rate = said.frame_rate.or(track.frame_rate);
            track.bitrate = said.bitrate.or(track.bitrate);
            track.language = said.language.or(track.language);
        }
        for (track, said) in self.audio.iter_mut().zip(&said.audio) {
            track.bitrate = said.bitrate.or(track.bitrate);
            track.language = said.language.or(track.language);
        }
        if !said.encoder.is_empty() {
            self.encoder.clone_from(&said.encoder);
        }
        self.properties.clone_from(&said.properties);
        self
    }

    /// What it costs to hold, in bytes, without the configurations, which packets share.
    pub fn weight(&self) -> usize {
        let property = |(name, value): &(String, Property)| {
            size_of::<(String, Property)>() + name.len() + value.weight()
        };
        size_of::<Self>()
            + self.video.len() * size_of::<VideoTrack>()
            + self.audio.len() * size_of::<AudioTrack>()
            + self.encoder.len()
            + self.properties.iter().map(property).sum::<usize>()
    }
}

impl Property {
    const fn weight(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Number(_) | Self::Flag(_) => 0,
        }
    }
}

fn main<T: Default>(tracks: &mut Vec<T>) -> &mut T {
    if tracks.is_empty() {
        tracks.push(T::default());
    }
    &mut tracks[0]
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn video(width: u32) -> Config {
        Config::Video(Arc::new(VideoConfig {
            codec: VideoCodec::Hevc,
            size: Size::new(width, 48),
            frame_rate: FrameRate::new(25, 1),
            decoder_config: Bytes::new(),
        }))
    }

    fn audio() -> Config {
        Config::Audio(Arc::new(AudioConfig {
            codec: AudioCodec::Aac,
            sample_rate: 44_100,
            channels: 1,
            decoder_config: Bytes::new(),
        }))
    }

    #[test]
    fn several_tracks_of_a_kind_keep_their_order() {
        let configs = [audio(), video(64), video(128)];
        let tracks: Tracks = configs.iter().cloned().collect();
        let sizes: Vec<_> = tracks
            .video
            .iter()
            .map(|track| track.size.unwrap().width)
            .collect();
        assert_eq!((sizes, tracks.audio.len()), (vec![64, 128], 1));
        let [a, b, c] = configs;
        assert_eq!(tracks.configs().collect::<Vec<_>>(), [b, c, a]);
        assert_eq!(tracks.video_codec(), Some(VideoCodec::Hevc));
    }

    #[test]
    fn what_is_declared_stays_and_what_is_known_better_is_put_right() {
        let mut tracks = Tracks {
            video: vec![VideoTrack {
                size: Some(Size::new(1, 1)),
                frame_rate: FrameRate::new(30, 1),
                bitrate: Some(Bitrate::kbps(900)),
                ..VideoTrack::default()
            }],
            ..Tracks::default()
        };
        assert!(!tracks.agrees_with(&video(64)) && !tracks.agrees_with(&audio()));
        tracks.update(&video(64));
        tracks.update(&audio());
        assert!(tracks.agrees_with(&video(64)) && tracks.agrees_with(&audio()));
        assert!(!tracks.agrees_with(&video(128)), "another size");
        let [track] = &tracks.video[..] else {
            panic!("{tracks:?}")
        };
        assert_eq!(track.frame_rate, FrameRate::new(30, 1));
        assert_eq!(track.bitrate, Some(Bitrate::kbps(900)));
        assert_eq!(tracks.audio[0].sample_rate, Some(44_100));
    }

    #[test]
    fn a_publisher_describes_the_tracks_there_are_and_promises_none() {
        let said = Tracks {
            video: vec![VideoTrack {
                size: Some(Size::new(1, 1)),
                frame_rate: FrameRate::new(2997, 100),
                bitrate: Some(Bitrate::kbps(900)),
                ..VideoTrack::default()
            }],
            audio: vec![AudioTrack::default()],
            encoder: "OBS".to_owned(),
            properties: vec![("x".to_owned(), Property::Flag(true))],
            ..Tracks::default()
        };
        let tracks = Tracks::from_iter([video(64)]).described_by(&said);
        assert_eq!(tracks.video[0].size, Some(Size::new(64, 48)), "as it is");
        assert_eq!(tracks.video[0].frame_rate, FrameRate::new(2997, 100));
        assert_eq!(tracks.video[0].bitrate, Some(Bitrate::kbps(900)));
        assert!(tracks.audio.is_empty(), "none came");
        assert_eq!(tracks.encoder, "OBS");
        assert_eq!(tracks.properties, said.properties);
    }

    #[test]
    fn a_language_has_three_letters() {
        assert_eq!(
            "deu".parse::<Language>().map(Language::letters),
            Ok(*b"deu")
        );
        for wrong in ["", "de", "DEU", "deut", "d u", "dé"] {
            assert!(wrong.parse::<Language>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_strangers_say_has_its_weight() {
        let mut tracks = Tracks::default();
        let empty = tracks.weight();
        tracks.encoder = "x".repeat(1000);
        let text = Property::Text("y".repeat(500));
        tracks.properties.push(("z".repeat(100), text));
        assert!(tracks.weight() >= empty + 1600);
    }
}
