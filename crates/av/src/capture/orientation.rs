//! Turns, points and magnification of a camera, in plain numbers.

#[cfg(any(test, target_os = "ios"))]
use std::ops::RangeInclusive;

use crate::device::{Position, Rotation};

/// How a camera is held at one moment: the turn that would bring its frames upright now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CameraPose {
    pub(super) level: Rotation,
    pub(super) position: Option<Position>,
}

/// The turn that keeps frames upright for the same viewer when one camera takes over from
/// another, whatever way the phone is held at that moment.
///
/// Turning the phone turns the frame of a camera at its front the other way.
pub(super) fn carry_over(turn: Rotation, from: CameraPose, to: CameraPose) -> Rotation {
    let degrees = |turn: Rotation| f64::from(turn.degrees());
    let away_from_level = degrees(turn) - degrees(from.level);
    let is_front = |pose: CameraPose| pose.position == Some(Position::Front);
    let after = if is_front(from) == is_front(to) {
        degrees(to.level) + away_from_level
    } else {
        degrees(to.level) - away_from_level
    };
    Rotation::from_degrees(after)
}

/// Where on the sensor a point of the upright frame is, both from 0 to 1 right and down.
pub(super) fn on_sensor(turn: Rotation, x: f32, y: f32) -> (f64, f64) {
    let within = |part: f32| {
        if part.is_nan() {
            0.5
        } else {
            part.clamp(0.0, 1.0)
        }
    };
    let (x, y) = (f64::from(within(x)), f64::from(within(y)));
    match turn {
        Rotation::None => (x, y),
        Rotation::Quarter => (y, 1.0 - x),
        Rotation::Half => (1.0 - x, 1.0 - y),
        Rotation::ThreeQuarters => (1.0 - y, x),
    }
}

/// The turn that brings a frame upright from how it lies, as Exif numbers it (Exif 2.32
/// §4.6.4, `Orientation`, and so `CGImagePropertyOrientation`). Screens are not mirrored.
pub(super) const fn turn_of_exif(orientation: Option<i32>) -> Rotation {
    match orientation {
        Some(5 | 6) => Rotation::Quarter,
        Some(3 | 4) => Rotation::Half,
        Some(7 | 8) => Rotation::ThreeQuarters,
        _ => Rotation::None,
    }
}

/// A magnification that a camera accepts. A Mac's cameras do not zoom.
#[cfg(any(test, target_os = "ios"))]
pub(super) fn zoom_within(factor: f32, range: RangeInclusive<f64>) -> f64 {
    let factor = if factor.is_nan() { 1.0 } else { factor };
    // Not `clamp`, which panics where a camera's range is upside down.
    f64::from(factor).min(*range.end()).max(*range.start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Interface;

    const INTERFACES: [Interface; 4] = [
        Interface::Portrait,
        Interface::PortraitUpsideDown,
        Interface::LandscapeLeft,
        Interface::LandscapeRight,
    ];

    fn pose(held: Interface, position: Position) -> CameraPose {
        CameraPose {
            level: Rotation::of(held, position),
            position: Some(position),
        }
    }

    #[test]
    fn a_flip_keeps_the_show_upright_however_the_phone_is_held() {
        for fixed in INTERFACES {
            for held in INTERFACES {
                for (from, to) in [
                    (Position::Back, Position::Front),
                    (Position::Front, Position::Back),
                    (Position::Back, Position::Back),
                ] {
                    let turn =
                        carry_over(Rotation::of(fixed, from), pose(held, from), pose(held, to));
                    assert_eq!(turn, Rotation::of(fixed, to), "{fixed:?} {held:?} {to:?}");
                }
            }
        }
    }

    #[test]
    fn a_front_camera_that_is_mounted_upright_needs_no_turn_in_portrait() {
        let upright = CameraPose {
            level: Rotation::None,
            position: Some(Position::Front),
        };
        let back = pose(Interface::Portrait, Position::Back);
        let turn = carry_over(Rotation::Quarter, back, upright);
        assert_eq!(turn, Rotation::None);
    }

    #[test]
    fn a_tapped_corner_is_found_on_the_sensor() {
        // Top right of what is seen.
        for (turn, sensor) in [
            (Rotation::None, (1.0, 0.0)),
            (Rotation::Quarter, (0.0, 0.0)),
            (Rotation::Half, (0.0, 1.0)),
            (Rotation::ThreeQuarters, (1.0, 1.0)),
        ] {
            assert_eq!(on_sensor(turn, 1.0, 0.0), sensor, "{turn:?}");
        }
        assert_eq!(on_sensor(Rotation::None, -3.0, f32::NAN), (0.0, 0.5));
    }

    #[test]
    fn a_frame_that_says_how_it_lies_is_turned_upright() {
        for (says, turn) in [
            (None, Rotation::None),
            (Some(1), Rotation::None),
            (Some(3), Rotation::Half),
            (Some(6), Rotation::Quarter),
            (Some(8), Rotation::ThreeQuarters),
            (Some(9), Rotation::None),
        ] {
            assert_eq!(turn_of_exif(says), turn, "{says:?}");
        }
    }

    #[test]
    fn zoom_stays_within_what_a_camera_accepts() {
        assert_eq!(zoom_within(3.0, 1.0..=8.0), 3.0);
        assert_eq!(zoom_within(0.1, 1.0..=8.0), 1.0);
        assert_eq!(zoom_within(f32::INFINITY, 1.0..=8.0), 8.0);
        assert_eq!(zoom_within(f32::NAN, 1.0..=8.0), 1.0);
        assert_eq!(zoom_within(2.0, 4.0..=1.0), 4.0);
    }
}
