//! What is sent: a test card, a camera, a file, a pipe; and with which sound.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use onair::Builder;
use onair::av::capture::{Silence, TestCard, Tone, Y4m};
use onair::av::device;
use onair::av::encode::{AudioSettings, VideoSettings};
use onair::av::{AudioSource, VideoSource};
use onair::demux::{self, Container, Damage, Demux, Loop, Track, TrackDamage};
use onair::media::{FrameRate, Kind, Packet, Size, VideoCodec};

use super::capture::{self, Ask};
use super::filler;
use crate::args::{Codec, Publish, StdinFormat};
use crate::failure::Failure;

enum Source {
    TestCard,
    /// H.264 and AAC as they are.
    Compressed(Box<dyn Demux>),
    Raw(Y4m<Box<dyn Read + Send>>),
    Device(Ask),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Sound {
    Tone,
    Silence,
    File,
    None,
    Device(Ask),
}

const SIZE: Size = Size::new(1280, 720);
const Y4M_MAGIC: &[u8] = b"YUV4MPEG2";

/// Gives `builder` the pictures and sound that were asked for.
pub(crate) fn feed(builder: Builder, opts: &Publish) -> Result<Builder, Failure> {
    let asked = sound(opts.audio.as_deref())?;
    match open(opts)? {
        Source::TestCard => {
            let (size, rate) = wanted(opts);
            let sound = made(asked.unwrap_or(Sound::Tone), opts)?;
            encoded(builder, TestCard::new(size, rate), sound, opts)
        }
        Source::Device(camera) => captured(builder, &camera, asked, opts),
        Source::Raw(pictures) => {
            refuse_given(opts, RAW_HAS, &["--size", "--fps", "--loop"])?;
            let sound = made(asked.unwrap_or(Sound::Silence), opts)?;
            encoded(builder, pictures, sound, opts)
        }
        Source::Compressed(file) => {
            refuse_given(opts, FILE_HAS, ENCODING_OPTIONS)?;
            passed_through(builder, file, asked.unwrap_or(Sound::File))
        }
    }
}

/// Where to record, if it is a format that can be written.
pub(crate) fn recording(path: &Path) -> Result<PathBuf, Failure> {
    let ending = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
    match ending.as_deref().and_then(std::ffi::OsStr::to_str) {
        Some("mp4" | "flv") => Ok(path.to_owned()),
        _ => Err(Failure::usage(
            "--record writes .mp4 or .flv: name a file that ends so",
        )),
    }
}

fn open(opts: &Publish) -> Result<Source, Failure> {
    match opts.from.as_str() {
        "testcard" => refuse_given(opts, CARD_HAS, &["--loop"]).map(|()| Source::TestCard),
        "-" => open_stdin(opts),
        // It may hold a key: not repeated.
        other if other.contains("://") => Err(Failure::usage(
            "--from takes a file, testcard or -; an address goes behind --to",
        )),
        other => match Ask::parse(other) {
            Some(ask) if ask.kind() == device::Kind::Microphone => Err(Failure::usage(
                "a microphone goes behind --audio, as in: --from camera --audio mic",
            )),
            Some(ask) => {
                refuse_given(opts, "a camera never ends", &["--loop"]).map(|()| Source::Device(ask))
            }
            None => open_file(Path::new(other), opts),
        },
    }
}

/// The size and rate that are asked for, or the usual ones.
fn wanted(opts: &Publish) -> (Size, FrameRate) {
    let rate = opts.fps.or(FrameRate::new(30, 1));
    (opts.size.unwrap_or(SIZE), rate.expect("30/1 is a rate"))
}

fn open_stdin(opts: &Publish) -> Result<Source, Failure> {
    refuse_given(opts, "stdin cannot be read twice", &["--loop"])?;
    let stdin = Box::new(io::stdin());
    let format = match opts.format {
        Some(StdinFormat::Flv) => demux::Format::Flv,
        Some(StdinFormat::Ts) => demux::Format::Ts,
        Some(StdinFormat::Y4m) => return raw(stdin, "stdin"),
        None => {
            return Err(Failure::usage(
                "--from - needs to know what arrives: --format flv, ts or y4m",
            ));
        }
    };
    let opened = demux::read(stdin, format).map_err(|error| about("stdin", &error))?;
    Ok(Source::Compressed(opened))
}

fn open_file(path: &Path, opts: &Publish) -> Result<Source, Failure> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::usage(format_args!(
            "{name}: there is no such file, and it is no source known by that name"
        )),
        _ => about(&name, &error),
    })?;
    let mut start = Vec::new();
    let _decided_below = (&file).take(Y4M_MAGIC.len() as u64).read_to_end(&mut start);
    if start == Y4M_MAGIC {
        return raw(
            Box::new(File::open(path).map_err(|error| about(&name, &error))?),
            &name,
        );
    }
    let opened: Result<Box<dyn Demux>, _> = if opts.repeat {
        Loop::open(path).map(|looped| Box::new(looped) as _)
    } else {
        demux::open(path)
    };
    opened
        .map(Source::Compressed)
        .map_err(|error| about(&name, &error))
}

fn raw(reader: Box<dyn Read + Send>, name: &str) -> Result<Source, Failure> {
    let buffered: Box<dyn Read + Send> = Box::new(BufReader::with_capacity(1 << 20, reader));
    Y4m::new(buffered)
        .map(Source::Raw)
        .map_err(|error| about(name, &error))
}

fn about(name: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::usage(format_args!("{name}: {error}"))
}

