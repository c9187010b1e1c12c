use onair_media::Size;

use super::canvas::{Canvas, Colour, Rect, byte};
use super::dial::Dial;
use super::font::{self, Font, Line};
use super::mark;
use crate::I420;

/// The layout of a card of one size, and its fixed background.
pub(super) struct Layout {
    pub(super) background: I420,
    pub(super) dial: Dial,
    pub(super) clock: Line,
    pub(super) track: Rect,
}

impl Layout {
    /// Lays out a card: bars above; below them a panel with the dial beside the
    /// text, or above it where the frame is taller than wide.
    pub(super) fn new(size: Size, font: &mut Font, title: &str, facts: &str) -> Self {
        let plan = Plan::new(size);
        let mut background = I420::black(size);
        if let Some(mut canvas) = Canvas::new(&mut background) {
            plan.draw_bars(&mut canvas);
            plan.draw_ramp(&mut canvas);
            canvas.fill(plan.panel, Colour::rgb(17, 19, 24));
            plan.draw_track(&mut canvas);
            plan.draw_words(&mut canvas, font, title, facts);
        }
        let (x, y, side) = plan.dial;
        Self {
            background,
            dial: Dial::new(x, y, side),
            clock: plan.clock,
            track: plan.track,
        }
    }
}

/// The rectangles and lines of a card.
struct Plan {
    bars: Rect,
    ramp: Rect,
    panel: Rect,
    /// Left, top and side.
    dial: (usize, usize, usize),
    title: Line,
    clock: Line,
    facts: Line,
    track: Rect,
    text_width: usize,
}

impl Plan {
    fn new(size: Size) -> Self {
        let width = size.width as usize;
        let height = size.height as usize - mark::height(size);
        let wide = width >= height;
        let (bars_end, ramp_end) = if wide { (40, 45) } else { (28, 31) };
        let (bars_end, ramp_end) = (even(height * bars_end / 100), even(height * ramp_end / 100));
        let panel = Rect::new(0, ramp_end, width, height - ramp_end);
        let side = if wide {
            even((height * 44 / 100).min(width * 28 / 100))
        } else {
            even((height * 34 / 100).min(width * 60 / 100))
        };
        let (dial, text) = if wide {
            let dial = (width * 5 / 100, panel.y + (panel.height - side) / 2, side);
            let left = dial.0 + side + width * 5 / 100;
            (
                dial,
                Rect::new(
                    left,
                    panel.y,
                    (width * 95 / 100).saturating_sub(left),
                    panel.height,
                ),
            )
        } else {
            let dial = ((width - side) / 2, panel.y + height * 4 / 100, side);
            let top = dial.1 + side;
            let text = Rect::new(width * 7 / 100, top, width * 86 / 100, height - top);
            (dial, text)
        };
        Self {
            bars: Rect::new(0, 0, width, bars_end),
            ramp: Rect::new(0, bars_end, width, ramp_end - bars_end),
            panel,
            dial,
            ..Self::with_text(text)
        }
    }

    /// The lines of text and the track, centred in `area` from top to bottom.
    fn with_text(area: Rect) -> Self {
        let widest = area.width as f64 / font::width(CLOCK);
        let cap = (whole(widest)).min(area.height / 4).max(6);
        let (small, gap) = ((cap * 32 / 100).max(5), cap * 46 / 100);
        let ball = small * 3 / 2;
        let top = area.y + area.height.saturating_sub(2 * small + cap + ball + 3 * gap) / 2;
        let line = |y, cap| Line { x: area.x, y, cap };
        let (title, clock) = (line(top, small), line(top + small + gap, cap));
        let facts = line(clock.y + cap + gap, small);
        let empty = Rect::new(0, 0, 0, 0);
        Self {
            bars: empty,
            ramp: empty,
            panel: empty,
            dial: (0, 0, 0),
            title,
            clock,
            facts,
            track: Rect::new(area.x, facts.y + small + gap, area.width, ball).to_even(),
            text_width: area.width,
        }
    }

    /// 75 % colour bars, in falling order of luma.
    fn draw_bars(&self, canvas: &mut Canvas<'_>) {
        for (index, [red, green, blue]) in BARS.into_iter().enumerate() {
            let left = even(index * self.bars.width / BARS.len());
            let right = (index + 1) * self.bars.width / BARS.len();
            let rect = Rect {
                x: left,
                width: right - left,
                ..self.bars
            };
            canvas.fill(rect, Colour::rgb(red, green, blue));
        }
    }

    /// Black to white: banding and crushed ends show here.
    fn draw_ramp(&self, canvas: &mut Canvas<'_>) {
        canvas.fill(self.ramp, Colour::BLACK);
        let last = self.ramp.width.saturating_sub(1).max(1) as f64;
        for x in 0..self.ramp.width {
            let column = Rect {
                x,
                width: 1,
                ..self.ramp
            };
            canvas.fill_luma(column, byte(16.0 + 219.0 * x as f64 / last));
        }
    }

    /// The line the ball runs along, ticked in quarters.
    fn draw_track(&self, canvas: &mut Canvas<'_>) {
        let track = self.track;
        let thick = (track.height / 12).max(2);
        let middle = track.y + track.height.saturating_sub(thick) / 2;
        let colour = Colour::rgb(58, 63, 74);
        canvas.fill(Rect::new(track.x, middle, track.width, thick), colour);
        for tick in 0..=4 {
            let x = track.x + track.width.saturating_sub(thick) * tick / 4;
            let rect = Rect::new(x, track.y + track.height / 4, thick, track.height / 2);
            canvas.fill(rect, colour);
        }
    }

    fn draw_words(&self, canvas: &mut Canvas<'_>, font: &mut Font, title: &str, facts: &str) {
        let (bright, faint) = (Colour::rgb(244, 245, 247), Colour::rgb(154, 163, 178));
        let zone_width = whole(font::width(ZONE) * self.title.cap as f64);
        let mut zone = self.title;
        zone.x += self.text_width.saturating_sub(zone_width);
        let free = self.text_width.saturating_sub(zone_width * 2);
        font.draw(canvas, title, fitted(self.title, title, free), bright);
        font.draw(canvas, ZONE, zone, faint);
        font.draw(
            canvas,
            facts,
            fitted(self.facts, facts, self.text_width),
            faint,
        );
    }
}

/// The line with letters small enough for `text` to take no more than `width`.
fn fitted(line: Line, text: &str, width: usize) -> Line {
    let widest = width as f64 / font::width(text).max(0.1);
    let cap = line.cap.min(whole(widest));
    Line { cap, ..line }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pixels, never negative"
)]
fn whole(value: f64) -> usize {
    value.max(0.0) as usize
}

const fn even(pixels: usize) -> usize {
    pixels & !1
}

/// As wide as the clock ever gets.
const CLOCK: &str = "00:00:00.000";
/// What the clock shows.
const ZONE: &str = "UTC";
/// White, yellow, cyan, green, magenta, red, blue.
const BARS: [[u8; 3]; 7] = [
    [191, 191, 191],
    [191, 191, 0],
    [0, 191, 191],
    [0, 191, 0],
    [191, 0, 191],
    [191, 0, 0],
    [0, 0, 191],
];
