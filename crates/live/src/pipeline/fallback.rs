use std::sync::Arc;
use std::time::{Duration, Instant};

use onair_av::capture::{FrameInlet, LiveFrames, live_frames};
use onair_av::clock::Clock;
use onair_av::{Error, VideoSource};
use onair_media::{Kind, Timestamp};

use super::packet_merger::PacketMerger;
use super::spawn;

/// Treats a source that may run dry, such as a pipe, as a device: while nothing comes the last
/// frame is given again, or black before the first. It is read on a thread of its own.
pub(super) fn behind(
    source: Box<dyn VideoSource>,
    clock: Clock,
    merger: &Arc<PacketMerger>,
) -> Result<LiveFrames, crate::Error> {
    let (inlet, pictures) = live_frames(source.size(), source.frame_rate(), clock);
    let merger = merger.clone();
    spawn("onair-reader", move || {
        if let Err(error) = read(source, &inlet, &merger) {
            merger.fail(Kind::Video, &error);
        }
        inlet.end();
    })?;
    Ok(pictures)
}

fn read(
    mut source: Box<dyn VideoSource>,
    inlet: &FrameInlet,
    merger: &PacketMerger,
) -> Result<(), Error> {
    let (clock, mut anchor) = (inlet.clock(), Anchor::default());
    let mut next = || {
        merger.fanout().notes().asked_since = Some(Instant::now());
        let frame = source.next_frame();
        merger.fanout().notes().asked_since = None;
        frame
    };
    while let Some(mut frame) = next()? {
        frame.timestamp = anchor.place(frame.timestamp, clock.now());
        let due = clock.instant(frame.timestamp);
        if !merger.fanout().stopping().sleep_until(due) {
            break;
        }
        inlet.push(frame);
    }
    Ok(())
}

/// Ties the time of a source to the broadcast's timeline, and ties it anew after the source was dry
/// for a while. Pure: the time on the timeline is an argument.
#[derive(Debug, Default)]
struct Anchor {
    /// How long nothing came, all in all.
    dry: Duration,
}

impl Anchor {
    /// The time on the line of a frame that the source stamped with `time` and gave at `now`.
    fn place(&mut self, time: Timestamp, now: Timestamp) -> Timestamp {
        let due = time + self.dry;
        let late = now.since(due);
        if late <= TOLERANCE {
            return due;
        }
        tracing::info!(?late, "the source was dry: its time goes on from here");
        self.dry += late;
        now
    }
}

/// A frame that is later than this continues from the present; the source may catch up with less.
/// It is shorter than the wait before the last frame is given again, so that no later frame is
/// older than what was shown.
const TOLERANCE: Duration = Duration::from_millis(400);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn what_comes_in_time_or_nearly_so_keeps_its_own_time() {
        let mut anchor = Anchor::default();
        for (index, late) in [0, 1, 399, 12, 380, 0].into_iter().enumerate() {
            let time = i64::try_from(index).unwrap() * 33;
            assert_eq!(anchor.place(at(time), at(time + late)), at(time));
        }
        assert_eq!(anchor.place(at(1000), at(400)), at(1000), "it came early");
    }

    #[test]
    fn after_a_pause_of_any_length_the_source_goes_on_at_the_present() {
        let mut anchor = Anchor::default();
        anchor.place(at(967), at(967));
        // 15 s of nothing; then all that the pipe held comes at once, and keeps its distances.
        assert_eq!(anchor.place(at(1000), at(16_000)), at(16_000));
        for index in 1..100 {
            let placed = anchor.place(at(1000 + index * 33), at(16_001));
            assert_eq!(placed, at(16_000 + index * 33));
        }
        assert_eq!(anchor.place(at(5000), at(60_000)), at(60_000));
        assert_eq!(anchor.place(at(5033), at(60_033)), at(60_033));
    }
}
