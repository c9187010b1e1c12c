use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use onair_media::{Packet, Timestamp, VideoConfig};

/// Gives decoding times to frames that have only presentation times, as in Matroska: frame `n` in
/// decoding order is decoded at the presentation time that comes `depth` places earlier in
/// presentation order.
///
/// `depth` is what the SPS promises, or else what the first frames show.
pub(crate) struct Reorder {
    depth: Option<usize>,
    /// Frames held until the order of the first ones is known.
    waiting: VecDeque<Packet>,
    /// Presentation times not yet used as decoding times.
    times: BinaryHeap<Reverse<Timestamp>>,
    started: bool,
    last: Timestamp,
}

impl Reorder {
    /// For frames coded with `config`.
    pub(crate) fn new(config: &VideoConfig) -> Self {
        Self {
            depth: config
                .reorder_depth()
                .map(|depth| usize::from(depth).min(MAX_DEPTH)),
            waiting: VecDeque::new(),
            times: BinaryHeap::new(),
            started: false,
            last: Timestamp::from_nanos(i64::MIN),
        }
    }

    /// Adds the next frame in decoding order; gives those whose time is now known.
    pub(crate) fn push(&mut self, mut packet: Packet) -> VecDeque<Packet> {
        self.times.push(Reverse(packet.pts));
        if self.started {
            let due = self.times.pop().map_or(packet.pts, |Reverse(time)| time);
            self.stamp(&mut packet, due);
            return VecDeque::from([packet]);
        }
        self.waiting.push_back(packet);
        if self.depth == Some(0) || self.is_enough() {
            return self.finish();
        }
        VecDeque::new()
    }

    /// Whether the held frames show how they are reordered and how long they last. At a slow frame
    /// rate fewer are enough, so that the other track does not run ahead.
    fn is_enough(&self) -> bool {
        let count = self.waiting.len();
        let ends = self.waiting.front().zip(self.waiting.back());
        let span = ends.map_or(0, |(first, last)| last.pts.nanos_from(first.pts));
        count > LOOK_AHEAD || (span > LONG && count > self.depth.unwrap_or(USUAL_DEPTH))
    }

    /// Gives all held frames: the stream ends, or enough is known.
    pub(crate) fn finish(&mut self) -> VecDeque<Packet> {
        if self.started {
            return VecDeque::new();
        }
        self.started = true;
        let mut packets = std::mem::take(&mut self.waiting);
        let depth = self.depth.unwrap_or_else(|| observed_depth(&packets));
        let mut order: Vec<_> = packets.iter().map(|packet| packet.pts).collect();
        order.sort_unstable();
        let frame = frame_nanos(&order);
        let Some(first) = order.first().copied() else {
            return packets;
        };
        self.times = order
            .iter()
            .skip((packets.len()).saturating_sub(depth))
            .map(|time| Reverse(*time))
            .collect();
        for (index, packet) in packets.iter_mut().enumerate() {
            let due = match index.checked_sub(depth) {
                Some(place) => order[place],
                None => first.offset(-frame * i64::try_from(depth - index).unwrap_or(0)),
            };
            self.stamp(packet, due);
        }
        packets
    }

    fn stamp(&mut self, packet: &mut Packet, due: Timestamp) {
        packet.dts = due.min(packet.pts).max(self.last);
        self.last = packet.dts;
    }
}

/// The most frames that come before one in decoding order and after it in presentation order.
fn observed_depth(packets: &VecDeque<Packet>) -> usize {
    let later = |index: usize| {
        let pts = packets[index].pts;
        let before = packets.iter().take(index);
        before.filter(|packet| packet.pts > pts).count()
    };
    (0..packets.len())
        .map(later)
        .max()
        .unwrap_or(0)
        .min(MAX_DEPTH)
}

