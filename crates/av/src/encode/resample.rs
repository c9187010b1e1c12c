//! Changes the sample rate of audio.

use std::fmt::Display;
use std::ops::Range;

use rubato::audioadapter_buffers::direct::SequentialSliceOfVecs;
use rubato::{
    Adjustable, Async, FixedAsync, Indexing, ResamplerConstructionError,
    SincInterpolationParameters, SincInterpolationType, Slip, WindowFunction,
};

use super::drift;
use crate::Error;

/// Brings planes of audio to a fixed rate. It counts what goes in and out so exactly that callers
/// need not care for its delay: the first sample out is heard when the first sample in was.
///
/// Between different rates it is a windowed sinc. Between equal ones it follows a drifting clock by
/// slipping single samples under a crossfade of 128: no filter, no delay, and audio between two
/// slips is untouched.
pub(super) struct Resampler {
    inner: Box<dyn Adjustable<f32>>,
    is_slip: bool,
    /// Samples out for each sample in, without drift.
    ratio: f64,
    /// The factor on `ratio` that follows a clock.
    stretch: f64,
    /// Samples that went in, less the time of the next to come out.
    unread: f64,
    /// The filter's delay in samples out.
    delay: usize,
    /// How much of the delay is still to be cut.
    uncut: usize,
    /// What one step puts out.
    out: Vec<Vec<f32>>,
}

impl Resampler {
    /// From one rate to another; equal rates only follow a clock.
    pub(super) fn new(from: u32, to: u32, channels: usize) -> Result<Self, Error> {
        let is_slip = from == to;
        let ratio = f64::from(to) / f64::from(from);
        let inner: Box<dyn Adjustable<f32>> = if is_slip {
            Box::new(Slip::new(STEP, channels, FixedAsync::Input).map_err(failed)?)
        } else {
            Box::new(sinc(ratio, channels).map_err(failed)?)
        };
        let delay = if is_slip { 0 } else { delay(ratio) };
        Ok(Self {
            out: vec![vec![0.0; inner.output_frames_max()]; channels],
            inner,
            is_slip,
            ratio,
            stretch: 1.0,
            unread: 0.0,
            delay,
            uncut: delay,
        })
    }

    /// How many samples that went in are still to come out.
    pub(super) fn in_flight(&self) -> f64 {
        self.unread * self.ratio * self.stretch
    }

    /// Stretches audio from now on by this fraction of its length.
    pub(super) fn stretch(&mut self, by: f64) -> Result<(), Error> {
        let stretch = 1.0 + by;
        if stretch.to_bits() == self.stretch.to_bits() {
            return Ok(());
        }
        self.stretch = stretch;
        let set = self.inner.set_resample_ratio_relative(stretch, false);
        set.map_err(failed)
    }

    /// Takes equally long planes in and appends what comes out.
    pub(super) fn process(
        &mut self,
        input: &[Vec<f32>],
        output: &mut [Vec<f32>],
    ) -> Result<(), Error> {
        let frames = input.first().map_or(0, Vec::len);
        for at in (0..frames).step_by(STEP) {
            let step = STEP.min(frames - at);
            if self.is_slip && step < SMALLEST_SLIP {
                append(input, at..frames, output);
            } else {
                let made = self.step(input, at, step)?;
                append(&self.out, made, output);
            }
        }
        Ok(())
    }

    /// Appends what is still inside, to the nearest sample, and begins again.
    pub(super) fn flush(&mut self, output: &mut [Vec<f32>]) -> Result<(), Error> {
        let silence = vec![vec![0.0; STEP]; output.len()];
        let mut left = nearest(self.in_flight());
        while left > 0 && !self.is_slip {
            let made = self.step(&silence, 0, STEP)?;
            let count = left.min(made.len());
            append(&self.out, made.start..made.start + count, output);
            left -= count;
        }
        self.inner.reset();
        self.stretch = 1.0;
        self.unread = 0.0;
        self.uncut = self.delay;
        Ok(())
    }

