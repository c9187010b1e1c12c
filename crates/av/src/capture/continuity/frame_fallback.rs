use std::time::Duration;

use onair_media::{Size, Timestamp};

use super::{Next, believable};
use crate::{I420, Surface, VideoFrame};

/// Frames that never stop: the newest one, and while none comes, the last one again or the slate.
///
/// It holds at most two frames: the one waiting to be taken and the one viewers see. A device lends
/// that many of its pool's buffers.
#[derive(Debug)]
pub(crate) struct FrameFallback {
    /// Of the newest frame.
    size: Size,
    /// The newest frame, while it waits to be taken.
    fresh: Option<VideoFrame>,
    /// What viewers see.
    shown: Option<Surface>,
    is_slated: bool,
    /// The time of the frame given last.
    last: Option<Timestamp>,
    /// When a frame is due; `None` before the first request.
    due: Option<Timestamp>,
    /// How old frames are when they arrive.
    age: Duration,
    /// The least interval between frames, if their rate is limited.
    interval: Option<Duration>,
    is_over: bool,
    tally: FrameTally,
}

/// Counts of frames that were not shown as they came, and of what was shown instead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameTally {
    /// A newer one came before the encoder took them.
    pub overtaken: u64,
    /// Came faster than the frame rate.
    pub skipped: u64,
    /// Were taken back by the system before they were handed over.
    pub missed: u64,
    /// Were older than what was already shown.
    pub late: u64,
    /// Came while the slate was up.
    pub hidden: u64,
    /// Frames given again, slates and black ones included.
    pub repeated: u64,
}

impl FrameFallback {
    pub(crate) const fn new(size: Size) -> Self {
        Self {
            size,
            fresh: None,
            shown: None,
            is_slated: false,
            last: None,
            due: None,
            age: ASSUMED_AGE,
            interval: None,
            is_over: false,
            tally: FrameTally {
                overtaken: 0,
                skipped: 0,
                missed: 0,
                late: 0,
                hidden: 0,
                repeated: 0,
            },
        }
    }

    /// Takes a frame from the camera.
    pub(crate) fn handle_frame(&mut self, mut frame: VideoFrame, now: Timestamp) {
        if self.is_slated {
            self.tally.hidden += 1;
            return;
        }
        frame.timestamp = believable(frame.timestamp, now);
        self.age = now.since(frame.timestamp).min(GREATEST_AGE);
        self.size = frame.surface.size();
        match self.fresh.replace(frame) {
            Some(before) if self.is_too_soon(&before) => self.tally.skipped += 1,
            Some(_) => self.tally.overtaken += 1,
            None => {}
        }
    }

    /// Counts a frame that the camera could not hand over.
    pub(crate) const fn handle_miss(&mut self) {
        self.tally.missed += 1;
    }

    /// Shows a slate, or takes it away. A slate of another size than the frames is refused: it
    /// would restart the stream.
    pub(crate) fn handle_slate(&mut self, slate: Option<Surface>, now: Timestamp) {
        let Some(slate) = slate else {
            self.is_slated = false;
            return;
        };
        let (got, expected) = (slate.size(), self.size);
        if got != expected {
            tracing::warn!("a slate of {got} is not shown among pictures of {expected}");
            return;
        }
        if self.fresh.take().is_some() {
            self.tally.hidden += 1;
        }
        self.is_slated = true;
        self.shown = Some(slate);
        self.due = Some(now);
    }

    /// Leaves out frames that come faster than this; the newest is shown all the same.
    pub(crate) const fn limit(&mut self, interval: Duration) {
        self.interval = Some(interval);
    }

    /// Nothing more will come.
    pub(crate) const fn handle_end(&mut self) {
        self.is_over = true;
    }

