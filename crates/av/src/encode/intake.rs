//! Turns audio as it comes into a stream of samples without gaps.

use std::ops::RangeInclusive;

use onair_media::Timestamp;

use super::drift::Drift;
use super::mix;
use super::resample::Resampler;
use crate::clock::SampleClock;
use crate::{AudioSamples, Error};

/// Takes stretches of audio of any rate and number of channels and gives one
/// stream at a fixed rate whose samples are counted, never stamped.
///
/// Where timestamps leave a gap, exactly the missing samples are silence; where
/// they overlap what is already here, exactly the overlap is cut. Timestamps may be off by 10 ms
/// before either happens, and [`Drift`] keeps them from drifting that far. A change of rate flushes
/// the resampler and takes another: the count goes on, and what comes next is put at its exact
/// sample, without the 10 ms.
pub(crate) struct Intake {
    rate: u32,
    /// What is ready, one plane a channel.
    ready: Vec<Vec<f32>>,
    /// The time of the next sample to become ready; `None` before the first.
    clock: Option<SampleClock>,
    source: Source,
    drift: Drift,
}

/// The format that audio comes in.
struct Source {
    rate: u32,
    /// False after a change of rate or a new beginning, until audio is taken: its place is exact.
    is_aligned: bool,
    /// Absent while there is nothing to resample.
    resampler: Option<Resampler>,
    /// A block at the source's rate in the stream's channels.
    mixed: Vec<Vec<f32>>,
}

impl Intake {
    /// For a stream of this rate with one or two channels.
    pub(crate) fn new(rate: u32, channels: u8) -> Self {
        let planes = vec![Vec::new(); channels.into()];
        Self {
            rate,
            ready: planes.clone(),
            clock: None,
            source: Source {
                rate,
                is_aligned: true,
                resampler: None,
                mixed: planes,
            },
            drift: Drift::default(),
        }
    }

    /// Refuses invalid audio, and rates and channels that no device has.
    pub(crate) fn check(samples: &AudioSamples) -> Result<(), Error> {
        if !RATES.contains(&samples.sample_rate) {
            let what = format!(
                "sound of {} Hz: {RATES:?} Hz would work",
                samples.sample_rate
            );
            return Err(Error::Unsupported { what });
        }
        let channels = usize::from(samples.channels);
        if !(1..=usize::from(mix::MAX_CHANNELS)).contains(&channels) {
            let most = mix::MAX_CHANNELS;
            let what = format!("{channels} channels of sound: 1 to {most} would work");
            return Err(Error::Unsupported { what });
        }
        if !samples.samples.len().is_multiple_of(channels) {
            return Err(Error::invalid("a stretch of sound that ends mid-frame"));
        }
        Ok(())
    }

    /// Whether audio at `at` cannot follow what is here: there is nothing, or the
    /// gap is longer than what is filled. Then [`flush`](Self::flush), take what is
    /// ready, and [`begin`](Self::begin).
    pub(crate) fn is_elsewhere(&self, at: Timestamp) -> bool {
        matches!(self.placement(at), Placement::Elsewhere)
    }

    /// Begins, or begins again, at `at`.
    pub(crate) fn begin(&mut self, at: Timestamp) {
        self.clock = Some(SampleClock::starting_at(at, self.rate));
        self.drift.forget();
    }

    /// Takes audio that has been [`check`](Self::check)ed and is not
    /// [`is_elsewhere`](Self::is_elsewhere).
    ///
    /// Samples beyond full scale are clamped; those that are not a number become silence.
    pub(crate) fn push(&mut self, samples: &AudioSamples) -> Result<(), Error> {
        if samples.sample_rate != self.source.rate {
            self.change_rate(samples.sample_rate)?;
        }
        let skip = match self.placement(samples.timestamp) {
            Placement::Overlap(frames) => self.cut(frames),
            Placement::Gap(frames) => {
                tracing::warn!(frames, "filling a gap in the sound with silence");
                self.fill(samples.timestamp)?;
                0
            }
            Placement::Here | Placement::Elsewhere => {
                self.follow(samples)?;
                0
            }
        };
        self.source.is_aligned = skip < samples.frames();
        self.append(samples, skip)
    }