    /// Lets `count` samples in from `at` on; what is in `out` now.
    fn step(&mut self, input: &[Vec<f32>], at: usize, count: usize) -> Result<Range<usize>, Error> {
        if let Some(resizable) = self.inner.as_resizable() {
            resizable.set_chunk_size(count).map_err(failed)?;
        }
        let (channels, room) = (self.out.len(), self.out.first().map_or(0, Vec::len));
        let source = SequentialSliceOfVecs::new(input, channels, at + count).map_err(failed)?;
        let mut sink =
            SequentialSliceOfVecs::new_mut(&mut self.out, channels, room).map_err(failed)?;
        let window = Indexing {
            input_offset: at,
            output_offset: 0,
            partial_len: None,
            active_channels_mask: None,
        };
        let processed = self
            .inner
            .process_into_buffer(&source, &mut sink, Some(&window));
        let (taken, made) = processed.map_err(failed)?;
        let cut = self.uncut.min(made);
        self.uncut -= cut;
        self.unread += exact(taken) - exact(made - cut) / (self.ratio * self.stretch);
        Ok(cut..made)
    }
}

/// A filter that passes up to nine tenths of what the lower rate can hold and lets
/// nothing through above it: -92 dB. It spans 128 samples, half of which are its delay,
/// and costs well under a hundredth of a core for stereo at 48 kHz.
fn sinc(ratio: f64, channels: usize) -> Result<Async<f32>, ResamplerConstructionError> {
    let most = 1.0 + 2.0 * drift::MOST;
    let filter = SincInterpolationParameters::new(taps(ratio), WindowFunction::BlackmanHarris)
        .interpolation(SincInterpolationType::Linear)
        .oversampling_factor(256);
    Async::new_sinc(ratio, most, &filter, STEP, channels, FixedAsync::Input)
}

/// The filter's length in input samples: it spans as much time at any rate.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the quotient of two sane rates"
)]
fn taps(ratio: f64) -> usize {
    ((128.0 / ratio.min(1.0)).ceil() as usize).next_multiple_of(8)
}

/// Half the filter in output samples, of which the first is one sample into it.
fn delay(ratio: f64) -> usize {
    nearest(exact(taps(ratio)) / 2.0 * ratio - 1.0)
}

fn append(from: &[Vec<f32>], range: Range<usize>, to: &mut [Vec<f32>]) {
    for (from, to) in from.iter().zip(to) {
        to.extend_from_slice(&from[range.clone()]);
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
const fn exact(count: usize) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "no more than a step's worth; what is negative is nothing"
)]
fn nearest(count: f64) -> usize {
    count.round() as usize
}

fn failed(error: impl Display) -> Error {
    Error::backend("rubato", error.to_string())
}

