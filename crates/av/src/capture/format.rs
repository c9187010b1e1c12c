//! Which of a camera's formats to use. Pure: plain numbers in, an index out.

use onair_media::{FrameRate, Size};

/// A format as a camera lists it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Candidate {
    /// The size of its frames, as the sensor lies.
    pub(super) size: Size,
    /// The frame rates it can run at.
    pub(super) rates: Vec<Rates>,
    /// How it stores pixels, as a FourCC.
    pub(super) pixels: u32,
    /// True if it bins neighbouring pixels.
    pub(super) is_binned: bool,
}

/// From the lowest to the highest number of frames a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rates {
    pub(super) min: f64,
    pub(super) max: f64,
}

/// The chosen format and its frame rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Choice {
    /// Which candidate.
    pub(super) index: usize,
    /// How it runs at the wanted rate.
    pub(super) frame_rate: FrameRate,
    pub(super) pace: Pace,
}

/// Where in a camera's ranges a rate lies. A camera refuses a duration that misses a range's end by
/// a rounding error, so the end's own duration has to be used there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Well inside.
    Within,
    /// As fast as this range goes.
    Fastest(usize),
    /// As slow as this range goes.
    Slowest(usize),
}

/// The best of `candidates` for frames of `wanted` (lying, as sensors do) at `rate`. `current`
/// stays if it is as good, since a change costs frames.
///
/// The size counts first (the same; larger in the same shape; larger; smaller), then the rate,
/// then the pixels (video range), then the least that the sensor has to do.
pub(super) fn choose(
    wanted: Size,
    rate: FrameRate,
    candidates: &[Candidate],
    current: Option<usize>,
) -> Option<Choice> {
    candidates
        .iter()
        .enumerate()
        .filter_map(|(index, candidate)| {
            let (pace, got) = nearest(rate.as_f64(), &candidate.rates)?;
            let cost = (
                misfit(wanted, candidate.size),
                milli((got - rate.as_f64()).abs()),
                current != Some(index),
                awkwardness(candidate.pixels),
                milli(fastest(&candidate.rates)),
                candidate.is_binned,
            );
            let frame_rate = match pace {
                Pace::Within => rate,
                Pace::Fastest(_) | Pace::Slowest(_) => as_fraction(got, rate),
            };
            let choice = Choice {
                index,
                frame_rate,
                pace,
            };
            Some((cost, choice))
        })
        .min_by_key(|(cost, _)| *cost)
        .map(|(_, choice)| choice)
}

/// The pixel format to ask an output for: video range if available, since many players ignore a
/// stream's full-range flag.
pub(super) fn pick_pixels(available: &[u32]) -> Option<u32> {
    available
        .iter()
        .copied()
        .min_by_key(|pixels| awkwardness(*pixels))
}

/// The largest size in the shape of `source` within `bounds`, with even sides for 4:2:0.
/// Only a Mac's outputs scale to any size.
#[cfg(any(test, target_os = "macos"))]
pub(super) fn fit(source: Size, bounds: Size) -> Size {
    let (width, height) = (u64::from(source.width), u64::from(source.height));
    let is_wide = width * u64::from(bounds.height) >= height * u64::from(bounds.width);
    let (up, down) = if is_wide {
        (u64::from(bounds.width.min(source.width)), width)
    } else {
        (u64::from(bounds.height.min(source.height)), height)
    };
    let even = |side: u64| {
        let scaled = side * up / down.max(1);
        u32::try_from(scaled).unwrap_or(u32::MAX).max(2) & !1
    };
    Size::new(even(width), even(height))
}

/// How badly a size fits: the kind of misfit, then by how many pixels.
fn misfit(wanted: Size, size: Size) -> (u8, u64) {
    let area = |size: Size| u64::from(size.width) * u64::from(size.height);
    let cross = |a: Size, b: Size| u64::from(a.width) * u64::from(b.height);
    let covers = size.width >= wanted.width && size.height >= wanted.height;
    let kind = match (covers, cross(size, wanted) == cross(wanted, size)) {
        _ if size == wanted => 0,
        (true, true) => 1,
        (true, false) => 2,
        (false, _) => 3,
    };
    (kind, area(size).abs_diff(area(wanted)))
}