    /// The next frame. Times increase strictly.
    pub(crate) fn poll(&mut self, now: Timestamp) -> Next<VideoFrame> {
        if let Some(until) = self.too_soon_until(now) {
            return Next::Wait(until);
        }
        if let Some(frame) = self.fresh.take() {
            if self.last.is_none_or(|last| frame.timestamp > last) {
                self.shown = Some(frame.surface.clone());
                return self.give(frame, now);
            }
            self.tally.late += 1;
        }
        if self.is_over {
            return Next::Over;
        }
        let due = *self.due.get_or_insert(now + GRACE);
        if now < due {
            return Next::Wait(due);
        }
        self.tally.repeated += 1;
        let frame = self.repetition(now);
        self.give(frame, now)
    }

    pub(crate) const fn size(&self) -> Size {
        self.size
    }

    pub(crate) const fn tally(&self) -> FrameTally {
        self.tally
    }

    /// Until when a frame that comes too soon is held back. A screen may stand still after it, and
    /// then it has to be shown. Three quarters of an interval, so that a source of just the right
    /// rate loses none to unsteady timestamps.
    fn too_soon_until(&self, now: Timestamp) -> Option<Timestamp> {
        let (interval, last) = (self.interval?, self.last?);
        let fresh = self.fresh.as_ref().filter(|_| !self.is_over)?;
        let until = last + interval * 3 / 2 + self.age;
        let until = self.due.map_or(until, |due| until.min(due));
        (self.is_too_soon(fresh) && now < until).then_some(until)
    }

    fn is_too_soon(&self, frame: &VideoFrame) -> bool {
        let limits = self.interval.zip(self.last);
        limits.is_some_and(|(interval, last)| {
            frame.timestamp > last && frame.timestamp < last + interval * 3 / 4
        })
    }

    fn give(&mut self, frame: VideoFrame, now: Timestamp) -> Next<VideoFrame> {
        self.last = Some(frame.timestamp);
        self.due = Some(now + REPEAT_AFTER);
        Next::Give(frame)
    }

    /// As old as frames usually are, so that the first real one after it is not older.
    fn repetition(&mut self, now: Timestamp) -> VideoFrame {
        let size = self.size;
        let black = || Surface::I420(I420::black(size));
        let surface = self.shown.get_or_insert_with(black).clone();
        let earliest = self.last.map_or(Timestamp::ZERO, |last| last + STEP);
        VideoFrame {
            surface,
            timestamp: earliest.max(now - self.age),
        }
    }
}

/// After this long without a frame, the last one is given again: twice a second, so that a stream
/// has at least 1 fps even where one of them is lost.
const REPEAT_AFTER: Duration = Duration::from_millis(500);

/// How long a camera may take to start before black is shown.
const GRACE: Duration = Duration::from_secs(1);

/// The interval between frames due at the same moment: one tick of RTMP's clock.
const STEP: Duration = Duration::from_millis(1);

/// How old frames usually are when they arrive: sensor, image processing, queue.
const ASSUMED_AGE: Duration = Duration::from_millis(100);

