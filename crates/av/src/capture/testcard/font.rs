//! A small stroke font: capitals, digits and a little punctuation, drawn at any
//! size with round ends, so no font file is needed and small text stays legible.

use std::collections::HashMap;

use super::canvas::{Canvas, Colour, Mask, Rect, byte};

/// Shapes already drawn, by cap height and character.
#[derive(Default)]
pub(super) struct Font {
    glyphs: HashMap<(usize, char), Glyph>,
}

struct Glyph {
    mask: Mask,
    /// Where the mask begins, left of the pen and above the cap line.
    margin: usize,
    advance: f64,
}

impl Font {
    /// Draws `text` on the line `at`.
    pub(super) fn draw(&mut self, canvas: &mut Canvas<'_>, text: &str, at: Line, colour: Colour) {
        let mut pen = at.x as f64;
        for letter in text.chars() {
            let glyph = self.glyph(at.cap, letter);
            let (left, top) = (whole(pen), at.y);
            let (left, top) = (
                left.saturating_sub(glyph.margin),
                top.saturating_sub(glyph.margin),
            );
            canvas.paint(&glyph.mask, left, top, colour);
            pen += glyph.advance;
        }
    }

    fn glyph(&mut self, cap: usize, letter: char) -> &Glyph {
        let new = || Glyph::new(cap, letter);
        self.glyphs.entry((cap, letter)).or_insert_with(new)
    }
}

/// Where a line of text goes: the cap line's left end, and how high capitals are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) cap: usize,
}

impl Line {
    /// What text on this line may touch.
    pub(super) fn rect(self, text: &str) -> Rect {
        let margin = margin(self.cap);
        let width = whole(width(text) * self.cap as f64) + 2 * margin + 2;
        let (x, y) = (self.x.saturating_sub(margin), self.y.saturating_sub(margin));
        Rect::new(x, y, width, self.cap + 2 * margin + 1).to_even()
    }
}

/// How wide `text` is, in cap heights.
pub(super) fn width(text: &str) -> f64 {
    let advances: f64 = text.chars().map(advance).sum();
    (advances - SPACING).max(0.0) / UNITS
}

impl Glyph {
    fn new(cap: usize, letter: char) -> Self {
        let scale = cap as f64 / UNITS;
        let margin = margin(cap);
        let across = whole(f64::from(shape(letter).0) * scale) + 2 * margin + 1;
        let mut mask = Mask {
            width: across,
            height: cap + 2 * margin + 1,
            cover: Vec::new(),
        };
        mask.cover = vec![0; mask.width * mask.height];
        let place = |(x, y): Point| (x * scale + margin as f64, y * scale + margin as f64);
        for stroke in strokes(letter) {
            let points: Vec<Point> = stroke.into_iter().map(place).collect();
            for ends in points.windows(2) {
                draw_segment(&mut mask, ends[0], ends[1], WEIGHT * scale / 2.0);
            }
        }
        Self {
            mask,
            margin,
            advance: advance(letter) * scale,
        }
    }
}

type Point = (f64, f64);

/// Draws a segment with round ends.
fn draw_segment(mask: &mut Mask, from: Point, to: Point, radius: f64) {
    let reach = radius + 1.0;
    let columns =
        whole(from.0.min(to.0) - reach)..(whole(from.0.max(to.0) + reach) + 1).min(mask.width);
    let rows =
        whole(from.1.min(to.1) - reach)..(whole(from.1.max(to.1) + reach) + 1).min(mask.height);
    for row in rows {
        for column in columns.clone() {
            let pixel = (column as f64 + 0.5, row as f64 + 0.5);
            let cover = byte(255.0 * (radius - distance(pixel, from, to) + 0.5));
            let place = &mut mask.cover[row * mask.width + column];
            *place = cover.max(*place);
        }
    }
}

/// From a point to a segment.
fn distance(point: Point, from: Point, to: Point) -> f64 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (px, py) = (point.0 - from.0, point.1 - from.1);
    let length = dx * dx + dy * dy;
    let along = if length > 0.0 {
        ((px * dx + py * dy) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (px - along * dx).hypot(py - along * dy)
}

/// A letter's strokes as polylines, corners rounded where the shape says so.
fn strokes(letter: char) -> Vec<Vec<Point>> {
    shape(letter)
        .1
        .split(' ')
        .filter(|stroke| !stroke.is_empty())
        .map(|stroke| {
            let (kind, points) = stroke.split_at(1);
            let mut points = parse(points);
            if kind == "o" {
                points.push(points[0]);
            }
            match kind {
                "-" => points,
                _ => (0..3).fold(points, |points, _| rounded(&points, kind == "o")),
            }
        })
        .collect()
}

/// Pairs of base-16 digits: x and y on a grid of 12 units a cap height.
fn parse(points: &str) -> Vec<Point> {
    let digits: Vec<u32> = points.chars().filter_map(|c| c.to_digit(16)).collect();
    let pairs = digits.chunks_exact(2);
    pairs.map(|pair| (pair[0].into(), pair[1].into())).collect()
}

/// One round of Chaikin's corner cutting.
fn rounded(points: &[Point], closed: bool) -> Vec<Point> {
    let mix = |a: Point, b: Point| (0.75 * a.0 + 0.25 * b.0, 0.75 * a.1 + 0.25 * b.1);
    let mut out = Vec::with_capacity(points.len() * 2);
    for ends in points.windows(2) {
        out.extend([mix(ends[0], ends[1]), mix(ends[1], ends[0])]);
    }
    if closed {
        out.push(out[0]);
    } else {
        out.insert(0, points[0]);
        out.push(points[points.len() - 1]);
    }
    out
}

fn advance(letter: char) -> f64 {
    f64::from(shape(letter).0) + SPACING
}

/// How far a stroke reaches beyond its middle, in pixels.
fn margin(cap: usize) -> usize {
    whole(WEIGHT / 2.0 * cap as f64 / UNITS) + 2
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pixels, never negative"
)]
fn whole(value: f64) -> usize {
    value.max(0.0) as usize
}

