//! Mixes an app's own audio and the voice that comments on it.

use onair_media::Timestamp;

use crate::clock::SampleClock;
use crate::encode::Intake;
use crate::{AudioSamples, Error};

/// Mixes sources of any rates and numbers of channels by their times, at 48 kHz in stereo.
///
/// It waits a fifth of a second for a source that is behind, then goes on without it: a microphone
/// that is off must not silence the rest.
pub(super) struct Mixer {
    tracks: Vec<Intake>,
    /// The time of the next sample to come out.
    next: Option<SampleClock>,
}

impl Mixer {
    /// For this many sources.
    pub(super) fn new(tracks: usize) -> Self {
        Self {
            tracks: (0..tracks).map(|_| Intake::new(RATE, CHANNELS)).collect(),
            next: None,
        }
    }

    /// Takes a stretch of one source; gives what is mixed.
    pub(super) fn push(
        &mut self,
        track: usize,
        samples: &AudioSamples,
    ) -> Result<Option<AudioSamples>, Error> {
        Intake::check(samples)?;
        let intake = self.tracks.get_mut(track);
        let intake = intake.ok_or_else(|| Error::invalid("there is no such sound to mix"))?;
        if intake.is_elsewhere(samples.timestamp) {
            intake.flush()?;
            intake.consume(intake.frames());
            intake.begin(samples.timestamp);
        }
        intake.push(samples)?;
        Ok(self.take())
    }

    fn take(&mut self) -> Option<AudioSamples> {
        let next = self.begin()?;
        let end = |track: &Intake| end_after(&next, track);
        let furthest = self.tracks.iter().map(end).max()?;
        let nearest = self.tracks.iter().map(end).min()?;
        let ready = nearest.max(furthest - MAX_WAIT);
        let frames = usize::try_from(ready).ok().filter(|frames| *frames > 0)?;
        Some(self.mix(next, frames))
    }

    /// Where the next output begins: where the last ended, unless the input lies far away.
    fn begin(&mut self) -> Option<SampleClock> {
        let far = |next: &SampleClock, track: &Intake| end_after(next, track) > LONGEST_WAIT;
        let next = self
            .next
            .filter(|next| !self.tracks.iter().any(|track| far(next, track)));
        if next.is_none() {
            let first = self.tracks.iter().filter(|track| track.frames() > 0);
            let first = first
                .filter_map(Intake::first)
                .max_by_key(|time| match self.next {
                    // The one far ahead after a jump, the earliest at the start.
                    Some(_) => time.as_nanos(),
                    None => -time.as_nanos(),
                })?;
            self.next = Some(SampleClock::starting_at(first, RATE));
        }
        self.next
    }

    fn mix(&mut self, next: SampleClock, frames: usize) -> AudioSamples {
        let mut mixed = vec![0.0; frames * usize::from(CHANNELS)];
        for track in &mut self.tracks {
            let Some(first) = track.first() else { continue };
            let (skipped, silent) = either(next.samples_until(first));
            let heard = frames.saturating_sub(silent);
            let heard = heard.min(track.frames().saturating_sub(skipped));
            if let Some(planes) = track.block(skipped, heard) {
                add(&planes, &mut mixed, silent);
            }
            track.consume(track.frames().min(skipped.saturating_add(heard)));
        }
        for sample in &mut mixed {
            *sample = sample.clamp(-1.0, 1.0);
        }
        let timestamp = next.timestamp();
        let advance = i64::try_from(frames).unwrap_or(i64::MAX);
        if let Some(next) = &mut self.next {
            next.advance(advance);
        }
        stereo(mixed, timestamp)
    }
}

/// How many samples after `next` a source ends; negative if it is behind.
fn end_after(next: &SampleClock, track: &Intake) -> i64 {
    let frames = i64::try_from(track.frames()).unwrap_or(i64::MAX);
    let first = track.first().map(|first| next.samples_until(first));
    first.map_or(0, |first| first.saturating_add(frames))
}

/// Splits a signed distance into a part before and a part after.
fn either(distance: i64) -> (usize, usize) {
    let length = usize::try_from(distance.unsigned_abs()).unwrap_or(usize::MAX);
    if distance < 0 {
        (length, 0)
    } else {
        (0, length)
    }
}

/// Adds planes to interleaved audio from its sample `silent` on.
fn add(planes: &[&[f32]], mixed: &mut [f32], silent: usize) {
    let channels = planes.len();
    let mixed = mixed.get_mut(silent.saturating_mul(channels)..);
    let mixed = mixed.unwrap_or_default();
    for (channel, plane) in planes.iter().enumerate() {
        let to = mixed.iter_mut().skip(channel).step_by(channels);
        for (to, from) in to.zip(*plane) {
            *to += *from;
        }
    }
}

fn stereo(samples: Vec<f32>, timestamp: Timestamp) -> AudioSamples {
    AudioSamples {
        samples: samples.into(),
        channels: CHANNELS,
        sample_rate: RATE,
        timestamp,
    }
}

const RATE: u32 = 48_000;
const CHANNELS: u8 = 2;
/// How many samples a source that is behind is waited for.
const MAX_WAIT: i64 = RATE as i64 / 5;
/// No longer silence than this many samples is made here.
const LONGEST_WAIT: i64 = RATE as i64 * 10;

