use std::sync::Arc;

use bytes::Bytes;
use onair_media::{AudioCodec, AudioConfig, Bitrate, Config, Packet, Timestamp};

use super::backend::{self, Audio, AudioBackend};
use super::intake::Intake;
use super::settings::AudioSettings;
use crate::clock::SampleClock;
use crate::{AudioSamples, Error};

/// An open AAC encoder: takes audio of any rate and length, gives a packet an access unit.
///
/// Input of another sample rate is resampled, up to 8 channels are mixed; either may change from
/// one call to the next without a gap, since the encoder and its time go on untouched. The output
/// has no gaps either: where the input's timestamps leave one, exactly the missing samples are
/// filled with silence, and where they overlap what is already encoded, exactly the overlap is cut.
/// Timestamps may be off by 10 ms before either happens, and audio from a drifting clock is
/// stretched, by 0.1 % at most. A gap of more than 10 s is left: time jumps.
///
/// **A lost encoder is no failure.** When the system takes it away ([`Error::Lost`]), another
/// replaces it within the same call, without a gap in the packets' times.
pub struct AudioEncoder {
    backend: Box<dyn AudioBackend>,
    settings: AudioSettings,
    /// What may replace a lost encoder, best first.
    candidates: Vec<&'static Audio>,
    /// How many encoders were lost since one last took audio.
    losses: usize,
    config: Config,
    intake: Intake,
    /// The time of the next access unit to come out.
    output: SampleClock,
    /// How many access units to come cover time that has its packets already.
    repeated: u32,
}

impl AudioEncoder {
    /// Opens an encoder.
    pub fn open(settings: &AudioSettings) -> Result<Self, Error> {
        Self::with(backend::select_audio(), settings)
    }

    pub(super) fn with(
        candidates: Vec<&'static Audio>,
        settings: &AudioSettings,
    ) -> Result<Self, Error> {
        let backend = backend::open_audio(&candidates, settings)?;
        Ok(Self {
            config: config(backend.audio_specific_config(), settings),
            backend,
            settings: settings.clone(),
            candidates,
            losses: 0,
            intake: Intake::new(settings.sample_rate, settings.channels),
            output: SampleClock::starting_at(Timestamp::ZERO, settings.sample_rate),
            repeated: 0,
        })
    }

    /// Takes a stretch of audio and gives the access units it completes.
    ///
    /// Samples beyond full scale are clamped; those that are not a number become silence.
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

    /// Pads and gives what is still inside; nothing may follow.
    pub fn finish(&mut self) -> Result<Vec<Packet>, Error> {
        if self.intake.first().is_none() {
            return Ok(Vec::new());
        }
        let mut packets = self.drain_all()?;
        match self.backend.finish() {
            Ok(units) => packets.extend(self.packets(units)),
            Err(Error::Lost { backend, what }) => {
                tracing::warn!("{backend} was lost with the last of the sound: {what}");
            }
            Err(error) => return Err(error),
        }
        Ok(packets)
    }

