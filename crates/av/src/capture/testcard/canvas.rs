use onair_media::Size;

use crate::I420;

/// A frame to draw on. What falls outside is cut off.
pub(super) struct Canvas<'a> {
    size: Size,
    y: &'a mut [u8],
    u: &'a mut [u8],
    v: &'a mut [u8],
}

/// A colour in BT.709, limited range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour {
    pub(super) y: u8,
    pub(super) u: u8,
    pub(super) v: u8,
}

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rect {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// How much of each pixel a shape covers, in rows without padding.
pub(super) struct Mask {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) cover: Vec<u8>,
}

impl Colour {
    pub(super) const BLACK: Self = Self::new(16, 128, 128);
    pub(super) const WHITE: Self = Self::new(235, 128, 128);

    pub(super) const fn new(y: u8, u: u8, v: u8) -> Self {
        Self { y, u, v }
    }

    /// From gamma-coded RGB, 0 to 255 (ITU-R BT.709-6 §3).
    pub(super) fn rgb(red: u8, green: u8, blue: u8) -> Self {
        let [r, g, b] = [red, green, blue].map(|c| f64::from(c) / 255.0);
        let luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
        Self::new(
            byte(16.0 + 219.0 * luma),
            byte(128.0 + 224.0 * (b - luma) / 1.8556),
            byte(128.0 + 224.0 * (r - luma) / 1.5748),
        )
    }
}

impl Rect {
    pub(super) const fn new(x: usize, y: usize, width: usize, height: usize) -> Self {
        Self {
            x,
            y,
            width,
            height,
        }
    }

    /// The smallest rectangle around this one whose corners are on even pixels.
    pub(super) const fn to_even(self) -> Self {
        let (x, y) = (self.x & !1, self.y & !1);
        let (right, bottom) = (self.x + self.width, self.y + self.height);
        Self::new(
            x,
            y,
            right.next_multiple_of(2) - x,
            bottom.next_multiple_of(2) - y,
        )
    }

    const fn halved(self) -> Self {
        let (right, bottom) = (self.x + self.width, self.y + self.height);
        let (x, y) = (self.x / 2, self.y / 2);
        Self::new(x, y, right.div_ceil(2) - x, bottom.div_ceil(2) - y)
    }

    fn cut_to(self, width: usize, height: usize) -> Self {
        let (x, y) = (self.x.min(width), self.y.min(height));
        Self::new(x, y, self.width.min(width - x), self.height.min(height - y))
    }
}

impl<'a> Canvas<'a> {
    /// The frame, unless a clone of it is alive.
    pub(super) fn new(frame: &'a mut I420) -> Option<Self> {
        let size = frame.size();
        let [y, u, v] = frame.planes_mut()?;
        Some(Self { size, y, u, v })
    }

    pub(super) const fn size(&self) -> Size {
        self.size
    }

    /// Fills a rectangle.
    pub(super) fn fill(&mut self, rect: Rect, colour: Colour) {
        let (width, height, half) = self.sides();
        fill_plane(self.y, width, rect.cut_to(width, height), colour.y);
        let rect = rect.halved().cut_to(half, height.div_ceil(2));
        fill_plane(self.u, half, rect, colour.u);
        fill_plane(self.v, half, rect, colour.v);
    }

    /// Fills a rectangle of luma and leaves its colour.
    pub(super) fn fill_luma(&mut self, rect: Rect, luma: u8) {
        let (width, height, _) = self.sides();
        fill_plane(self.y, width, rect.cut_to(width, height), luma);
    }

    /// Paints a shape with its top left corner at (`x`, `y`).
    pub(super) fn paint(&mut self, mask: &Mask, x: usize, y: usize, colour: Colour) {
        let (width, height, half) = self.sides();
        let rect = Rect::new(x, y, mask.width, mask.height).cut_to(width, height);
        for row in 0..rect.height {
            let cover = &mask.cover[row * mask.width..][..rect.width];
            let start = (rect.y + row) * width + rect.x;
            let luma = self.y[start..start + rect.width].iter_mut();
            luma.zip(cover)
                .for_each(|(to, &by)| blend(to, colour.y, by));
        }
        for row in (0..rect.height).filter(|row| (rect.y + row).is_multiple_of(2)) {
            let start = (rect.y + row) / 2 * half;
            for column in (rect.x & 1..rect.width).step_by(2) {
                let by = mask.cover[row * mask.width + column];
                let at = start + (rect.x + column) / 2;
                blend(&mut self.u[at], colour.u, by);
                blend(&mut self.v[at], colour.v, by);
            }
        }
    }

