use std::collections::VecDeque;

use bytes::Bytes;
use onair_av::AudioSamples;
use onair_av::encode::{AudioEncoder, AudioSettings};
use onair_media::aac::AudioSpecificConfig;
use onair_media::{AudioCodec, AudioConfig, Bitrate, Config, Packet, Timestamp};

use super::line::Line;

/// Audio frames that decode to nothing, for the decoder that the publisher's audio has set up.
#[derive(Debug, Default)]
pub(super) struct Silence {
    /// The configuration of the publisher's audio.
    config: Option<Config>,
    /// A silent frame for a configuration; `None` if there is none for it.
    made: Option<(Config, Option<Bytes>)>,
}

impl Silence {
    /// The publisher's audio is of this kind now.
    pub(super) fn note(&mut self, packet: &Packet) {
        if !matches!(&self.config, Some(config) if config.same(&packet.config)) {
            self.config = Some(packet.config.clone());
        }
    }

    /// Makes a silent frame; tells in words why there is none.
    pub(super) fn prepare(&mut self) -> Result<(), String> {
        let Some(config @ Config::Audio(audio)) = &self.config else {
            return Ok(());
        };
        if matches!(&self.made, Some((made, _)) if made.same(config)) {
            return Ok(());
        }
        let made = silent_frame(audio);
        let outcome = made.as_ref().map(|_| ()).map_err(|why| {
            format!("no silence is made for this audio, and there is none meanwhile: {why}")
        });
        self.made = Some((config.clone(), made.ok()));
        outcome
    }

    /// When the next silent frame is due, if there are any.
    pub(super) fn due(&self, line: &Line) -> Option<Timestamp> {
        let (_, frame) = self.made.as_ref()?;
        frame.as_ref().and_then(|_| line.next_audio())
    }

    pub(super) fn give(&self, time: Timestamp) -> Option<Packet> {
        let (config, frame) = self.made.as_ref()?;
        Some(Packet {
            config: config.clone(),
            pts: time,
            dts: time,
            duration: None,
            keyframe: true,
            payload: frame.clone()?,
        })
    }

    /// Silence up to a publisher's first audio frame.
    pub(super) fn fill(&self, line: &mut Line, until: Timestamp, out: &mut VecDeque<Packet>) {
        while let Some(packet) = self
            .due(line)
            .filter(|due| *due < until)
            .and_then(|due| self.give(due))
        {
            line.note(&packet);
            out.push_back(packet);
        }
    }
}

/// A frame of silence that the decoder of `config` takes: AAC-LC without anything on top, of one
/// channel or two.
fn silent_frame(config: &AudioConfig) -> Result<Bytes, String> {
    match config.codec {
        AudioCodec::Aac => {}
    }
    let asc = AudioSpecificConfig::parse(&config.decoder_config);
    let asc = asc.map_err(|error| error.to_string())?;
    let is_plain = asc.object_type == AAC_LC && asc.sbr.is_none() && !asc.short_frames;
    if !is_plain || !matches!(asc.channel_configuration, 1 | 2) {
        let channels = asc.output_channels();
        return Err(format!("{} of {channels} channels", config.codec_string()));
    }
    let settings = AudioSettings {
        sample_rate: asc.sample_rate,
        channels: asc.channels,
        bitrate: Bitrate::kbps(32 * u64::from(asc.channels)),
    };
    encode(&settings).map_err(|error| error.to_string())
}

fn encode(settings: &AudioSettings) -> Result<Bytes, onair_av::Error> {
    let mut encoder = AudioEncoder::open(settings)?;
    let samples = vec![0.0; FRAMES * 1024 * usize::from(settings.channels)];
    let packets = encoder.encode(&AudioSamples {
        samples: samples.into(),
        channels: settings.channels,
        sample_rate: settings.sample_rate,
        timestamp: Timestamp::ZERO,
    })?;
    let last = packets.into_iter().last();
    last.map(|packet| packet.payload)
        .ok_or_else(|| onair_av::Error::Invalid {
            what: "the encoder gives no audio".to_owned(),
        })
}

const AAC_LC: u8 = 2;

/// How many frames are encoded: the last one is like all that would follow.
const FRAMES: usize = 8;
