use std::time::Duration;

use onair_media::{Packet, Timestamp};

use crate::Error;

/// What goes out while a video encoder is away: its last IDR frame, again and again. Pure; keeping
/// the frame costs a reference to its bytes.
#[derive(Debug, Default)]
pub(super) struct EncoderRecovery {
    idr: Option<Packet>,
    /// The time of the latest packet given.
    given: Option<Timestamp>,
    /// Why the encoder is away, while it is.
    loss: Option<Error>,
    /// Packets before the next IDR frame are useless: what they refer to is gone.
    wants_idr: bool,
    lost_frames: u64,
}

impl EncoderRecovery {
    /// Takes the backend's packets, `now` being its newest frame; gives those that go out.
    pub(super) fn handle(
        &mut self,
        outcome: Result<Vec<Packet>, Error>,
        now: Timestamp,
    ) -> Result<Vec<Packet>, Error> {
        match outcome {
            Ok(packets) => Ok(self.handle_packets(packets)),
            Err(lost @ Error::Lost { .. }) => Ok(self.handle_loss(lost, now)),
            Err(error) => Err(error),
        }
    }

    /// Takes packets that are complete; gives those that go out.
    pub(super) fn handle_packets(&mut self, mut packets: Vec<Packet>) -> Vec<Packet> {
        if self.wants_idr {
            let news = |packet: &Packet| packet.keyframe && self.is_later(packet.dts);
            let first = packets.iter().position(news);
            self.lost_frames += first.unwrap_or(packets.len()) as u64;
            let Some(first) = first else {
                // At the time of a dropped packet: what is still being encoded comes later.
                let dropped = packets.last().map(|packet| packet.dts);
                let repetition = dropped.and_then(|time| self.repetition(time));
                return repetition.into_iter().collect();
            };
            packets.drain(..first);
            self.loss = None;
            self.wants_idr = false;
        }
        if let Some(idr) = packets.iter().rfind(|packet| packet.keyframe) {
            self.idr = Some(idr.clone());
        }
        if let Some(last) = packets.last() {
            self.given = Some(last.dts);
        }
        packets
    }

    /// It is away; the caller has counted what it lost.
    pub(super) fn lose(&mut self, why: Error) {
        self.loss = Some(why);
        self.wants_idr = true;
    }

    fn handle_loss(&mut self, why: Error, now: Timestamp) -> Vec<Packet> {
        self.lose(why);
        self.lost_frames += 1;
        self.repetition(now).into_iter().collect()
    }

    /// Another encoder takes over.
    pub(super) const fn handle_restart(&mut self) {
        self.wants_idr = true;
    }

    /// True once a frame was given.
    pub(super) const fn has_begun(&self) -> bool {
        self.given.is_some()
    }

    pub(super) const fn wants_idr(&self) -> bool {
        self.wants_idr
    }

    pub(super) const fn loss(&self) -> Option<&Error> {
        self.loss.as_ref()
    }

    pub(super) const fn lost_frames(&self) -> u64 {
        self.lost_frames
    }

    fn is_later(&self, time: Timestamp) -> bool {
        self.given.is_none_or(|given| time > given)
    }

    /// The last IDR frame again, if there is one and it is due at `now`.
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

/// Between repetitions: a stream stays above 1 fps at the price of two IDR frames a second.
const PERIOD: Duration = Duration::from_millis(500);
