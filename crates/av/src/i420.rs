use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use onair_media::Size;

use crate::Error;

/// A frame of 8-bit planes Y, U and V, chroma halved both ways, rows without
/// padding; BT.709, limited range. The clone is one reference count.
#[derive(Clone)]
pub struct I420 {
    size: Size,
    data: Arc<Vec<u8>>,
}

impl I420 {
    /// A frame of `data`: all of Y, then U, then V.
    pub fn new(size: Size, data: Vec<u8>) -> Result<Self, Error> {
        if data.len() != Self::len_of(size) {
            let (want, got) = (Self::len_of(size), data.len());
            let what = format!("an I420 picture of {size} is {want} bytes, not {got}");
            return Err(Error::Invalid { what });
        }
        let data = Arc::new(data);
        Ok(Self { size, data })
    }

    /// A black frame.
    pub fn black(size: Size) -> Self {
        let mut data = vec![128; Self::len_of(size)];
        data[Layout::of(size).y].fill(16);
        let data = Arc::new(data);
        Self { size, data }
    }

    /// How many bytes a frame of `size` has.
    pub const fn len_of(size: Size) -> usize {
        let (width, height) = (size.width as usize, size.height as usize);
        width * height + 2 * (width.div_ceil(2) * height.div_ceil(2))
    }

    /// The frame's size.
    pub const fn size(&self) -> Size {
        self.size
    }

    /// Luma, [`Size::width`] bytes a row.
    pub fn y(&self) -> &[u8] {
        &self.data[Layout::of(self.size).y]
    }

    /// Blue difference, [`I420::chroma_width`] bytes a row.
    pub fn u(&self) -> &[u8] {
        &self.data[Layout::of(self.size).u]
    }

    /// Red difference, [`I420::chroma_width`] bytes a row.
    pub fn v(&self) -> &[u8] {
        &self.data[Layout::of(self.size).v]
    }

    /// Bytes in a row of U or V.
    pub const fn chroma_width(&self) -> usize {
        (self.size.width as usize).div_ceil(2)
    }

    /// All the bytes: Y, then U, then V.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The planes to draw on, unless another clone of this frame is alive.
    pub fn planes_mut(&mut self) -> Option<[&mut [u8]; 3]> {
        let layout = Layout::of(self.size);
        let data = Arc::get_mut(&mut self.data)?;
        let (y, chroma) = data.split_at_mut(layout.y.end);
        let (u, v) = chroma.split_at_mut(layout.u.len());
        Some([y, u, v])
    }

    /// A frame of its own with the same pixels: the bytes are copied.
    pub(crate) fn duplicate(&self) -> Self {
        Self {
            size: self.size,
            data: Arc::new(self.data.to_vec()),
        }
    }
}

impl fmt::Debug for I420 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "I420({})", self.size)
    }
}

struct Layout {
    y: Range<usize>,
    u: Range<usize>,
    v: Range<usize>,
}

impl Layout {
    const fn of(size: Size) -> Self {
        let y = size.width as usize * size.height as usize;
        let end = I420::len_of(size);
        let u = y + (end - y) / 2;
        Self {
            y: 0..y,
            u: y..u,
            v: u..end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_sizes_round_chroma_up() {
        let frame = I420::black(Size::new(5, 3));
        assert_eq!(frame.y(), [16; 15]);
        assert_eq!((frame.u(), frame.v()), (&[128; 6][..], &[128; 6][..]));
        assert_eq!(frame.chroma_width(), 3);
    }

    #[test]
    fn a_shared_frame_cannot_be_drawn_on() {
        let mut frame = I420::black(Size::new(4, 4));
        let clone = frame.clone();
        assert!(frame.planes_mut().is_none());
        drop(clone);
        let [y, u, v] = frame.planes_mut().unwrap();
        assert_eq!((y.len(), u.len(), v.len()), (16, 4, 4));
    }

    #[test]
    fn the_wrong_number_of_bytes_is_refused() {
        assert!(I420::new(Size::new(4, 4), vec![0; 24]).is_ok());
        assert!(I420::new(Size::new(4, 4), vec![0; 23]).is_err());
    }
}
