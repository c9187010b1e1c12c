//! The threads that make packets: a reader, or a chain for each kind of raw media.

mod audio;
mod fallback;
mod file;
mod latest_frame;
mod mixer;
mod video;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use onair_av::encode::AudioSettings;
use onair_demux::PacketSource;
use onair_flv::{Metadata, video_codec_id};
use onair_media::{Config, FrameRate, Kind, Timestamp};

use self::audio::AudioChain;
use self::mixer::Mixer;
use self::video::VideoChain;
use crate::hub::Hub;
use crate::program::Program;
use crate::{Builder, Error, Pace};

/// Everything opened, nothing running yet.
pub(crate) struct Pipeline {
    source: Source,
    program: Program,
    has_video: bool,
    pace: Pace,
    media_is_live: bool,
    duration: Option<Duration>,
}

enum Source {
    File(Box<dyn PacketSource>),
    Raw {
        video: Option<Box<VideoChain>>,
        audio: Option<Box<AudioChain>>,
    },
}

impl Pipeline {
    /// Takes the sources out of the builder and opens their encoders.
    pub(crate) fn open(builder: &mut Builder) -> Result<Self, Error> {
        let (source, metadata, has_video) = match builder.media.take() {
            Some(media) => {
                let has_video = media.tracks().iter().any(|t| t.kind() == Kind::Video);
                let metadata = describe(media.as_ref());
                (Source::File(media), metadata, has_video)
            }
            None => Self::open_raw(builder)?,
        };
        let lag = match &source {
            Source::Raw {
                video: Some(_),
                audio: Some(audio),
            } => audio.lag(),
            _ => Duration::ZERO,
        };
        Ok(Self {
            source,
            program: Program { metadata, lag },
            has_video,
            pace: builder.pace,
            media_is_live: builder.media_is_live,
            duration: builder.duration,
        })
    }

    /// Whether there will be pictures.
    pub(crate) const fn has_video(&self) -> bool {
        self.has_video
    }

    /// What is to be known beforehand.
    pub(crate) const fn program(&self) -> &Program {
        &self.program
    }

    /// Lets the threads run. They end by themselves, or when the hub stops.
    pub(crate) fn start(self, hub: &Arc<Hub>) -> Result<(), Error> {
        let schedule = Schedule {
            began: Instant::now(),
            pace: self.pace,
            duration: self.duration,
        };
        match self.source {
            Source::File(media) => {
                let (hub, is_live) = (hub.clone(), self.media_is_live);
                spawn("onair-file", move || {
                    file::run(media, &hub, schedule, is_live);
                })
            }
            Source::Raw { video, audio } => {
                let kinds = (video.is_some(), audio.is_some());
                let mixer = Arc::new(Mixer::new(hub.clone(), self.pace, kinds));
                video.map_or(Ok(()), |chain| chain.start(&mixer, schedule))?;
                audio.map_or(Ok(()), |chain| chain.start(&mixer, schedule))
            }
        }
    }

    fn open_raw(builder: &mut Builder) -> Result<(Source, Metadata, bool), Error> {
        let mut metadata = Metadata {
            encoder: encoder_name(),
            ..Metadata::default()
        };
        let video = builder.video.take();
        let video = video.map(|source| VideoChain::open(source, builder.video_settings.take()));
        let video = video.transpose()?;
        let audio = builder.audio.take();
        let audio = audio.map(|source| AudioChain::open(source, builder.audio_settings.take()));
        let audio = audio.transpose()?;
        if let Some(chain) = &video {
            let settings = chain.settings();
            metadata.size = Some(settings.size);
            metadata.frame_rate = Some(FrameRate::as_f64(settings.frame_rate));
            metadata.video_codec = video_codec_id(settings.codec);
            metadata.video_bitrate = Some(settings.bitrate);
        }
        if let Some(chain) = &audio {
            describe_audio(chain.settings(), &mut metadata);
        }
        let has_video = video.is_some();
        let (video, audio) = (video.map(Box::new), audio.map(Box::new));
        Ok((Source::Raw { video, audio }, metadata, has_video))
    }
}

/// When things are due and when it is enough.
#[derive(Clone, Copy, Debug)]
struct Schedule {
    began: Instant,
    pace: Pace,
    duration: Option<Duration>,
}

impl Schedule {
    /// True when media at `time` lies beyond the asked-for duration.
    fn is_over(&self, time: Timestamp) -> bool {
        let elapsed = time.since(Timestamp::ZERO);
        self.duration.is_some_and(|duration| elapsed >= duration)
    }

    /// Waits until media at `time` is due; false when the end was asked for.
    fn wait(&self, time: Timestamp, is_live: bool, hub: &Hub) -> bool {
        if is_live || self.pace == Pace::Max {
            return !hub.stopping().is_asked();
        }
        let due = self.began + time.since(Timestamp::ZERO);
        hub.stopping().sleep_until(due)
    }
}

fn describe(media: &dyn PacketSource) -> Metadata {
    let mut tracks = (None, None);
    let mut bitrates = (None, None);
    for track in media.tracks() {
        match &track.config {
            Config::Video(config) => {
                tracks.0 = Some(config.as_ref());
                bitrates.0 = track.bitrate;
            }
            Config::Audio(config) => {
                tracks.1 = Some(config.as_ref());
                bitrates.1 = track.bitrate;
            }
        }
    }
    Metadata {
        encoder: encoder_name(),
        video_bitrate: bitrates.0,
        audio_bitrate: bitrates.1,
        ..Metadata::of(tracks.0, tracks.1)
    }
}

const fn describe_audio(settings: &AudioSettings, metadata: &mut Metadata) {
    metadata.audio_codec = Some(AAC);
    metadata.audio_bitrate = Some(settings.bitrate);
    metadata.sample_rate = Some(settings.sample_rate);
    metadata.channels = Some(settings.channels);
}

fn encoder_name() -> String {
    concat!("onair ", env!("CARGO_PKG_VERSION")).to_owned()
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(run);
    thread.map(drop).map_err(|source| Error::System {
        what: "starting a thread",
        source,
    })
}

/// FLV 10.1 §E.4.2.1, `SoundFormat`.
const AAC: u32 = 10;
