//! Bodies of the fuzz targets: any input is an error or an end, never a panic.

use onair_media::Timestamp;

use crate::capture::Y4m;
use crate::encode::Intake;
use crate::pcm::{self, Buffer, Encoding};
use crate::{AudioSamples, VideoSource};

/// Reads a YUV4MPEG2 stream to its end.
pub fn y4m(data: &[u8]) {
    let Ok(mut source) = Y4m::new(data) else {
        return;
    };
    while let Ok(Some(frame)) = source.next_frame() {
        assert_eq!(frame.surface.size(), source.size());
    }
}

/// Reads PCM: two buffers of channels, the first three bytes saying which and how.
pub fn pcm(data: &[u8]) {
    let Some((&[encoding, first, second], bytes)) = data.split_first_chunk() else {
        return;
    };
    let encodings = [
        Encoding::I16,
        Encoding::I16Be,
        Encoding::I24,
        Encoding::I32,
        Encoding::F32,
    ];
    let encoding = encodings[usize::from(encoding) % encodings.len()];
    let halves = bytes.split_at(bytes.len() / 2);
    let buffer = |channels, bytes| Buffer { channels, bytes };
    let buffers = [buffer(first % 9, halves.0), buffer(second % 9, halves.1)];
    for buffers in [&buffers[..1], &buffers] {
        if let Ok((channels, samples)) = pcm::samples(encoding, buffers) {
            let read: usize = buffers.iter().map(|buffer| buffer.bytes.len()).sum();
            assert_eq!(samples.len() * encoding.size(), read);
            assert_eq!(samples.len() % usize::from(channels), 0);
        }
    }
}

/// Takes stretches of sound, each of which five bytes describe: samples are sane,
/// channels equally long, and the count never falls behind the timestamps.
pub fn sound(data: &[u8]) {
    let mut intake = Intake::new(48_000, 2);
    let mut time = Timestamp::ZERO;
    for block in data.as_chunks().0 {
        let samples = stretch(*block, time);
        time = samples.timestamp + samples.duration();
        if intake.is_elsewhere(samples.timestamp) {
            intake.flush().expect("a flush");
            intake.pad(1024);
            assert_eq!(intake.frames() % 1024, 0);
            intake.consume(intake.frames());
            intake.begin(samples.timestamp);
        }
        Intake::check(&samples).expect("sound that devices give");
        intake.push(&samples).expect("a place for it");
        let [left, right] = intake.ready() else {
            panic!("not stereo");
        };
        assert_eq!(left.len(), right.len());
        assert!(left.iter().chain(right).all(|sample| sample.abs() <= 1.0));
    }
    let Some(first) = intake.first() else { return };
    intake.flush().expect("a flush");
    let end = first + Timestamp::from_ticks(intake.frames() as i64, 48_000).since(Timestamp::ZERO);
    assert!(time.nanos_from(end) < 11_000_000, "{time} after {end}");
}

/// A stretch of noise that begins somewhere around `after`.
fn stretch([rate, channels, length, apart, level]: [u8; 5], after: Timestamp) -> AudioSamples {
    let rates = [48_000, 48_000, 44_100, 16_000, 8000, 96_000];
    let channels = channels % 8 + 1;
    let count = usize::from(length) * usize::from(length % 5) * usize::from(channels);
    let levels = [f32::from(level) / 64.0, -1.0, f32::NAN, f32::INFINITY, 0.1];
    AudioSamples {
        samples: levels.iter().copied().cycle().take(count).collect(),
        channels,
        sample_rate: rates[usize::from(rate) % rates.len()],
        timestamp: after.offset(i64::from(apart as i8).pow(3) * 10_000),
    }
}
