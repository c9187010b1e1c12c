//! A model of openh264 at 30 frames a second, with a size ladder.

use onair_netsim::Noise;

/// What is in front of the camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A picture that takes every bit it gets, and more than it should get at the bottom.
    Hard,
    /// A static picture: a twentieth of the rate.
    Static,
}

/// An encoded frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Encoded {
    pub(crate) bytes: u64,
    pub(crate) keyframe: bool,
}

/// Frames in a second.
pub(crate) const FRAME_RATE: u64 = 30;

/// Frames from one keyframe to the next.
const GOP: u64 = 60;

/// Makes frames of the size asked for, as well as openh264 does.
///
/// Down it obeys within one picture, up by a tenth of the rate a picture. It has a floor below
/// which the highest quantiser does not get, by size. A keyframe is four to six times the mean
/// picture, and the others of its GOP pay for it. The first of a size is larger.
#[derive(Debug)]
pub(crate) struct Encoder {
    noise: Noise,
    content: Content,
    size: Option<Ladder>,
    /// Bits per second that it has got used to.
    rate: u64,
    /// Frames since the last keyframe.
    since_keyframe: u64,
}

impl Encoder {
    pub(crate) fn new(content: Content, seed: u64) -> Self {
        Self {
            noise: Noise::new(seed),
            content,
            size: None,
            rate: 0,
            since_keyframe: 0,
        }
    }

    /// Encodes a frame at the rate asked for, in bits per second.
    pub(crate) fn encode(&mut self, asked: u64, wants_keyframe: bool) -> Encoded {
        let is_new = self.climb(asked);
        self.rate = match is_new {
            true => asked,
            false => asked.min(self.rate + self.rate / 10 + 1000),
        };
        let keyframe = is_new || wants_keyframe || self.since_keyframe >= GOP;
        self.since_keyframe = if keyframe { 1 } else { self.since_keyframe + 1 };
        let bytes = if is_new {
            self.first()
        } else {
            self.next(keyframe)
        };
        let bytes = match self.content {
            Content::Hard => bytes,
            Content::Static => bytes / 20,
        };
        Encoded { bytes, keyframe }
    }

    /// Moves on the ladder; true if the size is a new one.
    fn climb(&mut self, asked: u64) -> bool {
        match &mut self.size {
            Some(ladder) => ladder.climb(asked),
            None => {
                self.size = Some(Ladder::new(asked));
                true
            }
        }
    }

    fn size(&self) -> Size {
        self.size.as_ref().map_or(Size::P720, |ladder| ladder.size)
    }

    /// The first picture of a size, as measured by rate, and by the square of the size.
    fn first(&self) -> u64 {
        let whole = match self.rate {
            0..1_600_000 => 72_000,
            1_600_000..2_500_000 => 122_000,
            _ => 176_000,
        };
        let size = self.size();
        let most = self.rate / 8 * FIRST_MOST_MS / 1000;
        (whole * size.quarters() * size.quarters() / 16).min(most)
    }

    fn next(&mut self, keyframe: bool) -> u64 {
        let mean = self.rate.max(self.size().floor()) / 8 / FRAME_RATE;
        let percent = match keyframe {
            true => self.noise.within(&(400..=600)) as u64,
            // Each of the other 59 pays its share of the four keyframes' worth too many.
            false => self.noise.within(&(70..=130)) as u64 * (GOP - 5) / (GOP - 1),
        };
        mean * percent / 100
    }
}

/// The first picture of a size takes at most this long of its rate: its quantiser is capped.
const FIRST_MOST_MS: u64 = 500;

/// How large the picture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    P720,
    P540,
    P360,
}

impl Size {
    /// The side, in quarters of the whole.
    const fn quarters(self) -> u64 {
        match self {
            Self::P720 => 4,
            Self::P540 => 3,
            Self::P360 => 2,
        }
    }

    /// What the highest quantiser still makes of a hard picture, in bits per second.
    const fn floor(self) -> u64 {
        match self {
            Self::P720 => 650_000,
            Self::P540 => 300_000,
            Self::P360 => 150_000,
        }
    }

    /// The size for a rate, if that is below or above what suits this one.
    const fn suited(self, asked: u64) -> Self {
        match (self, asked) {
            (_, 0..400_000) => Self::P360,
            (Self::P720, 400_000..800_000) | (Self::P360, 600_000..1_600_000) => Self::P540,
            (_, 1_600_000..) => Self::P720,
            _ => self,
        }
    }
}

/// Changes the size once a rate has asked for another for long enough.
#[derive(Debug)]
struct Ladder {
    size: Size,
    /// For how many frames another has suited.
    frames: u64,
}

impl Ladder {
    const fn new(asked: u64) -> Self {
        Self {
            size: Size::P720.suited(asked),
            frames: 0,
        }
    }

    fn climb(&mut self, asked: u64) -> bool {
        let suited = self.size.suited(asked);
        self.frames = if suited == self.size {
            0
        } else {
            self.frames + 1
        };
        let wait = if suited.quarters() < self.size.quarters() {
            8
        } else {
            60
        };
        if self.frames <= wait {
            return false;
        }
        (self.size, self.frames) = (suited, 0);
        true
    }
}
