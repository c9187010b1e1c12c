use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use onair_media::Timestamp;

use super::{Next, believable};
use crate::AudioSamples;
use crate::clock::SampleClock;

/// Audio that never stops: while none comes, silence of exactly the missing length.
///
/// Silence stays [`MARGIN`] behind the present, so that audio that is merely late still fits in;
/// where it does overlap, the encoder cuts it.
#[derive(Debug)]
pub(crate) struct GapFill {
    held: VecDeque<AudioSamples>,
    /// How long `held` lasts in all.
    length: Duration,
    channels: u8,
    /// Where the audio given so far ends.
    end: SampleClock,
    /// When audio came last; before any came, the time of the first request.
    heard: Option<Timestamp>,
    is_silent: bool,
    is_muted: bool,
    is_over: bool,
    tally: AudioTally,
}

/// Counts of audio that was not played as it came, and of what was played instead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AudioTally {
    /// Dropped because it was not taken for [`too long`](crate::capture::AudioInlet::push).
    pub dropped: Duration,
    /// Silence given because nothing came.
    pub silence: Duration,
}

impl GapFill {
    pub(crate) fn new(sample_rate: u32, channels: u8) -> Self {
        Self {
            held: VecDeque::new(),
            length: Duration::ZERO,
            channels: channels.max(1),
            end: SampleClock::starting_at(Timestamp::ZERO, sample_rate.clamp(1, HIGHEST_RATE)),
            heard: None,
            is_silent: false,
            is_muted: false,
            is_over: false,
            tally: AudioTally::default(),
        }
    }

    /// Takes audio from the microphone. Beyond [`MOST`] the oldest is dropped.
    pub(crate) fn handle_samples(&mut self, mut samples: AudioSamples, now: Timestamp) {
        if !makes_sense(&samples) {
            tracing::warn!(?samples.channels, ?samples.sample_rate, "sound without a format");
            return;
        }
        samples.timestamp = believable(samples.timestamp, now);
        if self.is_muted {
            silence(&mut samples);
        }
        self.heard = Some(now);
        self.length += samples.duration();
        self.held.push_back(samples);
        while (self.length > MOST || self.held.len() > MAX_PIECES)
            && let Some(oldest) = self.take()
        {
            self.tally.dropped += oldest.duration();
        }
    }

    /// While muted, audio that comes or waits is silenced for good.
    pub(crate) fn handle_mute(&mut self, is_muted: bool) {
        self.is_muted = is_muted;
        if is_muted {
            self.held.iter_mut().for_each(silence);
        }
    }

    /// Nothing more will come.
    pub(crate) const fn handle_end(&mut self) {
        self.is_over = true;
    }

    /// The next stretch of audio.
    pub(crate) fn poll(&mut self, now: Timestamp) -> Next<AudioSamples> {
        self.begin(now);
        if let Some(first) = self.held.front() {
            let missing = self.end.samples_until(first.timestamp);
            if self.is_silent && missing > 0 {
                return Next::Give(self.pad(missing));
            }
        }
        match self.take() {
            Some(samples) => Next::Give(self.pass(samples)),
            None if self.is_over => Next::Over,
            None => self.wait(now),
        }
    }

    pub(crate) const fn tally(&self) -> AudioTally {
        self.tally
    }

    /// Silence begins at the timeline's zero, if that is not too long ago.
    fn begin(&mut self, now: Timestamp) {
        if self.heard.is_none() {
            self.heard = Some(now);
            self.move_to(Timestamp::ZERO.max(now - LONGEST_PRELUDE));
        }
    }

    fn take(&mut self) -> Option<AudioSamples> {
        let samples = self.held.pop_front()?;
        self.length = self.length.saturating_sub(samples.duration());
        Some(samples)
    }

    fn pass(&mut self, samples: AudioSamples) -> AudioSamples {
        let mut clock = SampleClock::starting_at(samples.timestamp, samples.sample_rate);
        clock.advance(i64::try_from(samples.frames()).unwrap_or(i64::MAX));
        let end = clock.timestamp().max(self.end.timestamp());
        self.end = SampleClock::starting_at(end, samples.sample_rate);
        self.channels = samples.channels;
        self.is_silent = false;
        samples
    }

    /// Silence, when it is due.
    fn wait(&mut self, now: Timestamp) -> Next<AudioSamples> {
        let due = self.heard.unwrap_or(now) + SILENCE_AFTER;
        let due = due.max(self.end.timestamp() + MARGIN + BLOCK);
        if now < due {
            return Next::Wait(due);
        }
        if now.since(self.end.timestamp()) > LONGEST_FILL {
            // The process slept: nothing waits for that much silence.
            self.move_to(now - MARGIN - BLOCK);
        }
        Next::Give(self.pad(i64::MAX))
    }

    fn move_to(&mut self, time: Timestamp) {
        self.end = SampleClock::starting_at(time, self.end.rate());
    }

