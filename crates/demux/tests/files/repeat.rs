//! Loops: pass after pass without a seam.

use super::common::{of_kind, packets, path};
use onair_demux::{open, open_repeated};
use onair_media::{Kind, Packet};

const FILES: [&str; 10] = [
    "bframes.mp4",
    "priming.mp4",
    "priming.mkv",
    "hevc.mov",
    "fragmented.mp4",
    "trimmed.mp4",
    "vfr.mp4",
    "plain.flv",
    "plain.ts",
    "plain.mkv",
];

/// The packets of so many passes, and of one.
fn passes(name: &str, count: usize) -> (Vec<Packet>, usize) {
    let once = packets(open(&path(name)).unwrap().as_mut()).len();
    let mut repeat = open_repeated(&path(name)).unwrap();
    let all = (0..once * count).map(|_| repeat.next_packet().unwrap().unwrap());
    (all.collect(), once)
}

#[test]
fn the_two_tracks_stay_in_decoding_order_across_the_seam() {
    for name in FILES {
        let (all, _) = passes(name, 4);
        assert!(all.is_sorted_by_key(|packet| packet.dts), "{name}");
    }
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
fn the_audio_goes_on_in_whole_frames() {
    for name in ["bframes.mp4", "priming.mp4", "plain.flv", "plain.ts"] {
        let (all, _) = passes(name, 3);
        let audio = of_kind(&all, Kind::Audio);
        let frame = 1024.0 / 48.0;
        for pair in audio.windows(2) {
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
        let (all, _) = passes(name, 4);
        let original = packets(open(&path(name)).unwrap().as_mut());
        let mut shifts = Vec::new();
        for kind in [Kind::Video, Kind::Audio] {
            let (all, original) = (of_kind(&all, kind), of_kind(&original, kind));
            for (pass, packets) in all.chunks(original.len().max(1)).take(3).enumerate() {
                let shift = packets[0].dts.nanos_from(original[0].dts);
                shifts.push((pass, shift));
                for (packet, first) in packets.iter().zip(&original) {
                    assert_eq!(packet.payload, first.payload, "{name}");
                    assert_eq!(packet.pts.nanos_from(first.pts), shift, "{name}");
                    assert_eq!(packet.dts.nanos_from(first.dts), shift, "{name}");
                    assert!(packet.config.same(&first.config));
                }
            }
        }
        let period = shifts[1].1;
        let even = |(pass, shift): &(usize, i64)| i64::try_from(*pass).unwrap() * period == *shift;
        assert!(period > 0 && shifts.iter().all(even), "{name}: {shifts:?}");
    }
}

#[test]
fn presentation_does_not_overlap_at_the_seam() {
    for name in FILES {
        let once = packets(open(&path(name)).unwrap().as_mut());
        let (all, _) = passes(name, 3);
        for kind in [Kind::Video, Kind::Audio] {
            let (all, once) = (of_kind(&all, kind), of_kind(&once, kind).len());
            let (first, second) = all.split_at(once);
            let last = first.iter().map(|packet| packet.pts).max();
            let next = second.iter().take(once).map(|packet| packet.pts).min();
            assert!(once == 0 || last < next, "{name} {kind:?}");
        }
    }
}

/// A decoder plays a frame to its end, whatever its container says of the last:
/// what the times of a thousand passes would be off by is how far audio would
/// have drifted from the pictures.
#[test]
fn after_a_thousand_passes_audio_is_where_its_frames_are() {
    for name in ["priming.mp4", "priming.mkv", "trimmed.mp4", "plain.flv"] {
        let once = packets(open(&path(name)).unwrap().as_mut());
        let mut repeat = open_repeated(&path(name)).unwrap();
        let (mut frames, mut start, mut last) = (0_i64, None, None);
        let mut worst = 0;
        for _ in 0..once.len() * 1000 {
            let packet = repeat.next_packet().unwrap().unwrap();
            if packet.kind() == Kind::Video {
                continue;
            }
            let first = *start.get_or_insert(packet.pts);
            let step = last.map_or(FRAME, |last| packet.pts.nanos_from(last));
            last = Some(packet.pts);
            assert!(step > FRAME - MILLISECOND, "{name}: frames overlap: {step}");
            let late = packet.pts.nanos_from(first) - frames * FRAME;
            // Silence between passes is whole frames long.
            let silent = ((late + FRAME / 2) / FRAME).max(0);
            worst = worst.max((late - silent * FRAME).abs());
            frames += silent + 1;
        }
        assert!(frames > 1000, "{name}");
        assert!(worst < MILLISECOND, "{name}: {worst} ns");
    }
}

/// Nanoseconds of 1024 samples at 48 kHz.
const FRAME: i64 = 21_333_333;

/// What a container's rounding may do.
const MILLISECOND: i64 = 1_000_000;
