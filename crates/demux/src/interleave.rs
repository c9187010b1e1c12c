use std::collections::VecDeque;
use std::time::Duration;

use onair_media::{Kind, Packet};

/// Puts the packets of two tracks, each in decoding order, into one order by
/// decoding time.
///
/// A packet waits until the other track has one to compare with, but no longer than [`MAX_SPAN`] of
/// its own track or [`MAX_BYTES`]: a track that fell silent holds nothing up.
#[derive(Default)]
pub(crate) struct Interleave {
    video: VecDeque<Packet>,
    audio: VecDeque<Packet>,
    bytes: usize,
    ended: bool,
    /// There is no other track to wait for.
    alone: bool,
}

impl Interleave {
    /// For two tracks, until it turns out that there is only one.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// For packets that come in one order already.
    pub(crate) fn in_order() -> Self {
        Self {
            alone: true,
            ..Self::default()
        }
    }

    /// Sets how many tracks there are.
    pub(crate) const fn expect(&mut self, tracks: usize) {
        self.alone |= tracks < 2;
    }

    /// Adds a track's next packet.
    pub(crate) fn push(&mut self, packet: Packet) {
        self.bytes += packet.payload.len();
        self.queue(packet.kind()).push_back(packet);
    }

    /// No more packets will come: lets go of those held.
    pub(crate) const fn end(&mut self) {
        self.ended = true;
    }

    /// The next packet, if none can come before it.
    pub(crate) fn pop(&mut self) -> Option<Packet> {
        let kind = match (self.video.front(), self.audio.front()) {
            (Some(video), Some(audio)) if audio.dts < video.dts => Kind::Audio,
            (Some(_), Some(_)) => Kind::Video,
            (Some(_), None) if self.may_pass(&self.video) => Kind::Video,
            (None, Some(_)) if self.may_pass(&self.audio) => Kind::Audio,
            _ => return None,
        };
        let packet = self.queue(kind).pop_front();
        self.bytes -= packet.as_ref().map_or(0, |packet| packet.payload.len());
        packet
    }

    fn may_pass(&self, queue: &VecDeque<Packet>) -> bool {
        let ends = (queue.front(), queue.back());
        let span = match ends {
            (Some(first), Some(last)) => last.dts.since(first.dts),
            _ => Duration::ZERO,
        };
        self.alone
            || self.ended
            || span > MAX_SPAN
            || self.bytes > MAX_BYTES
            || queue.len() > MAX_PACKETS
    }

    const fn queue(&mut self, kind: Kind) -> &mut VecDeque<Packet> {
        match kind {
            Kind::Video => &mut self.video,
            Kind::Audio => &mut self.audio,
        }
    }
}

/// How long a track waits for the other.
const MAX_SPAN: Duration = Duration::from_secs(3);

/// How much is held while waiting.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// How many packets are held while waiting, should their times not move.
const MAX_PACKETS: usize = 4096;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use onair_media::{AudioCodec, AudioConfig, Config, Size, Timestamp, VideoCodec, VideoConfig};

    use super::*;

    fn packet(kind: Kind, millis: i64) -> Packet {
        let config = match kind {
            Kind::Video => Config::Video(Arc::new(VideoConfig {
                codec: VideoCodec::H264,
                size: Size::new(16, 16),
                frame_rate: None,
                decoder_config: Bytes::new(),
            })),
            Kind::Audio => Config::Audio(Arc::new(AudioConfig {
                codec: AudioCodec::Aac,
                sample_rate: 48_000,
                channels: 2,
                decoder_config: Bytes::new(),
            })),
        };
        Packet {
            config,
            pts: Timestamp::from_millis(millis),
            dts: Timestamp::from_millis(millis),
            duration: None,
            keyframe: true,
            payload: Bytes::new(),
        }
    }

    fn times(order: &mut Interleave) -> Vec<i64> {
        std::iter::from_fn(|| order.pop().map(|packet| packet.dts.as_millis())).collect()
    }

    #[test]
    fn a_packet_waits_until_the_other_track_has_one() {
        let mut order = Interleave::new();
        order.push(packet(Kind::Video, 0));
        order.push(packet(Kind::Video, 40));
        assert!(times(&mut order).is_empty());
        order.push(packet(Kind::Audio, 21));
        assert_eq!(times(&mut order), [0, 21]);
        order.end();
        assert_eq!(times(&mut order), [40]);
    }

    #[test]
    fn a_silent_track_holds_nothing_up_for_long() {
        let mut order = Interleave::new();
        (0..100).for_each(|n| order.push(packet(Kind::Video, n * 40)));
        let out = times(&mut order);
        assert_eq!(out.len(), 24, "all but the last three seconds");
        assert!(out.is_sorted());
    }

    #[test]
    fn a_lone_track_passes_at_once() {
        let mut order = Interleave::in_order();
        order.push(packet(Kind::Audio, 5));
        assert_eq!(times(&mut order), [5]);
    }
}
