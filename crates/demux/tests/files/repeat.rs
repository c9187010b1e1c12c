//! Loops: pass after pass without a seam.

use super::common::{of_kind, packets, path};
use onair_demux::{Demux, Loop, open};
use onair_media::{Kind, Packet};

const FILES: [&str; 7] = [
    "bframes.mp4",
    "fragmented.mp4",
    "trimmed.mp4",
    "vfr.mp4",
    "plain.flv",
    "plain.ts",
    "plain.mkv",
];

fn passes(name: &str, count: usize) -> (Vec<Packet>, usize) {
    let once = packets(open(&path(name)).unwrap().as_mut()).len();
    let mut repeat = Loop::open(&path(name)).unwrap();
    let all = (0..once * count).map(|_| repeat.next_packet().unwrap().unwrap());
    (all.collect(), once)
}

#[test]
fn decoding_times_strictly_increase_in_each_track_across_passes() {
    for name in FILES {
        let (all, _) = passes(name, 5);
        for kind in [Kind::Video, Kind::Audio] {
            let track = of_kind(&all, kind);
            let increasing = track.is_sorted_by(|a, b| a.dts < b.dts);
            assert!(increasing, "{name} {kind:?}");
        }
    }
}

#[test]
fn the_sound_goes_on_in_whole_frames() {
    for name in ["bframes.mp4", "plain.flv", "plain.ts"] {
        let (all, _) = passes(name, 3);
        let sound = of_kind(&all, Kind::Audio);
        let frame = 1024.0 / 48.0;
        for pair in sound.windows(2) {
            let nanos = pair[1].pts.nanos_from(pair[0].pts);
            let frames = f64::from(i32::try_from(nanos / 1000).unwrap()) / 1000.0 / frame;
            let whole = frames.round();
            assert!(whole >= 1.0, "{name}: {frames}");
            assert!((frames - whole).abs() < 0.1, "{name}: {frames}");
            assert!(whole <= 5.0, "{name}: a jump of {frames} frames");
        }
    }
}

#[test]
fn every_pass_is_the_first_one_moved() {
    for name in FILES {
        let (all, once) = passes(name, 3);
        let shift = all[once].dts.nanos_from(all[0].dts);
        assert!(shift > 0);
        for (index, packet) in all.iter().enumerate().skip(once) {
            let before = &all[index - once];
            assert_eq!(packet.payload, before.payload, "{name}");
            assert_eq!(packet.pts.nanos_from(before.pts), shift, "{name}");
            assert_eq!(packet.dts.nanos_from(before.dts), shift, "{name}");
            assert!(packet.config.same(&before.config));
        }
    }
}

#[test]
fn presentation_does_not_overlap_at_the_seam() {
    for name in FILES {
        let (all, once) = passes(name, 2);
        let (first, second) = all.split_at(once);
        for kind in [Kind::Video, Kind::Audio] {
            let last = of_kind(first, kind).iter().map(|p| p.pts).max();
            let next = of_kind(second, kind).iter().map(|p| p.pts).min();
            assert!(
                last <= next && (last.is_none() || last < next),
                "{name} {kind:?}"
            );
        }
    }
}
