use onair_av::I420;
use onair_media::Size;

use super::Slate;

/// The slate as an image of `size`.
pub(super) fn draw(slate: &Slate, size: Size) -> I420 {
    match slate {
        Slate::Pause => pause(size),
        Slate::Black => I420::black(size),
        Slate::Image(frame) if frame.size() == size => frame.clone(),
        Slate::Image(frame) => centre(frame, size),
    }
}

/// Two upright bars, a quarter of the shorter side high.
fn pause(size: Size) -> I420 {
    let mut frame = I420::black(size);
    let Some([luma, ..]) = frame.planes_mut() else {
        return frame;
    };
    let (width, height) = (size.width as usize, size.height as usize);
    let unit = width.min(height) / 16;
    let (left, top) = (width / 2, height / 2 - 2 * unit);
    luma.fill(GROUND);
    for row in luma.chunks_exact_mut(width.max(1)).skip(top).take(4 * unit) {
        row[left - 3 * unit / 2..left - unit / 2].fill(BARS);
        row[left + unit / 2..left + 3 * unit / 2].fill(BARS);
    }
    frame
}

fn centre(from: &I420, size: Size) -> I420 {
    let mut frame = I420::black(size);
    let Some(planes) = frame.planes_mut() else {
        return frame;
    };
    let pairs = |size: Size| (size.width.div_ceil(2), size.height.div_ceil(2));
    let (to, of) = (pairs(size), pairs(from.size()));
    let chroma = (Span::centred(to.0, of.0), Span::centred(to.1, of.1));
    let luma = (
        chroma.0.doubled(size.width, from.size().width),
        chroma.1.doubled(size.height, from.size().height),
    );
    let sources = [from.y(), from.u(), from.v()];
    let places = [luma, chroma, chroma];
    let widths = [(size.width, from.size().width), (to.0, of.0), (to.0, of.0)];
    for (((plane, source), place), widths) in
        planes.into_iter().zip(sources).zip(places).zip(widths)
    {
        paste((plane, widths.0), (source, widths.1), place);
    }
    frame
}

/// Copies a rectangle; each plane comes with the length of its rows.
fn paste((to, to_width): (&mut [u8], u32), (from, width): (&[u8], u32), place: (Span, Span)) {
    let (columns, rows) = place;
    let to = to.chunks_exact_mut(to_width.max(1) as usize).skip(rows.to);
    let from = from.chunks_exact(width.max(1) as usize).skip(rows.from);
    for (to, from) in to.zip(from).take(rows.length) {
        let source = &from[columns.from..][..columns.length];
        to[columns.to..][..columns.length].copy_from_slice(source);
    }
}

/// Which pixels of a row are copied: where to, where from, how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    to: usize,
    from: usize,
    length: usize,
}

impl Span {
    const fn centred(to: u32, from: u32) -> Self {
        let (to, from) = (to as usize, from as usize);
        Self {
            to: to.saturating_sub(from) / 2,
            from: from.saturating_sub(to) / 2,
            length: if to < from { to } else { from },
        }
    }

    /// The same for luma, which has two pixels for each of chroma, or one less at an odd edge.
    fn doubled(self, to: u32, from: u32) -> Self {
        let (start, source) = (2 * self.to, 2 * self.from);
        let room = (to as usize - start).min(from as usize - source);
        Self {
            to: start,
            from: source,
            length: room.min(2 * self.length),
        }
    }
}

const GROUND: u8 = 32;
const BARS: u8 = 140;

#[cfg(test)]
mod tests {
    use super::*;

    /// An image whose pixels tell where they are from.
    fn ramp(size: Size) -> I420 {
        let mut frame = I420::black(size);
        let planes = frame.planes_mut().unwrap();
        for plane in planes {
            for (at, pixel) in plane.iter_mut().enumerate() {
                *pixel = u8::try_from(at % 200).unwrap() + 30;
            }
        }
        frame
    }

    #[test]
    fn a_pause_is_two_bars_about_the_middle() {
        let frame = draw(&Slate::Pause, Size::new(64, 32));
        let row = &frame.y()[16 * 64..17 * 64];
        let bars: Vec<_> = (0..64).filter(|&x| row[x] == BARS).collect();
        assert_eq!(bars, [29, 30, 33, 34]);
        assert_eq!(frame.y()[0], GROUND);
    }

    #[test]
    fn a_small_frame_stands_in_the_middle_of_black() {
        let frame = draw(&Slate::Image(ramp(Size::new(4, 2))), Size::new(8, 6));
        let rows: Vec<_> = frame.y().chunks(8).collect();
        assert_eq!(rows[0], [16; 8]);
        assert_eq!(rows[2], [16, 16, 30, 31, 32, 33, 16, 16]);
        assert_eq!(rows[3], [16, 16, 34, 35, 36, 37, 16, 16]);
        assert_eq!(
            frame.u(),
            [128, 128, 128, 128, 128, 30, 31, 128, 128, 128, 128, 128]
        );
    }

    #[test]
    fn a_large_frame_loses_its_edges() {
        let frame = draw(&Slate::Image(ramp(Size::new(8, 8))), Size::new(4, 4));
        assert_eq!(frame.y()[..4], [48, 49, 50, 51]);
        assert_eq!(frame.u(), [35, 36, 39, 40]);
    }

    #[test]
    fn any_sizes_fit() {
        for side in 1..20 {
            for other in 1..20 {
                let (one, two) = (Size::new(side, other), Size::new(other, 7));
                for slate in [Slate::Pause, Slate::Black, Slate::Image(ramp(one))] {
                    assert_eq!(draw(&slate, two).size(), two);
                }
            }
        }
    }
}
