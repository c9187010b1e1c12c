use onair_media::Size;

use super::{Position, Rotation};

/// How an application's interface lies, named as `UIInterfaceOrientation` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interface {
    /// Upright, the charging port below.
    Portrait,
    /// Upright, the charging port above.
    PortraitUpsideDown,
    /// Lying, the charging port on the left.
    LandscapeLeft,
    /// Lying, the charging port on the right.
    LandscapeRight,
}

impl Interface {
    /// As `UIInterfaceOrientation` numbers it; an unknown number is upright.
    pub const fn numbered(number: isize) -> Self {
        match number {
            2 => Self::PortraitUpsideDown,
            3 => Self::LandscapeRight,
            4 => Self::LandscapeLeft,
            _ => Self::Portrait,
        }
    }
}

impl Rotation {
    /// The turn nearest to `degrees` clockwise, as a rotation coordinator gives them.
    pub fn from_degrees(degrees: f64) -> Self {
        // NaN is no turn at all.
        match degrees.rem_euclid(360.0) {
            45.0..135.0 => Self::Quarter,
            135.0..225.0 => Self::Half,
            225.0..315.0 => Self::ThreeQuarters,
            _ => Self::None,
        }
    }

    /// Degrees clockwise.
    pub const fn degrees(self) -> u16 {
        match self {
            Self::None => 0,
            Self::Quarter => 90,
            Self::Half => 180,
            Self::ThreeQuarters => 270,
        }
    }

    /// The turn that brings a camera's frames upright while the interface lies like this. For
    /// systems without a rotation coordinator (iOS 17), which knows better.
    ///
    /// Cameras lie along the phone, their top at the side that is up in
    /// [`Interface::LandscapeRight`]; one at the front looks from the other side.
    pub const fn of(interface: Interface, position: Position) -> Self {
        match (interface, position) {
            (Interface::Portrait, _) => Self::Quarter,
            (Interface::PortraitUpsideDown, _) => Self::ThreeQuarters,
            (Interface::LandscapeRight, Position::Back)
            | (Interface::LandscapeLeft, Position::Front) => Self::None,
            (Interface::LandscapeLeft, Position::Back)
            | (Interface::LandscapeRight, Position::Front) => Self::Half,
        }
    }

    /// How the interface lies when this turn brings a camera's frames upright: the inverse of
    /// [`of`](Self::of).
    pub const fn interface(self, position: Position) -> Interface {
        match (self, position) {
            (Self::Quarter, _) => Interface::Portrait,
            (Self::ThreeQuarters, _) => Interface::PortraitUpsideDown,
            (Self::None, Position::Back) | (Self::Half, Position::Front) => {
                Interface::LandscapeRight
            }
            (Self::Half, Position::Back) | (Self::None, Position::Front) => {
                Interface::LandscapeLeft
            }
        }
    }

    /// The size that a frame of `size` has after the turn.
    pub const fn turn(self, size: Size) -> Size {
        match self {
            Self::None | Self::Half => size,
            Self::Quarter | Self::ThreeQuarters => Size::new(size.height, size.width),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_go_to_the_nearest_turn() {
        for (degrees, turn) in [
            (0.0, Rotation::None),
            (44.9, Rotation::None),
            (45.1, Rotation::Quarter),
            (90.0, Rotation::Quarter),
            (180.0, Rotation::Half),
            (270.0, Rotation::ThreeQuarters),
            (-90.0, Rotation::ThreeQuarters),
            (359.0, Rotation::None),
            (450.0, Rotation::Quarter),
            (f64::NAN, Rotation::None),
        ] {
            assert_eq!(Rotation::from_degrees(degrees), turn, "{degrees}");
        }
    }

    #[test]
    fn every_turn_reads_back_from_its_degrees_and_its_interface() {
        for turn in [
            Rotation::None,
            Rotation::Quarter,
            Rotation::Half,
            Rotation::ThreeQuarters,
        ] {
            assert_eq!(Rotation::from_degrees(turn.degrees().into()), turn);
            for position in [Position::Back, Position::Front] {
                assert_eq!(Rotation::of(turn.interface(position), position), turn);
            }
        }
    }

    #[test]
    fn an_interface_that_lies_is_numbered_by_where_its_port_is() {
        let numbered = [0, 1, 2, 3, 4].map(Interface::numbered);
        let expected = [
            Interface::Portrait,
            Interface::Portrait,
            Interface::PortraitUpsideDown,
            Interface::LandscapeRight,
            Interface::LandscapeLeft,
        ];
        assert_eq!(numbered, expected);
    }

    #[test]
    fn cameras_differ_only_when_the_phone_lies() {
        let of = |interface| {
            [Position::Back, Position::Front].map(|position| Rotation::of(interface, position))
        };
        assert_eq!(of(Interface::Portrait), [Rotation::Quarter; 2]);
        assert_eq!(
            of(Interface::PortraitUpsideDown),
            [Rotation::ThreeQuarters; 2]
        );
        assert_eq!(
            of(Interface::LandscapeRight),
            [Rotation::None, Rotation::Half]
        );
        assert_eq!(
            of(Interface::LandscapeLeft),
            [Rotation::Half, Rotation::None]
        );
    }

    #[test]
    fn a_quarter_turn_swaps_the_sides() {
        let size = Size::new(1280, 720);
        assert_eq!(Rotation::Half.turn(size), size);
        assert_eq!(Rotation::Quarter.turn(size), Size::new(720, 1280));
    }
}