    /// Makes ready what a resampler still holds.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        let before = self.frames();
        if let Some(resampler) = &mut self.source.resampler {
            resampler.flush(&mut self.ready)?;
        }
        self.count_from(before);
        Ok(())
    }

    /// The time of the first sample that is ready, or will be; `None` before any.
    pub(crate) fn first(&self) -> Option<Timestamp> {
        self.clock.map(|clock| clock.at(-signed(self.frames())))
    }

    /// What is ready, one plane a channel.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn ready(&self) -> &[Vec<f32>] {
        &self.ready
    }

    /// `length` samples of what is ready, one plane a channel, if there are as many.
    pub(crate) fn block(&self, from: usize, length: usize) -> Option<Vec<&[f32]>> {
        let planes = self.ready.iter();
        planes.map(|plane| plane.get(from..from + length)).collect()
    }

    /// How many samples are ready in each channel.
    pub(crate) fn frames(&self) -> usize {
        self.ready.first().map_or(0, Vec::len)
    }

    /// Appends silence to what is ready, up to a multiple of `length`.
    pub(crate) fn pad(&mut self, length: usize) {
        let missing = self.frames().next_multiple_of(length) - self.frames();
        self.append_silence(missing);
    }

    /// Puts silence before what is ready.
    pub(crate) fn prepend_silence(&mut self, frames: usize) {
        let silence = vec![0.0; frames];
        for plane in &mut self.ready {
            plane.splice(..0, silence.iter().copied());
        }
    }

    /// Drops the first `frames` that are ready.
    pub(crate) fn consume(&mut self, frames: usize) {
        for plane in &mut self.ready {
            plane.drain(..frames);
        }
    }

    /// Where audio stamped `at` belongs relative to the audio already here.
    fn placement(&self, at: Timestamp) -> Placement {
        let Some(clock) = self.clock else {
            return Placement::Elsewhere;
        };
        let ahead = clock.samples_until(at).saturating_sub(self.in_flight());
        let frames = usize::try_from(ahead.unsigned_abs()).unwrap_or(usize::MAX);
        let rate = self.rate as usize;
        let waver = if self.source.is_aligned {
            rate / WAVER_PER_SECOND
        } else {
            0
        };
        if frames <= waver {
            Placement::Here
        } else if ahead < 0 {
            Placement::Overlap(frames)
        } else if frames <= rate * MAX_FILL_SECONDS {
            Placement::Gap(frames)
        } else {
            Placement::Elsewhere
        }
    }

    /// How many samples a resampler holds, to the nearest.
    #[expect(clippy::cast_possible_truncation, reason = "far below 2^63")]
    fn in_flight(&self) -> i64 {
        let resampler = self.source.resampler.as_ref();
        resampler.map_or(0, |resampler| resampler.in_flight().round() as i64)
    }

    fn change_rate(&mut self, rate: u32) -> Result<(), Error> {
        tracing::info!(
            "sound comes at {rate} Hz now; the stream keeps {}",
            self.rate
        );
        self.flush()?;
        let channels = self.ready.len();
        let resampler = (rate != self.rate).then(|| Resampler::new(rate, self.rate, channels));
        self.source.resampler = resampler.transpose()?;
        self.source.rate = rate;
        self.source.is_aligned = false;
        self.drift.forget();
        Ok(())
    }

    /// How many of the source's frames are `frames` of the stream's.
    fn cut(&mut self, frames: usize) -> usize {
        tracing::debug!(frames, "cutting sound that overlaps what came before");
        self.drift.forget();
        let (source, stream) = (u128::from(self.source.rate), u128::from(self.rate));
        let cut = (frames as u128 * source + stream / 2) / stream;
        usize::try_from(cut).unwrap_or(usize::MAX)
    }

    /// Silence up to `at`.
    fn fill(&mut self, at: Timestamp) -> Result<(), Error> {
        self.flush()?;
        self.drift.forget();
        let missing = self.clock.map_or(0, |clock| clock.samples_until(at));
        self.append_silence(usize::try_from(missing).unwrap_or(0));
        Ok(())
    }

    /// Lets the resampler follow the clock that stamps the audio.
    fn follow(&mut self, samples: &AudioSamples) -> Result<(), Error> {
        let Some(clock) = self.clock else {
            return Ok(());
        };
        let stretch = self.drift.observe(
            self.lateness(clock, samples.timestamp),
            samples.duration().as_secs_f64(),
        );
        if stretch != 0.0 && self.source.resampler.is_none() {
            tracing::info!("the sound's clock drifts: following it");
            let follower = Resampler::new(self.rate, self.rate, self.ready.len())?;
            self.source.resampler = Some(follower);
        }
        let resampler = self.source.resampler.as_mut();
        resampler.map_or(Ok(()), |resampler| resampler.stretch(stretch))
    }

    /// How long after the end of what is here `at` is, in seconds.
    #[expect(clippy::cast_precision_loss, reason = "a few seconds at most")]
    fn lateness(&self, clock: SampleClock, at: Timestamp) -> f64 {
        let resampler = self.source.resampler.as_ref();
        let in_flight = resampler.map_or(0.0, Resampler::in_flight);
        at.nanos_from(clock.timestamp()) as f64 / 1e9 - in_flight / f64::from(self.rate)
    }

    fn append(&mut self, samples: &AudioSamples, skip: usize) -> Result<(), Error> {
        let before = self.frames();
        let Source {
            resampler, mixed, ..
        } = &mut self.source;
        if let Some(resampler) = resampler {
            mixed.iter_mut().for_each(Vec::clear);
            mix::append(samples, skip, mixed);
            resampler.process(mixed, &mut self.ready)?;
        } else {
            mix::append(samples, skip, &mut self.ready);
        }
        self.count_from(before);
        Ok(())
    }

    fn append_silence(&mut self, frames: usize) {
        let before = self.frames();
        let after = before + frames;
        self.ready.iter_mut().for_each(|p| p.resize(after, 0.0));
        self.count_from(before);
    }

    /// Counts the samples after the first `before`, and clamps them: a filter may overshoot full
    /// scale, which an encoder may not see.
    fn count_from(&mut self, before: usize) {
        let new = self.frames() - before;
        if let Some(clock) = &mut self.clock {
            clock.advance(signed(new));
        }
        if self.source.resampler.is_some() {
            let new = self.ready.iter_mut().flat_map(|plane| &mut plane[before..]);
            new.for_each(|sample| *sample = mix::sane(*sample));
        }
    }
}

/// Where a stretch of audio belongs, in samples a channel.
enum Placement {
    Here,
    Gap(usize),
    Overlap(usize),
    Elsewhere,
}

fn signed(frames: usize) -> i64 {
    i64::try_from(frames).unwrap_or(i64::MAX)
}

/// The rates accepted, in samples per second: more than any device has.
const RATES: RangeInclusive<u32> = 1000..=768_000;
/// Gaps longer than this are not filled.
const MAX_FILL_SECONDS: usize = 10;
/// Timestamps may be off by one second over this: 10 ms.
const WAVER_PER_SECOND: usize = 100;

#[cfg(test)]
mod tests;