    /// Paints one pixel of luma, and of chroma where it has its own.
    pub(super) fn paint_pixel(&mut self, x: usize, y: usize, colour: Colour, cover: u8) {
        let (width, _, half) = self.sides();
        blend(&mut self.y[y * width + x], colour.y, cover);
        if (x | y) & 1 == 0 {
            let at = y / 2 * half + x / 2;
            blend(&mut self.u[at], colour.u, cover);
            blend(&mut self.v[at], colour.v, cover);
        }
    }

    /// Copies a rectangle from another frame of the same size.
    pub(super) fn restore(&mut self, from: &I420, rect: Rect) {
        let (width, height, half) = self.sides();
        copy_plane(self.y, from.y(), width, rect.cut_to(width, height));
        let rect = rect.halved().cut_to(half, height.div_ceil(2));
        copy_plane(self.u, from.u(), half, rect);
        copy_plane(self.v, from.v(), half, rect);
    }

    /// Luma's width and height, and chroma's width.
    const fn sides(&self) -> (usize, usize, usize) {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        (width, height, width.div_ceil(2))
    }
}

fn fill_plane(plane: &mut [u8], stride: usize, rect: Rect, value: u8) {
    for row in rect.y..rect.y + rect.height {
        plane[row * stride + rect.x..][..rect.width].fill(value);
    }
}

fn copy_plane(to: &mut [u8], from: &[u8], stride: usize, rect: Rect) {
    for row in rect.y..rect.y + rect.height {
        let columns = row * stride + rect.x..row * stride + rect.x + rect.width;
        to[columns.clone()].copy_from_slice(&from[columns]);
    }
}

/// Moves `to` towards `colour` by `cover` / 255.
fn blend(to: &mut u8, colour: u8, cover: u8) {
    let (old, new, by) = (u32::from(*to), u32::from(colour), u32::from(cover));
    let mixed = (old * (255 - by) + new * by + 127) / 255;
    #[expect(clippy::cast_possible_truncation, reason = "a mean of two bytes")]
    {
        *to = mixed as u8;
    }
}

/// The nearest byte.
pub(super) fn byte(value: f64) -> u8 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped"
    )]
    {
        value.round().clamp(0.0, 255.0) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_bt_709_limited() {
        assert_eq!(Colour::rgb(255, 255, 255), Colour::WHITE);
        assert_eq!(Colour::rgb(0, 0, 0), Colour::BLACK);
        // 75 % bars as ITU-R BT.1729 and SMPTE RP 219 list them.
        assert_eq!(Colour::rgb(191, 191, 0), Colour::new(168, 44, 136));
        assert_eq!(Colour::rgb(0, 191, 0), Colour::new(133, 63, 52));
        assert_eq!(Colour::rgb(0, 0, 191), Colour::new(28, 212, 120));
    }

    #[test]
    fn drawing_outside_is_cut_off() {
        let mut frame = I420::black(Size::new(5, 5));
        let mut canvas = Canvas::new(&mut frame).unwrap();
        canvas.fill(Rect::new(3, 3, 100, 100), Colour::WHITE);
        let mask = Mask {
            width: 4,
            height: 4,
            cover: vec![255; 16],
        };
        canvas.paint(&mask, 4, 0, Colour::WHITE);
        canvas.paint(&mask, 9, 9, Colour::WHITE);
        let rows = [0, 0, 0, 1, 2].map(|n: usize| n);
        assert_eq!(frame.y()[24], 235);
        assert_eq!(frame.y()[4], 235);
        assert_eq!(frame.y()[rows[4]], 16);
    }
}
