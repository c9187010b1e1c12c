use onair_media::{Kind, Timestamp};

/// Wrapping 33-bit times in, one unbroken line of ticks out (ISO/IEC 13818-1 §2.4.3.7).
///
/// A clock that jumps, as where two recordings were joined, jumps for all
/// streams alike: the first stream to show it moves the common offset so that
/// its line goes on, and the others follow when their own jump comes.
#[derive(Default)]
pub(super) struct Timeline {
    /// The last unwrapped time, of whichever stream.
    reference: Option<i64>,
    offset: i64,
    video: Line,
    audio: Line,
    /// How often the clock jumped.
    pub(super) jumps: u64,
}

/// One stream's place on the line.
#[derive(Clone, Copy, Default)]
struct Line {
    /// Its last unwrapped time.
    last: Option<i64>,
    offset: i64,
}

impl Timeline {
    /// A decoding time on the line, in ticks of 1/90000 s.
    pub(super) fn place(&mut self, kind: Kind, dts: u64) -> i64 {
        let time = self.unwrap(dts);
        self.reference = Some(time);
        let (line, other) = match kind {
            Kind::Video => (&mut self.video, self.audio),
            Kind::Audio => (&mut self.audio, self.video),
        };
        let ahead = line.last.map_or(0, |last| time - last);
        let together = other.offset == line.offset;
        let paused = together && other.last.is_some_and(|last| (time - last).abs() <= AHEAD);
        if ahead < -BACK || (ahead > AHEAD && !paused) {
            let end = line.end();
            let others = end.max(if together { other.end() } else { end });
            let moved = self.offset != line.offset;
            if !moved || (time.saturating_add(self.offset) - end).abs() > AHEAD {
                self.offset = others.saturating_add(STEP).saturating_sub(time);
                self.jumps += 1;
            }
            line.offset = self.offset;
        } else if line.last.is_none() {
            line.offset = self.offset;
        }
        line.last = Some(time);
        time.saturating_add(line.offset)
    }

    /// The time nearest to the last one that has these 33 bits.
    fn unwrap(&self, bits: u64) -> i64 {
        let bits = i64::try_from(bits & (WRAP - 1)).unwrap_or(0);
        self.reference
            .map_or(bits, |last| last + difference(bits, last))
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

impl Line {
    /// The last time given out.
    fn end(&self) -> i64 {
        self.last.unwrap_or(i64::MIN).saturating_add(self.offset)
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

/// What passes at a jump.
const STEP: i64 = 3_600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_on_across_the_wrap() {
        let mut line = Timeline::default();
        let near = WRAP - 3000;
        assert_eq!(line.place(Kind::Video, near), near.cast_signed());
        assert_eq!(line.place(Kind::Audio, 600), near.cast_signed() + 3600);
        assert_eq!(line.place(Kind::Video, 3600), near.cast_signed() + 6600);
        assert_eq!(line.jumps, 0);
    }

    #[test]
    fn a_jump_moves_all_streams_by_the_same_amount() {
        let mut line = Timeline::default();
        let start = 900_000_000;
        line.place(Kind::Video, start);
        line.place(Kind::Audio, start + 1000);
        assert_eq!(line.place(Kind::Video, 90_000), 900_004_600);
        let late = line.place(Kind::Audio, start + 3000);
        assert_eq!(
            late, 900_003_000,
            "audio from before the jump stays in place"
        );
        assert_eq!(line.place(Kind::Audio, 91_000), 900_005_600);
        assert_eq!(line.jumps, 1);
    }

    #[test]
    fn a_short_step_back_is_a_jump_each_time_it_comes() {
        let mut line = Timeline::default();
        for _ in 0..3 {
            for tick in 0..20 {
                line.place(Kind::Video, 126_000 + tick * 3600);
                line.place(Kind::Audio, 126_000 + tick * 3600);
            }
        }
        assert_eq!(line.jumps, 2);
        assert_eq!(
            line.place(Kind::Video, 126_000 + 72_000),
            126_000 + 60 * 3600
        );
    }

    #[test]
    fn one_stream_pausing_is_no_jump() {
        let mut line = Timeline::default();
        line.place(Kind::Video, 0);
        line.place(Kind::Audio, 0);
        for second in 1..=30 {
            line.place(Kind::Video, second * 90_000);
        }
        assert_eq!(line.place(Kind::Audio, 30 * 90_000), 30 * 90_000);
        assert_eq!(line.jumps, 0);
    }
}
