use std::time::{Duration, Instant};

use onair::av::device::{Position, Rotation};
use onair::media::Size;

/// A point on the preview.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spot {
    /// From 0 to 1 rightwards.
    pub x: f32,
    /// From 0 to 1 downwards.
    pub y: f32,
    /// The preview's width divided by its height.
    pub aspect: f32,
}

/// Where the camera focuses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reticle {
    /// Where on the preview.
    pub spot: Spot,
    /// Whether the focus is locked.
    pub is_locked: bool,
}

/// How the phone is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The rotation that brings the camera's frames upright.
    pub rotation: Rotation,
    /// Whether it stands upright.
    pub is_portrait: bool,
}

/// The user's choices for the camera.
#[derive(Clone, Debug)]
pub(crate) struct Camera {
    pub(crate) facing: Position,
    pub(crate) torch: bool,
    pub(crate) turn: Turn,
    zoom: f32,
    /// The zoom when the fingers came.
    pinched_from: f32,
    zoomed: Option<Instant>,
    reticle: Option<(Reticle, Instant)>,
    /// When to lock focus and exposure, or to let them follow the scene again.
    due: Option<(Instant, bool)>,
}

/// With more zoom a picture is a few large squares.
const MAX_ZOOM: f32 = 10.0;

/// How long a reticle and a zoom factor are shown.
const INTEREST: Duration = Duration::from_millis(1500);

/// How long a camera takes to focus and expose before that can be locked.
const FOCUSING: Duration = Duration::from_secs(1);

/// How long a touched point matters: after that the scene is another.
const AIMED: Duration = Duration::from_secs(20);

impl Default for Camera {
    fn default() -> Self {
        Self {
            facing: Position::Back,
            torch: false,
            turn: Turn {
                rotation: Rotation::Quarter,
                is_portrait: true,
            },
            zoom: 1.0,
            pinched_from: 1.0,
            zoomed: None,
            reticle: None,
            due: None,
        }
    }
}

impl Camera {
    /// Faces the other way, without zoom, light or lock.
    pub(crate) fn flip(&mut self) {
        *self = Self {
            facing: match self.facing {
                Position::Back => Position::Front,
                Position::Front => Position::Back,
            },
            turn: self.turn,
            ..Self::default()
        };
    }

    pub(crate) fn begin_pinch(&mut self) {
        self.pinched_from = self.zoom;
    }

    /// The new zoom, if it is one.
    pub(crate) fn pinch(&mut self, scale: f32, now: Instant) -> Option<f32> {
        let zoom = (self.pinched_from * scale).clamp(1.0, MAX_ZOOM);
        self.zoomed = Some(now);
        // What is not a number compares false with everything.
        let is_other = (zoom - self.zoom).abs() > 0.001;
        is_other.then(|| {
            self.zoom = zoom;
            zoom
        })
    }

    /// Focuses at `spot` from now on, locked or not; gives the point in a frame of `size`,
    /// rightwards and downwards.
    pub(crate) fn focus(&mut self, spot: Spot, keep: bool, size: Size, now: Instant) -> (f32, f32) {
        let is_locked = keep;
        self.reticle = Some((Reticle { spot, is_locked }, now));
        let delay = if keep { FOCUSING } else { AIMED };
        self.due = Some((now + delay, keep));
        let (x, y) = spot.in_picture(size);
        // The front camera's preview is a mirror, its frames are not.
        match self.facing {
            Position::Back => (x, y),
            Position::Front => (1.0 - x, y),
        }
    }

    /// Whether focus and exposure should now be locked, or follow the scene again; told once.
    pub(crate) fn poll_lock(&mut self, now: Instant) -> Option<bool> {
        let due = self.due.take_if(|(at, _)| *at <= now);
        due.map(|(_, locked)| locked)
    }

    pub(crate) fn is_locked(&self) -> bool {
        self.reticle.is_some_and(|(reticle, _)| reticle.is_locked)
    }

    /// A locked reticle stays, any other goes after a while.
    pub(crate) fn reticle(&self, now: Instant) -> Option<Reticle> {
        let (reticle, since) = self.reticle?;
        let is_shown = reticle.is_locked || now.saturating_duration_since(since) < INTEREST;
        is_shown.then_some(reticle)
    }

