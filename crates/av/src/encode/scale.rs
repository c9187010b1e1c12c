use std::borrow::Cow;

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use onair_media::Size;

use crate::{Error, I420};

/// Brings frames in memory to the size that is encoded. Its buffers are used again.
#[derive(Default)]
pub(super) struct Scaler {
    resizer: Resizer,
    spare: Option<I420>,
}

impl Scaler {
    /// The frame in `size`: itself, if it has that size.
    ///
    /// Each side is scaled for itself, so that a ratio that does not come out even is off by a
    /// pixel at most, and nothing is cut off.
    pub(super) fn fit<'a>(
        &mut self,
        frame: Cow<'a, I420>,
        size: Size,
    ) -> Result<Cow<'a, I420>, Error> {
        if frame.size() == size {
            return Ok(frame);
        }
        let spare = self.spare.take().filter(|spare| spare.size() == size);
        let mut scaled = spare.unwrap_or_else(|| I420::black(size));
        // Nobody keeps a frame that was given out before; if somebody did, it stays as it is.
        if scaled.planes_mut().is_none() {
            scaled = I420::black(size);
        }
        if let Some([y, u, v]) = scaled.planes_mut() {
            let (from, to) = (frame.size(), size);
            self.resize(frame.y(), from, y, to)?;
            self.resize(frame.u(), chroma(from), u, chroma(to))?;
            self.resize(frame.v(), chroma(from), v, chroma(to))?;
        }
        self.spare = Some(scaled.clone());
        Ok(Cow::Owned(scaled))
    }

    fn resize(
        &mut self,
        from: &[u8],
        before: Size,
        to: &mut [u8],
        after: Size,
    ) -> Result<(), Error> {
        let from = TypedImageRef::<U8>::from_buffer(before.width, before.height, from);
        let from = from.map_err(refused)?;
        let to = TypedImage::<U8>::from_buffer(after.width, after.height, to);
        let mut to = to.map_err(refused)?;
        let options = ResizeOptions::new().resize_alg(ALGORITHM);
        let scaled = self.resizer.resize_typed(&from, &mut to, &options);
        scaled.map_err(refused)
    }
}

/// Each pixel becomes the mean of those that it covers.
const ALGORITHM: ResizeAlg = ResizeAlg::Convolution(FilterType::Bilinear);

const fn chroma(size: Size) -> Size {
    Size::new(size.width.div_ceil(2), size.height.div_ceil(2))
}

fn refused(error: impl std::fmt::Display) -> Error {
    Error::invalid(format!("a picture that cannot be scaled: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: Size = Size::new(8, 6);

    /// Left black, right white; blue on the left.
    fn halves(size: Size) -> I420 {
        let mut frame = I420::black(size);
        let [y, u, _] = frame.planes_mut().unwrap();
        for (plane, width, right) in [(y, size.width, 235), (u, size.width.div_ceil(2), 90)] {
            for row in plane.chunks_mut(width as usize) {
                row[width as usize / 2..].fill(right);
            }
        }
        frame
    }

    fn fit(scaler: &mut Scaler, frame: &I420, size: Size) -> I420 {
        scaler.fit(Cow::Borrowed(frame), size).unwrap().into_owned()
    }

    #[test]
    fn a_frame_keeps_its_content_in_another_size() {
        let frame = halves(Size::new(16, 12));
        let small = fit(&mut Scaler::default(), &frame, HALF);
        assert_eq!(small.size(), HALF);
        for row in small.y().chunks(8) {
            assert_eq!([row[0], row[1], row[6], row[7]], [16, 16, 235, 235]);
        }
        for row in small.u().chunks(4) {
            assert_eq!((row[0], row[3]), (128, 90));
        }
        assert_eq!(small.v(), [128; 12]);
    }

    #[test]
    fn a_frame_of_the_right_size_is_not_touched() {
        let frame = halves(HALF);
        let fitted = Scaler::default()
            .fit(Cow::Borrowed(&frame), HALF)
            .map(|frame| matches!(frame, Cow::Borrowed(_)));
        assert!(fitted.unwrap());
    }

    #[test]
    fn a_buffer_is_used_again_unless_somebody_keeps_it() {
        let (mut scaler, frame) = (Scaler::default(), halves(Size::new(16, 12)));
        let first = fit(&mut scaler, &frame, HALF);
        let at = first.data().as_ptr();
        let kept = first.clone();
        assert_ne!(fit(&mut scaler, &frame, HALF).data().as_ptr(), at);
        assert_eq!(kept.data(), first.data());
        let at = fit(&mut scaler, &frame, HALF).data().as_ptr();
        assert_eq!(fit(&mut scaler, &frame, HALF).data().as_ptr(), at);
    }
}
