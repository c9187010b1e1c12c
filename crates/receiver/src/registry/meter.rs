use std::collections::VecDeque;
use std::time::Duration;

use onair_media::{Bitrate, Kind, Packet, Timestamp};

/// One track's rates over the last seconds, by its own clock.
///
/// Packets with the same time are one frame: some encoders send each slice of a picture by itself.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// The times of the last frames and their bytes.
    recent: VecDeque<(Timestamp, usize)>,
    bytes: u64,
    last_keyframe: Option<Timestamp>,
    keyframe_interval: Option<Duration>,
    /// The length of the present run of keyframes.
    keyframes_in_a_row: u32,
    /// How many frames the publisher left out, by its own clock.
    missing: u64,
    /// The most common step between frames, and when it was found.
    usual: Option<(Timestamp, Option<Duration>)>,
}

/// A run of this many keyframes is no accident.
const ALL_KEYFRAMES: u32 = 5;

/// A rhythm has at least this many equal steps.
const RHYTHM: usize = 10;

/// The media time over which rates are taken.
const WINDOW: Duration = Duration::from_secs(2);

/// How long the most common step is believed.
const USUAL_FOR: Duration = Duration::from_secs(1);

/// More frames than this tell nothing new.
const MAX_HELD: usize = 1024;

impl Meter {
    pub(super) fn add(&mut self, packet: &Packet) {
        if self
            .recent
            .back()
            .is_some_and(|(last, _)| *last > packet.dts)
        {
            *self = Self {
                missing: self.missing,
                ..Self::default()
            };
        }
        self.bytes += packet.payload.len() as u64;
        if let Some((_, bytes)) = (self.recent.back_mut()).filter(|(last, _)| *last == packet.dts) {
            *bytes += packet.payload.len();
            return;
        }
        if packet.kind() == Kind::Video {
            self.missing += self.left_out_before(packet.dts);
        }
        self.keyframes_in_a_row = match packet.is_video_keyframe() {
            true => self.keyframes_in_a_row.saturating_add(1),
            false => 0,
        };
        self.recent.push_back((packet.dts, packet.payload.len()));
        while self.recent.len() > MAX_HELD || self.span() > WINDOW {
            self.forget();
        }
        if packet.is_video_keyframe() {
            let last = self.last_keyframe.replace(packet.dts);
            self.keyframe_interval = last.map(|last| packet.dts.since(last));
        }
    }

    /// Bits per second; `None` until there is enough to tell.
    pub(super) fn bitrate(&self) -> Option<Bitrate> {
        let newest = self.recent.back()?.1 as u64;
        let span = self.enough()?;
        Some(Bitrate::of(self.bytes - newest, span))
    }

    /// Frames per second; `None` until there is enough to tell.
    #[expect(clippy::cast_precision_loss, reason = "at most a thousand")]
    pub(super) fn rate(&self) -> Option<f64> {
        let span = self.enough()?.as_secs_f64();
        let rate = (self.recent.len() - 1) as f64 / span;
        Some((rate * 100.0).round() / 100.0)
    }

    /// The time between the last two keyframes.
    pub(super) const fn keyframe_interval(&self) -> Option<Duration> {
        self.keyframe_interval
    }

    /// Whether every frame is a keyframe.
    pub(super) const fn is_keyframes_only(&self) -> bool {
        self.keyframes_in_a_row >= ALL_KEYFRAMES
    }

    /// How many frames the publisher left out of a steady rhythm.
    pub(super) const fn missing(&self) -> u64 {
        self.missing
    }

    /// How many frames fit into the step to the next, if the steps before have a rhythm.
    fn left_out_before(&mut self, next: Timestamp) -> u64 {
        let mut last = self.recent.iter().rev().map(|(dts, _)| *dts);
        let (Some(last), Some(before)) = (last.next(), last.next()) else {
            return 0;
        };
        let step = next.since(last);
        // Most steps are like the one before: then there is nothing to find.
        if step <= last.since(before).saturating_mul(3) / 2 || step > WINDOW {
            return 0;
        }
        let Some(usual) = self.usual_step(next) else {
            return 0;
        };
        let steps = (step + usual / 2).as_nanos() / usual.as_nanos();
        u64::try_from(steps).map_or(0, |steps| steps.saturating_sub(1))
    }