    /// A block of silence, or as much as is missing.
    fn pad(&mut self, missing: i64) -> AudioSamples {
        let sample_rate = self.end.rate();
        let block = (sample_rate / BLOCKS_PER_SECOND).max(1);
        let frames = block.min(u32::try_from(missing).unwrap_or(u32::MAX));
        let timestamp = self.end.timestamp();
        self.end.advance(frames.into());
        self.is_silent = true;
        self.tally.silence += self.end.timestamp().since(timestamp);
        AudioSamples {
            samples: zeros(frames as usize * usize::from(self.channels)),
            channels: self.channels,
            sample_rate,
            timestamp,
        }
    }
}

fn makes_sense(samples: &AudioSamples) -> bool {
    let (channels, len) = (usize::from(samples.channels), samples.samples.len());
    let is_rate = (1..=HIGHEST_RATE).contains(&samples.sample_rate);
    is_rate && channels > 0 && len > 0 && len.is_multiple_of(channels)
}

fn silence(samples: &mut AudioSamples) {
    samples.samples = zeros(samples.samples.len());
}

fn zeros(count: usize) -> Arc<[f32]> {
    std::iter::repeat_n(0.0, count).collect()
}

/// After this long without audio, silence begins. Devices give audio every 5 to 90 ms.
const SILENCE_AFTER: Duration = Duration::from_millis(200);

/// How far silence stays behind the present: more than audio's usual delay.
const MARGIN: Duration = Duration::from_millis(100);

/// The length of a block of silence.
const BLOCK: Duration = Duration::from_millis(20);
const BLOCKS_PER_SECOND: u32 = 50;

/// How much audio may wait for its encoder.
const MOST: Duration = Duration::from_secs(3);

const MAX_PIECES: usize = 1024;

/// More samples a second than any device gives.
const HIGHEST_RATE: u32 = 768_000;

/// If the timeline began longer ago than this, silence does not reach back to its zero.
const LONGEST_PRELUDE: Duration = Duration::from_secs(1);

