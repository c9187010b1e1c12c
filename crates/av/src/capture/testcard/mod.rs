//! A moving test card that viewers and programs can judge a stream by.

use onair_media::{FrameRate, Size, Timestamp};

use self::canvas::{Canvas, Colour, Mask, byte};
use self::font::{Font, Line};
use self::layout::Layout;
use super::{LiveFrames, VideoSource};
use crate::clock::WallTime;
use crate::{Error, I420, Surface, VideoFrame};

mod canvas;
mod caption;
mod dial;
mod font;
mod layout;
mod mark;

pub use caption::caption;
pub use mark::Mark;

/// Colour bars, a grey ramp, the wall clock (UTC), a frame counter, a ring that
/// fills and a ball that runs: still parts show coding artefacts, moving parts show lost and late
/// frames, and programs read the [`Mark`].
///
/// For 100 ms from each whole second of the timeline, to the nearest frame, the
/// disc in the ring flashes white: that is when [`Tone`](super::Tone) beeps.
///
/// A card depends on the frame's number and the wall time alone. Only what moves is redrawn, in
/// buffers that are reused when their frames are dropped.
pub struct TestCard {
    size: Size,
    frame_rate: FrameRate,
    index: u64,
    wall_clock: Box<dyn FnMut() -> WallTime + Send>,
    font: Font,
    layout: Option<Layout>,
    ball: Mask,
    pool: Vec<I420>,
}

impl TestCard {
    /// A card that shows the host's wall clock.
    pub fn new(size: Size, frame_rate: FrameRate) -> Self {
        Self {
            size,
            frame_rate,
            index: 0,
            wall_clock: Box::new(WallTime::now),
            font: Font::default(),
            layout: None,
            ball: disc(0),
            pool: Vec::new(),
        }
    }

    /// Shows this clock instead of the host's.
    #[must_use]
    pub fn with_wall_clock(mut self, clock: impl FnMut() -> WallTime + Send + 'static) -> Self {
        self.wall_clock = Box::new(clock);
        self
    }

    /// Draws frame `index` as of `wall`.
    pub fn draw(&mut self, index: u64, wall: WallTime) -> I420 {
        let layout = self.layout.take();
        let layout = layout.unwrap_or_else(|| self.lay_out());
        let mut image = self.buffer(&layout.background);
        if let Some(mut canvas) = Canvas::new(&mut image) {
            let moment = Moment::new(index, self.frame_rate);
            self.draw_dial(&mut canvas, &layout, &moment);
            self.draw_clock(&mut canvas, &layout, wall);
            self.draw_ball(&mut canvas, &layout, &moment);
            Mark::new(index, wall).draw(&mut canvas);
        }
        self.layout = Some(layout);
        self.pool.push(image.clone());
        image
    }

    fn lay_out(&mut self) -> Layout {
        let facts = format!("{}  {} FPS", self.size, self.frame_rate);
        let layout = Layout::new(self.size, &mut self.font, TITLE, &facts);
        self.ball = disc(layout.track.height);
        self.pool.clear();
        layout
    }

    /// A buffer that is free again, or a new one: the background with an older frame's moving parts
    /// on it.
    fn buffer(&mut self, background: &I420) -> I420 {
        let free = |image: &mut I420| image.planes_mut().is_some();
        let found = self.pool.iter_mut().position(free);
        let image = found.map(|index| self.pool.swap_remove(index));
        self.pool.truncate(LARGEST_POOL);
        image.unwrap_or_else(|| background.duplicate())
    }

    fn draw_dial(&mut self, canvas: &mut Canvas<'_>, layout: &Layout, moment: &Moment) {
        let dial = &layout.dial;
        canvas.restore(&layout.background, dial.rect());
        let (disc, ink) = if moment.flash {
            (Colour::WHITE, Colour::rgb(17, 19, 24))
        } else {
            (Colour::rgb(30, 33, 41), Colour::rgb(244, 245, 247))
        };
        let ring = [Colour::rgb(255, 69, 58), Colour::rgb(58, 63, 74)];
        dial.draw(canvas, moment.phase, [ring[0], ring[1], disc]);
        let (side, (x, y)) = (dial.side(), dial.centre());
        let in_second = format!("{:02}", moment.frame_in_second);
        let (large, small) = (side * 24 / 100, (side * 7 / 100).max(5));
        let line = centred(&in_second, x, y.saturating_sub(large * 45 / 100), large);
        self.font.draw(canvas, &in_second, line, ink);
        let count = format!("{:06}", moment.index);
        let line = centred(&count, x, y + large * 75 / 100, small);
        self.font.draw(canvas, &count, line, ink);
    }

