//! What of a session's packets has arrived.

use std::collections::VecDeque;

use bytes::Bytes;
use onair_media::Packet;

/// Packets that were sent and may not have arrived.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    under_way: VecDeque<Sent>,
    /// How many of them, the last ones, have not certainly been written.
    unwritten: usize,
}

#[derive(Debug)]
struct Sent {
    /// Its last byte is among the first so many of the connection.
    end: u64,
    /// Without its payload.
    packet: Packet,
}

impl Delivery {
    /// A packet is about to be written.
    pub(super) fn sends(&mut self, packet: &Packet) {
        let packet = Packet {
            payload: Bytes::new(),
            ..packet.clone()
        };
        self.under_way.push_back(Sent { end: 0, packet });
        self.unwritten += 1;
    }

    /// All of them are written, within the connection's first `bytes`.
    pub(super) fn written(&mut self, bytes: u64) {
        let unwritten = std::mem::take(&mut self.unwritten);
        let last = self.under_way.iter_mut().rev().take(unwritten);
        last.for_each(|sent| sent.end = bytes);
    }

    /// The connection's first `bytes` have arrived.
    pub(super) fn arrived(&mut self, bytes: u64) {
        while self.under_way.len() > self.unwritten
            && let Some(first) = self.under_way.front()
            && first.end <= bytes
        {
            self.under_way.pop_front();
        }
    }

    /// Those that may not have arrived.
    pub(super) fn left(self) -> Vec<Packet> {
        self.under_way.into_iter().map(|sent| sent.packet).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::video;

    fn times(delivery: Delivery) -> Vec<i64> {
        let left = delivery.left();
        left.iter().map(|packet| packet.dts.as_millis()).collect()
    }

    fn sent() -> Delivery {
        let mut delivery = Delivery::default();
        for (at, end) in [(0, 1000), (40, 1500), (80, 2500)] {
            delivery.sends(&video(at, at == 0));
            delivery.written(end);
        }
        delivery
    }

    #[test]
    fn what_the_peer_has_is_delivered_and_half_a_packet_is_not() {
        for (bytes, left) in [
            (0, vec![0, 40, 80]),
            (999, vec![0, 40, 80]),
            (1000, vec![40, 80]),
            (2499, vec![80]),
            (2500, vec![]),
        ] {
            let mut delivery = sent();
            delivery.arrived(bytes);
            assert_eq!(times(delivery), left, "{bytes}");
        }
    }

    #[test]
    fn what_is_not_written_has_not_arrived() {
        let mut delivery = sent();
        delivery.sends(&video(120, false));
        delivery.sends(&video(160, false));
        delivery.arrived(u64::MAX);
        assert_eq!(times(delivery), [120, 160]);
    }
}