/// The least distance of neighbours in presentation order. Too short a frame does no harm; too long
/// a one would open a gap.
fn frame_nanos(order: &[Timestamp]) -> i64 {
    let gaps = order.windows(2).map(|pair| pair[1].nanos_from(pair[0]));
    gaps.filter(|gap| *gap > 0).min().unwrap_or(1_000_000)
}

/// The decoded picture buffer's largest size (ISO/IEC 14496-10 §A.3.1).
const MAX_DEPTH: usize = 16;

/// Nanoseconds after which fewer frames are enough,
const LONG: i64 = 2_000_000_000;

/// but no fewer than show a pyramid of two layers.
const USUAL_DEPTH: usize = 4;

/// Frames held to see how far they are reordered, where the SPS does not say, and how long one
/// lasts: the first few times of reordered frames are far apart.
const LOOK_AHEAD: usize = 32;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use onair_media::{Config, Size, VideoCodec};

    use super::*;

    /// The decoding times of frames with these presentation times, in decoding order, where the SPS
    /// promises nothing.
    fn decoded(order: &[i64]) -> Vec<i64> {
        decoded_with(None, order)
    }

    fn config() -> VideoConfig {
        VideoConfig {
            codec: VideoCodec::H264,
            size: Size::new(16, 16),
            frame_rate: None,
            decoder_config: Bytes::new(),
        }
    }

    fn new(depth: Option<usize>) -> Reorder {
        Reorder {
            depth,
            ..Reorder::new(&config())
        }
    }

    fn packet(millis: i64) -> Packet {
        Packet {
            config: Config::Video(Arc::new(config())),
            pts: Timestamp::from_millis(millis),
            dts: Timestamp::from_millis(millis),
            duration: None,
            keyframe: false,
            payload: Bytes::new(),
        }
    }

    /// The same where the SPS promises a depth.
    fn decoded_with(depth: Option<usize>, order: &[i64]) -> Vec<i64> {
        let mut reorder = new(depth);
        let packets = order.iter().map(|millis| packet(*millis));
        let mut out: Vec<_> = packets.flat_map(|p| reorder.push(p)).collect();
        out.extend(reorder.finish());
        assert!(out.iter().all(|packet| packet.dts <= packet.pts));
        assert!(
            out.iter()
                .map(|p| p.pts.as_millis())
                .eq(order.iter().copied())
        );
        out.iter().map(|packet| packet.dts.as_millis()).collect()
    }

    #[test]
    fn frames_in_order_are_decoded_when_they_are_shown() {
        let order: Vec<_> = (0..50).map(|n| n * 40).collect();
        assert_eq!(decoded(&order), order);
    }

    #[test]
    fn a_pyramid_is_decoded_two_frames_ahead() {
        let mut order = vec![0];
        order.extend((0..20).flat_map(|n| [4, 2, 1, 3].map(|k| (n * 4 + k) * 40)));
        let expected: Vec<_> = (-2..79).map(|n| n * 40).collect();
        assert_eq!(decoded(&order), expected);
    }

    #[test]
    fn frames_reordered_from_the_first_are_decoded_at_an_even_pace() {
        let mut order = vec![0];
        let millis = [133, 67, 33, 100];
        order.extend((0..20).flat_map(|n| millis.map(|millis| n * 133 + millis)));
        let times = decoded_with(Some(2), &order);
        let steps: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(
            steps.iter().all(|step| (32..=35).contains(step)),
            "{times:?}"
        );
    }

    #[test]
    fn slow_frames_are_not_waited_for_long() {
        let mut reorder = new(Some(2));
        let counts = (0..9).map(|n| reorder.push(packet(n * 500)).len());
        assert_eq!(counts.collect::<Vec<_>>(), [0, 0, 0, 0, 0, 6, 1, 1, 1]);
    }

    #[test]
    fn a_stream_shorter_than_the_look_ahead_still_has_times() {
        assert_eq!(decoded(&[0, 80, 40]), [-40, 0, 40]);
        assert_eq!(decoded(&[7]), [7]);
        assert_eq!(decoded(&[]), Vec::<i64>::new());
    }
}
