use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use onair_av::capture::{FrameTally, LiveFrames, Waited};
use onair_av::clock::Clock;
use onair_av::{VideoFrame, VideoSource};
use onair_media::{Kind, Timestamp};

use super::latest_frame::LatestFrame;
use super::packet_merger::PacketMerger;
use super::{Schedule, fallback, spawn};
use crate::Pace;

/// The one mailbox between a source of frames and the encoder's thread: the newest wins.
pub(super) enum Frames {
    /// A device fills it, and while it does not, the last frame comes again.
    Live {
        frames: LiveFrames,
        /// Kept as long as its frames are wanted.
        _source: Option<Box<dyn VideoSource>>,
    },
    /// Frames are made when due, on a thread of their own.
    Made(Arc<LatestFrame<VideoFrame>>),
}

impl Frames {
    /// Has `source` give its frames.
    pub(super) fn of(
        source: Box<dyn VideoSource>,
        merger: &Arc<PacketMerger>,
        schedule: Schedule,
    ) -> Result<Self, crate::Error> {
        if let Some(frames) = source.live_frames().cloned() {
            return Ok(Self::Live {
                frames,
                _source: Some(source),
            });
        }
        if schedule.pace == Pace::Realtime && source.can_run_dry() {
            let clock = Clock::starting_at(schedule.began);
            return Ok(Self::Live {
                frames: fallback::behind(source, clock, merger)?,
                _source: None,
            });
        }
        let latest = Arc::new(LatestFrame::new());
        let (frames, merger) = (latest.clone(), merger.clone());
        spawn("onair-frames", move || {
            make(source, &latest, &merger, schedule);
        })?;
        Ok(Self::Made(frames))
    }

    /// Waits for a frame, or to be woken, whichever comes first.
    pub(super) fn take(&self) -> Waited<VideoFrame> {
        match self {
            Self::Live { frames, .. } => frames.wait(),
            Self::Made(latest) => latest.take(),
        }
    }

    /// Wakes whoever waits.
    pub(super) fn waker(&self) -> Waker {
        match self {
            Self::Live { frames, .. } => frames.waker(),
            Self::Made(latest) => latest.clone().into(),
        }
    }

    /// Counts of live frames.
    pub(super) fn tally(&self) -> Option<FrameTally> {
        match self {
            Self::Live { frames, .. } => Some(frames.tally()),
            Self::Made(_) => None,
        }
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        if let Self::Made(latest) = self {
            latest.end();
        }
    }
}

fn make(
    mut source: Box<dyn VideoSource>,
    latest: &LatestFrame<VideoFrame>,
    merger: &PacketMerger,
    schedule: Schedule,
) {
    let mut rhythm = Rhythm::default();
    loop {
        // The frame is made at its time, because the test card shows a clock.
        let due = rhythm.next();
        if !due.is_none_or(|due| schedule.wait(due, false, merger.fanout())) {
            break;
        }
        match source.next_frame() {
            Ok(Some(frame)) if schedule.ends(frame.timestamp, merger.fanout()) => break,
            Ok(Some(frame)) => {
                rhythm.note(frame.timestamp);
                let go_on = schedule.wait(frame.timestamp, false, merger.fanout());
                if !go_on || latest.is_over() {
                    break;
                }
                hand_over(frame, latest, merger, schedule.pace);
            }
            Ok(None) => break,
            Err(error) => {
                merger.fail(Kind::Video, &error);
                break;
            }
        }
    }
    latest.end();
}

/// When to expect the next frame: as long after the last as that came after the one before.
#[derive(Debug, Default)]
struct Rhythm {
    before: Option<Timestamp>,
    last: Option<Timestamp>,
}

impl Rhythm {
    fn note(&mut self, time: Timestamp) {
        self.before = self.last.replace(time);
    }

    fn next(&self) -> Option<Timestamp> {
        let (before, last) = (self.before?, self.last?);
        Some(last + last.since(before).min(LONGEST_STEP))
    }
}

/// The longest step expected, even after a gap.
const LONGEST_STEP: Duration = Duration::from_millis(100);

fn hand_over(
    frame: VideoFrame,
    latest: &LatestFrame<VideoFrame>,
    merger: &PacketMerger,
    pace: Pace,
) {
    if pace == Pace::Max {
        latest.put(frame);
    } else if latest.replace(frame)
        && let Some(track) = &mut merger.fanout().notes().encoder.video
    {
        track.dropped += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_made_when_it_is_due_and_not_after_a_gap_as_long_again() {
        let mut rhythm = Rhythm::default();
        let at = Timestamp::from_millis;
        for (time, next) in [
            (0, None),
            (33, Some(66)),
            (66, Some(99)),
            (2000, Some(2100)),
        ] {
            rhythm.note(at(time));
            assert_eq!(rhythm.next(), next.map(at), "after {time} ms");
        }
    }
}
