//! What must hold for any packets: the body of the fuzz target.

use std::collections::BTreeMap;

use onair_media::h264::{annex_b, length_prefixed};
use onair_media::{Config, Kind, Packet, Timestamp};
use onair_samples::{Configs, SPS};

use crate::{Muxer, PACKET};

/// Packets from eight bytes each, at times that no publisher should send: the output is whole,
/// counted, and holds what was pushed.
pub fn transport(data: &[u8]) {
    let Some((first, events)) = data.split_first() else {
        return;
    };
    let configs = Configs::new();
    let video = (first & 1 == 0).then(|| Config::Video(configs.video[0].clone()));
    let audio = (first & 2 == 0).then(|| Config::Audio(configs.audio.clone()));
    let tracks = video.into_iter().chain(audio).collect();
    let origin = Timestamp::from_millis(i64::from(first.cast_signed()));
    let Ok(mut muxer) = Muxer::new(&tracks, origin) else {
        assert!(first & 3 == 3, "a program of good tracks was refused");
        return;
    };
    let mut receiver = Receiver::default();
    let mut time = 0_i64;
    for event in events.as_chunks().0 {
        let packet = configs.packet(*event, &mut time, payload);
        if let Ok(written) = muxer.push(&packet) {
            let units = receiver.read(&written);
            check(&units, &packet);
        }
    }
}

/// The unit is the last that was written, and everything of the packet is in it.
fn check(units: &BTreeMap<u16, Vec<u8>>, packet: &Packet) {
    let (pid, id) = match packet.kind() {
        Kind::Video => (0x100, 0xe0),
        Kind::Audio => (0x101, 0xc0),
    };
    let unit = &units[&pid];
    assert_eq!(unit[..4], [0, 0, 1, id]);
    let said = usize::from(u16::from_be_bytes([unit[4], unit[5]]));
    assert!(said == unit.len() - 6 || (said == 0 && unit.len() > 0xffff));
    let payload = &unit[9 + usize::from(unit[8])..];
    match packet.kind() {
        Kind::Video => check_video(payload, packet),
        Kind::Audio => assert_eq!(payload[7..], packet.payload),
    }
}

fn check_video(payload: &[u8], packet: &Packet) {
    let Config::Video(config) = &packet.config else {
        return;
    };
    assert_eq!(payload[..6], [0, 0, 0, 1, 0x09, 0xf0]);
    let sent = length_prefixed(&packet.payload, config.length_size()).filter_map(Result::ok);
    let sent: usize = sent.filter(|nal| nal[0] & 0x1f != 9).map(<[u8]>::len).sum();
    assert!(payload.len() >= 6 + sent);
    let sets = annex_b(payload).filter(|nal| *nal == SPS).count();
    assert!(sets > 0 || !packet.keyframe, "a keyframe without its sets");
}

/// Takes a stream apart, and checks the rules of its packets.
#[derive(Default)]
pub struct Receiver {
    counters: BTreeMap<u16, u8>,
    /// The clock's readings so far, of 33 bits.
    pub clocks: Vec<u64>,
}

impl Receiver {
    /// The last unit of each packet id.
    pub fn read(&mut self, written: &[u8]) -> BTreeMap<u16, Vec<u8>> {
        let (packets, rest) = written.as_chunks::<PACKET>();
        assert!(rest.is_empty(), "half a packet");
        let mut units = BTreeMap::<u16, Vec<u8>>::new();
        for packet in packets {
            let pid = u16::from_be_bytes([packet[1] & 0x1f, packet[2]]);
            let Some(payload) = self.payload(pid, packet) else {
                continue;
            };
            let unit = units.entry(pid).or_default();
            if packet[1] & 0x40 != 0 {
                unit.clear();
            }
            unit.extend_from_slice(payload);
        }
        units
    }

    fn payload<'a>(&mut self, pid: u16, packet: &'a [u8; PACKET]) -> Option<&'a [u8]> {
        assert_eq!(
            (packet[0], packet[1] & 0xa0, packet[3] & 0xc0),
            (0x47, 0, 0)
        );
        let field = match packet[3] & 0x20 {
            0 => 0,
            _ => 1 + usize::from(packet[4]),
        };
        if field > 1 && packet[5] & 0x10 != 0 {
            self.take_clock(&packet[6..12]);
        }
        let has_payload = packet[3] & 0x10 != 0;
        let payload = &packet[4 + field..];
        assert_eq!(has_payload, !payload.is_empty());
        let last = self.counters.insert(pid, packet[3] & 0x0f);
        let step = last.map(|last| (packet[3] & 0x0f).wrapping_sub(last) & 0x0f);
        assert!(step.is_none_or(|step| step == u8::from(has_payload)));
        has_payload.then_some(payload)
    }

    fn take_clock(&mut self, field: &[u8]) {
        let bytes = field
            .iter()
            .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        assert_eq!(bytes & 0x7fff, 0x7e00, "reserved bits, and no 27 MHz");
        self.clocks.push(bytes >> 15);
    }
}

/// NAL units, most of them with true lengths.
fn payload(what: u8, length: usize) -> Vec<u8> {
    let unit = vec![what | 1; length * usize::from(what >> 3)];
    let said = u32::try_from(unit.len()).unwrap_or(0) + u32::from(what & 0x80 != 0);
    [&said.to_be_bytes(), &unit[..]].concat()
}

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corpus_replays() {
        corpus::replay("transport", transport);
    }
}
