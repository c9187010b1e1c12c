use std::sync::Arc;

use onair_media::{AudioCodec, AudioConfig, Bitrate, Config, Packet, Timestamp};

use super::backend::{self, AudioBackend};
use super::intake::Intake;
use crate::clock::SampleClock;
use crate::{AudioSamples, Error};

/// What an audio encoder is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioSettings {
    /// Samples per second in each channel: one of AAC's rates. Input of another is resampled.
    pub sample_rate: u32,
    /// 1 or 2; input of 1 to 8 channels is mixed to it.
    pub channels: u8,
    /// The rate to aim for.
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

/// An open AAC encoder: sound of any rate and cut in, one packet an access unit out.
///
/// Input of another sample rate is resampled, up to 8 channels are mixed; either may
/// change from one call to the next without a hole, for the encoder and its time go
/// on untouched. The output has no holes either: where the input's timestamps leave
/// a gap, exactly the missing samples are filled with silence, and where they overlap
/// what is already encoded, exactly the overlap is cut. Timestamps are allowed to
/// waver by 10 ms before either happens, and a device whose clock drifts against
/// them is followed by stretching its sound, by 0.1 % at most. A gap of more than
/// 10 s is left: time jumps.
pub struct AudioEncoder {
    backend: Box<dyn AudioBackend>,
    sample_rate: u32,
    config: Config,
    intake: Intake,
    /// The time of the next access unit to come out.
    output: SampleClock,
}

impl AudioEncoder {
    /// Opens an encoder.
    pub fn open(settings: &AudioSettings) -> Result<Self, Error> {
        let candidates = backend::select_audio();
        let backend = backend::open_audio(&candidates, settings)?;
        Ok(Self::with(backend, settings))
    }

    pub(super) fn with(backend: Box<dyn AudioBackend>, settings: &AudioSettings) -> Self {
        let config = AudioConfig {
            codec: AudioCodec::Aac,
            sample_rate: settings.sample_rate,
            channels: settings.channels,
            record: backend.audio_specific_config(),
        };
        Self {
            backend,
            sample_rate: settings.sample_rate,
            config: Config::Audio(Arc::new(config)),
            intake: Intake::new(settings.sample_rate, settings.channels),
            output: SampleClock::starting_at(Timestamp::ZERO, settings.sample_rate),
        }
    }

    /// Takes a stretch of sound and gives the access units it completes.
    ///
    /// Samples beyond full scale are clamped; those that are no number are silence.
    pub fn encode(&mut self, samples: &AudioSamples) -> Result<Vec<Packet>, Error> {
        Intake::check(samples)?;
        if samples.frames() == 0 {
            return Ok(Vec::new());
        }
        let mut packets = Vec::new();
        if self.intake.is_elsewhere(samples.timestamp) {
            packets = self.drain_all()?;
            self.begin(samples.timestamp);
        }
        self.intake.push(samples)?;
        packets.extend(self.drain()?);
        Ok(packets)
    }

    /// Pads and gives back whatever is still inside; the encoder is spent.
    pub fn finish(&mut self) -> Result<Vec<Packet>, Error> {
        if self.intake.first().is_none() {
            return Ok(Vec::new());
        }
        let mut packets = self.drain_all()?;
        let units = self.backend.finish()?;
        packets.extend(units.into_iter().map(|unit| self.packet(unit)));
        Ok(packets)
    }

    /// The encoder's name.
    pub fn name(&self) -> &'static str {
        self.backend.name()
    }

    /// Begins, or begins anew, at `at`.
    fn begin(&mut self, at: Timestamp) {
        self.intake.begin(at);
        self.output = SampleClock::starting_at(at, self.sample_rate);
        self.output.advance(-i64::from(self.backend.priming()));
    }

    /// Encodes all there is, the last access unit padded.
    fn drain_all(&mut self) -> Result<Vec<Packet>, Error> {
        self.intake.flush()?;
        self.intake.pad(self.backend.frame_length() as usize);
        self.drain()
    }

    /// Encodes what is ready in whole access units.
    fn drain(&mut self) -> Result<Vec<Packet>, Error> {
        let length = self.backend.frame_length() as usize;
        let whole = self.intake.frames() / length * length;
        let mut packets = Vec::with_capacity(whole / length);
        for start in (0..whole).step_by(length) {
            let planes = self.intake.ready().iter();
            let block: Vec<&[f32]> = planes.map(|p| &p[start..start + length]).collect();
            let units = self.backend.encode(&block)?;
            packets.extend(units.into_iter().map(|unit| self.packet(unit)));
        }
        self.intake.consume(whole);
        Ok(packets)
    }

    fn packet(&mut self, payload: bytes::Bytes) -> Packet {
        let pts = self.output.timestamp();
        self.output.advance(self.backend.frame_length().into());
        Packet {
            config: self.config.clone(),
            pts,
            dts: pts,
            duration: Some(self.output.timestamp().since(pts)),
            keyframe: true,
            payload,
        }
    }
}
