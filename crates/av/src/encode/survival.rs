use std::time::Duration;

use onair_media::{Packet, Timestamp};

/// What goes out while a video encoder is away: its last IDR picture, again and
/// again. Pure; keeping the picture costs a reference to its bytes.
#[derive(Debug, Default)]
pub(super) struct Survival {
    idr: Option<Packet>,
    /// The time of the latest packet given.
    given: Option<Timestamp>,
    /// Why the encoder is away, while it is.
    loss: Option<String>,
    lost_frames: u64,
}

impl Survival {
    /// The frame at `now` gave these. After a loss nothing counts before an IDR
    /// picture: what it refers to is gone.
    pub(super) fn handle_packets(
        &mut self,
        mut packets: Vec<Packet>,
        now: Timestamp,
    ) -> Vec<Packet> {
        if self.loss.is_some() {
            let news = |packet: &Packet| packet.keyframe && self.is_later(packet.dts);
            let first = packets.iter().position(news);
            self.lost_frames += first.unwrap_or(packets.len()) as u64;
            let Some(first) = first else {
                return self.repetition(now).into_iter().collect();
            };
            packets.drain(..first);
            self.loss = None;
        }
        if let Some(idr) = packets.iter().rfind(|packet| packet.keyframe) {
            self.idr = Some(idr.clone());
        }
        if let Some(last) = packets.last() {
            self.given = Some(last.dts);
        }
        packets
    }

    /// The frame at `now` was lost with its encoder.
    pub(super) fn handle_loss(&mut self, why: String, now: Timestamp) -> Vec<Packet> {
        self.loss = Some(why);
        self.lost_frames += 1;
        self.repetition(now).into_iter().collect()
    }

    pub(super) const fn loss(&self) -> Option<&String> {
        self.loss.as_ref()
    }

    pub(super) const fn lost_frames(&self) -> u64 {
        self.lost_frames
    }

    fn is_later(&self, time: Timestamp) -> bool {
        self.given.is_none_or(|given| time > given)
    }

    /// The last IDR picture once more, if one is due and there is one.
    fn repetition(&mut self, now: Timestamp) -> Option<Packet> {
        if self.given.is_some_and(|given| now.since(given) < PERIOD) {
            return None;
        }
        let mut packet = self.idr.clone()?;
        packet.pts = now;
        packet.dts = now;
        self.given = Some(now);
        Some(packet)
    }
}

/// Between repetitions: a stream stays above 1 fps at the price of two IDR pictures a second.
const PERIOD: Duration = Duration::from_millis(500);