/// The rate nearest to `rate`.
fn nearest(rate: f64, ranges: &[Rates]) -> Option<(Pace, f64)> {
    let in_range = |(index, range): (usize, &Rates)| {
        if rate >= range.max * (1.0 - CLOSE) {
            (Pace::Fastest(index), range.max)
        } else if rate <= range.min * (1.0 + CLOSE) {
            (Pace::Slowest(index), range.min)
        } else {
            (Pace::Within, rate)
        }
    };
    let miss = |found: &(Pace, f64)| (found.1 - rate).abs();
    let found = ranges.iter().enumerate().map(in_range);
    found.min_by(|a, b| miss(a).total_cmp(&miss(b)))
}

fn fastest(ranges: &[Rates]) -> f64 {
    ranges.iter().map(|range| range.max).fold(0.0, f64::max)
}

const fn awkwardness(pixels: u32) -> u8 {
    match pixels {
        VIDEO_RANGE => 0,
        FULL_RANGE => 1,
        _ => 2,
    }
}

/// A rate that a camera gives in floating point; `asked` itself where that is what it means.
fn as_fraction(rate: f64, asked: FrameRate) -> FrameRate {
    if (rate - asked.as_f64()).abs() <= asked.as_f64() * CLOSE {
        return asked;
    }
    let thousandths = u32::try_from(milli(rate)).unwrap_or(u32::MAX);
    let whole = thousandths.is_multiple_of(1000);
    let (numerator, denominator) = if whole {
        (thousandths / 1000, 1)
    } else {
        (thousandths, 1000)
    };
    FrameRate::new(numerator, denominator).unwrap_or(asked)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates; a camera's rates are small and positive"
)]
fn milli(value: f64) -> u64 {
    (value * 1000.0).round() as u64
}

/// Cameras say 30.00003 for 30, and 29.97 for 30000/1001.
const CLOSE: f64 = 0.000_5;
/// `kCVPixelFormatType_420YpCbCr8BiPlanarVideoRange`.
const VIDEO_RANGE: u32 = u32::from_be_bytes(*b"420v");
/// `kCVPixelFormatType_420YpCbCr8BiPlanarFullRange`.
const FULL_RANGE: u32 = u32::from_be_bytes(*b"420f");

#[cfg(test)]
mod tests {
    use super::*;

    const HD: Size = Size::new(1280, 720);
    const FULL_HD: Size = Size::new(1920, 1080);

    fn candidate(size: Size, max: f64, pixels: u32) -> Candidate {
        Candidate {
            size,
            rates: vec![Rates { min: 1.0, max }],
            pixels,
            is_binned: false,
        }
    }

    fn fps(rate: u32) -> FrameRate {
        FrameRate::new(rate, 1).unwrap()
    }

    /// A phone's formats, as it lists them.
    fn phone() -> Vec<Candidate> {
        vec![
            candidate(Size::new(640, 480), 60.0, VIDEO_RANGE),
            candidate(Size::new(640, 480), 60.0, FULL_RANGE),
            candidate(HD, 240.0, FULL_RANGE),
            candidate(HD, 60.0, FULL_RANGE),
            candidate(HD, 60.0, VIDEO_RANGE),
            candidate(HD, 240.0, VIDEO_RANGE),
            candidate(FULL_HD, 30.0, VIDEO_RANGE),
            candidate(FULL_HD, 60.0, VIDEO_RANGE),
            candidate(Size::new(3840, 2160), 30.0, VIDEO_RANGE),
        ]
    }

    #[test]
    fn the_exact_size_in_video_range_with_the_least_work_is_chosen() {
        let choice = choose(HD, fps(30), &phone(), None).unwrap();
        assert_eq!((choice.index, choice.pace), (4, Pace::Within));
        let choice = choose(FULL_HD, fps(30), &phone(), None).unwrap();
        assert_eq!((choice.index, choice.pace), (6, Pace::Fastest(0)));
        let choice = choose(FULL_HD, fps(60), &phone(), None).unwrap();
        assert_eq!((choice.index, choice.frame_rate), (7, fps(60)));
    }