    /// The most common step, found once a second rather than for each step of a stream that
    /// jitters.
    fn usual_step(&mut self, now: Timestamp) -> Option<Duration> {
        match self.usual {
            Some((at, usual)) if now.since(at) < USUAL_FOR => usual,
            _ => {
                let usual = self.find_usual_step();
                self.usual = (self.recent.len() > RHYTHM).then_some((now, usual));
                usual
            }
        }
    }

    /// The most common step; `None` without a rhythm.
    fn find_usual_step(&self) -> Option<Duration> {
        let times = self.recent.iter().map(|(dts, _)| *dts);
        let pairs = times.clone().zip(times.skip(1));
        let mut steps: Vec<_> = pairs.map(|(from, to)| to.since(from)).collect();
        if steps.len() < RHYTHM {
            return None;
        }
        steps.sort_unstable();
        let usual = steps[steps.len() / 2];
        let is_usual = |step: &&Duration| step.abs_diff(usual) <= usual / 4;
        let regular = steps.iter().filter(is_usual).count();
        (regular >= steps.len() * 3 / 4 && !usual.is_zero()).then_some(usual)
    }

    fn enough(&self) -> Option<Duration> {
        let span = self.span();
        (span >= WINDOW / 4).then_some(span)
    }

    fn span(&self) -> Duration {
        match (self.recent.front(), self.recent.back()) {
            (Some((from, _)), Some((to, _))) => to.since(*from),
            _ => Duration::ZERO,
        }
    }

    fn forget(&mut self) {
        if let Some((_, bytes)) = self.recent.pop_front() {
            self.bytes -= bytes as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onair_samples::{audio_packet, video_packet};

    fn metered(times: impl IntoIterator<Item = i64>, gop: usize) -> Meter {
        let mut meter = Meter::default();
        for (index, millis) in times.into_iter().enumerate() {
            meter.add(&video_packet(millis, index % gop == 0, 10));
        }
        meter
    }

    #[test]
    fn frames_left_out_of_a_rhythm_are_counted() {
        // Thirty a second, as the wire has them, with three of them missing five times.
        let times = (0..300).filter(|i| i % 60 < 57).map(|i| i * 1000 / 30);
        let meter = metered(times, 30);
        assert_eq!(meter.missing(), 12, "the last gap is not closed");
        assert!(!meter.is_keyframes_only());
    }

    #[test]
    fn where_there_is_no_rhythm_nothing_is_missing() {
        let steps = [20, 70, 33, 150, 45, 90].iter().cycle().take(300);
        let times = steps.scan(0, |at, step| {
            *at += step;
            Some(*at)
        });
        assert_eq!(metered(times, 30).missing(), 0);
        assert_eq!(metered((0..300).map(|i| i * 1000 / 60), 30).missing(), 0);
    }

    #[test]
    fn a_picture_of_several_packets_is_one_frame() {
        let times = (0..120).flat_map(|i| [i * 1000 / 30; 4]);
        let meter = metered(times, 120);
        assert_eq!(meter.missing(), 0);
        assert_eq!(meter.rate().map(f64::round), Some(30.0));
        // Eight slices of one keyframe, then other pictures: not a stream of keyframes.
        let mut meter = Meter::default();
        (0..8).for_each(|_| meter.add(&video_packet(0, true, 10)));
        assert!(!meter.is_keyframes_only());
        assert_eq!(meter.keyframe_interval(), None);
    }

    #[test]
    fn silence_is_no_frame_left_out() {
        let mut meter = Meter::default();
        for index in (0..300).filter(|i| i % 60 < 50) {
            meter.add(&audio_packet(index * 20));
        }
        assert_eq!(meter.missing(), 0);
    }

    #[test]
    fn the_usual_step_is_found_once_a_second_however_much_a_stream_jitters() {
        let mut meter = Meter::default();
        let mut found = std::collections::BTreeSet::new();
        for index in 0..300 {
            meter.add(&video_packet(index * 33 + (index % 3) * 16, index == 0, 10));
            found.extend(meter.usual.map(|(at, _)| at));
        }
        assert!((1..=10).contains(&found.len()), "{}", found.len());
    }

    #[test]
    fn a_stream_of_keyframes_alone_is_noticed() {
        assert!(metered((0..6).map(|i| i * 2000), 1).is_keyframes_only());
        assert!(!metered((0..6).map(|i| i * 2000), 2).is_keyframes_only());
    }
}
