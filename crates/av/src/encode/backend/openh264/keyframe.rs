use std::time::Duration;

use onair_media::{Bitrate, Size};

/// Keeps keyframes from filling the line, and from being seen. Pure.
///
/// - **Too large**: it is encoded again from a softer picture, which the frames after it sharpen. The
///   encoder's own rate control does not help: for a keyframe it stays within quantisers of its own
///   choice (28 to 40 at best), so that a hard one takes what half a second of the bitrate would carry,
///   and it knows nothing at all of the first.
/// - **Too coarse**: the encoder gives a keyframe four frames' worth of bits. Of a still picture whose
///   details took many frames to become sharp, that is 5 dB less than the frame before, every two
///   seconds. Where there is room in the budget it is encoded again at a higher rate.
#[derive(Debug)]
pub(super) struct KeyframeBudget {
    bytes: f64,
    /// How much of each side's detail the next keyframe gets.
    detail: f64,
    /// How many times the bitrate it is encoded at.
    boost: f64,
}

impl KeyframeBudget {
    pub(super) fn new(bitrate: Bitrate) -> Self {
        let mut budget = Self {
            bytes: 0.0,
            detail: 1.0,
            boost: 1.0,
        };
        budget.set_bitrate(bitrate);
        budget
    }

    pub(super) fn set_bitrate(&mut self, bitrate: Bitrate) {
        self.bytes = bitrate.as_bps() as f64 / 8.0 * SHARE.as_secs_f64();
    }

    /// The size to which a picture of `size` is scaled, and back, before it is a keyframe.
    pub(super) fn detail(&self, size: Size) -> Size {
        let side = |pixels: u32| {
            let side = whole(f64::from(pixels) * self.detail);
            u32::try_from(side).unwrap_or(pixels).max(2)
        };
        Size::new(side(size.width), side(size.height))
    }

    /// The rate to encode it at, where frames are at `bitrate`.
    pub(super) fn boosted(&self, bitrate: Bitrate) -> Bitrate {
        Bitrate::bps(whole(bitrate.as_bps() as f64 * self.boost))
    }

    /// Notes a keyframe's size in bytes, and by how many steps its quantiser is above that of the
    /// frame before; true if it should be encoded again.
    pub(super) fn is_unfit(&mut self, bytes: usize, steps: f64) -> bool {
        let share = self.bytes / bytes.max(1) as f64;
        let (detail, boost) = (self.detail, self.boost);
        self.boost = (boost * refinement(share, steps)).clamp(1.0, HIGHEST_BOOST);
        // The boost goes first.
        if share >= 1.0 || boost <= 1.0 {
            // Bytes go with the pixels that are left, and a little more.
            self.detail = (detail * share.sqrt().clamp(0.4, 1.2)).clamp(LEAST_DETAIL, 1.0);
        }
        let is_smaller = self.detail < detail || self.boost < boost;
        share < 1.0 && is_smaller || self.boost > WORTHWHILE * boost
    }
}

/// By how much more a keyframe should take: twice as much for each six steps of the quantiser, if
/// the budget has room for that.
fn refinement(share: f64, steps: f64) -> f64 {
    let is_alike = steps.abs() <= UNSEEN && share >= 1.0;
    let wanted = if is_alike { 1.0 } else { (steps / 6.0).exp2() };
    wanted.min(share * FILLED)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a product of what is positive and not large"
)]
const fn whole(number: f64) -> u64 {
    number as u64
}

/// A keyframe takes no more than the bitrate carries in this time.
const SHARE: Duration = Duration::from_millis(300);

/// Less than this share of each side is not a picture.
const LEAST_DETAIL: f64 = 0.3;

/// A quantiser of so many steps more or less makes no pulse.
const UNSEEN: f64 = 2.0;

/// A keyframe that is made finer aims at this share of the budget.
const FILLED: f64 = 0.85;

/// By how much a boost has to grow for another attempt.
const WORTHWHILE: f64 = 1.15;

/// More than four times the bitrate makes no difference: the encoder's choice of quantisers ends.
const HIGHEST_BOOST: f64 = 4.0;

#[cfg(test)]
mod tests {
    use super::*;

    const HD: Size = Size::new(1280, 720);

    #[test]
    fn a_keyframe_that_fits_keeps_its_detail_and_a_larger_one_loses_some() {
        // 300 ms are 60 kB.
        let mut budget = KeyframeBudget::new(Bitrate::kbps(1600));
        assert!(!budget.is_unfit(60_000, 0.0));
        assert_eq!(budget.detail(HD), HD);
        assert!(budget.is_unfit(240_000, 0.0));
        assert_eq!(budget.detail(HD), Size::new(640, 360));
        budget.set_bitrate(Bitrate::kbps(800));
        assert!(budget.is_unfit(60_000, 0.0));
        assert!(budget.detail(HD).width < 500);
    }

    #[test]
    fn detail_comes_back_and_has_an_end() {
        let mut budget = KeyframeBudget::new(Bitrate::kbps(100));
        let attempts = (0..10).take_while(|_| budget.is_unfit(1_000_000, 9.0));
        assert_eq!(attempts.count(), 2, "then there is nothing more to lose");
        assert_eq!(budget.detail(HD), Size::new(384, 216));
        let keyframes = (0..20).take_while(|_| {
            budget.is_unfit(1000, 0.0);
            budget.detail(HD) != HD
        });
        assert_eq!(keyframes.count(), 6);
    }

    #[test]
    fn a_coarse_keyframe_gets_what_it_lacks_as_far_as_the_budget_goes() {
        let mut budget = KeyframeBudget::new(Bitrate::kbps(1600));
        let kbps = |budget: &KeyframeBudget| budget.boosted(Bitrate::kbps(1600)).as_kbps();
        assert!(!budget.is_unfit(20_000, 2.0), "nobody sees that");
        assert!(budget.is_unfit(20_000, 6.0));
        assert_eq!(kbps(&budget), 3200);
        assert!(!budget.is_unfit(40_000, 0.0), "as fine as the frame before");
        assert_eq!(kbps(&budget), 3200, "the next one too");
        assert!(!budget.is_unfit(40_000, -6.0));
        assert_eq!(kbps(&budget), 1600);
        assert!(budget.is_unfit(40_000, 12.0));
        assert!((2030..=2040).contains(&kbps(&budget)), "60 kB and no more");
        assert_eq!(budget.detail(HD), HD);
    }

    #[test]
    fn a_boost_that_is_too_much_is_taken_back_before_any_detail() {
        let mut budget = KeyframeBudget::new(Bitrate::kbps(1600));
        assert!(budget.is_unfit(20_000, 12.0));
        assert!(budget.is_unfit(80_000, -1.0));
        assert_eq!(budget.detail(HD), HD);
        let boosted = budget.boosted(Bitrate::kbps(1600)).as_kbps();
        assert!((2500..2700).contains(&boosted), "{boosted}");
        assert!(!budget.is_unfit(52_000, 1.0));
    }
}
