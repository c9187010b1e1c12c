//! Transport streams joined end to end, and clocks that are wrong for a moment.

use std::io::Cursor;

use super::common::{of_kind, packets, path};
use onair_demux::{Format, PacketSource, open, read};
use onair_media::{Kind, Packet};

const FILES: [&str; 2] = ["plain.ts", "hevc.ts"];

fn whole(name: &str) -> Vec<Packet> {
    packets(open(&path(name)).unwrap().as_mut())
}

fn stream(bytes: Vec<u8>) -> Box<dyn PacketSource> {
    read(Box::new(Cursor::new(bytes)), Format::Ts).unwrap()
}

#[test]
fn at_a_seam_nothing_is_lost_and_the_tracks_stay_together() {
    for name in FILES {
        let once = whole(name);
        let bytes = std::fs::read(path(name)).unwrap();
        let mut demux = stream(bytes.repeat(4));
        let all = packets(demux.as_mut());
        assert!(demux.damage().is_none(), "{name}: {}", demux.damage());
        assert!(all.is_sorted_by_key(|packet| packet.dts), "{name}");
        let mut shifts = Vec::new();
        for kind in [Kind::Video, Kind::Audio] {
            let (once, all) = (of_kind(&once, kind), of_kind(&all, kind));
            assert_eq!(all.len(), once.len() * 4, "{name} {kind:?}");
            for pass in all.chunks(once.len()) {
                let shift = pass[0].dts.nanos_from(once[0].dts);
                shifts.push(shift);
                for (packet, first) in pass.iter().zip(&once) {
                    assert_eq!(packet.payload, first.payload, "{name}");
                    let off = packet.pts.nanos_from(first.pts) - shift;
                    assert!(off.abs() <= ROUNDING, "{name}: {off} ns");
                }
            }
        }
        let (video, audio) = shifts.split_at(4);
        for (video, audio) in video.iter().zip(audio) {
            let apart = video - audio;
            assert!(apart.abs() <= ROUNDING, "{name}: {apart} ns apart");
        }
        let period = video[1];
        assert!(
            (1_600_000_000..1_700_000_000).contains(&period),
            "{name}: {period}"
        );
    }
}

#[test]
fn a_clock_that_is_wrong_for_one_frame_moves_no_other() {
    let name = "plain.ts";
    let once = of_kind(&whole(name), Kind::Video);
    let mut bytes = std::fs::read(path(name)).unwrap();
    let is_video = |packet: &[u8]| packet[1] & 0x40 != 0 && packet[3] & 0x10 != 0;
    let begins = |packet: &[u8]| packet.windows(4).position(|w| w == [0, 0, 1, 0xe0]);
    let starts: Vec<_> = bytes
        .chunks(188)
        .enumerate()
        .filter(|(_, packet)| is_video(packet))
        .filter_map(|(index, packet)| Some(index * 188 + begins(packet)?))
        .collect();
    // The highest bits of its PTS and DTS: hours away.
    let wrong = starts[10];
    bytes[wrong + 9] ^= 0b0100;
    bytes[wrong + 14] ^= 0b0100;
    let all = of_kind(&packets(stream(bytes).as_mut()), Kind::Video);
    assert_eq!(all.len(), once.len());
    assert!(all.is_sorted_by_key(|packet| packet.dts));
    for (index, (packet, right)) in all.iter().zip(&once).enumerate() {
        assert_eq!(packet.payload, right.payload);
        assert!(
            index == 10 || packet.pts == right.pts,
            "{index}: {packet:?}"
        );
        let late = packet.dts.nanos_from(right.dts);
        assert!(late.abs() < 80_000_000, "{index}: {late}");
    }
}

/// Nanoseconds that ticks of 1/90000 s make of nothing.
const ROUNDING: i64 = 1;
