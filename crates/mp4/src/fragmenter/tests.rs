use bytes::Bytes;
use onair_media::Config;

use super::*;
use crate::samples::{read, shown, shown_after, tracks};
use onair_samples::{audio_packet, stream, video_config, video_packet};

fn fragmenter() -> Fragmenter {
    Fragmenter::new(&tracks(true, true), Pacing::File, Timestamp::ZERO)
}

/// Everything as one file.
fn file(packets: &[Packet], cut: impl Fn(&Packet) -> bool) -> Vec<u8> {
    let mut fragmenter = fragmenter();
    let mut whole = fragmenter.init().unwrap().to_vec();
    for packet in packets {
        fragmenter.push(packet);
        if cut(packet) {
            let fragment = fragmenter.take().unwrap();
            whole.extend(fragment.iter().flat_map(Fragment::to_vec));
        }
    }
    let rest = fragmenter.finish().unwrap();
    whole.extend(rest.iter().flat_map(Fragment::to_vec));
    whole
}

fn of(kind: Kind, packets: &[Packet]) -> Vec<Packet> {
    let all = packets.iter().filter(|packet| packet.kind() == kind);
    all.cloned().collect()
}

#[test]
fn what_is_written_is_read_again_however_it_is_cut() {
    let sent = stream(100, 25);
    let cuts: [fn(&Packet) -> bool; 3] = [Packet::is_video_keyframe, |_| true, |_| false];
    for cut in cuts {
        let got = read(&file(&sent, cut));
        for kind in [Kind::Video, Kind::Audio] {
            let (sent, got) = (of(kind, &sent), of(kind, &got));
            assert_eq!(sent.len(), got.len());
            for (sent, got) in sent.iter().zip(&got) {
                assert_eq!((&sent.payload, sent.keyframe), (&got.payload, got.keyframe));
                let off = sent.dts.nanos_from(got.dts).abs();
                assert!(off < 1_600_000, "{} and {}", sent.dts, got.dts);
                assert!(sent.config.same(&got.config));
            }
        }
    }
}

#[test]
fn audio_that_a_wire_rounded_has_no_seams() {
    let mut fragmenter = Fragmenter::new(&tracks(false, true), Pacing::File, Timestamp::ZERO);
    let mut whole = fragmenter.init().unwrap().to_vec();
    for frame in 0..500 {
        fragmenter.push(&audio_packet((frame * 1024 * 1000 + 24_000) / 48_000));
    }
    whole.extend(fragmenter.finish().unwrap().unwrap().to_vec());
    let got = read(&whole);
    let steps = got.windows(2).map(|pair| pair[1].dts.since(pair[0].dts));
    for step in steps {
        assert!(step.as_nanos().abs_diff(21_333_333) < 2, "{step:?}");
    }
}

#[test]
fn audio_that_pauses_keeps_its_time() {
    let mut fragmenter = Fragmenter::new(&tracks(false, true), Pacing::File, Timestamp::ZERO);
    let mut whole = fragmenter.init().unwrap().to_vec();
    for at in [0, 21, 43, 5000, 5021] {
        fragmenter.push(&audio_packet(at));
    }
    whole.extend(fragmenter.finish().unwrap().unwrap().to_vec());
    assert_eq!(read(&whole)[3].dts.as_millis(), 5000);
}

#[test]
fn reordered_frames_are_shown_when_they_should_be() {
    let mut packets: Vec<_> = (0..6).map(|i| video_packet(i * 40, i == 0, 50)).collect();
    for (packet, delay) in packets.iter_mut().zip([80, 160, 40, 0, 160, 40]) {
        packet.pts = packet.dts + Duration::from_millis(delay);
    }
    let got = of(Kind::Video, &read(&file(&packets, |_| false)));
    let offsets = |packets: &[Packet]| -> Vec<_> {
        packets
            .iter()
            .map(|packet| packet.pts.since(packet.dts).as_millis())
            .collect()
    };
    assert_eq!(offsets(&got), offsets(&packets));
}