fn sound(text: Option<&str>) -> Result<Option<Sound>, Failure> {
    Ok(Some(match text {
        None => return Ok(None),
        Some("tone") => Sound::Tone,
        Some("silence") => Sound::Silence,
        Some("file") => Sound::File,
        Some("none") => Sound::None,
        Some(text) => match Ask::parse(text) {
            Some(ask) if ask.kind() == device::Kind::Microphone => Sound::Device(ask),
            _ => {
                return Err(Failure::usage(format_args!(
                    "--audio {text}: expected mic, tone, silence, file or none"
                )));
            }
        },
    }))
}

/// Pictures of a camera, with sound of a microphone unless another is asked for; of a screen,
/// which has nobody to say something, with silence.
fn captured(
    builder: Builder,
    camera: &Ask,
    asked: Option<Sound>,
    opts: &Publish,
) -> Result<Builder, Failure> {
    let asked = asked.unwrap_or_else(|| match camera.kind() {
        device::Kind::Camera => Sound::Device(Ask::microphone()),
        _ => Sound::Silence,
    });
    let microphone = match &asked {
        Sound::Device(ask) => Some(ask),
        _ => None,
    };
    let device = capture::start(Some(camera), microphone, wanted(opts))?;
    let sound = match device.sound {
        Some(sound) => Some(Box::new(sound) as Box<dyn AudioSource>),
        None => made(asked, opts)?,
    };
    let pictures = device.pictures.expect("a camera was asked for");
    encoded(builder, pictures, sound, opts)
}

/// Sound that goes with any pictures; `None` where none is wanted.
fn made(sound: Sound, opts: &Publish) -> Result<Option<Box<dyn AudioSource>>, Failure> {
    let AudioSettings {
        sample_rate,
        channels,
        ..
    } = AudioSettings::default();
    Ok(match sound {
        Sound::Tone => Some(Box::new(Tone::new(sample_rate, channels))),
        Sound::Silence => Some(Box::new(Silence::new(sample_rate, channels))),
        Sound::None => None,
        Sound::Device(ask) => {
            let device = capture::start(None, Some(&ask), wanted(opts))?;
            device.sound.map(|sound| Box::new(sound) as _)
        }
        Sound::File => {
            return Err(Failure::usage(
                "--audio file: this source has no sound of its own; choose mic, tone, silence or none",
            ));
        }
    })
}

fn encoded(
    builder: Builder,
    pictures: impl VideoSource + 'static,
    sound: Option<Box<dyn AudioSource>>,
    opts: &Publish,
) -> Result<Builder, Failure> {
    let settings = video_settings(&pictures, opts);
    let builder = builder.video_settings(settings);
    let Some(sound) = sound else {
        return Ok(builder.video(pictures));
    };
    let mut audio = AudioSettings::default();
    audio.bitrate = opts.audio_bitrate.unwrap_or(audio.bitrate);
    let (pictures, sound) = filler::pair(pictures, sound);
    Ok(builder.video(pictures).audio(sound).audio_settings(audio))
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
    file: Box<dyn Demux>,
    sound: Sound,
) -> Result<Builder, Failure> {
    match sound {
        Sound::File => Ok(builder.media(file)),
        Sound::None => Ok(builder.media(Box::new(PicturesOnly::new(file)))),
        Sound::Tone | Sound::Silence | Sound::Device(_) => Err(Failure::usage(
            "a file goes with its own sound (--audio file) or none (--audio none) for now",
        )),
    }
}

const CARD_HAS: &str = "the test card never ends";
const RAW_HAS: &str = "raw pictures have their own size and rate, and are read once";
const FILE_HAS: &str = "this source is sent as it is, without encoding";
const ENCODING_OPTIONS: &[&str] = &[
    "--size",
    "--fps",
    "--codec",
    "--bitrate",
    "--audio-bitrate",
    "--keyframe",
    "--encoder",
];

/// An option without effect is a misunderstanding: better said than ignored.
fn refuse_given(opts: &Publish, why: &str, names: &[&str]) -> Result<(), Failure> {
    let given = |name: &&&str| match **name {
        "--size" => opts.size.is_some(),
        "--fps" => opts.fps.is_some(),
        "--codec" => opts.codec.is_some(),
        "--bitrate" => opts.bitrate.is_some(),
        "--audio-bitrate" => opts.audio_bitrate.is_some(),
        "--keyframe" => opts.keyframe.is_some(),
        "--encoder" => opts.encoder.is_some(),
        "--loop" => opts.repeat,
        _ => false,
    };
    match names.iter().find(given) {
        Some(name) => Err(Failure::usage(format_args!(
            "{name} has no effect here: {why}"
        ))),
        None => Ok(()),
    }
}

/// A file without its sound.
struct PicturesOnly {
    inner: Box<dyn Demux>,
    tracks: Vec<Track>,
}

impl PicturesOnly {
    fn new(inner: Box<dyn Demux>) -> Self {
        let is_video = |track: &&Track| track.kind() == Kind::Video;
        let tracks = inner.tracks().iter().filter(is_video).cloned().collect();
        Self { inner, tracks }
    }
}

impl Demux for PicturesOnly {
    fn container(&self) -> Container {
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

    fn duration(&self) -> Option<std::time::Duration> {
        self.inner.duration()
    }

    fn damage(&self) -> Damage {
        let mut damage = self.inner.damage();
        damage.audio = TrackDamage::default();
        damage
    }
}
