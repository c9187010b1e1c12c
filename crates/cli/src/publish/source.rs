//! What to send: a test card, a camera, a file or a pipe, and which audio with it.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use onair::av::capture::{Silence, TestCard, Tone, Y4m};
use onair::av::device;
use onair::av::encode::{AudioSettings, VideoSettings};
use onair::av::{AudioSource, VideoSource};
use onair::demux::{self, Container, Damage, PacketSource, Track, TrackDamage};
use onair::media::{FrameRate, Kind, Packet, Size, Tracks, VideoCodec};
use onair::{Builder, recording_extensions};

use super::capture::{self, Ask};
use super::end_with_video::end_with_video;
use super::options::{Codec, Publish};
use super::rules;
use super::stdin::Awaited;
use crate::failure::Failure;
use crate::pipe::{self, StdinFormat};

/// What was asked for; nothing is read yet.
enum Asked {
    TestCard,
    Device(Ask),
    Stdin(StdinFormat),
    File { path: PathBuf, is_raw: bool },
}

enum Source {
    /// Compressed media, sent as it is.
    Compressed(Box<dyn PacketSource>),
    Raw(Y4m<Box<dyn Read + Send>>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Audio {
    Tone,
    Silence,
    File,
    None,
    Device(Ask),
}

const SIZE: Size = Size::new(1280, 720);
const Y4M_MAGIC: &[u8] = b"YUV4MPEG2";

/// What to send, checked but not opened yet.
pub(crate) struct Plan<'a> {
    source: Asked,
    audio: Option<Audio>,
    opts: &'a Publish,
}

impl<'a> Plan<'a> {
    pub(crate) fn new(opts: &'a Publish) -> Result<Self, Failure> {
        let source = asked(opts)?;
        let audio = audio(opts.audio.as_deref())?;
        Ok(Self {
            source,
            audio,
            opts,
        })
    }

    /// How frames come, and whether by stdin.
    pub(crate) fn kind(&self) -> (rules::Source, bool) {
        match &self.source {
            Asked::TestCard => (rules::Source::TestCard, false),
            Asked::Device(_) => (rules::Source::Device, false),
            Asked::Stdin(StdinFormat::Y4m) => (rules::Source::Raw, true),
            Asked::Stdin(StdinFormat::Packets(_)) => (rules::Source::Compressed, true),
            Asked::File { is_raw: true, .. } => (rules::Source::Raw, false),
            Asked::File { is_raw: false, .. } => (rules::Source::Compressed, false),
        }
    }

    /// What users call the source.
    pub(crate) const fn name(&self) -> &'static str {
        match &self.source {
            Asked::TestCard => "the test card",
            Asked::Device(_) => "the device",
            Asked::Stdin(_) => "stdin",
            Asked::File { .. } => "the file",
        }
    }

    pub(crate) fn has_audio(&self) -> bool {
        self.audio != Some(Audio::None)
    }

    /// Gives `builder` the video and audio that were asked for.
    pub(crate) fn feed(self, builder: Builder) -> Result<Builder, Failure> {
        let Self {
            source,
            audio,
            opts,
        } = self;
        let opened = match source {
            Asked::TestCard => {
                let (size, rate) = wanted(opts);
                let audio = made(audio.unwrap_or(Audio::Tone), opts)?;
                return encoded(builder, TestCard::new(size, rate), audio, opts);
            }
            Asked::Device(camera) => return captured(builder, &camera, audio, opts),
            Asked::Stdin(format) => open_stdin(format)?,
            Asked::File { path, is_raw } => open_file(&path, is_raw, opts.repeat)?,
        };
        match opened {
            Source::Raw(pictures) => {
                let audio = made(audio.unwrap_or(Audio::Silence), opts)?;
                encoded(builder, pictures, audio, opts)
            }
            Source::Compressed(file) => passed_through(builder, file, audio.unwrap_or(Audio::File)),
        }
    }
}

/// The path to record to, if that format can be written.
pub(crate) fn recording(path: &Path) -> Result<PathBuf, Failure> {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    let ending = format!(".{}", extension.to_ascii_lowercase());
    let known = recording_extensions();
    if known.contains(&ending) {
        return Ok(path.to_owned());
    }
    Err(Failure::usage(format_args!(
        "--record writes {}: name a file that ends so",
        known.join(" or ")
    )))
}

