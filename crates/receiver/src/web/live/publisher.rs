//! From a browser's messages to packets: everything is checked.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf, Bytes};
use onair_av::AudioSamples;
use onair_av::encode::{AudioEncoder, AudioSettings};
use onair_media::{
    AudioConfig, Bitrate, Config, Kind, Packet, Timestamp, VideoCodec, VideoConfig, h264,
};

use super::hello::{AudioSetup, Problem, Setup, VideoSetup};
use super::media::{Media, Parts, timestamp};

/// What one connection sends, checked and put on one timeline.
#[derive(Default)]
pub(super) struct Publisher {
    video: Option<Arc<VideoConfig>>,
    audio: Option<Audio>,
    parts: Parts,
    /// The client's time at the timeline's zero: the first it named.
    origin: Option<i64>,
    last_video: Option<Timestamp>,
    last_audio: Option<Timestamp>,
    /// Pictures are dropped until the next keyframe.
    waits: bool,
}

enum Audio {
    Aac(Arc<AudioConfig>),
    Pcm(Box<Pcm>),
}

/// Raw audio, encoded here.
struct Pcm {
    format: Format,
    settings: AudioSettings,
    encoder: AudioEncoder,
    /// The end of the last stretch.
    end: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    F32,
    S16,
}

impl Publisher {
    /// Whether pictures are dropped for want of a keyframe.
    pub(super) const fn waits_for_keyframe(&self) -> bool {
        self.waits
    }

    /// Takes the configurations of the tracks. One without a description waits for a later message.
    pub(super) fn configure(&mut self, setup: &Setup) -> Result<(), Problem> {
        if let Some(video) = &setup.video {
            self.configure_video(video)?;
        }
        if let Some(audio) = &setup.audio {
            self.configure_audio(audio)?;
        }
        Ok(())
    }

    fn configure_video(&mut self, setup: &VideoSetup) -> Result<(), Problem> {
        match VideoCodec::from_codec_string(&setup.codec) {
            Some(VideoCodec::H264) => {}
            Some(VideoCodec::Hevc) | None => {
                let what = format!(
                    "Video is taken as H.264 (avc1), not as {:.40}.",
                    setup.codec
                );
                return Err(Problem::new("config", what));
            }
        }
        let Some(record) = description(setup.description.as_deref())? else {
            return Ok(());
        };
        let config = VideoConfig::h264(record);
        let config = config.map_err(|error| Problem::new("config", format!("avcC: {error}")))?;
        let is_new = self.video.as_deref() != Some(&config);
        if is_new {
            self.video = Some(Arc::new(config));
            self.waits = true;
        }
        Ok(())
    }

    fn configure_audio(&mut self, setup: &AudioSetup) -> Result<(), Problem> {
        let format = match setup.codec.as_str() {
            "pcm-f32" => Format::F32,
            "pcm-s16" => Format::S16,
            codec if codec.starts_with("mp4a.40.") => return self.configure_aac(setup),
            codec => {
                let what = format!("Sound is taken as AAC or PCM, not as {codec:.40}.");
                return Err(Problem::new("config", what));
            }
        };
        let pcm = Pcm::open(format, setup)?;
        if !matches!(&self.audio, Some(Audio::Pcm(old)) if old.is_like(&pcm)) {
            self.audio = Some(Audio::Pcm(Box::new(pcm)));
        }
        Ok(())
    }

    fn configure_aac(&mut self, setup: &AudioSetup) -> Result<(), Problem> {
        let Some(record) = description(setup.description.as_deref())? else {
            return Ok(());
        };
        let config = AudioConfig::aac(record);
        let config = config
            .map_err(|error| Problem::new("config", format!("AudioSpecificConfig: {error}")))?;
        self.audio = Some(Audio::Aac(Arc::new(config)));
        Ok(())
    }

    /// Takes a binary message; gives the packets it completes.
    pub(super) fn take(&mut self, message: Bytes) -> Result<Vec<Packet>, Problem> {
        let Some(message) = self.parts.join(message)? else {
            return Ok(Vec::new());
        };
        let media = Media::parse(message)?;
        let origin = *self.origin.get_or_insert(media.dts);
        let times = (timestamp(media.pts, origin), timestamp(media.dts, origin));
        match media.kind {
            Kind::Video => Ok(self.picture(media, times)?.into_iter().collect()),
            Kind::Audio => self.audio(media, times.0),
        }
    }

