use std::time::Duration;

use crate::sample::Sample;
use crate::ticks;

/// Sample times for a file: each sample lasts until the next one, and is given when that comes.
///
/// Audio that is off by no more than a container's rounding is put where its sample count says, so
/// that it has no gaps.
#[derive(Debug)]
pub(crate) struct ExactClock {
    timescale: u32,
    /// How many ticks a frame of audio lasts.
    frame: Option<u64>,
    /// The sample that waits for the next one, to know how long it lasts.
    last: Option<Sample>,
    last_duration: u32,
}

/// RTMP's milliseconds are off by half of one; twice that still counts as rounding.
const ROUNDING: Duration = Duration::from_micros(1500);

impl ExactClock {
    pub(crate) fn new(timescale: u32, frame: Option<Duration>) -> Self {
        Self {
            timescale,
            frame: frame.map(|frame| ticks::lasting(frame, timescale)),
            last: None,
            last_duration: 0,
        }
    }

    /// Takes a sample, and gives the one before.
    pub(crate) fn push(&mut self, mut sample: Sample) -> Option<Sample> {
        sample.time = self.place(sample.time);
        let whole = self.complete(sample.time);
        self.last = Some(sample);
        whole
    }

    /// Gives the last sample, which lasts as long as the one before it.
    pub(crate) fn finish(&mut self) -> Option<Sample> {
        let usual = self.frame.unwrap_or_else(|| self.last_duration.into());
        let end = self.last.as_ref()?.time + usual.max(1);
        self.complete(end)
    }

    /// After the last sample; exactly after it, if it is audio that nearly is.
    fn place(&self, time: u64) -> u64 {
        let Some(last) = &self.last else { return time };
        let seamless = self.frame.map(|frame| last.time + frame);
        let rounding = ticks::lasting(ROUNDING, self.timescale);
        match seamless {
            Some(seamless) if seamless.abs_diff(time) <= rounding => seamless,
            _ => time.max(last.time + 1),
        }
    }

    fn complete(&mut self, next: u64) -> Option<Sample> {
        let mut last = self.last.take()?;
        last.duration = ticks::within(next - last.time);
        self.last_duration = last.duration;
        Some(last)
    }
}
