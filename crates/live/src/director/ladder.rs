use onair_media::{Bitrate, FrameRate, Size};

use super::{Ladder, Quality};

/// The steps down from `base`, which is the first of them.
///
/// ```text
///   1  frame rate   30, 24, 15, as far as that is less   the cheapest to miss, and it
///                                                        spares sensor, encoder and radio
///   2  size         about 3/4, then 1/2 of each side     where the service allows it
///   3  bitrate      3/4, then 1/2                        spares the radio alone
/// ```
pub(super) fn on_air(base: Quality, ladder: Ladder) -> Vec<Quality> {
    let mut steps = off_air(base);
    let mut quality = *steps.last().unwrap_or(&base);
    if ladder.change_size {
        steps.extend(sizes(base.size).map(|size| Quality { size, ..quality }));
        quality = *steps.last().unwrap_or(&base);
    }
    let bitrates = [3, 2].map(|quarters| Bitrate::bps(base.bitrate.as_bps() / 4 * quarters));
    steps.extend(bitrates.map(|bitrate| Quality { bitrate, ..quality }));
    steps.dedup();
    steps
}

/// The same for a preview, which saves neither size nor bitrate.
pub(super) fn off_air(base: Quality) -> Vec<Quality> {
    let slower = FRAME_RATES.iter().filter_map(|&rate| {
        let frame_rate = FrameRate::new(rate, 1)?;
        // 25 to 24 saves nothing.
        let is_less = frame_rate.as_f64() <= base.frame_rate.as_f64() * 0.85;
        is_less.then_some(Quality { frame_rate, ..base })
    });
    std::iter::once(base).chain(slower).collect()
}

/// Frame rates that cameras offer and players show smoothly.
const FRAME_RATES: [u32; 3] = [30, 24, 15];

/// About three quarters and a half of each side. 1080 goes to 720, not 810: cameras have it.
fn sizes(base: Size) -> [Size; 2] {
    let first = [(3, 4), (2, 3)].map(|ratio| scale(base, ratio));
    let is_common = |size: &&Size| COMMON.contains(&size.width.min(size.height));
    let first = *first.iter().find(is_common).unwrap_or(&first[0]);
    [first, scale(base, (1, 2))]
}

/// The shorter side of the sizes that cameras have.
const COMMON: [u32; 4] = [1080, 720, 540, 480];

/// Scales both sides alike, and makes them even for chroma.
fn scale(size: Size, (of, by): (u32, u32)) -> Size {
    let side = |side: u32| {
        (side / by * of + side % by * of / by)
            .next_multiple_of(2)
            .max(2)
    };
    Size::new(side(size.width), side(size.height))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quality(size: &str, rate: u32) -> Quality {
        Quality {
            size: size.parse().unwrap(),
            frame_rate: FrameRate::new(rate, 1).unwrap(),
            bitrate: Bitrate::kbps(4000),
        }
    }

    fn words(steps: &[Quality]) -> Vec<String> {
        let word = |q: &Quality| format!("{} {} {}", q.size, q.frame_rate, q.bitrate.as_kbps());
        steps.iter().map(word).collect()
    }

    #[test]
    fn frame_rate_goes_first_then_size_then_bitrate() {
        let steps = on_air(quality("1280x720", 60), Ladder::default());
        let expected = [
            "1280x720 60 4000",
            "1280x720 30 4000",
            "1280x720 24 4000",
            "1280x720 15 4000",
            "960x540 15 4000",
            "640x360 15 4000",
            "640x360 15 3000",
            "640x360 15 2000",
        ];
        assert_eq!(words(&steps), expected);
    }

    #[test]
    fn a_size_that_may_not_change_does_not() {
        let fixed = Ladder { change_size: false };
        let steps = on_air(quality("1280x720", 30), fixed);
        assert!(steps.iter().all(|step| step.size == Size::new(1280, 720)));
        assert_eq!(words(&steps).last().unwrap(), "1280x720 15 2000");
    }

    #[test]
    fn full_hd_steps_to_sizes_that_cameras_have_upright_or_not() {
        assert_eq!(
            sizes(Size::new(1920, 1080)),
            [Size::new(1280, 720), Size::new(960, 540)]
        );
        assert_eq!(
            sizes(Size::new(1080, 1920)),
            [Size::new(720, 1280), Size::new(540, 960)]
        );
    }

    #[test]
    fn any_size_stays_even_and_above_nothing() {
        for side in (1..2000).chain([u32::MAX - 1]) {
            for size in sizes(Size::new(side, 2)) {
                assert!(size.width.is_multiple_of(2) && size.width > 0, "{side}");
                assert!(size.height.is_multiple_of(2) && size.height > 0);
            }
        }
    }

    #[test]
    fn a_preview_saves_frames_only_and_25_is_not_cut_to_24() {
        let steps = off_air(quality("1280x720", 25));
        assert_eq!(words(&steps), ["1280x720 25 4000", "1280x720 15 4000"]);
    }
}
