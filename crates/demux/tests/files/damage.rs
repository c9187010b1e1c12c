//! Damaged files: what is whole is delivered, then an error says where it ends.

use std::io::Cursor;

use super::common::{of_kind, packets, path};
use onair_demux::{Error, Format, PacketSource, open, open_repeated, read};
use onair_media::{Kind, Packet};

/// Packets up to the end or an error.
fn drain(demux: &mut dyn PacketSource) -> (Vec<Packet>, Option<Error>) {
    let mut all = Vec::new();
    loop {
        match demux.next_packet() {
            Ok(Some(packet)) => all.push(packet),
            Ok(None) => return (all, None),
            Err(error) => {
                assert!(matches!(demux.next_packet(), Ok(None)), "an error ends it");
                return (all, Some(error));
            }
        }
    }
}

/// Opens the first `keep` bytes of a golden file.
fn cut(name: &str, keep: usize) -> Result<Box<dyn PacketSource>, Error> {
    let bytes = std::fs::read(path(name)).unwrap();
    let file =
        std::env::temp_dir().join(format!("onair-demux-{}-{keep}-{name}", std::process::id()));
    std::fs::write(&file, &bytes[..keep]).unwrap();
    let demux = open(&file);
    std::fs::remove_file(&file).unwrap();
    demux
}

#[test]
fn a_cut_file_gives_its_whole_packets_and_then_says_where_it_ends() {
    for name in [
        "faststart.mp4",
        "fragmented.mp4",
        "plain.flv",
        "plain.ts",
        "plain.mkv",
    ] {
        let length = std::fs::read(path(name)).unwrap().len();
        let whole = packets(open(&path(name)).unwrap().as_mut());
        for keep in [length * 2 / 3 + 1, length - 333] {
            let (part, error) = drain(cut(name, keep).unwrap().as_mut());
            assert!(part.len() > 10 && part.len() < whole.len(), "{name}");
            for packet in &part {
                assert!(whole.iter().any(|p| p.payload == packet.payload), "{name}");
            }
            let Some(Error::Truncated { at, .. }) = error else {
                panic!("{name} cut at {keep}: {error:?}");
            };
            assert!(
                at <= keep as u64 && at + 4096 > keep as u64,
                "{name}: {at} of {keep}"
            );
        }
    }
}

#[test]
fn an_mp4_without_its_index_is_said_to_be_cut_off() {
    let Err(error) = cut("bframes.mp4", 5000) else {
        panic!("there is no moov");
    };
    assert!(error.to_string().contains("moov"), "{error}");
}