    /// Aims for another rate from the next access unit on. The stream's configuration stays valid, and
    /// there is no gap.
    ///
    /// # Errors
    ///
    /// When the encoder refuses the rate; it goes on with the one it had.
    pub fn set_bitrate(&mut self, bitrate: Bitrate) -> Result<(), Error> {
        match self.backend.set_bitrate(bitrate) {
            // What replaces a lost one opens with it.
            Ok(()) | Err(Error::Lost { .. }) => self.settings.bitrate = bitrate,
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The encoder's name.
    pub fn name(&self) -> &'static str {
        self.backend.name()
    }

    /// Begins, or begins again, at `at`.
    fn begin(&mut self, at: Timestamp) {
        self.intake.begin(at);
        self.output = SampleClock::starting_at(at, self.settings.sample_rate);
        self.output.advance(-i64::from(self.backend.priming()));
    }

    /// Encodes everything, the last access unit padded.
    fn drain_all(&mut self) -> Result<Vec<Packet>, Error> {
        self.intake.flush()?;
        self.intake.pad(self.backend.frame_length() as usize);
        self.drain()
    }

    /// Encodes what is ready in whole access units.
    fn drain(&mut self) -> Result<Vec<Packet>, Error> {
        let mut packets = Vec::new();
        let mut done = 0;
        let length = self.backend.frame_length() as usize;
        while let Some(block) = self.intake.block(done, length) {
            match self.backend.encode(&block) {
                Ok(units) => {
                    self.losses = 0;
                    done += length;
                    packets.extend(self.packets(units));
                }
                Err(error @ Error::Lost { .. }) => {
                    self.intake.consume(done);
                    done = 0;
                    self.replace(error)?;
                }
                Err(error) => return Err(error),
            }
        }
        self.intake.consume(done);
        Ok(packets)
    }

    /// Replaces a lost encoder, first by one of the same kind, whose access units follow those of
    /// the old one. What the old one held is lost: the new one's priming, which is silent, takes as
    /// long.
    fn replace(&mut self, loss: Error) -> Result<(), Error> {
        tracing::warn!("{loss}: opening another");
        let candidates = self.candidates.get(self.losses..).unwrap_or_default();
        if candidates.is_empty() {
            return Err(loss);
        }
        self.backend = backend::open_audio(candidates, &self.settings)?;
        self.losses += 1;
        let config = config(self.backend.audio_specific_config(), &self.settings);
        if config != self.config {
            self.config = config;
        }
        self.align();
        Ok(())
    }

    /// Shifts the audio that is ready, so that the next access unit has its priming before it and
    /// follows the last one exactly.
    fn align(&mut self) {
        let first = self.intake.first().unwrap_or(Timestamp::ZERO);
        let length = self.backend.frame_length();
        let samples = |units: u32| i64::from(units) * i64::from(length);
        self.output.advance(samples(self.repeated));
        let room = self.output.samples_until(first) - i64::from(self.backend.priming());
        self.repeated = u32::try_from(-room).unwrap_or(0).div_ceil(length);
        self.output.advance(-samples(self.repeated));
        let silence = usize::try_from(room + samples(self.repeated)).unwrap_or(0);
        self.intake.prepend_silence(silence);
    }

    fn packets(&mut self, units: Vec<Bytes>) -> Vec<Packet> {
        units
            .into_iter()
            .filter_map(|unit| self.packet(unit))
            .collect()
    }

    /// When an access unit is due, unless that time has its packet already.
    fn packet(&mut self, payload: Bytes) -> Option<Packet> {
        let pts = self.output.timestamp();
        self.output.advance(self.backend.frame_length().into());
        if self.repeated > 0 {
            self.repeated -= 1;
            return None;
        }
        Some(Packet {
            config: self.config.clone(),
            pts,
            dts: pts,
            duration: Some(self.output.timestamp().since(pts)),
            keyframe: true,
            payload,
        })
    }
}

fn config(decoder_config: Bytes, settings: &AudioSettings) -> Config {
    Config::Audio(Arc::new(AudioConfig {
        codec: AudioCodec::Aac,
        sample_rate: settings.sample_rate,
        channels: settings.channels,
        decoder_config,
    }))
}

#[cfg(test)]
mod tests {
    use super::super::backend::fake::{FakeAudio, audio_candidate};
    use super::*;

    /// Lost after ten access units.
    static FRAIL: Audio = audio_candidate(|_| Ok(Box::new(FakeAudio::new(2112, 10))));
    /// Lost at once.
    static DEAD: Audio = audio_candidate(|_| Ok(Box::new(FakeAudio::new(2112, 0))));
    static BRIEF: Audio = audio_candidate(|_| Ok(Box::new(FakeAudio::new(1024, usize::MAX))));
    /// Slower, and lost at once too.
    static LATE: Audio = audio_candidate(|_| Ok(Box::new(FakeAudio::new(3000, 0))));
    static SLOW: Audio = audio_candidate(|_| Ok(Box::new(FakeAudio::new(3000, usize::MAX))));

    fn audio(frames: i64) -> AudioSamples {
        AudioSamples {
            samples: vec![0.5; 480].into(),
            channels: 1,
            sample_rate: 48_000,
            timestamp: Timestamp::from_ticks(frames, 48_000),
        }
    }

    fn encode(candidates: &[&'static Audio], blocks: i64) -> Result<Vec<Packet>, Error> {
        let settings = AudioSettings {
            channels: 1,
            ..AudioSettings::default()
        };
        let mut encoder = AudioEncoder::with(candidates.to_vec(), &settings)?;
        let mut packets = Vec::new();
        for block in 0..blocks {
            packets.extend(encoder.encode(&audio(block * 480))?);
        }
        packets.extend(encoder.finish()?);
        Ok(packets)
    }

    fn assert_no_hole(packets: &[Packet]) {
        for (index, packet) in (0..).zip(packets) {
            let due = Timestamp::from_ticks(index * 1024 - 2112, 48_000);
            assert_eq!(packet.pts, due, "{index}");
            assert!(packet.config.same(&packets[0].config));
        }
    }

    #[test]
    fn packets_go_on_without_a_hole_from_one_lost_encoder_to_the_next() {
        let packets = encode(&[&FRAIL], 100).unwrap();
        assert_no_hole(&packets);
        // As many as without a loss: silence replaces what was inside.
        assert_eq!(packets.len(), 47);
    }

    #[test]
    fn an_encoder_of_another_kind_falls_in_with_what_came() {
        // A replacement of the same kind is lost at once, so the next kind is tried.
        let chains: [&[&'static Audio]; 3] =
            [&[&DEAD, &BRIEF], &[&DEAD, &SLOW], &[&DEAD, &LATE, &BRIEF]];
        for candidates in chains {
            let packets = encode(candidates, 100).unwrap();
            assert_no_hole(&packets);
            let end = packets.last().unwrap().pts.as_millis();
            assert!((920..1000).contains(&end), "{end}");
        }
    }

    #[test]
    fn when_every_kind_is_lost_at_once_the_loss_is_told() {
        let refused = encode(&[&DEAD], 10);
        assert!(matches!(refused, Err(Error::Lost { .. })), "{refused:?}");
    }
}