    #[test]
    fn the_current_format_stays_while_it_will_do() {
        let slower = choose(FULL_HD, fps(24), &phone(), Some(7)).unwrap();
        assert_eq!(slower.index, 7);
        let faster = choose(FULL_HD, fps(60), &phone(), Some(6)).unwrap();
        assert_eq!(faster.index, 7);
        let smaller = choose(HD, fps(30), &phone(), Some(7)).unwrap();
        assert_eq!(smaller.index, 4);
    }

    #[test]
    fn a_size_nobody_has_becomes_the_next_larger_in_its_shape() {
        let formats = [
            candidate(Size::new(640, 480), 30.0, VIDEO_RANGE),
            candidate(Size::new(1552, 1552), 30.0, VIDEO_RANGE),
            candidate(FULL_HD, 30.0, VIDEO_RANGE),
        ];
        assert_eq!(choose(HD, fps(30), &formats, None).unwrap().index, 2);
        assert_eq!(choose(HD, fps(30), &formats[..2], None).unwrap().index, 1);
        assert_eq!(choose(HD, fps(30), &formats[..1], None).unwrap().index, 0);
        assert_eq!(choose(HD, fps(30), &[], None), None);
    }

    #[test]
    fn a_rate_out_of_reach_becomes_the_nearest() {
        let formats = [candidate(HD, 30.0, VIDEO_RANGE)];
        let choice = choose(HD, fps(60), &formats, None).unwrap();
        assert_eq!(
            (choice.pace, choice.frame_rate),
            (Pace::Fastest(0), fps(30))
        );
        let mut slow = candidate(HD, 30.0, VIDEO_RANGE);
        slow.rates[0].min = 14.985;
        let choice = choose(HD, fps(5), &[slow], None).unwrap();
        assert_eq!(choice.pace, Pace::Slowest(0));
        assert_eq!(choice.frame_rate, FrameRate::new(14_985, 1000).unwrap());
    }

    #[test]
    fn the_end_of_a_range_is_met_in_spite_of_rounding() {
        let mut webcam = candidate(HD, 30.0, VIDEO_RANGE);
        webcam.rates = [15.0, 24.0, 29.97, 30.000_03]
            .map(|rate| Rates {
                min: rate,
                max: rate,
            })
            .to_vec();
        let formats = [webcam];
        let choice = choose(HD, fps(30), &formats, None).unwrap();
        assert_eq!(
            (choice.pace, choice.frame_rate),
            (Pace::Fastest(3), fps(30))
        );
        let ntsc = FrameRate::new(30_000, 1001).unwrap();
        let choice = choose(HD, ntsc, &formats, None).unwrap();
        assert_eq!((choice.pace, choice.frame_rate), (Pace::Fastest(2), ntsc));
    }

    #[test]
    fn a_format_without_rates_is_not_chosen() {
        let mut broken = candidate(HD, 30.0, VIDEO_RANGE);
        broken.rates.clear();
        assert_eq!(choose(HD, fps(30), &[broken], None), None);
    }

    #[test]
    fn video_range_is_asked_for_where_it_is_listed() {
        let bgra = u32::from_be_bytes(*b"BGRA");
        assert_eq!(
            pick_pixels(&[bgra, FULL_RANGE, VIDEO_RANGE]),
            Some(VIDEO_RANGE)
        );
        assert_eq!(pick_pixels(&[bgra, FULL_RANGE]), Some(FULL_RANGE));
        assert_eq!(pick_pixels(&[bgra]), Some(bgra));
        assert_eq!(pick_pixels(&[]), None);
    }

    #[test]
    fn a_frame_is_made_to_fit_in_its_own_shape() {
        assert_eq!(fit(FULL_HD, HD), HD);
        assert_eq!(fit(Size::new(3024, 1964), HD), Size::new(1108, 720));
        assert_eq!(fit(Size::new(1080, 1920), HD), Size::new(404, 720));
        assert_eq!(fit(Size::new(641, 481), HD), Size::new(640, 480));
        assert_eq!(fit(Size::new(1, 1), HD), Size::new(2, 2));
    }
}