#[cfg(test)]
mod tests {
    use super::*;

    const APP: usize = 0;
    const VOICE: usize = 1;

    /// 10 ms of one value at 48 kHz.
    fn steady(value: f32, millis: i64) -> AudioSamples {
        AudioSamples {
            samples: vec![value; 480].into(),
            channels: 1,
            sample_rate: RATE,
            timestamp: Timestamp::from_millis(millis),
        }
    }

    /// Everything that comes out, and the time of its first sample.
    fn all(pushes: &[(usize, AudioSamples)]) -> (Option<Timestamp>, Vec<f32>) {
        let mut mixer = Mixer::new(2);
        let mut all = Vec::new();
        let mut first = None;
        let mut next = None;
        for (track, samples) in pushes {
            let Some(out) = mixer.push(*track, samples).unwrap() else {
                continue;
            };
            assert_eq!((out.channels, out.sample_rate), (2, RATE));
            assert_eq!(*next.get_or_insert(out.timestamp), out.timestamp);
            next = Some(out.timestamp + out.duration());
            first.get_or_insert(out.timestamp);
            all.extend(out.samples.iter().step_by(2));
        }
        (first, all)
    }

    fn both(millis: impl Iterator<Item = i64>, app: f32, voice: f32) -> Vec<(usize, AudioSamples)> {
        let at = |at| [(APP, steady(app, at)), (VOICE, steady(voice, at))];
        millis.flat_map(at).collect()
    }

    #[test]
    fn two_sources_add_up_without_delay() {
        let pushes = both((0..50).map(|n| n * 10), 0.25, 0.5);
        let (first, out) = all(&pushes);
        assert_eq!(first, Some(Timestamp::ZERO));
        assert_eq!(out.len(), 50 * 480);
        assert!(out.iter().all(|sample| *sample == 0.75));
    }

    #[test]
    fn what_is_too_loud_together_is_full_scale() {
        let (_, out) = all(&both((0..3).map(|n| n * 10), 0.9, 0.9));
        assert_eq!(out, vec![1.0; 3 * 480]);
    }

    #[test]
    fn a_microphone_that_is_off_silences_nothing() {
        let pushes: Vec<_> = (0..50).map(|n| (APP, steady(0.25, n * 10))).collect();
        let (_, out) = all(&pushes);
        assert_eq!(out, vec![0.25; 30 * 480]);
    }

    #[test]
    fn a_voice_that_begins_later_is_heard_in_its_place() {
        let mut pushes: Vec<_> = (0..5).map(|n| (APP, steady(0.25, n * 10))).collect();
        // 5 ms into the app's third stretch.
        pushes.push((VOICE, steady(0.5, 25)));
        pushes.push((VOICE, steady(0.5, 35)));
        let (_, out) = all(&pushes);
        let (alone, together) = out.split_at(1200);
        assert!(alone.iter().all(|sample| *sample == 0.25));
        assert_eq!(together, vec![0.75; 960]);
    }

    #[test]
    fn a_voice_that_lags_too_far_is_cut_and_not_put_off() {
        let mut pushes: Vec<_> = (0..50).map(|n| (APP, steady(0.25, n * 10))).collect();
        // What was heard without it ends at 300 ms.
        pushes.extend((0..40).map(|n| (VOICE, steady(0.5, n * 10))));
        let (_, out) = all(&pushes);
        let (alone, together) = out.split_at(300 * 48);
        assert!(alone.iter().all(|sample| *sample == 0.25));
        assert_eq!(together, vec![0.75; 100 * 48]);
    }

    #[test]
    fn sources_of_different_rates_and_channels_are_mixed() {
        let mut mixer = Mixer::new(2);
        let mut frames = 0;
        for n in 0..100 {
            let app = AudioSamples {
                samples: vec![0.1; 441 * 2].into(),
                channels: 2,
                sample_rate: 44_100,
                timestamp: Timestamp::from_millis(n * 10),
            };
            let out = mixer.push(APP, &app).unwrap();
            frames += out.map_or(0, |out| out.frames());
            let out = mixer.push(VOICE, &steady(0.2, n * 10)).unwrap();
            frames += out.map_or(0, |out| out.frames());
        }
        // All but what the resampler holds.
        assert!((47_000..=48_000).contains(&frames), "{frames}");
    }

    #[test]
    fn a_jump_of_hours_makes_no_hours_of_silence() {
        let mut mixer = Mixer::new(2);
        for n in 0..30 {
            mixer.push(APP, &steady(0.25, n * 10)).unwrap();
        }
        let later = 5 * 3600 * 1000;
        let mut heard = Vec::new();
        for n in 0..30 {
            heard.extend(mixer.push(APP, &steady(0.5, later + n * 10)).unwrap());
        }
        let frames: usize = heard.iter().map(AudioSamples::frames).sum();
        assert_eq!(heard[0].timestamp, Timestamp::from_millis(later));
        assert_eq!(frames, 10 * 480);
    }

    #[test]
    fn a_source_that_is_not_there_is_refused() {
        assert!(Mixer::new(1).push(1, &steady(0.0, 0)).is_err());
    }
}
