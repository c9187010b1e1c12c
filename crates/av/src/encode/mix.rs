//! Mixes a device's channels into a stream's.

use crate::AudioSamples;

/// The most channels that can be mixed.
pub(super) const MAX_CHANNELS: u8 = 8;

/// Appends `samples`, but for the first `skip` of each channel, to one plane or two.
///
/// More than two channels are taken in the order in which all platforms list them (front
/// pair, centre, low frequency, back centre, then pairs to the sides) and mixed
/// down as ITU-R BS.775 does, at -3 dB. The low-frequency channel is kept: the microphone in the
/// fourth socket of an interface comes there.
pub(super) fn append(samples: &AudioSamples, skip: usize, planes: &mut [Vec<f32>]) {
    let frames = samples.samples.chunks_exact(samples.channels.into());
    for frame in frames.skip(skip) {
        let (left, right) = stereo(frame);
        if let [mono] = planes {
            mono.push(f32::midpoint(left, right));
        } else if let [first, second] = planes {
            first.push(left);
            second.push(right);
        }
    }
}

/// A sample an encoder can take.
pub(super) const fn sane(sample: f32) -> f32 {
    if sample.is_nan() {
        0.0
    } else {
        sample.clamp(-1.0, 1.0)
    }
}

fn stereo(frame: &[f32]) -> (f32, f32) {
    match frame {
        [] => (0.0, 0.0),
        [mono] => (sane(*mono), sane(*mono)),
        [left, right] => (sane(*left), sane(*right)),
        [left, right, others @ ..] => {
            let pairs = match frame.len() {
                ..=3 => 0,
                4..=7 => 1,
                _ => 2,
            };
            let (middle, sides) = others.split_at(others.len() - 2 * pairs);
            let middle = sum(middle);
            let side = |first: usize| sum(sides.iter().skip(first).step_by(2));
            let mix = |front: f32, side| sane(sane(front) + HALF_POWER * (middle + side));
            (mix(*left, side(0)), mix(*right, side(1)))
        }
    }
}

fn sum<'a>(samples: impl IntoIterator<Item = &'a f32>) -> f32 {
    samples.into_iter().map(|sample| sane(*sample)).sum()
}

/// -3 dB.
const HALF_POWER: f32 = std::f32::consts::FRAC_1_SQRT_2;

#[cfg(test)]
mod tests {
    use onair_media::Timestamp;

    use super::*;

    fn mix(channels: u8, frame: &[f32], planes: usize) -> Vec<f32> {
        let samples = AudioSamples {
            samples: frame.into(),
            channels,
            sample_rate: 48_000,
            timestamp: Timestamp::ZERO,
        };
        let mut out = vec![Vec::new(); planes];
        append(&samples, 0, &mut out);
        out.concat()
    }

    /// Where each of `channels` channels is heard when it alone sounds, at half scale.
    fn heard(channels: u8) -> String {
        let place = |sounding| {
            let mut frame = vec![0.0; channels.into()];
            frame[usize::from(sounding)] = 0.5;
            match mix(channels, &frame, 2)[..] {
                [left, right] if left == right => 'C',
                [left, 0.0] if left > 0.3 => 'L',
                [0.0, right] if right > 0.3 => 'R',
                _ => '?',
            }
        };
        (0..channels).map(place).collect()
    }

    #[test]
    fn every_channel_of_any_number_is_heard_in_its_place() {
        let places: Vec<String> = (1..=MAX_CHANNELS).map(heard).collect();
        let expected = [
            "C", "LR", "LRC", "LRLR", "LRCLR", "LRCCLR", "LRCCCLR", "LRCCLRLR",
        ];
        assert_eq!(places, expected);
    }

    #[test]
    fn mono_is_the_mean_of_both_sides() {
        assert_eq!(mix(2, &[0.5, -0.25], 1), [0.125]);
        assert_eq!(mix(1, &[0.5], 1), [0.5]);
        assert_eq!(mix(5, &[0.5, 0.5, 0.0, 0.0, 0.0], 1), [0.5]);
    }

    #[test]
    fn a_mix_beyond_full_scale_or_of_no_numbers_is_sane() {
        assert_eq!(mix(6, &[1.0; 6], 2), [1.0, 1.0]);
        let hostile = [f32::NAN, f32::INFINITY, f32::NAN, f32::NEG_INFINITY];
        assert_eq!(mix(4, &hostile, 2), [0.0, 1.0 - HALF_POWER]);
    }

    #[test]
    fn skipped_frames_are_left_out() {
        let mut out = vec![Vec::new(); 2];
        let samples = AudioSamples {
            samples: [0.1, 0.2, 0.3, 0.4].into(),
            channels: 2,
            sample_rate: 48_000,
            timestamp: Timestamp::ZERO,
        };
        append(&samples, 1, &mut out);
        assert_eq!(out, [[0.3], [0.4]]);
    }
}
