use onair_media::{Kind, Timestamp};

/// Unwraps 33-bit times into continuous ticks (ISO/IEC 13818-1 §2.4.3.7).
///
/// A clock that jumps, as where two recordings were joined, begins another segment. The
/// first stream that jumps opens it, and the other follows with its own jump.
/// [`SegmentJoiner`](super::segments::SegmentJoiner) then moves segments one behind the other.
#[derive(Default)]
pub(super) struct Timeline {
    /// The last unwrapped time, of whichever stream.
    reference: Option<i64>,
    video: StreamClock,
    audio: StreamClock,
    /// How often the clock jumped, which is the newest segment's number.
    pub(super) jumps: u32,
}

/// Where one stream's times have come to.
#[derive(Clone, Copy, Default)]
struct StreamClock {
    /// Its last unwrapped time.
    last: Option<i64>,
    segment: u32,
}

/// A time within its segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SegmentTime {
    pub(super) segment: u32,
    /// Unwrapped, in ticks of 1/90000 s.
    pub(super) ticks: i64,
}

impl Timeline {
    /// Whether a decoding time begins another segment for its stream.
    pub(super) fn is_jump(&self, kind: Kind, dts: u64) -> bool {
        let (clock, other) = match kind {
            Kind::Video => (self.video, self.audio),
            Kind::Audio => (self.audio, self.video),
        };
        clock.is_jump(self.unwrap(dts), other)
    }

    /// A decoding time within its segment.
    pub(super) fn locate(&mut self, kind: Kind, dts: u64) -> SegmentTime {
        let ticks = self.unwrap(dts);
        self.reference = Some(ticks);
        let (clock, other) = match kind {
            Kind::Video => (&mut self.video, self.audio),
            Kind::Audio => (&mut self.audio, self.video),
        };
        let elsewhere = other.segment != clock.segment && other.is_near(ticks);
        if clock.last.is_none() {
            clock.segment = other.segment;
        } else if clock.is_jump(ticks, other) {
            if !elsewhere {
                self.jumps = self.jumps.saturating_add(1);
            }
            clock.segment = if elsewhere { other.segment } else { self.jumps };
        }
        clock.last = Some(ticks);
        SegmentTime {
            segment: clock.segment,
            ticks,
        }
    }

    /// The time nearest to the last one that has these 33 bits.
    fn unwrap(&self, bits: u64) -> i64 {
        let bits = i64::try_from(bits & (WRAP - 1)).unwrap_or(0);
        self.reference
            .map_or(bits, |last| last + difference(bits, last))
    }
}

impl StreamClock {
    /// Back, or far ahead and alone.
    fn is_jump(&self, ticks: i64, other: Self) -> bool {
        let ahead = self.last.map_or(0, |last| ticks - last);
        let paused = other.segment == self.segment && other.is_near(ticks);
        ahead < -BACK || (ahead > AHEAD && !paused)
    }

    fn is_near(&self, ticks: i64) -> bool {
        self.last.is_some_and(|last| (ticks - last).abs() <= AHEAD)
    }
}

/// How far one 33-bit time is from another, the short way round.
pub(super) fn difference(to: i64, from: i64) -> i64 {
    let wrap = WRAP.cast_signed();
    let ahead = (to - from).rem_euclid(wrap);
    if ahead >= wrap / 2 {
        ahead - wrap
    } else {
        ahead
    }
}

/// Ticks as a point in time.
pub(super) fn timestamp(ticks: i64) -> Timestamp {
    Timestamp::from_ticks(ticks, CLOCK)
}

/// Ticks a second.
const CLOCK: u32 = 90_000;

/// Values before times begin again.
const WRAP: u64 = 1 << 33;

/// Going back further than this is a jump: within a stream, times do not go back.
const BACK: i64 = 9_000;

/// Going ahead further than this, and alone, is a jump.
const AHEAD: i64 = 10 * 90_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn locate(timeline: &mut Timeline, kind: Kind, dts: u64) -> (u32, i64) {
        let time = timeline.locate(kind, dts);
        (time.segment, time.ticks)
    }

    #[test]
    fn times_go_on_across_the_wrap() {
        let mut timeline = Timeline::default();
        let near = WRAP - 3000;
        let ticks = near.cast_signed();
        assert_eq!(locate(&mut timeline, Kind::Video, near), (0, ticks));
        assert_eq!(locate(&mut timeline, Kind::Audio, 600), (0, ticks + 3600));
        assert_eq!(locate(&mut timeline, Kind::Video, 3600), (0, ticks + 6600));
        assert_eq!(timeline.jumps, 0);
    }

    #[test]
    fn a_jump_begins_a_segment_that_the_other_stream_follows_into() {
        let mut timeline = Timeline::default();
        let start = 900_000_000;
        timeline.locate(Kind::Video, start);
        timeline.locate(Kind::Audio, start + 1000);
        assert!(timeline.is_jump(Kind::Video, 90_000));
        assert_eq!(locate(&mut timeline, Kind::Video, 90_000), (1, 90_000));
        let late = locate(&mut timeline, Kind::Audio, start + 3000);
        assert_eq!(late, (0, 900_003_000), "audio from before the jump");
        assert_eq!(locate(&mut timeline, Kind::Audio, 91_000), (1, 91_000));
        assert_eq!(timeline.jumps, 1);
    }

    #[test]
    fn a_short_step_back_is_a_jump_each_time_it_comes() {
        let mut timeline = Timeline::default();
        for pass in 0..3 {
            for tick in 0..20 {
                let (video, _) = locate(&mut timeline, Kind::Video, 126_000 + tick * 3600);
                let (audio, _) = locate(&mut timeline, Kind::Audio, 126_000 + tick * 3600);
                assert_eq!((video, audio), (pass, pass));
            }
        }
    }

    #[test]
    fn a_time_that_was_not_meant_is_alone_in_its_segment() {
        let mut timeline = Timeline::default();
        timeline.locate(Kind::Video, 90_000);
        timeline.locate(Kind::Audio, 90_000);
        assert_eq!(locate(&mut timeline, Kind::Video, 90_000_000).0, 1);
        assert_eq!(locate(&mut timeline, Kind::Video, 97_200), (0, 97_200));
        assert_eq!(locate(&mut timeline, Kind::Audio, 97_200), (0, 97_200));
    }

    #[test]
    fn one_stream_pausing_is_no_jump() {
        let mut timeline = Timeline::default();
        timeline.locate(Kind::Video, 0);
        timeline.locate(Kind::Audio, 0);
        for second in 1..=30 {
            timeline.locate(Kind::Video, second * 90_000);
        }
        assert_eq!(
            locate(&mut timeline, Kind::Audio, 30 * 90_000),
            (0, 30 * 90_000)
        );
        assert_eq!(timeline.jumps, 0);
    }
}
