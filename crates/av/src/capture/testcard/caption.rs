use onair_media::Size;

use super::canvas::{Canvas, Colour, Rect};
use super::centred;
use super::font::{self, Font};
use crate::I420;

/// Words in the middle of a dark frame: capitals, digits and `:./-`.
pub fn caption(text: &str, size: Size) -> I420 {
    let mut frame = I420::black(size);
    if let Some(mut canvas) = Canvas::new(&mut frame) {
        let (width, height) = (size.width as usize, size.height as usize);
        canvas.fill(Rect::new(0, 0, width, height), Colour::rgb(30, 33, 41));
        let cap = cap(text, width, height);
        if cap > 0 {
            let line = centred(text, width / 2, height / 2, cap);
            Font::default().draw(&mut canvas, text, line, Colour::rgb(244, 245, 247));
        }
    }
    frame
}

/// How high capitals are for the words to take three quarters of the width, and a tenth of the height
/// at most.
fn cap(text: &str, width: usize, height: usize) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "pixels, never negative"
    )]
    let widest = (width as f64 * 0.75 / font::width(text).max(0.1)) as usize;
    widest.min(height / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_within_the_frame_whatever_its_size() {
        for size in [(1, 1), (16, 16), (160, 90), (90, 160), (641, 361)] {
            let size = Size::new(size.0, size.1);
            assert_eq!(caption("BACK IN A MOMENT", size).size(), size);
        }
        let frame = caption("BACK IN A MOMENT", Size::new(640, 360));
        let is_ink = |luma: &&u8| **luma > 200;
        let ink = frame.y().iter().filter(is_ink).count();
        assert!((500..20_000).contains(&ink), "{ink}");
        let edge: Vec<_> = frame.y().chunks(640).flat_map(|row| &row[..64]).collect();
        assert_eq!(edge.iter().filter(|luma| ***luma > 100).count(), 0);
    }
}