    /// The zoom while it changes, and as long as there is any.
    pub(crate) fn shown_zoom(&self, now: Instant) -> Option<f32> {
        let is_new = |since| now.saturating_duration_since(since) < INTEREST;
        let is_shown = self.zoom > 1.05 || self.zoomed.is_some_and(is_new);
        is_shown.then_some(self.zoom)
    }

    /// When something stops being shown, or is due.
    pub(crate) fn next_change(&self, now: Instant) -> Option<Instant> {
        let reticle = self.reticle.map(|(_, since)| since);
        let passing = [reticle, self.zoomed].into_iter().flatten();
        let passing = passing.map(|since| since + INTEREST);
        let due = self.due.map(|(at, _)| at);
        passing.filter(|at| *at > now).chain(due).min()
    }
}

impl Spot {
    /// The point in a frame that fills the preview, its edges cut on the longer side.
    fn in_picture(self, size: Size) -> (f32, f32) {
        let (width, height) = (f64::from(size.width), f64::from(size.height));
        #[expect(clippy::cast_possible_truncation, reason = "a ratio of screen lengths")]
        let picture = (width / height) as f32;
        let cut = |at: f32, part: f32| (0.5 + (at - 0.5) * part).clamp(0.0, 1.0);
        // How much of the picture the preview shows in each direction.
        let shown = self.aspect / picture;
        if shown < 1.0 {
            (cut(self.x, shown), cut(self.y, 1.0))
        } else {
            (cut(self.x, 1.0), cut(self.y, 1.0 / shown))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORTRAIT: Size = Size::new(720, 1280);

    fn spot(x: f32, y: f32, aspect: f32) -> Spot {
        Spot { x, y, aspect }
    }

    fn is_near((x, y): (f32, f32), wanted: (f32, f32)) {
        let near = (x - wanted.0).abs() < 0.001 && (y - wanted.1).abs() < 0.001;
        assert!(near, "{x} {y} instead of {wanted:?}");
    }

    #[test]
    fn a_narrow_preview_shows_the_middle_of_the_picture() {
        // A 9:19.5 phone shows 9/19.5 : 9/16 = 0.82 of the width.
        let phone = 9.0 / 19.5;
        is_near(spot(0.5, 0.5, phone).in_picture(PORTRAIT), (0.5, 0.5));
        is_near(spot(0.0, 0.0, phone).in_picture(PORTRAIT), (0.0897, 0.0));
        is_near(spot(1.0, 1.0, phone).in_picture(PORTRAIT), (0.9103, 1.0));
    }

    #[test]
    fn a_wide_preview_cuts_above_and_below() {
        is_near(spot(0.0, 0.0, 1.0).in_picture(PORTRAIT), (0.0, 0.21875));
    }

    #[test]
    fn the_front_camera_is_told_the_mirrored_place() {
        let now = Instant::now();
        let mut camera = Camera::default();
        camera.flip();
        let place = camera.focus(spot(0.2, 0.3, 9.0 / 16.0), false, PORTRAIT, now);
        is_near(place, (0.8, 0.3));
    }

    #[test]
    fn a_pinch_goes_on_from_where_the_last_one_ended_and_keeps_to_bounds() {
        let now = Instant::now();
        let mut camera = Camera::default();
        camera.begin_pinch();
        assert_eq!(camera.pinch(2.0, now), Some(2.0));
        assert_eq!(camera.pinch(2.0, now), None);
        camera.begin_pinch();
        assert_eq!(camera.pinch(2.0, now), Some(4.0));
        assert_eq!(camera.pinch(1000.0, now), Some(MAX_ZOOM));
        assert_eq!(camera.pinch(0.0, now), Some(1.0));
        assert_eq!(camera.pinch(f32::NAN, now), None);
    }

    #[test]
    fn a_reticle_goes_by_itself_unless_it_is_kept() {
        let now = Instant::now();
        let mut camera = Camera::default();
        camera.focus(spot(0.5, 0.5, 0.5), false, PORTRAIT, now);
        assert!(camera.reticle(now).is_some());
        assert!(camera.next_change(now).is_some());
        assert!(camera.reticle(now + INTEREST).is_none());
        camera.focus(spot(0.5, 0.5, 0.5), true, PORTRAIT, now);
        assert!(camera.reticle(now + INTEREST * 9).is_some());
    }
}
