use std::time::Duration;

use onair_media::{Bitrate, Size};

/// Keeps keyframes from filling the line: one that comes out too large is encoded again from a
/// softer picture, which the frames after it sharpen. Pure.
///
/// The encoder's own rate control does not: for a keyframe it stays within quantisers of its own
/// choice (28 to 40 at best), so that a hard one takes what half a second of the bitrate would carry,
/// and it knows nothing at all of the first.
#[derive(Debug)]
pub(super) struct KeyframeBudget {
    bytes: f64,
    /// How much of each side's detail the next keyframe gets.
    detail: f64,
}

impl KeyframeBudget {
    pub(super) fn new(bitrate: Bitrate) -> Self {
        let mut budget = Self {
            bytes: 0.0,
            detail: 1.0,
        };
        budget.set_bitrate(bitrate);
        budget
    }

    pub(super) fn set_bitrate(&mut self, bitrate: Bitrate) {
        self.bytes = bitrate.as_bps() as f64 / 8.0 * SHARE.as_secs_f64();
    }

    /// The size to which a picture of `size` is scaled, and back, before it is a keyframe.
    pub(super) fn detail(&self, size: Size) -> Size {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "no larger than the side"
        )]
        let side = |pixels: u32| ((f64::from(pixels) * self.detail) as u32).max(2);
        Size::new(side(size.width), side(size.height))
    }

    /// Notes a keyframe's size in bytes; true if it should be encoded again.
    pub(super) fn is_exceeded(&mut self, bytes: usize) -> bool {
        let share = self.bytes / bytes.max(1) as f64;
        let before = self.detail;
        // Bytes go with the pixels that are left, and a little more.
        self.detail = (before * share.sqrt().clamp(0.4, 1.2)).clamp(LEAST_DETAIL, 1.0);
        share < 1.0 && self.detail < before
    }
}

/// A keyframe takes no more than the bitrate carries in this time.
const SHARE: Duration = Duration::from_millis(300);

/// Less than this share of each side is not a picture.
const LEAST_DETAIL: f64 = 0.3;

#[cfg(test)]
mod tests {
    use super::*;

    const HD: Size = Size::new(1280, 720);

    #[test]
    fn a_keyframe_that_fits_keeps_its_detail_and_a_larger_one_loses_some() {
        // 300 ms are 60 kB.
        let mut budget = KeyframeBudget::new(Bitrate::kbps(1600));
        assert!(!budget.is_exceeded(60_000));
        assert_eq!(budget.detail(HD), HD);
        assert!(budget.is_exceeded(240_000));
        assert_eq!(budget.detail(HD), Size::new(640, 360));
        budget.set_bitrate(Bitrate::kbps(800));
        assert!(budget.is_exceeded(60_000));
        assert!(budget.detail(HD).width < 500);
    }

    #[test]
    fn detail_comes_back_and_has_an_end() {
        let mut budget = KeyframeBudget::new(Bitrate::kbps(100));
        let attempts = (0..10).take_while(|_| budget.is_exceeded(1_000_000));
        assert_eq!(attempts.count(), 2, "then there is nothing more to lose");
        assert_eq!(budget.detail(HD), Size::new(384, 216));
        let keyframes = (0..20).take_while(|_| {
            budget.is_exceeded(1000);
            budget.detail(HD) != HD
        });
        assert_eq!(keyframes.count(), 6);
    }
}
