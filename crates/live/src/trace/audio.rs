//! [`AudioLadder`]: at what rate audio is encoded, and whether it is all that is sent.

use std::time::Instant;

use onair_media::{Bitrate, Timestamp};
use serde::{Deserialize, Serialize};

use super::line::{Line, Note, bps};
use super::machine::{Answer, Impossible, Machine, Traced};
use super::recorder::Trace;
use crate::rate::{AudioLadder, AudioSample, AudioStep};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Call {
    New { bitrate: u64 },
    Frame(Frame),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Frame {
    /// In nanoseconds of media time.
    at: i64,
    carries: Option<u64>,
    least_video: u64,
    is_behind: bool,
}

/// The step from now on, and what a user is told: the step they knew, and this one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Says {
    step: Option<Step>,
    told: Option<[Step; 2]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Step {
    bitrate: u64,
    is_alone: bool,
}

/// What an update gives: a new step, and what there is to tell.
pub(crate) type News = (Option<AudioStep>, Option<[AudioStep; 2]>);

impl From<AudioStep> for Step {
    fn from(step: AudioStep) -> Self {
        Self {
            bitrate: step.bitrate.as_bps(),
            is_alone: step.is_alone,
        }
    }
}

impl From<&AudioSample> for Frame {
    fn from(sample: &AudioSample) -> Self {
        Self {
            at: sample.at.as_nanos(),
            carries: bps(sample.carries),
            least_video: sample.least_video.as_bps(),
            is_behind: sample.is_behind,
        }
    }
}

impl TryFrom<Frame> for AudioSample {
    type Error = Impossible;

    fn try_from(frame: Frame) -> Result<Self, Impossible> {
        Ok(Self {
            at: Timestamp::from_nanos(frame.at),
            carries: frame.carries.map(possible).transpose()?,
            least_video: possible(frame.least_video)?,
            is_behind: frame.is_behind,
        })
    }
}

impl Traced<AudioLadder> {
    pub(crate) fn audio(trace: &Trace, bitrate: Bitrate) -> Self {
        Self::new(AudioLadder::new(bitrate), trace, || Call::New {
            bitrate: bitrate.as_bps(),
        })
    }

    pub(crate) fn update(&mut self, sample: &AudioSample, now: Instant) -> News {
        let news = update(&mut self.machine, sample);
        self.note(Some(now), || Call::Frame(sample.into()), says(news));
        news
    }
}

fn update(ladder: &mut AudioLadder, sample: &AudioSample) -> News {
    (ladder.update(sample), ladder.take_news(sample.at))
}

fn says((step, told): News) -> Option<Says> {
    let says = Says {
        step: step.map(Step::from),
        told: told.map(|told| told.map(Step::from)),
    };
    (step.is_some() || told.is_some()).then_some(says)
}

impl Machine for AudioLadder {
    type Call = Call;
    type Says = Says;

    fn line(note: Note<Self>) -> Line {
        Line::Audio(note)
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
            (Call::New { .. }, _) | (_, Call::New { .. }) => false,
        }
    }

    fn begin(call: &Call) -> Result<Option<Self>, Impossible> {
        match *call {
            Call::New { bitrate } => Ok(Some(Self::new(possible(bitrate)?))),
            Call::Frame(_) => Ok(None),
        }
    }

    fn again(&mut self, call: &Call, _now: Instant) -> Answer<Says> {
        match *call {
            Call::New { .. } => Ok(None),
            Call::Frame(frame) => Ok(says(update(self, &frame.try_into()?))),
        }
    }
}

/// A terabit a second: no line is as fast.
const MAX_BPS: u64 = 1_000_000_000_000;

fn possible(bps: u64) -> Result<Bitrate, Impossible> {
    let is_possible = bps <= MAX_BPS;
    let bitrate = is_possible.then(|| Bitrate::bps(bps));
    bitrate.ok_or("nothing is as fast")
}