/// Older frames were held up, which says nothing about the next.
const GREATEST_AGE: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size::new(16, 16);
    const SMALL: Size = Size::new(8, 8);

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn image(size: Size, luma: u8) -> Surface {
        Surface::I420(I420::new(size, vec![luma; I420::len_of(size)]).unwrap())
    }

    fn frame(luma: u8, millis: i64) -> VideoFrame {
        VideoFrame {
            surface: image(SIZE, luma),
            timestamp: at(millis),
        }
    }

    /// The luma and time given at `millis`, if anything is.
    fn given(machine: &mut FrameFallback, millis: i64) -> Option<(u8, i64)> {
        match machine.poll(at(millis)) {
            Next::Give(frame) => {
                let Surface::I420(image) = frame.surface;
                Some((image.y()[0], frame.timestamp.as_millis()))
            }
            Next::Wait(until) => {
                assert!(until > at(millis), "it would be asked without end");
                None
            }
            Next::Over => panic!("it is over"),
        }
    }

    fn deadline(machine: &mut FrameFallback, millis: i64) -> i64 {
        match machine.poll(at(millis)) {
            Next::Wait(until) => until.as_millis(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn frames_pass_as_they_come() {
        let mut machine = FrameFallback::new(SIZE);
        for index in 0..10 {
            machine.handle_frame(frame(50, index * 33), at(index * 33 + 20));
            assert_eq!(given(&mut machine, index * 33 + 21), Some((50, index * 33)));
            assert_eq!(given(&mut machine, index * 33 + 22), None);
        }
        assert_eq!(machine.tally(), FrameTally::default());
    }

    /// The times given for frames at `times`, each asked for as it comes.
    fn limited(times: &[i64]) -> (FrameFallback, Vec<i64>) {
        let mut machine = FrameFallback::new(SIZE);
        machine.limit(Duration::from_nanos(33_333_333));
        let given = times.iter().filter_map(|time| {
            machine.handle_frame(frame(50, *time), at(*time));
            given(&mut machine, *time)
        });
        let given = given.map(|(_, time)| time).collect();
        (machine, given)
    }

    #[test]
    fn twice_as_many_as_are_wanted_are_halved() {
        let (machine, given) = limited(&[0, 17, 33, 50, 67, 83, 100]);
        assert_eq!(given, [0, 33, 67, 100]);
        let tally = machine.tally();
        assert_eq!(
            (tally.skipped, tally.overtaken),
            (3, 0),
            "nobody was too slow"
        );
    }

    #[test]
    fn an_unsteady_source_of_the_right_rate_loses_none() {
        let times = [0, 41, 67, 108, 133, 174];
        assert_eq!(limited(&times).1, times);
    }

    #[test]
    fn the_last_frame_before_all_stands_still_is_shown() {
        let (mut machine, before) = limited(&[0, 17]);
        assert_eq!(before, [0]);
        assert_eq!(deadline(&mut machine, 17), 49);
        assert_eq!(given(&mut machine, 50), Some((50, 17)));
    }

    #[test]
    fn the_newest_wins_and_what_it_overtakes_is_counted() {
        let mut machine = FrameFallback::new(SIZE);
        for index in 0..3_u8 {
            machine.handle_frame(frame(index, i64::from(index)), at(5));
        }
        assert_eq!(given(&mut machine, 6), Some((2, 2)));
        assert_eq!(machine.tally().overtaken, 2);
    }

    #[test]
    fn the_last_frame_stands_in_twice_a_second_for_as_long_as_it_takes() {
        let mut machine = FrameFallback::new(SIZE);
        machine.handle_frame(frame(50, 1000), at(1040));
        given(&mut machine, 1040).unwrap();
        let mut now = 1040;
        for count in 1..=100 {
            now = deadline(&mut machine, now);
            assert_eq!(now, 1040 + count * 500);
            assert_eq!(given(&mut machine, now), Some((50, now - 40)));
        }
        assert_eq!(machine.tally().repeated, 100);
    }

    #[test]
    fn the_first_frame_after_a_stand_in_is_not_lost() {
        let mut machine = FrameFallback::new(SIZE);
        machine.handle_frame(frame(50, 0), at(40));
        given(&mut machine, 40).unwrap();
        assert_eq!(given(&mut machine, 540), Some((50, 500)));
        machine.handle_frame(frame(60, 510), at(550));
        assert_eq!(given(&mut machine, 550), Some((60, 510)));
        assert_eq!(machine.tally().late, 0);
    }

    #[test]
    fn a_frame_older_than_what_was_shown_is_dropped_and_counted() {
        let mut machine = FrameFallback::new(SIZE);
        machine.handle_frame(frame(50, 0), at(0));
        given(&mut machine, 0).unwrap();
        given(&mut machine, 500).unwrap();
        for late in [450, 500] {
            machine.handle_frame(frame(60, late), at(510));
            assert_eq!(given(&mut machine, 510), None);
        }
        assert_eq!(machine.tally().late, 2);
    }

    #[test]
    fn a_camera_that_never_starts_is_black_after_a_second() {
        let mut machine = FrameFallback::new(SIZE);
        assert_eq!(deadline(&mut machine, 3000), 4000);
        assert_eq!(given(&mut machine, 4000), Some((16, 3900)));
        assert_eq!(given(&mut machine, 4500), Some((16, 4400)));
        machine.handle_frame(frame(50, 4470), at(4550));
        assert_eq!(given(&mut machine, 4550), Some((50, 4470)));
    }

    #[test]
    fn a_slate_is_shown_at_once_and_hides_what_comes() {
        let mut machine = FrameFallback::new(SIZE);
        machine.handle_slate(Some(image(SIZE, 99)), at(0));
        assert_eq!(given(&mut machine, 0), Some((99, 0)), "even at first");
        machine.handle_slate(None, at(10));
        machine.handle_frame(frame(50, 100), at(100));
        given(&mut machine, 100).unwrap();
        machine.handle_frame(frame(51, 133), at(133));
        machine.handle_slate(Some(image(SIZE, 99)), at(140));
        machine.handle_frame(frame(52, 166), at(166));
        assert_eq!(given(&mut machine, 170), Some((99, 170)));
        assert_eq!(given(&mut machine, 171), None);
        assert_eq!(given(&mut machine, 670), Some((99, 670)));
        assert_eq!(machine.tally().hidden, 2);
    }

    #[test]
    fn when_the_slate_goes_the_next_frame_is_shown_at_once_and_never_an_old_one() {
        let mut machine = FrameFallback::new(SIZE);
        machine.handle_frame(frame(50, 0), at(0));
        given(&mut machine, 0).unwrap();
        machine.handle_slate(Some(image(SIZE, 99)), at(10));
        given(&mut machine, 10).unwrap();
        machine.handle_slate(None, at(200));
        assert_eq!(given(&mut machine, 510), Some((99, 510)), "still nothing");
        machine.handle_frame(frame(60, 520), at(520));
        assert_eq!(given(&mut machine, 520), Some((60, 520)));
    }

    #[test]
    fn a_slate_of_another_size_is_not_shown() {
        let mut machine = FrameFallback::new(SIZE);
        machine.handle_slate(Some(image(SMALL, 99)), at(0));
        machine.handle_frame(frame(50, 0), at(0));
        assert_eq!(given(&mut machine, 0), Some((50, 0)));
    }

    #[test]
    fn the_size_follows_what_comes() {
        let mut machine = FrameFallback::new(SIZE);
        let surface = image(SMALL, 50);
        let timestamp = at(0);
        machine.handle_frame(VideoFrame { surface, timestamp }, at(0));
        assert_eq!(machine.size(), SMALL);
        given(&mut machine, 0).unwrap();
        machine.handle_slate(Some(image(SMALL, 99)), at(10));
        assert_eq!(given(&mut machine, 10), Some((99, 10)));
    }

    #[test]
    fn a_stamp_in_the_future_does_not_make_everything_after_it_late() {
        let mut machine = FrameFallback::new(SIZE);
        machine.handle_frame(frame(50, 3_600_000), at(10));
        assert_eq!(given(&mut machine, 10), Some((50, 10)));
        machine.handle_frame(frame(51, 33), at(40));
        assert_eq!(given(&mut machine, 40), Some((51, 33)));
    }

    #[test]
    fn what_came_before_the_end_is_still_given() {
        let mut machine = FrameFallback::new(SIZE);
        machine.handle_frame(frame(50, 0), at(0));
        machine.handle_end();
        assert_eq!(given(&mut machine, 0), Some((50, 0)));
        assert!(matches!(machine.poll(at(9000)), Next::Over));
    }
}
