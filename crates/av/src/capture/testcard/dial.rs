use std::f64::consts::TAU;

use super::canvas::{Canvas, Colour, Mask, Rect, byte};

/// A disc that flashes inside a ring that fills once a second.
///
/// Every pixel's angle and coverage are worked out once; drawing only compares.
pub(super) struct Dial {
    x: usize,
    y: usize,
    side: usize,
    ring: Vec<RingPixel>,
    disc: Mask,
}

struct RingPixel {
    x: u32,
    y: u32,
    /// Of a turn, clockwise from the top, in 65536ths.
    turn: u16,
    cover: u8,
}

impl Dial {
    /// A dial that fills a square.
    pub(super) fn new(x: usize, y: usize, side: usize) -> Self {
        let radius = side as f64 / 2.0;
        let (inner, disc) = (radius * 0.84, radius * 0.74);
        let pixels = (0..side * side).map(|index| (index % side, index / side));
        Self {
            x,
            y,
            side,
            ring: pixels
                .clone()
                .filter_map(|(column, row)| ring_pixel(column, row, radius, inner))
                .map(|pixel| pixel.moved(x, y))
                .collect(),
            disc: Mask {
                width: side,
                height: side,
                cover: pixels.map(|at| covered(at, radius, disc)).collect(),
            },
        }
    }

    /// What the dial may touch.
    pub(super) const fn rect(&self) -> Rect {
        Rect::new(self.x, self.y, self.side, self.side).to_even()
    }

    pub(super) const fn centre(&self) -> (usize, usize) {
        (self.x + self.side / 2, self.y + self.side / 2)
    }

    pub(super) const fn side(&self) -> usize {
        self.side
    }

    /// Draws the ring filled to `phase` of a turn, and the disc.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, phase: f64, colours: [Colour; 3]) {
        let [lit, unlit, disc] = colours;
        let reached = phase * 65_536.0;
        for pixel in &self.ring {
            let colour = if f64::from(pixel.turn) < reached {
                lit
            } else {
                unlit
            };
            canvas.paint_pixel(pixel.x as usize, pixel.y as usize, colour, pixel.cover);
        }
        canvas.paint(&self.disc, self.x, self.y, disc);
    }
}

impl RingPixel {
    fn moved(self, x: usize, y: usize) -> Self {
        let by = |offset: usize| u32::try_from(offset).unwrap_or(0);
        Self {
            x: self.x + by(x),
            y: self.y + by(y),
            ..self
        }
    }
}

fn ring_pixel(column: usize, row: usize, outer: f64, inner: f64) -> Option<RingPixel> {
    let (dx, dy) = offset((column, row), outer);
    let distance = dx.hypot(dy);
    let cover = (outer - distance).min(distance - inner + 0.5);
    let turn = dx.atan2(-dy).rem_euclid(TAU) / TAU;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a fraction of a turn"
    )]
    let turn = (turn * 65_535.0) as u16;
    Some(RingPixel {
        x: u32::try_from(column).ok()?,
        y: u32::try_from(row).ok()?,
        turn,
        cover: byte(255.0 * cover),
    })
    .filter(|pixel| pixel.cover > 0)
}

fn covered(at: (usize, usize), centre: f64, radius: f64) -> u8 {
    let (dx, dy) = offset(at, centre);
    byte(255.0 * (radius - dx.hypot(dy) + 0.5))
}

fn offset((column, row): (usize, usize), centre: f64) -> (f64, f64) {
    (column as f64 + 0.5 - centre, row as f64 + 0.5 - centre)
}