fn asked(opts: &Publish) -> Result<Asked, Failure> {
    let path = || Path::new(&opts.from);
    // Only a file's name can be invalid UTF-8.
    let Some(text) = opts.from.to_str() else {
        return look_at(path());
    };
    match text {
        "testcard" => Ok(Asked::TestCard),
        "-" => opts.format.map(Asked::Stdin).ok_or_else(|| {
            let formats = pipe::formats();
            Failure::usage(format_args!(
                "--from - needs to know what arrives: --format {formats}"
            ))
        }),
        // It may hold a key, and is not repeated.
        other if other.contains("://") => Err(Failure::usage(
            "--from takes a file, testcard or -; an address goes behind --to",
        )),
        other => match Ask::parse(other) {
            Some(ask) if ask.kind() == device::Kind::Microphone => Err(Failure::usage(
                "a microphone goes behind --audio, as in: --from camera --audio mic",
            )),
            Some(ask) => Ok(Asked::Device(ask)),
            None => look_at(path()),
        },
    }
}

/// The size and rate that were asked for, or the defaults.
fn wanted(opts: &Publish) -> (Size, FrameRate) {
    let rate = opts.fps.or(FrameRate::new(30, 1));
    (opts.size.unwrap_or(SIZE), rate.expect("30/1 is a rate"))
}

fn open_stdin(format: StdinFormat) -> Result<Source, Failure> {
    let stdin = pipe::begun(Awaited::new(), format)?;
    let format = match format {
        StdinFormat::Packets(format) => format,
        StdinFormat::Y4m => return raw(stdin, "stdin"),
    };
    let opened = demux::read(stdin, format).map_err(|error| about("stdin", &error))?;
    Ok(Source::Compressed(opened))
}

/// A file that exists, and whether it has raw frames.
fn look_at(path: &Path) -> Result<Asked, Failure> {
    let name = path.display();
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::usage(format_args!(
            "{name}: there is no such file, and it is no source known by that name"
        )),
        _ => about(name, &error),
    })?;
    Ok(Asked::File {
        path: path.to_owned(),
        is_raw: begins_raw(&file),
    })
}

/// Whether a file has raw frames.
pub(crate) fn is_raw(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| begins_raw(&file))
}

fn begins_raw(file: &File) -> bool {
    let mut start = Vec::new();
    let read = file.take(Y4M_MAGIC.len() as u64).read_to_end(&mut start);
    read.is_ok() && start == Y4M_MAGIC
}

fn open_file(path: &Path, is_raw: bool, repeat: bool) -> Result<Source, Failure> {
    let name = path.display();
    if is_raw {
        let file = File::open(path).map_err(|error| about(&name, &error))?;
        return raw(Box::new(file), &name);
    }
    let opened = match repeat {
        true => demux::open_repeated(path),
        false => demux::open(path),
    };
    opened
        .map(Source::Compressed)
        .map_err(|error| about(name, &error))
}

fn raw(reader: Box<dyn Read + Send>, name: impl Display) -> Result<Source, Failure> {
    let buffered: Box<dyn Read + Send> = Box::new(BufReader::with_capacity(1 << 20, reader));
    Y4m::new(buffered)
        .map(Source::Raw)
        .map_err(|error| about(name, &error))
}

fn about(name: impl Display, error: &dyn Display) -> Failure {
    Failure::usage(format_args!("{name}: {error}"))
}

fn audio(text: Option<&str>) -> Result<Option<Audio>, Failure> {
    Ok(Some(match text {
        None => return Ok(None),
        Some("tone") => Audio::Tone,
        Some("silence") => Audio::Silence,
        Some("file") => Audio::File,
        Some("none") => Audio::None,
        Some(text) => match Ask::parse(text) {
            Some(ask) if ask.kind() == device::Kind::Microphone => Audio::Device(ask),
            _ => {
                return Err(Failure::usage(format_args!(
                    "--audio {text}: expected mic, tone, silence, file or none"
                )));
            }
        },
    }))
}