    fn picture(
        &mut self,
        media: Media,
        (pts, dts): (Timestamp, Timestamp),
    ) -> Result<Option<Packet>, Problem> {
        let wrong = |what: &str| Problem::new("video", what);
        let config = self.video.clone();
        let config = config.ok_or_else(|| wrong("A picture before its configuration."))?;
        let length = config.length_size();
        if let Some(Err(error)) = h264::length_prefixed(&media.payload, length).find(Result::is_err)
        {
            return Err(Problem::new("video", format!("An access unit: {error}.")));
        }
        let keyframe = h264::is_idr(&media.payload, length);
        if media.keyframe && !keyframe {
            return Err(wrong("A picture said to be a keyframe that is none."));
        }
        self.waits |= self.last_video.is_some_and(|last| dts <= last);
        if self.waits && !keyframe || self.last_video.is_some_and(|last| dts <= last) {
            return Ok(None);
        }
        self.waits = false;
        self.last_video = Some(dts);
        Ok(Some(Packet {
            config: Config::Video(config),
            pts,
            dts,
            duration: duration(media.duration),
            keyframe,
            payload: media.payload,
        }))
    }

    fn audio(&mut self, media: Media, pts: Timestamp) -> Result<Vec<Packet>, Problem> {
        let wrong = |what: &str| Problem::new("audio", what);
        let packets = match &mut self.audio {
            None => return Err(wrong("Sound before its configuration.")),
            Some(Audio::Pcm(pcm)) => pcm.take(&media.payload, pts)?,
            Some(Audio::Aac(_)) if media.payload.len() > MAX_AAC => {
                return Err(wrong("An AAC block longer than there are."));
            }
            Some(Audio::Aac(config)) => vec![Packet {
                config: Config::Audio(config.clone()),
                pts,
                dts: pts,
                duration: duration(media.duration),
                keyframe: true,
                payload: media.payload,
            }],
        };
        let mut forward = Vec::with_capacity(packets.len());
        for packet in packets {
            if self.last_audio.is_none_or(|last| packet.dts > last) {
                self.last_audio = Some(packet.dts);
                forward.push(packet);
            }
        }
        Ok(forward)
    }
}

impl Pcm {
    fn open(format: Format, setup: &AudioSetup) -> Result<Self, Problem> {
        let bitrate = if setup.channels == 1 { 96 } else { 128 };
        let settings = AudioSettings {
            sample_rate: setup.sample_rate,
            channels: setup.channels,
            bitrate: Bitrate::kbps(bitrate),
        };
        if !(1..=2).contains(&setup.channels) {
            return Err(Problem::new("config", "Sound has one channel or two."));
        }
        let encoder = open_encoder(&settings)?;
        Ok(Self {
            format,
            settings,
            encoder,
            end: None,
        })
    }

    fn is_like(&self, other: &Self) -> bool {
        self.format == other.format && self.settings == other.settings
    }

    fn take(&mut self, payload: &[u8], timestamp: Timestamp) -> Result<Vec<Packet>, Problem> {
        let samples = self.read(payload, timestamp)?;
        let is_far = |end: &Timestamp| end.nanos_from(timestamp).unsigned_abs() > FARTHEST;
        if self.end.as_ref().is_some_and(is_far) {
            self.encoder = open_encoder(&self.settings)?;
        }
        self.end = Some(timestamp + samples.duration());
        let packets = self.encoder.encode(&samples);
        packets.map_err(|error| Problem::new("audio", error.to_string()))
    }

    fn read(&self, mut payload: &[u8], timestamp: Timestamp) -> Result<AudioSamples, Problem> {
        let frame = self.format.bytes() * usize::from(self.settings.channels);
        let longest = self.settings.sample_rate as usize / 5 * frame;
        if !payload.len().is_multiple_of(frame) || payload.len() > longest {
            let what = "A stretch of sound that ends amid a sample, or is longer than 200 ms.";
            return Err(Problem::new("audio", what));
        }
        let mut samples = Vec::with_capacity(payload.len() / self.format.bytes());
        while payload.has_remaining() {
            samples.push(match self.format {
                Format::F32 => payload.get_f32_le(),
                Format::S16 => f32::from(payload.get_i16_le()) / 32_768.0,
            });
        }
        Ok(AudioSamples {
            samples: samples.into(),
            channels: self.settings.channels,
            sample_rate: self.settings.sample_rate,
            timestamp,
        })
    }
}

impl Format {
    const fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::S16 => 2,
        }
    }
}

fn open_encoder(settings: &AudioSettings) -> Result<AudioEncoder, Problem> {
    AudioEncoder::open(settings).map_err(|error| Problem::new("config", error.to_string()))
}

fn description(base64: Option<&str>) -> Result<Option<Bytes>, Problem> {
    let decoded = base64.map(|text| STANDARD.decode(text)).transpose();
    let decoded = decoded.map_err(|_| Problem::new("config", "A description that is not base64."));
    Ok(decoded?.map(Bytes::from))
}

fn duration(micros: u32) -> Option<Duration> {
    (1..=MAX_DURATION)
        .contains(&micros)
        .then(|| Duration::from_micros(micros.into()))
}

/// 6144 bits a channel (ISO/IEC 14496-3 §4.5.3.1), eight channels.
const MAX_AAC: usize = 6144;
/// A second, in microseconds.
const MAX_DURATION: u32 = 1_000_000;
/// A gap longer than this begins the audio anew instead of being filled with silence, in
/// nanoseconds.
const FARTHEST: u64 = 1_000_000_000;
