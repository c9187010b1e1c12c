use std::time::Duration;

use super::*;
use crate::fuzz;

const STREAM: u32 = 48_000;

/// A device with a clock of its own: blocks of 10 ms, silent but for one full
/// sample at each whole second of the host's time.
struct Device {
    rate: u32,
    channels: u8,
    /// How much slower than the host's its clock is, in parts per million.
    slow: f64,
    /// Samples so far, and the host's time of the first.
    count: u32,
    origin: Timestamp,
}

impl Device {
    fn new(rate: u32, channels: u8, slow: f64, origin: Timestamp) -> Self {
        Self {
            rate,
            channels,
            slow,
            count: 0,
            origin,
        }
    }

    /// The host's time in seconds when sample `index` is taken.
    fn time(&self, index: u32) -> f64 {
        let taken = f64::from(index) / f64::from(self.rate) * (1.0 + self.slow / 1e6);
        self.origin.as_secs_f64() + taken
    }

    fn next(&mut self) -> AudioSamples {
        let length = self.rate / 100;
        let channels = usize::from(self.channels);
        let mut samples = vec![0.0; length as usize * channels];
        let second = |index: u32| (self.time(index) + 1e-9).floor();
        let mut block = self.count.max(1)..self.count + length;
        if second(block.end - 1) > second(block.start - 1) {
            let beep = block.position(|index| second(index) > second(index - 1));
            let at = (beep.unwrap() + usize::from(self.count == 0)) * channels;
            samples[at..at + channels].fill(1.0);
        }
        let samples = AudioSamples {
            samples: samples.into(),
            channels: self.channels,
            sample_rate: self.rate,
            timestamp: at(self.time(self.count)),
        };
        self.count += length;
        samples
    }
}

fn at(seconds: f64) -> Timestamp {
    Timestamp::ZERO + Duration::from_secs_f64(seconds)
}

/// What an encoder would see: when, in seconds, a beep peaks and how high, and how
/// many samples there were.
#[derive(Default)]
struct Listener {
    peaks: Vec<(f64, f32)>,
    frames: usize,
}

impl Listener {
    fn take(&mut self, intake: &mut Intake) {
        let first = intake.first().unwrap().as_secs_f64();
        for (index, &level) in intake.ready()[0].iter().enumerate() {
            if level > 0.1 {
                let at = first + index as f64 / f64::from(intake.rate);
                self.peak(at, level);
            }
        }
        self.frames += intake.frames();
        let all = intake.frames();
        intake.consume(all);
    }

    /// Keeps the highest of what belongs together.
    fn peak(&mut self, at: f64, level: f32) {
        match self.peaks.last_mut() {
            Some(last) if at - last.0 > 0.02 => self.peaks.push((at, level)),
            Some(last) if level > last.1 => *last = (at, level),
            Some(_) => {}
            None => self.peaks.push((at, level)),
        }
    }

    /// How far from a whole second the worst of `count` beeps is, in milliseconds.
    fn worst(&self, count: usize) -> f64 {
        assert_eq!(self.peaks.len(), count, "{:?}", self.peaks);
        let off = self.peaks.iter().map(|(at, _)| (at - at.round()).abs());
        off.fold(0.0, f64::max) * 1000.0
    }
}

/// Lets `device` play until `end`.
fn play(device: &mut Device, end: f64, intake: &mut Intake, listener: &mut Listener) {
    while device.time(device.count) < end - 1e-6 {
        let block = device.next();
        Intake::check(&block).unwrap();
        if intake.is_elsewhere(block.timestamp) {
            intake.begin(block.timestamp);
        }
        intake.push(&block).unwrap();
        listener.take(intake);
    }
}

#[test]
fn a_route_there_and_back_leaves_every_beep_where_it_was() {
    let mut intake = Intake::new(STREAM, 2);
    let mut listener = Listener::default();
    for (rate, channels, from, to) in [
        (48_000, 2, 0.0, 2.5),
        (16_000, 1, 2.5, 5.5),
        (44_100, 2, 5.5, 8.5),
        (48_000, 2, 8.5, 10.0),
    ] {
        let mut device = Device::new(rate, channels, 0.0, at(from));
        play(&mut device, to, &mut intake, &mut listener);
    }
    assert!(listener.worst(9) < 0.03);
    assert_eq!(listener.frames, 480_000);
}

