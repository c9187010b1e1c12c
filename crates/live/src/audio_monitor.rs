//! Mutes audio on its way to the encoder, and measures it. Pure: time is an argument.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use onair_av::AudioSamples;

/// Between the audio source and its encoder.
#[derive(Debug, Default)]
pub(crate) struct AudioMonitor {
    is_muted: bool,
    /// The last stretch was silenced.
    was_muted: bool,
    /// The loudest sample of each stretch.
    peaks: VecDeque<(Instant, f32)>,
}

/// How far back a peak is the present one.
const WINDOW: Duration = Duration::from_millis(200);

impl AudioMonitor {
    pub(crate) const fn mute(&mut self, is_muted: bool) {
        self.is_muted = is_muted;
    }

    pub(crate) const fn is_muted(&self) -> bool {
        self.is_muted
    }

    /// What goes to the encoder for `samples`. Muting fades within a stretch, so that it does not
    /// click.
    pub(crate) fn pass(&mut self, mut samples: AudioSamples, now: Instant) -> AudioSamples {
        let was_muted = std::mem::replace(&mut self.was_muted, self.is_muted);
        if self.is_muted || was_muted {
            let gain = |is_muted| if is_muted { 0.0 } else { 1.0 };
            fade(&mut samples, gain(was_muted), gain(self.is_muted));
        }
        let loudest = |peak: f32, sample: &f32| peak.max(sample.abs());
        let peak = samples.samples.iter().fold(0.0, loudest);
        self.forget(now);
        self.peaks.push_back((now, peak));
        samples
    }

    /// The loudest sample of the last moment, 1 at full scale; `None` if there was none.
    pub(crate) fn peak(&mut self, now: Instant) -> Option<f32> {
        self.forget(now);
        self.peaks.iter().map(|(_, peak)| *peak).reduce(f32::max)
    }

    /// Sources faster than real time fill no more than the window either.
    fn forget(&mut self, now: Instant) {
        let is_old = |at: Instant| now.saturating_duration_since(at) > WINDOW;
        while self.peaks.len() >= MAX_PEAKS || self.peaks.front().is_some_and(|(at, _)| is_old(*at))
        {
            self.peaks.pop_front();
        }
    }
}

const MAX_PEAKS: usize = 64;

/// Applies a gain that goes in a straight line from one value to another.
fn fade(samples: &mut AudioSamples, from: f32, to: f32) {
    let channels = usize::from(samples.channels.max(1));
    #[expect(clippy::cast_precision_loss, reason = "a stretch is short")]
    let gain = |index: usize| {
        let part = (index / channels) as f32 / samples.frames().max(1) as f32;
        from + (to - from) * part
    };
    let faded = samples.samples.iter().enumerate();
    samples.samples = faded.map(|(index, sample)| sample * gain(index)).collect();
}

#[cfg(test)]
mod tests {
    use onair_media::Timestamp;

    use super::*;

    fn loud() -> AudioSamples {
        AudioSamples {
            samples: vec![0.5; 200].into(),
            channels: 2,
            sample_rate: 48_000,
            timestamp: Timestamp::ZERO,
        }
    }

    #[test]
    fn what_is_not_muted_passes_untouched() {
        let (mut monitor, loud) = (AudioMonitor::default(), loud());
        let passed = monitor.pass(loud.clone(), Instant::now());
        assert!(std::sync::Arc::ptr_eq(&passed.samples, &loud.samples));
    }

    #[test]
    fn muting_fades_out_is_silent_and_fades_in() {
        let (mut monitor, now) = (AudioMonitor::default(), Instant::now());
        let mut pass = |is_muted| {
            monitor.mute(is_muted);
            let passed = monitor.pass(loud(), now);
            [passed.samples[0], passed.samples[1], passed.samples[199]]
        };
        let [first, other, last] = pass(true);
        assert!(first == 0.5 && other == 0.5 && (0.0..0.01).contains(&last));
        assert_eq!(pass(true), [0.0; 3]);
        let [first, _, last] = pass(false);
        assert!(first == 0.0 && (0.49..0.5).contains(&last));
        assert_eq!(pass(false), [0.5; 3]);
    }

    #[test]
    fn the_peak_is_that_of_the_last_moment() {
        let (mut monitor, now) = (AudioMonitor::default(), Instant::now());
        assert_eq!(monitor.peak(now), None);
        monitor.pass(loud(), now);
        assert_eq!(monitor.peak(now + WINDOW), Some(0.5));
        monitor.mute(true);
        monitor.pass(loud(), now + WINDOW);
        monitor.pass(loud(), now + WINDOW * 2);
        assert_eq!(monitor.peak(now + WINDOW * 3), Some(0.0));
        assert_eq!(
            monitor.peak(now + WINDOW * 4),
            None,
            "nothing comes any more"
        );
        (0..10_000).for_each(|_| drop(monitor.pass(loud(), now)));
        assert!(monitor.peaks.len() <= MAX_PEAKS);
    }
}
