//! Bodies of the fuzz targets: any input is an error or an end, never a panic.

use std::time::Duration;

use onair_media::{Size, Timestamp};

use crate::capture::Y4m;
use crate::capture::continuity::{FrameFallback, GapFill, Next};
use crate::encode::Intake;
use crate::pcm::{self, Buffer, Encoding};
use crate::{AudioSamples, I420, Surface, VideoFrame, VideoSource};

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

/// Takes stretches of audio, each described by five bytes: samples are sane,
/// channels equally long, and the count never falls behind the timestamps.
pub fn audio(data: &[u8]) {
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

/// Plays two bytes an event to a [`FrameFallback`]: times increase, and nobody waits for a
/// frame longer than a second.
pub fn frame_fallback(data: &[u8]) {
    let sizes = [Size::new(2, 2), Size::new(4, 2)];
    let image = |byte: u8| Surface::I420(I420::black(sizes[usize::from(byte & 1)]));
    let mut machine = FrameFallback::new(sizes[0]);
    let (mut now, mut last, mut seen) = (Timestamp::ZERO, None, Timestamp::ZERO);
    for &[what, amount] in data.as_chunks().0 {
        now = now.offset(i64::from(amount) * 500_000);
        let timestamp = now.offset(i64::from(amount as i8).pow(5) / 8);
        match what % 8 {
            0 => machine.handle_slate(Some(image(what >> 3)), now),
            1 => machine.handle_slate(None, now),
            2..=4 => {
                let surface = image(what >> 3);
                machine.handle_frame(VideoFrame { surface, timestamp }, now);
            }
            5 => machine.limit(Duration::from_millis(u64::from(amount) * 10)),
            _ => {}
        }
        match machine.poll(now) {
            Next::Give(frame) => {
                assert!(last.is_none_or(|last| frame.timestamp > last));
                (last, seen) = (Some(frame.timestamp), now);
            }
            Next::Wait(until) => assert!(until > now),
            Next::Over => panic!("nobody ended it"),
        }
        assert!(now.since(seen).as_millis() <= 1200, "nothing since {seen}");
    }
    machine.handle_end();
    while let Next::Give(_) = machine.poll(now) {}
}

/// Plays seven bytes an event to a [`GapFill`]: what it gives is sound of the present or
/// the past, there is an end to what it gives at once, and nobody waits for long.
pub fn gap_fill(data: &[u8]) {
    let mut machine = GapFill::new(48_000, 2);
    let mut now = Timestamp::ZERO;
    let second = Duration::from_secs(1);
    for &[what, pause, ref block @ ..] in data.as_chunks::<7>().0 {
        let pause = if pause == 255 {
            60_000
        } else {
            i64::from(pause)
        };
        now = now.offset(pause * 1_000_000);
        match what % 8 {
            0 => machine.handle_mute(what & 8 == 0),
            1..=5 => machine.handle_samples(stretch(*block, now), now),
            _ => {}
        }
        let all = std::iter::repeat_with(|| machine.poll(now)).take(10_000);
        let mut waits = all.skip_while(|next| match next {
            Next::Give(samples) => {
                assert!(samples.frames() > 0 && samples.timestamp <= now + second);
                true
            }
            Next::Wait(_) | Next::Over => false,
        });
        let Some(Next::Wait(until)) = waits.next() else {
            panic!("there is no end to it, or nobody ended it");
        };
        assert!(until > now && until <= now + second * 3 / 2);
    }
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

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corpora_replay() {
        corpus::replay("y4m", y4m);
        corpus::replay("pcm", pcm);
        corpus::replay("sound", audio);
        corpus::replay("frame_fallback", frame_fallback);
        corpus::replay("gap_fill", gap_fill);
    }
}