/// A letter's width, and its strokes: `-` straight, `~` with round corners, `o` closed and round.
#[rustfmt::skip]
const fn shape(letter: char) -> (u8, &'static str) {
    match letter {
        '0' => (8, "o00808c0c"),
        '1' => (8, "-13505c"),
        '2' => (8, "~040080860c -0c8c"),
        '3' => (8, "~0200808646 ~46868c0c0a"),
        '4' => (8, "-6c600888"),
        '5' => (8, "-701006 ~0604848c0c0a"),
        '6' => (8, "~71600008 o04848c0c"),
        '7' => (8, "-00803c"),
        '8' => (8, "o10707616 o06868c0c"),
        '9' => (8, "o00808808 ~848c2c1b"),
        ':' => (0, "-0404 -0a0a"),
        '.' => (0, "-0c0c"),
        '-' => (8, "-1676"),
        '/' => (6, "-0c60"),
        'x' => (6, "-056b -650b"),
        'A' => (8, "-0c408c -1868"),
        'B' => (8, "-0c00 ~00808606 ~06868c0c"),
        'C' => (8, "~8380000c8c89"),
        'D' => (8, "-0c00 ~00808c0c"),
        'E' => (7, "-70000c7c -0666"),
        'F' => (7, "-70000c -0666"),
        'G' => (8, "~8380000c8c87 -8757"),
        'H' => (8, "-000c -808c -0686"),
        'I' => (0, "-000c"),
        'J' => (6, "~606c0c09"),
        'K' => (8, "-000c -8007 -358c"),
        'L' => (7, "-000c7c"),
        'M' => (10, "-0c0058a0ac"),
        'N' => (8, "-0c008c80"),
        'O' => (8, "o00808c0c"),
        'P' => (8, "-0c00 ~00808707"),
        'Q' => (8, "o00808c0c -598c"),
        'R' => (8, "-0c00 ~00808707 -478c"),
        'S' => (8, "~82800006868c0c0a"),
        'T' => (8, "-0080 -404c"),
        'U' => (8, "~000c8c80"),
        'V' => (8, "-004c80"),
        'W' => (10, "-003c537ca0"),
        'X' => (8, "-008c -800c"),
        'Y' => (8, "-004680 -464c"),
        'Z' => (8, "-00800c8c"),
        _ => (4, ""),
    }
}

/// Grid units in a cap height.
const UNITS: f64 = 12.0;
/// A stroke's width in grid units.
const WEIGHT: f64 = 1.7;
/// Between one letter and the next, in grid units.
const SPACING: f64 = 3.6;

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str = "0123456789:.-/xABCDEFGHIJKLMNOPQRSTUVWXYZ";

    #[test]
    fn every_letter_has_a_shape_of_its_own() {
        let mut shapes: Vec<Vec<u8>> = ALL
            .chars()
            .filter(|letter| !"0O".contains(*letter))
            .map(|letter| Glyph::new(24, letter).mask.cover)
            .collect();
        assert!(shapes.iter().all(|cover| cover.contains(&255)));
        let count = shapes.len();
        shapes.sort();
        shapes.dedup();
        assert_eq!(shapes.len(), count);
    }

    #[test]
    fn digits_are_equally_wide_so_that_clocks_stand_still() {
        let widths: Vec<f64> = ALL[..10].chars().map(advance).collect();
        assert!(widths.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn text_stays_inside_its_rectangle() {
        let (mut font, line) = (
            Font::default(),
            Line {
                x: 20,
                y: 20,
                cap: 30,
            },
        );
        let mut frame = crate::I420::black(onair_media::Size::new(400, 80));
        let mut canvas = Canvas::new(&mut frame).expect("unshared");
        font.draw(&mut canvas, "W0:Q/9", line, Colour::WHITE);
        canvas.fill(line.rect("W0:Q/9"), Colour::BLACK);
        assert!(frame.y().iter().all(|&luma| luma == 16));
    }
}
