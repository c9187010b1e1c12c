//! The threads that make packets: a reader, or a chain for each kind of raw media.

mod audio;
mod fallback;
mod file;
mod frames;
mod latest_frame;
mod packet_merger;
mod thinning;
mod video;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use onair_av::encode::{AudioSettings, VideoSettings};
use onair_demux::PacketSource;
use onair_media::{AudioCodec, AudioTrack, Config, Kind, Timestamp, Tracks, VideoTrack};

use self::audio::AudioChain;
use self::packet_merger::PacketMerger;
use self::video::VideoChain;
use crate::fanout::Fanout;
use crate::program::Program;
use crate::rate::Arbiter;
use crate::trace::Traced;
use crate::{Adapt, Builder, Error, Pace};

/// Everything opened, nothing running yet.
pub(crate) struct Pipeline {
    source: Source,
    program: Program,
    pace: Pace,
    media_is_live: bool,
    duration: Option<Duration>,
    adapt: Option<Adapt>,
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
        let (source, tracks) = match builder.media.take() {
            Some(media) => {
                let tracks = tracks_of(media.as_ref(), builder.described.as_ref());
                (Source::File(media), tracks)
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
            program: Program {
                tracks,
                lag,
                ..Program::default()
            },
            pace: builder.pace,
            media_is_live: builder.media_is_live,
            duration: builder.duration,
            adapt: builder.adapt.filter(|_| builder.pace == Pace::Realtime),
        })
    }

    /// Lets the arbiter know at what rate video will be encoded, if it will, and whether that adapts.
    pub(crate) fn begin(&self, arbiter: &mut Traced<Arbiter>) {
        if let Source::Raw {
            video: Some(video), ..
        } = &self.source
        {
            let settings = video.settings();
            let min = self.adapt.map(|adapt| adapt.min_for(settings.size));
            arbiter.begin(settings.bitrate, min);
        }
    }

    /// Whether video will be encoded, at a rate that follows the lines.
    pub(crate) const fn adapts(&self) -> bool {
        self.adapt.is_some() && matches!(self.source, Source::Raw { video: Some(_), .. })
    }

    /// Whether there will be video.
    pub(crate) const fn has_video(&self) -> bool {
        self.program.tracks.has(Kind::Video)
    }

    /// What has to be known beforehand.
    pub(crate) const fn program(&self) -> &Program {
        &self.program
    }

    /// Starts the threads. They end by themselves, or when the fan-out stops.
    pub(crate) fn start(self, fanout: &Arc<Fanout>) -> Result<(), Error> {
        let schedule = Schedule {
            began: Instant::now(),
            pace: self.pace,
            duration: self.duration,
        };
        match self.source {
            Source::File(media) => {
                let (fanout, is_live) = (fanout.clone(), self.media_is_live);
                let said = self.program.said;
                spawn("onair-file", move || {
                    file::run(media, &fanout, &said, schedule, is_live);
                })
            }
            Source::Raw { video, audio } => {
                let kinds = (video.is_some(), audio.is_some());
                let merger = Arc::new(PacketMerger::new(fanout.clone(), self.pace, kinds));
                let audio_bitrate = audio.as_ref().map(|audio| audio.settings().bitrate);
                let adapting = self.adapt.and(audio_bitrate);
                video.map_or(Ok(()), |chain| chain.start(&merger, schedule, adapting))?;
                audio.map_or(Ok(()), |chain| chain.start(&merger, schedule))
            }
        }
    }

    fn open_raw(builder: &mut Builder) -> Result<(Source, Tracks), Error> {
        let video = builder.video.take();
        let video = video.map(|source| VideoChain::open(source, builder.video_settings.take()));
        let video = video.transpose()?;
        let audio = builder.audio.take();
        let audio = audio.map(|source| AudioChain::open(source, builder.audio_settings.take()));
        let audio = audio.transpose()?;
        let tracks = Tracks {
            video: video
                .iter()
                .map(|chain| encoded_video(chain.settings()))
                .collect(),
            audio: audio
                .iter()
                .map(|chain| encoded_audio(chain.settings()))
                .collect(),
            encoder: encoder_name(),
            ..Tracks::default()
        };
        let (video, audio) = (video.map(Box::new), audio.map(Box::new));
        Ok((Source::Raw { video, audio }, tracks))
    }
}

/// When media is due, and when to end.
#[derive(Clone, Copy, Debug)]
struct Schedule {
    began: Instant,
    pace: Pace,
    duration: Option<Duration>,
}

impl Schedule {
    /// True if media at `time` lies beyond the requested duration.
    fn is_over(&self, time: Timestamp) -> bool {
        let elapsed = time.since(Timestamp::ZERO);
        self.duration.is_some_and(|duration| elapsed >= duration)
    }

    /// As [`is_over`](Self::is_over), and notes it for the report.
    fn ends(&self, time: Timestamp, fanout: &Fanout) -> bool {
        let is_over = self.is_over(time);
        fanout.notes().timed_out |= is_over;
        is_over
    }

    /// Waits until media at `time` is due; false if the end was asked for meanwhile.
    fn wait(&self, time: Timestamp, is_live: bool, fanout: &Fanout) -> bool {
        if is_live || self.pace == Pace::Max {
            return !fanout.stopping().is_asked();
        }
        let due = self.began + time.since(Timestamp::ZERO);
        fanout.stopping().sleep_until(due)
    }
}

/// The tracks of a file, with its source's description.
fn tracks_of(media: &dyn PacketSource, said: Option<&Tracks>) -> Tracks {
    let mut tracks = Tracks {
        encoder: encoder_name(),
        ..Tracks::default()
    };
    for track in media.tracks() {
        match &track.config {
            Config::Video(config) => tracks.video.push(VideoTrack {
                bitrate: track.bitrate,
                ..config.clone().into()
            }),
            Config::Audio(config) => tracks.audio.push(AudioTrack {
                bitrate: track.bitrate,
                ..config.clone().into()
            }),
        }
    }
    match said {
        Some(said) => tracks.described_by(said),
        None => tracks,
    }
}

/// The track that an encoder will make.
fn encoded_video(settings: &VideoSettings) -> VideoTrack {
    VideoTrack {
        codec: Some(settings.codec),
        size: Some(settings.size),
        frame_rate: Some(settings.frame_rate),
        bitrate: Some(settings.bitrate),
        ..VideoTrack::default()
    }
}

/// The track that an encoder will make.
fn encoded_audio(settings: &AudioSettings) -> AudioTrack {
    AudioTrack {
        codec: Some(AudioCodec::Aac),
        sample_rate: Some(settings.sample_rate),
        channels: Some(settings.channels),
        bitrate: Some(settings.bitrate),
        ..AudioTrack::default()
    }
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
