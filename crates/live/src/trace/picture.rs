//! [`PictureLadder`]: in what size pictures are encoded, and how many.

use std::time::Instant;

use onair_media::{Bitrate, FrameRate, Size, Timestamp};
use serde::{Deserialize, Serialize};

use super::line::{Line, Note, bps, ratio, sides};
use super::machine::{Answer, Impossible, Machine, Traced};
use super::recorder::Trace;
use crate::rate::{PictureLadder, PictureSample, PictureStep};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Call {
    New {
        size: [u32; 2],
        rate: [u32; 2],
        takes_sizes: bool,
    },
    Resize([u32; 2]),
    Frame(Frame),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Frame {
    /// In nanoseconds of media time.
    at: i64,
    limit: Option<u64>,
    wanted: u64,
    is_full: bool,
    takes_sizes: bool,
}

/// The size from now on, and of how many frames one is encoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Says {
    size: [u32; 2],
    every: u32,
}

impl From<PictureStep> for Says {
    fn from(step: PictureStep) -> Self {
        Self {
            size: sides(step.size),
            every: step.every,
        }
    }
}

impl From<&PictureSample> for Frame {
    fn from(sample: &PictureSample) -> Self {
        Self {
            at: sample.at.as_nanos(),
            limit: bps(sample.limit),
            wanted: sample.wanted.as_bps(),
            is_full: sample.is_full,
            takes_sizes: sample.takes_sizes,
        }
    }
}

impl From<Frame> for PictureSample {
    fn from(frame: Frame) -> Self {
        Self {
            at: Timestamp::from_nanos(frame.at),
            limit: frame.limit.map(Bitrate::bps),
            wanted: Bitrate::bps(frame.wanted),
            is_full: frame.is_full,
            takes_sizes: frame.takes_sizes,
        }
    }
}

impl Traced<PictureLadder> {
    pub(crate) fn ladder(trace: &Trace, full: Size, rate: FrameRate, takes_sizes: bool) -> Self {
        let ladder = PictureLadder::new(full, rate, takes_sizes);
        Self::new(ladder, trace, || Call::New {
            size: sides(full),
            rate: ratio(rate),
            takes_sizes,
        })
    }

    pub(crate) fn resize(&mut self, full: Size) {
        self.machine.resize(full);
        self.note(None, || Call::Resize(sides(full)), None);
    }

    pub(crate) fn update(&mut self, sample: &PictureSample, now: Instant) -> Option<PictureStep> {
        let step = self.machine.update(sample);
        let says = step.map(Says::from);
        self.note(Some(now), || Call::Frame(sample.into()), says);
        step
    }
}

impl Machine for PictureLadder {
    type Call = Call;
    type Says = Says;

    fn line(note: Note<Self>) -> Line {
        Line::Picture(note)
    }

    /// A later frame of the same kind.
    fn repeats(call: &Call, before: &Call) -> bool {
        match (call, before) {
            (Call::Frame(frame), Call::Frame(earlier)) => {
                let same = Frame {
                    at: frame.at,
                    ..*earlier
                };
                *frame == same && frame.at >= earlier.at
            }
            _ => false,
        }
    }

    fn begin(call: &Call) -> Result<Option<Self>, Impossible> {
        let Call::New {
            size,
            rate,
            takes_sizes,
        } = *call
        else {
            return Ok(None);
        };
        let [numerator, denominator] = rate;
        let rate = FrameRate::new(numerator, denominator).ok_or("no frame rate is like this")?;
        Ok(Some(Self::new(possible(size)?, rate, takes_sizes)))
    }

    fn again(&mut self, call: &Call, _now: Instant) -> Answer<Says> {
        match *call {
            Call::New { .. } => Ok(None),
            Call::Resize(size) => {
                self.resize(possible(size)?);
                Ok(None)
            }
            Call::Frame(frame) => Ok(self.update(&frame.into()).map(Says::from)),
        }
    }
}

/// No picture has a longer side.
const MAX_SIDE: u32 = 1 << 16;

fn possible([width, height]: [u32; 2]) -> Result<Size, Impossible> {
    let is_possible = |side| (1..=MAX_SIDE).contains(&side);
    let size = Size::new(width, height);
    let is_picture = is_possible(width) && is_possible(height);
    is_picture.then_some(size).ok_or("no picture has this size")
}