    fn draw_clock(&mut self, canvas: &mut Canvas<'_>, layout: &Layout, wall: WallTime) {
        let time = wall.to_string();
        canvas.restore(&layout.background, layout.clock.rect(&time));
        let ink = Colour::rgb(255, 255, 255);
        self.font.draw(canvas, &time, layout.clock, ink);
    }

    fn draw_ball(&self, canvas: &mut Canvas<'_>, layout: &Layout, moment: &Moment) {
        let track = layout.track;
        canvas.restore(&layout.background, track);
        let room = track.width.saturating_sub(self.ball.width) as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "pixels along the track"
        )]
        let x = track.x + (room * moment.swing).round() as usize;
        canvas.paint(&self.ball, x, track.y, Colour::rgb(255, 204, 0));
    }
}

impl VideoSource for TestCard {
    fn size(&self) -> Size {
        self.size
    }

    fn frame_rate(&self) -> FrameRate {
        self.frame_rate
    }

    fn next_frame(&mut self) -> Result<Option<VideoFrame>, Error> {
        let wall = (self.wall_clock)();
        let image = self.draw(self.index, wall);
        let timestamp = Timestamp::ZERO + self.frame_rate.time_of(self.index);
        self.index += 1;
        Ok(Some(VideoFrame {
            surface: Surface::I420(image),
            timestamp,
        }))
    }

    fn live_frames(&self) -> Option<&LiveFrames> {
        None
    }

    fn can_run_dry(&self) -> bool {
        false
    }
}

/// What the moving parts need to know about a frame.
struct Moment {
    index: u64,
    flash: bool,
    /// How much of the second has passed.
    phase: f64,
    frame_in_second: u64,
    /// Where the ball is, 0 to 1 and back in four seconds.
    swing: f64,
}

impl Moment {
    fn new(index: u64, rate: FrameRate) -> Self {
        let (time, frame) = (rate.time_of(index).as_nanos(), rate.time_of(1).as_nanos());
        let second = u128::from(SECOND);
        let shown = (time + frame / 2) % second; // the nearest frame begins the flash
        let phase = (time % second) as f64 / second as f64;
        let swing = (time % (4 * second)) as f64 / (2 * second) as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "frames in a second"
        )]
        let frame_in_second = (phase * rate.as_f64()).round() as u64;
        Self {
            index,
            flash: shown < FLASH.max(frame),
            phase,
            frame_in_second,
            swing: if swing > 1.0 { 2.0 - swing } else { swing },
        }
    }
}

fn centred(text: &str, x: usize, middle: usize, cap: usize) -> Line {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "pixels, never negative"
    )]
    let half = (font::width(text) * cap as f64 / 2.0) as usize;
    Line {
        x: x.saturating_sub(half),
        y: middle.saturating_sub(cap / 2),
        cap,
    }
}

/// A disc as wide as `side`.
fn disc(side: usize) -> Mask {
    let radius = side as f64 / 2.0;
    let cover = (0..side * side).map(|index| {
        let (dx, dy) = ((index % side) as f64 + 0.5, (index / side) as f64 + 0.5);
        byte(255.0 * (radius - (dx - radius).hypot(dy - radius)))
    });
    Mask {
        width: side,
        height: side,
        cover: cover.collect(),
    }
}

/// Capitals, digits and `:./-` are what the font has.
const TITLE: &str = "ONAIR TEST CARD";
const SECOND: u64 = 1_000_000_000;
/// How long the disc is white, in nanoseconds: as long as the beep.
const FLASH: u128 = 100_000_000;
/// More than an encoder and a few queues hold.
const LARGEST_POOL: usize = 8;

#[cfg(test)]
mod tests;