/// The most input samples at once.
const STEP: usize = 1024;
/// Fewer samples have no room for a crossfade and pass as they are.
const SMALLEST_SLIP: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: [(u32, u32); 6] = [
        (44_100, 48_000),
        (16_000, 48_000),
        (8000, 48_000),
        (48_000, 44_100),
        (96_000, 48_000),
        (48_000, 48_000),
    ];

    /// Everything that comes out for `input` given in blocks of `block`.
    fn all(resampler: &mut Resampler, input: &[f32], block: usize) -> Vec<f32> {
        let mut out = vec![Vec::new()];
        for block in input.chunks(block) {
            resampler.process(&[block.to_vec()], &mut out).unwrap();
        }
        resampler.flush(&mut out).unwrap();
        out.remove(0)
    }

    #[expect(clippy::cast_possible_truncation, reason = "rounded is good enough")]
    fn sine(hertz: f32, rate: u32, count: usize) -> Vec<f32> {
        let step = std::f64::consts::TAU * f64::from(hertz) / f64::from(rate);
        let sample = |n| (0.5 * (step * f64::from(n)).sin()) as f32;
        (0..u32::try_from(count).unwrap()).map(sample).collect()
    }

    fn peak(audio: &[f32]) -> usize {
        let loudest = |a: &usize, b: &usize| audio[*a].abs().total_cmp(&audio[*b].abs());
        (0..audio.len()).max_by(loudest).unwrap()
    }

    #[test]
    fn a_tenth_of_a_second_is_one_at_any_rate_in_blocks_of_any_length() {
        for (from, to) in RATES {
            for block in [1, 3, 441, 1024, 1025, 50_000] {
                let mut resampler = Resampler::new(from, to, 1).unwrap();
                let out = all(&mut resampler, &vec![0.1; from as usize / 10], block);
                assert_eq!(out.len(), to as usize / 10, "{from} to {to} by {block}");
            }
        }
    }

    #[test]
    fn an_impulse_is_where_it_was() {
        for (from, to) in RATES {
            let mut input = vec![0.0; from as usize];
            input[from as usize / 4] = 1.0;
            let out = all(&mut Resampler::new(from, to, 1).unwrap(), &input, 480);
            let at = peak(&out).abs_diff(to as usize / 4);
            assert!(at <= 1, "{from} to {to}: {at} samples off");
        }
    }

    #[test]
    fn a_tone_keeps_its_pitch_and_level() {
        for (from, to) in RATES {
            let input = sine(1000.0, from, from as usize);
            let out = all(&mut Resampler::new(from, to, 1).unwrap(), &input, 480);
            let expected = sine(1000.0, to, to as usize);
            // Half a sample out of step.
            let most = 0.25 * std::f32::consts::TAU * 1000.0 / to as f32;
            for at in 1000..out.len() - 1000 {
                let error = (out[at] - expected[at]).abs();
                assert!(error < most, "{from} to {to} at {at}: {error}");
            }
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_hold_is_not_folded_back() {
        let input = sine(15_000.0, 48_000, 48_000);
        let out = all(&mut Resampler::new(48_000, 16_000, 1).unwrap(), &input, 480);
        let middle = &out[1000..15_000];
        let loudest = middle.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
        assert!(loudest < 0.00002, "{loudest}");
    }

    #[test]
    fn equal_rates_without_a_stretch_are_the_same_bits() {
        let input = sine(997.0, 48_000, 10_000);
        let mut resampler = Resampler::new(48_000, 48_000, 1).unwrap();
        assert!(all(&mut resampler, &input, 441) == input);
    }

    #[test]
    fn a_stretch_is_exact_over_time_and_clicks_nowhere() {
        for (from, to) in [(48_000, 48_000), (44_100, 48_000)] {
            for by in [0.001, 0.00005, -0.001] {
                let mut resampler = Resampler::new(from, to, 1).unwrap();
                resampler.stretch(by).unwrap();
                let mut out = vec![Vec::new()];
                let input = vec![sine(440.0, from, from as usize * 20)];
                resampler.process(&input, &mut out).unwrap();
                let length = exact(out[0].len()) + resampler.in_flight();
                let expected = f64::from(to) * 20.0 * (1.0 + by);
                assert!((length - expected).abs() < 1e-3, "{by}: {length}");
                let steepest = 0.5 * std::f32::consts::TAU * 440.0 / to as f32;
                // The filter rings where the tone begins.
                let steps = out[0][1000..]
                    .windows(2)
                    .map(|pair| (pair[1] - pair[0]).abs());
                let jump = steps.fold(0.0, f32::max) / steepest;
                assert!(jump < 1.05, "{from} to {to} by {by}: {jump}");
            }
        }
    }

    #[test]
    fn it_begins_anew_after_a_flush() {
        let mut resampler = Resampler::new(44_100, 48_000, 1).unwrap();
        resampler.stretch(0.001).unwrap();
        let input = sine(440.0, 44_100, 4410);
        all(&mut resampler, &input, 441);
        assert!(resampler.in_flight().abs() < 1e-9);
        let fresh = all(&mut Resampler::new(44_100, 48_000, 1).unwrap(), &input, 441);
        assert!(all(&mut resampler, &input, 441) == fresh);
    }
}
