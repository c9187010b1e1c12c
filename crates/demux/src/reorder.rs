use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use onair_media::h264::AvcDecoderConfig;
use onair_media::{Packet, Timestamp, VideoConfig};

/// Gives decoding times to pictures that have only presentation times, as in
/// Matroska: picture `n` in decoding order is decoded at the presentation time
/// that comes `depth` places earlier in presentation order.
///
/// `depth` is what the SPS promises, or else what the first pictures show.
pub(crate) struct Reorder {
    depth: Option<usize>,
    /// Pictures that wait for the beginning to be understood.
    waiting: VecDeque<Packet>,
    /// Presentation times not yet used as decoding times.
    times: BinaryHeap<Reverse<Timestamp>>,
    started: bool,
    last: Timestamp,
}

impl Reorder {
    /// For pictures coded with `config`.
    pub(crate) fn new(config: &VideoConfig) -> Self {
        let sps = AvcDecoderConfig::parse(&config.record).and_then(|avcc| avcc.facts());
        let depth = sps.ok().and_then(|sps| match sps.profile {
            BASELINE => Some(0),
            _ => sps.reorder_frames,
        });
        Self {
            depth: depth.map(|depth| usize::from(depth).min(MAX_DEPTH)),
            waiting: VecDeque::new(),
            times: BinaryHeap::new(),
            started: false,
            last: Timestamp::from_nanos(i64::MIN),
        }
    }

    /// Adds the next picture in decoding order; gives those whose time is now known.
    pub(crate) fn push(&mut self, mut packet: Packet) -> VecDeque<Packet> {
        self.times.push(Reverse(packet.pts));
        if self.started {
            let due = self.times.pop().map_or(packet.pts, |Reverse(time)| time);
            self.stamp(&mut packet, due);
            return VecDeque::from([packet]);
        }
        self.waiting.push_back(packet);
        if self.waiting.len() > self.depth.unwrap_or(LOOK_AHEAD) {
            return self.finish();
        }
        VecDeque::new()
    }

    /// Gives all that wait: the stream ends, or enough of it is known.
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

/// The most pictures that come before one in decoding order and after it in
/// presentation order.
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

/// The least distance of neighbours in presentation order: too small a guess
/// of a frame does no harm, too large a one would open a gap.
fn frame_nanos(order: &[Timestamp]) -> i64 {
    let gaps = order.windows(2).map(|pair| pair[1].nanos_from(pair[0]));
    gaps.filter(|gap| *gap > 0).min().unwrap_or(1_000_000)
}

/// `profile_idc` of a profile without B-frames (ISO/IEC 14496-10 §A.2.1).
const BASELINE: u8 = 66;

/// The decoded picture buffer's largest size (ISO/IEC 14496-10 §A.3.1).
const MAX_DEPTH: usize = 16;

/// Pictures looked at when the SPS does not say how far they are reordered.
const LOOK_AHEAD: usize = 32;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use onair_media::{Config, Size, VideoCodec};

    use super::*;

    /// Pictures with these presentation times, in decoding order, of a stream
    /// whose record says nothing; their decoding times.
    fn decoded(order: &[i64]) -> Vec<i64> {
        let config = VideoConfig {
            codec: VideoCodec::H264,
            size: Size::new(16, 16),
            frame_rate: None,
            record: Bytes::new(),
        };
        let mut reorder = Reorder::new(&config);
        let config = Config::Video(Arc::new(config));
        let packet = |millis: &i64| Packet {
            config: config.clone(),
            pts: Timestamp::from_millis(*millis),
            dts: Timestamp::from_millis(*millis),
            duration: None,
            keyframe: false,
            payload: Bytes::new(),
        };
        let mut out: Vec<_> = order
            .iter()
            .map(packet)
            .flat_map(|p| reorder.push(p))
            .collect();
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
    fn pictures_in_order_are_decoded_when_they_are_shown() {
        let order: Vec<_> = (0..50).map(|n| n * 40).collect();
        assert_eq!(decoded(&order), order);
    }

    #[test]
    fn a_pyramid_is_decoded_two_pictures_ahead() {
        let mut order = vec![0];
        order.extend((0..20).flat_map(|n| [4, 2, 1, 3].map(|k| (n * 4 + k) * 40)));
        let expected: Vec<_> = (-2..79).map(|n| n * 40).collect();
        assert_eq!(decoded(&order), expected);
    }

    #[test]
    fn a_stream_shorter_than_the_look_ahead_still_has_times() {
        assert_eq!(decoded(&[0, 80, 40]), [-40, 0, 40]);
        assert_eq!(decoded(&[7]), [7]);
        assert_eq!(decoded(&[]), Vec::<i64>::new());
    }
}