#[test]
fn the_place_after_a_change_of_rate_is_exact() {
    for (pause, frames) in [(0.004, 52_992), (-0.004, 52_608), (0.4, 72_000)] {
        let mut intake = Intake::new(STREAM, 1);
        let mut listener = Listener::default();
        let mut before = Device::new(48_000, 1, 0.0, Timestamp::ZERO);
        play(&mut before, 0.5, &mut intake, &mut listener);
        let mut after = Device::new(16_000, 1, 0.0, at(0.5 + pause));
        play(&mut after, 1.1 + pause, &mut intake, &mut listener);
        intake.flush().unwrap();
        listener.take(&mut intake);
        assert_eq!(listener.frames, frames, "{pause}");
        assert!(listener.worst(1) < 0.03);
    }
}

#[test]
fn a_gap_is_filled_and_an_overlap_cut_at_another_rate_too() {
    for (jump, end, expected) in [(0.5, 1.5, 72_000), (-0.25, 1.0, 48_000)] {
        let mut intake = Intake::new(STREAM, 1);
        let mut listener = Listener::default();
        let mut device = Device::new(44_100, 1, 0.0, Timestamp::ZERO);
        play(&mut device, 0.5, &mut intake, &mut listener);
        let mut device = Device::new(44_100, 1, 0.0, at(0.5 + jump));
        play(&mut device, end, &mut intake, &mut listener);
        intake.flush().unwrap();
        listener.take(&mut intake);
        assert!(
            listener.frames.abs_diff(expected) <= 1,
            "{}",
            listener.frames
        );
    }
}

#[test]
fn an_hour_with_a_clock_that_drifts_keeps_audio_in_step() {
    for (slow, seconds) in [(50.0, 3600_u16), (-50.0, 600)] {
        let mut intake = Intake::new(8000, 1);
        let mut listener = Listener::default();
        let mut device = Device::new(8000, 1, slow, Timestamp::ZERO);
        play(
            &mut device,
            f64::from(seconds) + 0.5,
            &mut intake,
            &mut listener,
        );
        let worst = listener.worst(seconds.into());
        assert!(worst < 2.8, "{slow} ppm: {worst} ms");
    }
}

#[test]
fn a_resampled_microphone_is_kept_in_step_alike() {
    let mut intake = Intake::new(8000, 1);
    let mut listener = Listener::default();
    let mut device = Device::new(11_025, 1, 300.0, Timestamp::ZERO);
    play(&mut device, 100.5, &mut intake, &mut listener);
    let worst = listener.worst(100);
    assert!(worst < 5.0, "{worst} ms");
}

#[test]
fn a_device_in_step_is_passed_on_untouched() {
    let mut intake = Intake::new(STREAM, 1);
    let mut device = Device::new(STREAM, 1, 0.0, Timestamp::ZERO);
    play(&mut device, 60.0, &mut intake, &mut Listener::default());
    assert!(intake.source.resampler.is_none());
}

#[test]
fn audio_no_device_gives_is_refused() {
    let good = Device::new(48_000, 2, 0.0, Timestamp::ZERO).next();
    let with = |change: fn(&mut AudioSamples)| {
        let mut bad = good.clone();
        change(&mut bad);
        Intake::check(&bad)
    };
    assert_eq!(Intake::check(&good), Ok(()));
    let changes: [fn(&mut AudioSamples); 5] = [
        |bad| bad.sample_rate = 0,
        |bad| bad.sample_rate = 999,
        |bad| bad.sample_rate = u32::MAX,
        |bad| bad.channels = 0,
        |bad| bad.channels = 9,
    ];
    for change in changes {
        assert!(matches!(with(change), Err(Error::Unsupported { .. })));
    }
    let ragged = with(|bad| bad.channels = 7);
    assert!(matches!(ragged, Err(Error::Invalid { .. })));
}

#[test]
fn any_audio_at_any_time_is_taken() {
    let mut seed: u32 = 1;
    for length in [7, 30, 60] {
        for _ in 0..10 {
            let noise = std::iter::from_fn(|| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                Some(seed.to_be_bytes()[0])
            });
            let data: Vec<u8> = noise.take(length).collect();
            fuzz::audio(&data);
        }
    }
}