/// Frames of a camera, with the audio of a microphone unless another is asked for; of a screen,
/// which has no microphone, with silence.
fn captured(
    builder: Builder,
    camera: &Ask,
    asked: Option<Audio>,
    opts: &Publish,
) -> Result<Builder, Failure> {
    let asked = asked.unwrap_or_else(|| match camera.kind() {
        device::Kind::Camera => Audio::Device(Ask::microphone()),
        device::Kind::Screen | device::Kind::Microphone => Audio::Silence,
    });
    let microphone = match &asked {
        Audio::Device(ask) => Some(ask),
        _ => None,
    };
    let device = capture::start(Some(camera), microphone, wanted(opts))?;
    let audio = match device.audio {
        Some(audio) => Some(Box::new(audio) as Box<dyn AudioSource>),
        None => made(asked, opts)?,
    };
    let pictures = device.frames.expect("a camera was asked for");
    encoded(builder, pictures, audio, opts)
}

/// Audio that goes with any video; `None` if none is wanted.
fn made(audio: Audio, opts: &Publish) -> Result<Option<Box<dyn AudioSource>>, Failure> {
    let AudioSettings {
        sample_rate,
        channels,
        ..
    } = AudioSettings::default();
    Ok(match audio {
        Audio::Tone => Some(Box::new(Tone::new(sample_rate, channels))),
        Audio::Silence => Some(Box::new(Silence::new(sample_rate, channels))),
        Audio::None => None,
        Audio::Device(ask) => {
            let device = capture::start(None, Some(&ask), wanted(opts))?;
            device.audio.map(|audio| Box::new(audio) as _)
        }
        Audio::File => {
            return Err(Failure::usage(
                "--audio file: this source has no sound of its own; choose mic, tone, silence or none",
            ));
        }
    })
}

fn encoded(
    builder: Builder,
    pictures: impl VideoSource + 'static,
    audio: Option<Box<dyn AudioSource>>,
    opts: &Publish,
) -> Result<Builder, Failure> {
    let settings = video_settings(&pictures, opts);
    let builder = builder.video_settings(settings);
    let Some(audio) = audio else {
        return Ok(builder.video(pictures));
    };
    let mut settings = AudioSettings::default();
    settings.bitrate = opts.audio_bitrate.unwrap_or(settings.bitrate);
    let (pictures, audio) = end_with_video(pictures, audio);
    Ok(builder
        .video(pictures)
        .audio(audio)
        .audio_settings(settings))
}

fn video_settings(pictures: &impl VideoSource, opts: &Publish) -> VideoSettings {
    let mut settings = VideoSettings::new(pictures.size(), pictures.frame_rate());
    settings.codec = match opts.codec {
        None | Some(Codec::H264) => VideoCodec::H264,
        Some(Codec::Hevc) => VideoCodec::Hevc,
    };
    settings.bitrate = opts.bitrate.unwrap_or(settings.bitrate);
    settings.keyframe_interval = opts.keyframe.unwrap_or(settings.keyframe_interval);
    settings.encoder.clone_from(&opts.encoder);
    settings
}

fn passed_through(
    builder: Builder,
    file: Box<dyn PacketSource>,
    audio: Audio,
) -> Result<Builder, Failure> {
    match audio {
        Audio::File => Ok(builder.media(file)),
        Audio::None => Ok(builder.media(Box::new(PicturesOnly::new(file)))),
        Audio::Tone | Audio::Silence | Audio::Device(_) => Err(Failure::usage(
            "a file goes with its own sound (--audio file) or none (--audio none) for now",
        )),
    }
}

/// A file without its audio.
struct PicturesOnly {
    inner: Box<dyn PacketSource>,
    tracks: Vec<Track>,
}

impl PicturesOnly {
    fn new(inner: Box<dyn PacketSource>) -> Self {
        let is_video = |track: &&Track| track.kind() == Kind::Video;
        let tracks = inner.tracks().iter().filter(is_video).cloned().collect();
        Self { inner, tracks }
    }
}

impl PacketSource for PicturesOnly {
    fn container(&self) -> Option<Container> {
        self.inner.container()
    }

    fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    fn notes(&self) -> &[String] {
        self.inner.notes()
    }

    fn next_packet(&mut self) -> Result<Option<Packet>, demux::Error> {
        while let Some(packet) = self.inner.next_packet()? {
            if packet.kind() == Kind::Video {
                return Ok(Some(packet));
            }
        }
        Ok(None)
    }

    fn take_description(&mut self) -> Option<Tracks> {
        self.inner.take_description()
    }

    fn duration(&self) -> Option<std::time::Duration> {
        self.inner.duration()
    }

    fn damage(&self) -> Damage {
        let mut damage = self.inner.damage();
        damage.audio = TrackDamage::default();
        damage
    }
}