/// Longer holes are left, as the encoder leaves them.
const LONGEST_FILL: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn audio(rate: u32, channels: u8, from: i64, millis: u32) -> AudioSamples {
        let frames = rate * millis / 1000;
        AudioSamples {
            samples: vec![0.5; frames as usize * usize::from(channels)].into(),
            channels,
            sample_rate: rate,
            timestamp: at(from),
        }
    }

    fn is_silent(samples: &AudioSamples) -> bool {
        samples.samples.iter().all(|sample| *sample == 0.0)
    }

    /// All that is ready at `millis`, and until when nothing more is.
    fn given(machine: &mut GapFill, millis: i64) -> (Vec<AudioSamples>, i64) {
        let mut all = Vec::new();
        loop {
            match machine.poll(at(millis)) {
                Next::Give(samples) => all.push(samples),
                Next::Wait(until) => return (all, until.as_millis()),
                Next::Over => panic!("it is over"),
            }
        }
    }

    /// Where the pieces begin and end, in nanoseconds, if they follow each other to half a sample.
    fn seamless(all: &[AudioSamples]) -> (i64, i64) {
        let end = |samples: &AudioSamples| samples.timestamp + samples.duration();
        for pair in all.windows(2) {
            let gap = pair[1].timestamp.nanos_from(end(&pair[0]));
            assert!(gap.abs() < 12_000, "{gap} ns at {}", pair[1].timestamp);
        }
        let (first, last) = (all.first().unwrap(), all.last().unwrap());
        (first.timestamp.as_nanos(), end(last).as_nanos())
    }

    #[test]
    fn audio_passes_as_it_comes() {
        let mut machine = GapFill::new(48_000, 2);
        for index in 0..50 {
            let samples = audio(48_000, 2, index * 20, 20);
            machine.handle_samples(samples.clone(), at(index * 20 + 30));
            let (all, until) = given(&mut machine, index * 20 + 31);
            assert_eq!(all, [samples]);
            assert_eq!(until, index * 20 + 230);
        }
        assert_eq!(machine.tally(), AudioTally::default());
    }

    #[test]
    fn silence_is_exactly_as_long_as_what_is_missing() {
        let mut machine = GapFill::new(44_100, 1);
        machine.handle_samples(audio(44_100, 1, 0, 20), at(30));
        let (mut all, until) = given(&mut machine, 30);
        assert_eq!(given(&mut machine, until - 1).0, []);
        for now in (until..2000).step_by(7) {
            all.extend(given(&mut machine, now).0);
            let behind = at(now).since(Timestamp::from_nanos(seamless(&all).1));
            assert!(behind >= MARGIN && behind < MARGIN + BLOCK, "{behind:?}");
        }
        machine.handle_samples(audio(44_100, 1, 1993, 20), at(2010));
        all.extend(given(&mut machine, 2010).0);
        let (from, to) = seamless(&all);
        assert_eq!(from, 0);
        assert!((to - 2_013_000_000).abs() < 12_000, "{to}");
        let silent: Vec<_> = all.iter().map(is_silent).collect();
        assert!(!silent[0] && silent[1] && !silent[silent.len() - 1]);
        let told = machine.tally().silence.as_micros();
        assert!((1_972_900..1_973_100).contains(&told), "{told}");
    }

    #[test]
    fn audio_that_is_merely_late_is_not_cut() {
        let mut machine = GapFill::new(48_000, 2);
        machine.handle_samples(audio(48_000, 2, 0, 20), at(30));
        let (mut all, _) = given(&mut machine, 30);
        all.extend(given(&mut machine, 400).0);
        machine.handle_samples(audio(48_000, 2, 310, 100), at(410));
        all.extend(given(&mut machine, 410).0);
        assert_eq!(seamless(&all), (0, 410_000_000));
    }

    #[test]
    fn a_microphone_that_never_starts_is_silent_from_the_line_s_zero() {
        let mut machine = GapFill::new(48_000, 2);
        let (mut all, until) = given(&mut machine, 10);
        assert_eq!((all.len(), until), (0, 210));
        all.extend(given(&mut machine, 210).0);
        all.extend(given(&mut machine, 5000).0);
        assert_eq!(seamless(&all), (0, 4_900_000_000));
        assert!(all.iter().all(is_silent));
    }

    #[test]
    fn a_line_that_began_long_ago_is_not_silent_since_then() {
        let mut machine = GapFill::new(48_000, 2);
        given(&mut machine, 60_000);
        let (all, _) = given(&mut machine, 60_200);
        assert_eq!(seamless(&all), (59_000_000_000, 60_100_000_000));
    }

    #[test]
    fn after_a_long_sleep_silence_goes_on_from_the_present() {
        let mut machine = GapFill::new(48_000, 2);
        machine.handle_samples(audio(48_000, 2, 0, 20), at(30));
        given(&mut machine, 30);
        let (all, _) = given(&mut machine, 600_000);
        assert_eq!(seamless(&all), (599_880_000_000, 599_900_000_000));
    }

    #[test]
    fn muted_audio_is_as_long_and_can_never_be_heard() {
        let mut machine = GapFill::new(48_000, 2);
        machine.handle_samples(audio(48_000, 2, 0, 20), at(20));
        machine.handle_mute(true);
        machine.handle_samples(audio(48_000, 2, 20, 20), at(40));
        machine.handle_mute(false);
        machine.handle_samples(audio(48_000, 2, 40, 20), at(60));
        let (all, _) = given(&mut machine, 60);
        assert_eq!(seamless(&all), (0, 60_000_000));
        let silent: Vec<_> = all.iter().map(is_silent).collect();
        assert_eq!(silent, [true, true, false]);
    }

    #[test]
    fn a_stuck_encoder_costs_the_oldest_audio_and_no_memory() {
        let mut machine = GapFill::new(48_000, 2);
        for index in 0..1000 {
            machine.handle_samples(audio(48_000, 2, index * 20, 20), at(index * 20 + 30));
        }
        assert_eq!(machine.tally().dropped, Duration::from_secs(17));
        let (all, _) = given(&mut machine, 20_020);
        assert_eq!(seamless(&all), (17_000_000_000, 20_000_000_000));
    }

    #[test]
    fn the_format_may_change_and_silence_follows_it() {
        let mut machine = GapFill::new(48_000, 2);
        machine.handle_samples(audio(48_000, 2, 0, 20), at(20));
        machine.handle_samples(audio(16_000, 1, 20, 20), at(40));
        let (mut all, until) = given(&mut machine, 40);
        all.extend(given(&mut machine, until).0);
        let formats: Vec<_> = all.iter().map(|s| (s.sample_rate, s.channels)).collect();
        assert_eq!(formats[..3], [(48_000, 2), (16_000, 1), (16_000, 1)]);
        seamless(&all);
    }

    #[test]
    fn audio_without_a_format_is_passed_over() {
        let mut machine = GapFill::new(48_000, 2);
        let mut odd = audio(48_000, 2, 0, 20);
        odd.samples = vec![0.0; 7].into();
        machine.handle_samples(odd, at(0));
        machine.handle_samples(
            AudioSamples {
                channels: 0,
                ..audio(48_000, 2, 0, 20)
            },
            at(0),
        );
        machine.handle_samples(
            AudioSamples {
                sample_rate: 0,
                ..audio(48_000, 2, 0, 20)
            },
            at(0),
        );
        let none = Vec::new().into();
        let empty = AudioSamples {
            samples: none,
            ..audio(48_000, 2, 0, 20)
        };
        machine.handle_samples(empty, at(0));
        assert_eq!(given(&mut machine, 0).0, []);
    }

    #[test]
    fn what_came_before_the_end_is_still_given() {
        let mut machine = GapFill::new(48_000, 2);
        machine.handle_samples(audio(48_000, 2, 0, 20), at(20));
        machine.handle_end();
        assert!(matches!(machine.poll(at(20)), Next::Give(_)));
        assert!(matches!(machine.poll(at(9000)), Next::Over));
    }
}