#[test]
fn a_fragment_that_promises_millions_of_samples_in_a_few_bytes_is_refused() {
    let full_box = |kind: &[u8; 4], fields: &[u32]| {
        let body: Vec<u8> = fields
            .iter()
            .flat_map(|field| field.to_be_bytes())
            .collect();
        let size = u32::try_from(8 + body.len()).unwrap();
        [&size.to_be_bytes(), &kind[..], &body].concat()
    };
    let wrap = |kind: &[u8; 4], body: Vec<u8>| {
        let size = u32::try_from(8 + body.len()).unwrap();
        [&size.to_be_bytes()[..], kind, &body].concat()
    };
    let run = |count| full_box(b"trun", &[0, count]);
    let head = full_box(b"tfhd", &[0x0002_0000, 1]);
    let moof = wrap(
        b"moof",
        wrap(b"traf", [head, run(16), run(1 << 20)].concat()),
    );
    let mut bytes = std::fs::read(path("fragmented.mp4")).unwrap();
    let first = bytes.windows(4).position(|w| w == b"moof").unwrap() - 4;
    bytes.splice(first.., moof);
    let file = std::env::temp_dir().join(format!("onair-demux-{}-moof.mp4", std::process::id()));
    std::fs::write(&file, bytes).unwrap();
    let mut demux = open(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let error = std::iter::repeat_with(|| demux.next_packet())
        .find_map(Result::err)
        .unwrap();
    assert!(error.to_string().contains("too many samples"), "{error}");
}

#[test]
fn lost_sync_and_lost_packets_cost_only_what_they_hit() {
    let mut bytes = std::fs::read(path("plain.ts")).unwrap();
    let whole = packets(open(&path("plain.ts")).unwrap().as_mut());
    bytes.drain(188 * 40..188 * 43);
    bytes.splice(188 * 60..188 * 60, [0x00; 77]);
    let mut demux = read(Box::new(Cursor::new(bytes)), Format::Ts).unwrap();
    let (part, error) = drain(demux.as_mut());
    assert!(error.is_none(), "{error:?}");
    assert!(
        part.len() + 9 > whole.len(),
        "{} of {}",
        part.len(),
        whole.len()
    );
    assert!(part.len() < whole.len());
    let damage = demux.damage();
    assert_eq!(damage.sync_losses, 1, "{damage}");
    assert!(damage.video.continuity_errors > 0, "{damage}");
    let lost = damage.video.lost() + damage.audio.lost();
    assert_eq!(part.len() as u64 + lost, whole.len() as u64, "{damage}");
}

/// A transport stream, and whether everything in it is accounted for.
fn accounted(bytes: Vec<u8>) -> onair_demux::Damage {
    let whole = packets(open(&path("plain.ts")).unwrap().as_mut());
    let mut demux = read(Box::new(Cursor::new(bytes)), Format::Ts).unwrap();
    let (part, _) = drain(demux.as_mut());
    for kind in [Kind::Video, Kind::Audio] {
        let (part, whole) = (of_kind(&part, kind), of_kind(&whole, kind));
        let lost = usize::try_from(demux.damage().of(kind).lost()).unwrap();
        assert_eq!(
            part.len() + lost,
            whole.len(),
            "{kind:?} {}",
            demux.damage()
        );
    }
    demux.damage()
}

#[test]
fn a_whole_stream_has_no_damage_even_with_its_packets_doubled() {
    let bytes = std::fs::read(path("plain.ts")).unwrap();
    let doubled = bytes
        .chunks(188)
        .flat_map(|packet| [packet, packet].concat());
    let doubled = doubled.collect();
    assert!(accounted(bytes).is_none());
    assert!(accounted(doubled).is_none());
}

#[test]
fn every_access_unit_that_a_lost_packet_costs_is_counted() {
    let bytes = std::fs::read(path("plain.ts")).unwrap();
    let pid = |packet: &[u8]| u16::from_be_bytes([packet[1] & 0x1f, packet[2]]);
    let begins = |packet: &[u8]| packet[1] & 0x40 != 0;
    let pids: Vec<_> = bytes.chunks(188).map(pid).collect();
    let starts: Vec<_> = bytes.chunks(188).map(begins).collect();
    let mut tried = 0;
    for lost in 0..pids.len() {
        // Of what comes first no rate is known yet, and what comes last nothing follows.
        let begun = |at: &usize| pids[*at] == pids[lost] && starts[*at];
        let before = (0..lost).filter(begun).count();
        let after = (lost + 1..pids.len()).filter(begun).count();
        if pids[lost] < 0x100 || before < 3 || after < 1 {
            continue;
        }
        let mut bytes = bytes.clone();
        bytes.drain(188 * lost..188 * (lost + 1));
        accounted(bytes);
        tried += 1;
    }
    assert!(tried > 30, "{tried}");
}

#[test]
fn sync_bytes_broken_here_and_there_cost_their_packets_and_no_more() {
    let mut bytes = std::fs::read(path("plain.ts")).unwrap();
    let count = bytes.len() / 188;
    (8..count - 12)
        .step_by(4)
        .for_each(|at| bytes[188 * at] ^= 0x80);
    let damage = accounted(bytes);
    let packets = damage.video.continuity_errors + damage.audio.continuity_errors;
    assert!(packets <= count as u64 / 4, "{damage}");
}

#[test]
fn what_an_index_lists_and_the_file_does_not_have_is_counted() {
    let length = std::fs::read(path("faststart.mp4")).unwrap().len();
    let whole = packets(open(&path("faststart.mp4")).unwrap().as_mut());
    let mut demux = cut("faststart.mp4", length / 2).unwrap();
    let (part, _) = drain(demux.as_mut());
    let damage = demux.damage();
    assert_eq!(damage.video.damaged + damage.audio.damaged, 1, "{damage}");
    let lost = usize::try_from(damage.video.lost() + damage.audio.lost()).unwrap();
    assert_eq!(part.len() + lost, whole.len(), "{damage}");
}

#[test]
fn a_loop_counts_the_damage_of_every_pass() {
    let mut bytes = std::fs::read(path("plain.ts")).unwrap();
    bytes.drain(188 * 40..188 * 43);
    let file = std::env::temp_dir().join(format!("onair-demux-{}-loop.ts", std::process::id()));
    std::fs::write(&file, bytes).unwrap();
    let once = packets(open(&file).unwrap().as_mut()).len();
    let mut looped = open_repeated(&file).unwrap();
    for _ in 0..once * 3 {
        looped.next_packet().unwrap();
    }
    std::fs::remove_file(&file).unwrap();
    let damage = looped.damage();
    assert!(damage.video.damaged >= 2, "{damage}");
}

#[test]
fn what_is_no_media_is_told_apart() {
    let file = std::env::temp_dir().join(format!("onair-demux-{}-none", std::process::id()));
    for (bytes, hint) in [
        (&b""[..], "empty"),
        (b"RIFF....AVI LIST", "AVI"),
        (b"OggS\0\x02", "Ogg"),
        (b"YUV4MPEG2 W2 H2", "Y4M"),
        (b"#!/bin/sh", "no container"),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let Err(error) = open(&file) else {
            panic!("{hint} is no media");
        };
        assert!(error.to_string().contains(hint), "{error}");
    }
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn a_file_that_is_not_there_is_the_systems_error() {
    let error = open(&path("nothing")).map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
}

#[test]
fn a_track_of_which_nothing_can_be_read_is_named() {
    let mut bytes = std::fs::read(path("plain.ts")).unwrap();
    // Video is the program's first stream: all its packets are marked broken.
    let video = 0x100_u16;
    for packet in bytes.chunks_mut(188) {
        let pid = u16::from_be_bytes([packet[1] & 0x1f, packet[2]]);
        packet[1] |= if pid == video { 0x80 } else { 0 };
    }
    let demux = read(Box::new(Cursor::new(bytes)), Format::Ts).unwrap();
    assert_eq!(demux.tracks().len(), 1);
    let note = "video is listed, but none of it could be read";
    assert_eq!(demux.notes(), [note]);
}