/// As from encoders that reorder frames and do not make up for it.
#[test]
fn a_first_frame_that_is_shown_before_it_is_decoded_keeps_its_time() {
    let mut packets: Vec<_> = (0..4).map(|i| video_packet(i * 34, i == 0, 50)).collect();
    for (packet, early) in packets.iter_mut().zip([-34, -34, -34, 34]) {
        packet.pts = packet.dts.offset(early * 1_000_000);
    }
    let mut fragmenter = Fragmenter::new(&tracks(true, false), Pacing::File, Timestamp::ZERO);
    let mut whole = fragmenter.init().unwrap().to_vec();
    packets.iter().for_each(|packet| fragmenter.push(packet));
    whole.extend(fragmenter.finish().unwrap().unwrap().to_vec());
    let got = read(&whole);
    let times = |packets: &[Packet]| -> Vec<_> {
        let first = packets[0].pts;
        let time = |packet: &Packet| packet.pts.nanos_from(first) / 1_000_000;
        packets.iter().map(time).collect()
    };
    assert_eq!(times(&got), times(&packets));
}

#[test]
fn a_clock_that_stands_still_or_goes_back_makes_no_broken_file() {
    let packets = [100, 100, 50, 100, 140, -5, 3_000_000].map(|at| video_packet(at, true, 10));
    let got = of(Kind::Video, &read(&file(&packets, |_| true)));
    assert_eq!(got.len(), 7);
    assert!(got.is_sorted_by_key(|packet| packet.dts));
}

#[test]
fn packets_of_another_configuration_are_not_accepted() {
    let fragmenter = Fragmenter::new(&tracks(true, false), Pacing::File, Timestamp::ZERO);
    assert!(fragmenter.accepts(&video_packet(0, true, 1)));
    assert!(!fragmenter.accepts(&audio_packet(0)));
    let mut other = video_packet(0, true, 1);
    let mut config = video_config().as_ref().clone();
    config.decoder_config = Bytes::from_static(b"\x01\x64\x00\x1f\xff\xe0\x00");
    other.config = Config::Video(config.into());
    assert!(!fragmenter.accepts(&other));
}

#[test]
fn a_fragments_frames_shown_before_they_are_decoded_keep_their_distances() {
    for offsets in [[-34, -34, -34, -34], [-34, 46, -34, 6], [0, 80, -40, -40]] {
        let sent = shown_after(&offsets);
        let mut fragmenter = Fragmenter::new(&tracks(true, false), Pacing::File, Timestamp::ZERO);
        let mut whole = fragmenter.init().unwrap().to_vec();
        sent.iter().for_each(|packet| fragmenter.push(packet));
        whole.extend(fragmenter.finish().unwrap().unwrap().to_vec());
        assert_eq!(shown(&read(&whole)), shown(&sent), "{offsets:?}");
    }
}

#[test]
fn a_live_player_has_each_packet_at_once_and_its_time_goes_on_in_another_segment() {
    let mut fragmenter = Fragmenter::new(&tracks(true, false), Pacing::Live, Timestamp::ZERO);
    let mut whole = fragmenter.init().unwrap().to_vec();
    for i in 0..5 {
        fragmenter.push(&video_packet(i * 40, i == 0, 50));
        whole.extend(fragmenter.take().unwrap().expect("at once").to_vec());
    }
    assert_eq!(read(&whole).len(), 5);
    fragmenter.describe(&tracks(true, true));
    let mut whole = fragmenter.init().unwrap().to_vec();
    for packet in [video_packet(200, true, 50), audio_packet(200)] {
        fragmenter.push(&packet);
        whole.extend(fragmenter.take().unwrap().expect("at once").to_vec());
    }
    let times: Vec<_> = read(&whole)
        .iter()
        .map(|packet| packet.dts.as_millis())
        .collect();
    assert_eq!(times, [200, 200]);
    assert!(fragmenter.finish().unwrap().is_none(), "nothing waits");
}
