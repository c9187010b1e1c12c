//! Still images as frames: from RGB, and of another size.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{PixelType, Resizer};
use onair_media::Size;

use crate::{Error, I420};

impl I420 {
    /// A frame of gamma-coded RGB, three bytes a pixel.
    pub fn from_rgb(size: Size, rgb: &[u8]) -> Result<Self, Error> {
        let (width, height) = (size.width as usize, size.height as usize);
        if rgb.len() != width * height * 3 {
            let what = format!("an RGB image of {size} is not {} bytes", rgb.len());
            return Err(Error::Invalid { what });
        }
        let mut frame = Self::black(size);
        let half = frame.chroma_width();
        if let Some([y, u, v]) = frame.planes_mut() {
            for (index, pixel) in rgb.as_chunks::<3>().0.iter().enumerate() {
                let (row, column) = (index / width, index % width);
                let [luma, blue, red] = bt709(*pixel);
                y[index] = luma;
                if row.is_multiple_of(2) && column.is_multiple_of(2) {
                    (
                        u[row / 2 * half + column / 2],
                        v[row / 2 * half + column / 2],
                    ) = (blue, red);
                }
            }
        }
        Ok(frame)
    }

    /// The whole frame in another size, its sides in proportion, in the middle of black.
    #[must_use]
    pub fn fitted(&self, size: Size) -> Self {
        let mut frame = Self::black(size);
        let pairs = |size: Size| (size.width.div_ceil(2), size.height.div_ceil(2));
        let (from, to) = (pairs(self.size()), pairs(size));
        if self.size() == size || from.0 * from.1 == 0 {
            return self.clone();
        }
        let inner = inside(from, to);
        let margin = ((to.0 - inner.0) / 2, (to.1 - inner.1) / 2);
        let luma = Place {
            corner: (2 * margin.0, 2 * margin.1),
            size: (
                (2 * inner.0).min(size.width),
                (2 * inner.1).min(size.height),
            ),
        };
        let chroma = Place {
            corner: margin,
            size: inner,
        };
        let whole = (self.size().width, self.size().height);
        if let Some([y, u, v]) = frame.planes_mut() {
            paste((y, size.width), (self.y(), whole), luma);
            paste((u, to.0), (self.u(), from), chroma);
            paste((v, to.0), (self.v(), from), chroma);
        }
        frame
    }
}

/// A rectangle in a plane.
#[derive(Clone, Copy)]
struct Place {
    corner: (u32, u32),
    size: (u32, u32),
}

/// The largest size within `to` with the proportions of `from`.
fn inside(from: (u32, u32), to: (u32, u32)) -> (u32, u32) {
    let scaled = |side: u32, by: u32, of: u32| {
        let scaled = u64::from(side) * u64::from(by) / u64::from(of);
        u32::try_from(scaled).unwrap_or(u32::MAX).max(1)
    };
    let width = scaled(from.0, to.1, from.1).min(to.0);
    (width, scaled(from.1, width, from.0).min(to.1))
}

/// Scales a plane into a place of another, whose rows are `stride` long.
fn paste((to, stride): (&mut [u8], u32), (from, size): (&[u8], (u32, u32)), place: Place) {
    let (width, height) = place.size;
    let mut scaled = Image::new(width, height, PixelType::U8);
    let Ok(source) = ImageRef::new(size.0, size.1, from, PixelType::U8) else {
        return;
    };
    if Resizer::new().resize(&source, &mut scaled, None).is_err() {
        return;
    }
    let rows = to.chunks_exact_mut(stride as usize);
    let rows = rows.skip(place.corner.1 as usize);
    for (row, line) in rows.zip(scaled.buffer().chunks_exact(width as usize)) {
        row[place.corner.0 as usize..][..width as usize].copy_from_slice(line);
    }
}

/// ITU-R BT.709-6 §3, limited range, in 1/65536.
fn bt709([red, green, blue]: [u8; 3]) -> [u8; 3] {
    let [r, g, b] = [red, green, blue].map(i32::from);
    let luma = 16 + ((11_966 * r + 40_254 * g + 4064 * b + 32_768) >> 16);
    let u = 128 + ((-6596 * r - 22_189 * g + 28_784 * b + 32_768) >> 16);
    let v = 128 + ((28_784 * r - 26_145 * g - 2639 * b + 32_768) >> 16);
    [luma, u, v].map(|value| u8::try_from(value.clamp(0, 255)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_bt_709_limited() {
        let colour = |rgb: [u8; 3]| {
            let frame = I420::from_rgb(Size::new(2, 2), &rgb.repeat(4)).unwrap();
            [frame.y()[3], frame.u()[0], frame.v()[0]]
        };
        assert_eq!(colour([255, 255, 255]), [235, 128, 128]);
        assert_eq!(colour([0, 0, 0]), [16, 128, 128]);
        // 75 % bars as ITU-R BT.1729 and SMPTE RP 219 list them.
        assert_eq!(colour([191, 191, 0]), [168, 44, 136]);
        assert_eq!(colour([0, 191, 0]), [133, 63, 52]);
        assert_eq!(colour([0, 0, 191]), [28, 212, 120]);
        assert!(I420::from_rgb(Size::new(2, 2), &[0; 11]).is_err());
    }

    #[test]
    fn a_wide_image_stands_between_black_bars_and_any_sizes_fit() {
        let white = I420::from_rgb(Size::new(64, 16), &[255; 64 * 16 * 3]).unwrap();
        let frame = white.fitted(Size::new(32, 32));
        let row = |row: usize| &frame.y()[row * 32..][..32];
        assert_eq!((row(11), row(12)), (&[16; 32][..], &[235; 32][..]));
        assert_eq!((row(19), row(20)), (&[235; 32][..], &[16; 32][..]));
        for side in 1..20 {
            for other in 1..20 {
                let size = Size::new(other, side);
                assert_eq!(I420::black(Size::new(side, 7)).fitted(size).size(), size);
            }
        }
    }
}
