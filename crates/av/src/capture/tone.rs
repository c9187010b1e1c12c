use std::f32::consts::TAU;
use std::sync::Arc;

use onair_media::Timestamp;

use super::{AudioSource, LiveAudio};
use crate::clock::SampleClock;
use crate::{AudioSamples, Error};

/// The test card's audio: a 1 kHz beep of 100 ms at each whole second of the
/// timeline, over a quiet low hum that shows when audio is missing.
///
/// Together with [`TestCard`](super::TestCard)'s flash it shows lip sync.
pub struct Tone {
    blocks: Blocks,
    /// One second of audio, one channel: it repeats for ever.
    second: Vec<f32>,
}

impl Tone {
    /// Audio of `channels` equal channels, in blocks of 10 ms, from the
    /// timeline's origin.
    pub fn new(sample_rate: u32, channels: u8) -> Self {
        Self::starting_at(Timestamp::ZERO, sample_rate, channels)
    }

    /// Audio whose timeline begins at `origin`; beeps are at whole seconds after it.
    pub fn starting_at(origin: Timestamp, sample_rate: u32, channels: u8) -> Self {
        Self {
            blocks: Blocks::new(origin, sample_rate, channels),
            second: (0..sample_rate.max(1))
                .map(|index| sample(index, sample_rate))
                .collect(),
        }
    }
}

impl AudioSource for Tone {
    fn sample_rate(&self) -> u32 {
        self.blocks.sample_rate
    }

    fn channels(&self) -> u8 {
        self.blocks.channels
    }

    fn next_samples(&mut self) -> Result<Option<AudioSamples>, Error> {
        let second = &self.second;
        Ok(Some(self.blocks.next(|position| second[position])))
    }

    fn live_audio(&self) -> Option<&LiveAudio> {
        None
    }
}

/// Endless silence.
pub struct Silence {
    blocks: Blocks,
}

impl Silence {
    /// Silence in blocks of 10 ms, from the timeline's origin.
    pub const fn new(sample_rate: u32, channels: u8) -> Self {
        Self {
            blocks: Blocks::new(Timestamp::ZERO, sample_rate, channels),
        }
    }
}

impl AudioSource for Silence {
    fn sample_rate(&self) -> u32 {
        self.blocks.sample_rate
    }

    fn channels(&self) -> u8 {
        self.blocks.channels
    }

    fn next_samples(&mut self) -> Result<Option<AudioSamples>, Error> {
        Ok(Some(self.blocks.next(|_| 0.0)))
    }

    fn live_audio(&self) -> Option<&LiveAudio> {
        None
    }
}

/// Counts out blocks of 10 ms.
struct Blocks {
    clock: SampleClock,
    sample_rate: u32,
    channels: u8,
    /// Where in its second the next sample is.
    position: usize,
}

impl Blocks {
    const fn new(origin: Timestamp, sample_rate: u32, channels: u8) -> Self {
        Self {
            clock: SampleClock::starting_at(origin, sample_rate),
            sample_rate,
            channels,
            position: 0,
        }
    }

    fn next(&mut self, sample_at: impl Fn(usize) -> f32) -> AudioSamples {
        let frames = (self.sample_rate / 100).max(1);
        let mut samples = Vec::with_capacity(frames as usize * usize::from(self.channels));
        for _ in 0..frames {
            let sample = sample_at(self.position);
            samples.extend((0..self.channels).map(|_| sample));
            self.position = (self.position + 1) % (self.sample_rate as usize).max(1);
        }
        let timestamp = self.clock.timestamp();
        self.clock.advance(frames.into());
        AudioSamples {
            samples: Arc::from(samples),
            channels: self.channels,
            sample_rate: self.sample_rate,
            timestamp,
        }
    }
}

/// Sample `index` of a second.
#[expect(clippy::cast_precision_loss, reason = "rates are far below 2^24")]
fn sample(index: u32, rate: u32) -> f32 {
    let time = index as f32 / rate as f32;
    let hum = 0.012 * (TAU * 110.0 * time).sin() + 0.008 * (TAU * 165.0 * time).sin();
    hum + beep(time)
}

/// The beep, eased in and out over 2 ms so that it does not click.
fn beep(time: f32) -> f32 {
    if time >= BEEP_SECONDS {
        return 0.0;
    }
    let ease = (time.min(BEEP_SECONDS - time) / 0.002).min(1.0);
    0.4 * ease * (TAU * 1000.0 * time).sin()
}

/// How long the beep, and the frame's flash, lasts.
const BEEP_SECONDS: f32 = 0.1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_follow_each_other_by_count() {
        let mut tone = Tone::new(44_100, 2);
        for index in 0..250 {
            let block = tone.next_samples().unwrap().unwrap();
            assert_eq!((block.frames(), block.samples.len()), (441, 882));
            assert_eq!(block.timestamp, Timestamp::from_millis(index * 10));
        }
    }

    #[test]
    fn each_second_begins_with_a_beep_and_goes_on_quietly() {
        let mut tone = Tone::new(48_000, 1);
        for index in 0..300 {
            let block = tone.next_samples().unwrap().unwrap();
            let peak = block.samples.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
            assert_eq!(peak > 0.3, index % 100 < 10, "block {index}: {peak}");
            assert!(peak > 0.005, "block {index} is not silent");
        }
    }

    #[test]
    fn a_second_joins_the_next_without_a_click() {
        let tone = Tone::new(48_000, 1);
        let (first, last) = (tone.second[0], tone.second[47_999]);
        assert!((first - last).abs() < 0.001, "{first} {last}");
    }
}
