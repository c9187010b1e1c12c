use std::sync::Arc;

use onair_media::{AudioCodec, AudioConfig, Bitrate, Config, Packet, Timestamp};

use super::backend::{self, AudioBackend};
use crate::clock::SampleClock;
use crate::{AudioSamples, Error};

/// What an audio encoder is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioSettings {
    /// Samples per second in each channel: one of AAC's rates.
    pub sample_rate: u32,
    /// 1 or 2; mono and stereo input are converted to it.
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

/// An open AAC encoder: any lengths of sound in, one packet an access unit out.
///
/// The output has no holes: where the input's timestamps leave a gap, exactly
/// the missing samples are filled with silence, and where they overlap what is
/// already encoded, exactly the overlap is cut. Timestamps are allowed to waver
/// by 10 ms before either happens. A gap of more than 10 s is left: time jumps.
pub struct AudioEncoder {
    backend: Box<dyn AudioBackend>,
    sample_rate: u32,
    config: Config,
    /// Samples not yet enough for an access unit, one plane a channel.
    pending: Vec<Vec<f32>>,
    /// The time of the next sample to come in; `None` before the first.
    input: Option<SampleClock>,
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
            pending: vec![Vec::new(); settings.channels.into()],
            input: None,
            output: SampleClock::starting_at(Timestamp::ZERO, settings.sample_rate),
        }
    }

    /// Takes a stretch of sound and gives the access units it completes.
    ///
    /// Samples beyond full scale are clamped; those that are no number are silence.
    pub fn encode(&mut self, samples: &AudioSamples) -> Result<Vec<Packet>, Error> {
        self.check(samples)?;
        if samples.frames() == 0 {
            return Ok(Vec::new());
        }
        let mut packets = Vec::new();
        let skip = match self.placement(samples.timestamp) {
            Placement::Here => 0,
            Placement::Overlap(frames) => {
                tracing::debug!(frames, "cutting sound that overlaps what came before");
                frames
            }
            Placement::Gap(frames) => {
                tracing::warn!(frames, "filling a gap in the sound with silence");
                self.append_silence(frames);
                0
            }
            Placement::Elsewhere => {
                packets = self.drain(true)?;
                self.restart(samples.timestamp);
                0
            }
        };
        self.append(samples, skip);
        packets.extend(self.drain(false)?);
        Ok(packets)
    }

    /// Pads and gives back whatever is still inside; the encoder is spent.
    pub fn finish(&mut self) -> Result<Vec<Packet>, Error> {
        if self.input.is_none() {
            return Ok(Vec::new());
        }
        let mut packets = self.drain(true)?;
        let units = self.backend.finish()?;
        packets.extend(units.into_iter().map(|unit| self.packet(unit)));
        Ok(packets)
    }

    /// The encoder's name.
    pub fn name(&self) -> &'static str {
        self.backend.name()
    }

    fn check(&self, samples: &AudioSamples) -> Result<(), Error> {
        if samples.sample_rate != self.sample_rate {
            let (got, want) = (samples.sample_rate, self.sample_rate);
            let what = format!("{got} Hz sound for an encoder opened at {want} Hz");
            return Err(Error::Unsupported { what });
        }
        let channels = usize::from(samples.channels);
        if !(1..=2).contains(&channels) {
            return Err(Error::unsupported(format!("{channels} channels of sound")));
        }
        if !samples.samples.len().is_multiple_of(channels) {
            return Err(Error::invalid("a stretch of sound that ends mid-frame"));
        }
        Ok(())
    }

    /// Where sound stamped `at` belongs relative to the sound already here.
    fn placement(&self, at: Timestamp) -> Placement {
        let Some(input) = self.input else {
            return Placement::Elsewhere;
        };
        let ahead = input.samples_until(at);
        let frames = usize::try_from(ahead.unsigned_abs()).unwrap_or(usize::MAX);
        let rate = self.sample_rate as usize;
        if frames <= rate / WAVER_PER_SECOND {
            Placement::Here
        } else if ahead < 0 {
            Placement::Overlap(frames)
        } else if frames <= rate * MAX_FILL_SECONDS {
            Placement::Gap(frames)
        } else {
            Placement::Elsewhere
        }
    }

    /// Begins, or begins anew, at `at`.
    fn restart(&mut self, at: Timestamp) {
        let clock = SampleClock::starting_at(at, self.sample_rate);
        let priming = i64::from(self.backend.priming());
        self.input = Some(clock);
        self.output = clock;
        self.output.advance(-priming);
    }

    fn append_silence(&mut self, frames: usize) {
        for plane in &mut self.pending {
            plane.resize(plane.len() + frames, 0.0);
        }
        self.count(frames);
    }

    fn append(&mut self, samples: &AudioSamples, skip: usize) {
        let frames = samples.samples.chunks_exact(samples.channels.into());
        let before = self.pending[0].len();
        for frame in frames.skip(skip) {
            let (left, right) = (sane(frame[0]), sane(frame[frame.len() - 1]));
            if let [mono] = &mut self.pending[..] {
                mono.push(f32::midpoint(left, right));
            } else {
                self.pending[0].push(left);
                self.pending[1].push(right);
            }
        }
        self.count(self.pending[0].len() - before);
    }

    fn count(&mut self, frames: usize) {
        let frames = i64::try_from(frames).unwrap_or(i64::MAX);
        if let Some(input) = &mut self.input {
            input.advance(frames);
        }
    }

    /// Encodes what is pending in whole access units; with `all`, pads the last.
    fn drain(&mut self, all: bool) -> Result<Vec<Packet>, Error> {
        let length = self.backend.frame_length() as usize;
        if all {
            let padded = self.pending[0].len().next_multiple_of(length);
            self.pending.iter_mut().for_each(|p| p.resize(padded, 0.0));
        }
        let whole = self.pending[0].len() / length * length;
        let mut packets = Vec::with_capacity(whole / length);
        for start in (0..whole).step_by(length) {
            let block = self.pending.iter().map(|p| &p[start..start + length]);
            let block: Vec<&[f32]> = block.collect();
            let units = self.backend.encode(&block)?;
            packets.extend(units.into_iter().map(|unit| self.packet(unit)));
        }
        for plane in &mut self.pending {
            plane.drain(..whole);
        }
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

/// Where a stretch of sound belongs, in samples a channel.
enum Placement {
    Here,
    Gap(usize),
    Overlap(usize),
    Elsewhere,
}

/// A sample an encoder can take.
const fn sane(sample: f32) -> f32 {
    if sample.is_nan() {
        0.0
    } else {
        sample.clamp(-1.0, 1.0)
    }
}

/// Gaps longer than this are not filled.
const MAX_FILL_SECONDS: usize = 10;
/// One second over this is how far timestamps may waver: 10 ms.
const WAVER_PER_SECOND: usize = 100;
