use onair_media::{Config, VideoConfig};

use super::*;
use onair_samples::{audio_packet, stream, video_packet};

fn ring() -> Ring {
    Ring::new(&RegistryConfig::default(), RingBytes::default())
}

fn small_ring() -> Ring {
    let config = RegistryConfig {
        stream_bytes: 100_000,
        ..RegistryConfig::default()
    };
    Ring::new(&config, RingBytes::default())
}

fn fill(ring: &mut Ring, packets: impl IntoIterator<Item = Packet>) {
    packets.into_iter().for_each(|packet| ring.push(packet));
}

fn drain(ring: &Ring, cursor: &mut Cursor) -> Vec<Packet> {
    let items = std::iter::from_fn(|| ring.read(cursor));
    let packet = |item| match item {
        Item::Packet(packet) => Some(packet),
        _ => None,
    };
    items.filter_map(packet).collect()
}

fn millis(packets: &[Packet]) -> Vec<i64> {
    packets
        .iter()
        .map(|packet| packet.dts.as_millis())
        .collect()
}

#[test]
fn a_viewer_begins_with_the_current_gop_and_gets_what_follows() {
    let mut ring = ring();
    fill(&mut ring, stream(30, 12));
    let mut cursor = ring.join();
    let got = drain(&ring, &mut cursor);
    assert!(got[0].is_video_keyframe());
    assert_eq!(millis(&got)[..3], [960, 980, 1000]);
    assert_eq!(got.len(), 12);
    fill(&mut ring, [video_packet(1200, false, 9)]);
    assert_eq!(millis(&drain(&ring, &mut cursor)), [1200]);
    assert_eq!(cursor.dropped.video, 0);
}

#[test]
fn a_viewer_who_reads_in_time_gets_every_packet() {
    let mut ring = ring();
    let mut cursor = ring.join();
    let mut got = Vec::new();
    let sent = stream(2000, 50);
    for packet in sent.clone() {
        ring.push(packet);
        if ring.end().is_multiple_of(60) {
            got.extend(drain(&ring, &mut cursor));
        }
    }
    got.extend(drain(&ring, &mut cursor));
    assert_eq!(got, sent);
    assert_eq!(cursor.dropped.video, 0);
}

#[test]
fn a_late_viewer_is_cut_to_the_newest_keyframe_and_told_how_much_it_lost() {
    let mut ring = ring();
    fill(&mut ring, stream(1, 25));
    let mut late = ring.join();
    fill(&mut ring, stream(500, 25).split_off(2));
    let got = drain(&ring, &mut late);
    assert_eq!(got[0].dts.as_millis(), 19_000);
    assert!(got[0].is_video_keyframe());
    let pictures = got.iter().filter(|p| p.kind() == Kind::Video).count() as u64;
    assert_eq!(late.dropped.video + pictures, 500);
    let (before, more) = (late.dropped.video, stream(510, 25).split_off(1000));
    fill(&mut ring, more);
    assert_eq!(drain(&ring, &mut late).len(), 20);
    assert_eq!(late.dropped.video, before);
}

#[test]
fn a_viewer_within_its_lag_is_left_alone() {
    let mut ring = ring();
    fill(&mut ring, stream(1, 25));
    let mut cursor = ring.join();
    fill(&mut ring, stream(70, 25).split_off(2));
    assert_eq!(drain(&ring, &mut cursor).len(), 140);
}

#[test]
fn a_gop_longer_than_the_lag_is_held_and_given_from_its_beginning() {
    let mut ring = ring();
    fill(&mut ring, stream(500, 1000));
    let got = drain(&ring, &mut ring.join());
    assert_eq!(got.len(), 1000);
    assert!(got[0].is_video_keyframe());
}

#[test]
fn no_stream_takes_more_than_its_bytes_and_its_viewers_wait_for_a_keyframe() {
    let mut ring = small_ring();
    fill(&mut ring, [video_packet(0, true, 1000)]);
    let mut early = ring.join();
    for i in 1..1000 {
        ring.push(video_packet(i, false, 1000));
        assert!(ring.bytes() <= 100_000);
    }
    assert!(ring.entries.len() < 100);
    let mut newcomer = ring.join();
    assert_eq!(drain(&ring, &mut early), []);
    assert_eq!(drain(&ring, &mut newcomer), []);
    ring.push(audio_packet(1000));
    ring.push(video_packet(1001, false, 10));
    ring.push(video_packet(1002, true, 10));
    assert_eq!(millis(&drain(&ring, &mut early)), [1000, 1002]);
    assert_eq!(millis(&drain(&ring, &mut newcomer)), [1000, 1002]);
    assert_eq!(early.dropped.video, 1001);
    assert_eq!(newcomer.dropped.video, 1);
}

#[test]
fn packets_without_bytes_or_time_are_bounded_too() {
    let mut ring = small_ring();
    for _ in 0..100_000 {
        ring.push(video_packet(0, true, 0));
    }
    assert!(ring.entries.len() * OVERHEAD <= 100_000);
    assert!(ring.keyframes.len() <= ring.entries.len());
}

#[test]
fn a_clock_that_jumps_anywhere_breaks_nothing() {
    let mut ring = ring();
    let mut cursor = ring.join();
    for millis in [0, i64::MAX / 1_000_000, 5, i64::MIN / 1_000_000, 7, 90] {
        ring.push(video_packet(millis, true, 10));
        ring.push(audio_packet(millis));
        assert!(!drain(&ring, &mut cursor).is_empty());
        assert!(!drain(&ring, &mut ring.join()).is_empty());
    }
}

#[test]
fn sound_alone_begins_anywhere_and_late_listeners_are_brought_to_the_present() {
    let mut ring = ring();
    fill(&mut ring, (0..10).map(|i| audio_packet(i * 20)));
    let mut late = ring.join();
    fill(&mut ring, (10..500).map(|i| audio_packet(i * 20)));
    assert_eq!(drain(&ring, &mut late), []);
    ring.push(audio_packet(10_000));
    assert_eq!(millis(&drain(&ring, &mut late)), [10_000]);
}

#[test]
fn where_the_camera_stops_and_audio_goes_on_the_present_is_the_audio_s() {
    let mut ring = ring();
    fill(&mut ring, stream(50, 25));
    let mut late = ring.join();
    fill(&mut ring, (100..30_000).map(|i| audio_packet(i * 20)));
    assert!(ring.entries.len() < 200, "{}", ring.entries.len());
    assert_eq!(
        drain(&ring, &mut ring.join()),
        [],
        "it begins at what comes"
    );
    assert_eq!(
        drain(&ring, &mut late),
        [],
        "and who is late is cut to that"
    );
    ring.push(audio_packet(600_000));
    ring.push(video_packet(600_010, false, 9));
    ring.push(video_packet(600_020, true, 9));
    assert_eq!(millis(&drain(&ring, &mut late)), [600_000, 600_020]);
    assert_eq!(millis(&drain(&ring, &mut ring.join())), [600_020]);
}

#[test]
fn a_slide_stands_for_some_seconds_and_audio_may_have_a_clock_of_its_own() {
    let mut ring = ring();
    let slide = |i: i64| {
        let audio = (0..400).map(move |k| audio_packet(60_000 + i * 8000 + k * 20));
        [video_packet(i * 8000, true, 9)].into_iter().chain(audio)
    };
    let mut viewer = ring.join();
    for i in 0..5 {
        fill(&mut ring, slide(i));
        assert_eq!(drain(&ring, &mut ring.join()).len(), 401);
        assert_eq!(drain(&ring, &mut viewer).len(), 401);
    }
}

#[test]
fn the_metadata_comes_first_and_again_when_it_changes() {
    let mut ring = ring();
    let metadata = |encoder: &str| Tracks {
        encoder: encoder.to_owned(),
        ..Tracks::default()
    };
    ring.describe(metadata("one"));
    fill(&mut ring, stream(3, 3));
    let mut cursor = ring.join();
    assert_eq!(
        ring.read(&mut cursor),
        Some(Item::Metadata(metadata("one").into()))
    );
    assert_eq!(drain(&ring, &mut cursor).len(), 6);
    ring.describe(metadata("two"));
    assert_eq!(
        ring.read(&mut cursor),
        Some(Item::Metadata(metadata("two").into()))
    );
    assert_eq!(ring.read(&mut cursor), None);
}

#[test]
fn an_output_reads_a_burst_from_its_beginning_to_its_end() {
    let mut ring = ring();
    let mut output = ring.join_whole();
    ring.keep_for(Some(output.next()));
    let sent = stream(2500, 50);
    fill(&mut ring, sent.clone());
    let mut viewer = ring.join();
    assert_eq!(drain(&ring, &mut output), sent);
    assert_eq!(output.dropped, Frames::default());
    assert_eq!(drain(&ring, &mut viewer).len(), 100);
    let held = ring.entries.len();
    ring.keep_for(Some(output.next()));
    assert!(
        held == 5000 && ring.entries.len() < 300,
        "what all have read goes"
    );
}

#[test]
fn an_output_that_bytes_are_short_for_loses_what_it_must_and_knows_of_what_kind() {
    let config = RegistryConfig {
        stream_bytes: 1_200_000,
        ..RegistryConfig::default()
    };
    let mut ring = Ring::new(&config, RingBytes::default());
    let mut output = ring.join_whole();
    ring.keep_for(Some(output.next()));
    fill(&mut ring, stream(2500, 50));
    assert!(ring.bytes() <= 1_200_000 && ring.unread() > ring.full());
    let got = drain(&ring, &mut output);
    assert!(got[0].is_video_keyframe());
    let count = |kind| got.iter().filter(|packet| packet.kind() == kind).count() as u64;
    assert_eq!(output.dropped.video + count(Kind::Video), 2500);
    assert_eq!(output.dropped.audio + count(Kind::Audio), 2500);
    assert!(got.len() > 1000, "{}", got.len());
}

#[test]
fn what_a_stream_says_of_itself_counts_as_its_pictures_do() {
    let mut ring = small_ring();
    for _ in 0..1000 {
        ring.describe(Tracks {
            encoder: "x".repeat(1000),
            ..Tracks::default()
        });
        assert!(ring.bytes() <= 100_000);
    }
    assert!(ring.entries.len() < 100);
}

#[test]
fn configurations_count_once_for_all_packets_that_share_them_and_as_long_as_one_does() {
    let mut ring = small_ring();
    let config = |byte: u8| {
        let mut config = VideoConfig::clone(&onair_samples::video_config());
        config.decoder_config = vec![byte; 30_000].into();
        Config::Video(config.into())
    };
    let of = |config: &Config, millis| Packet {
        config: config.clone(),
        ..video_packet(millis, true, 10)
    };
    let shared = config(0);
    fill(&mut ring, (0..50).map(|i| of(&shared, i)));
    assert_eq!(ring.entries.len(), 50, "one configuration is nothing");
    for i in 50..500 {
        ring.push(of(&config(1), i));
        assert!(ring.bytes() <= 100_000);
    }
    assert!(ring.entries.len() <= 3, "{}", ring.entries.len());
    fill(&mut ring, (500..505).map(|i| of(&shared, i)));
    ring.shed(usize::MAX);
    assert_eq!((ring.bytes(), ring.entries.len()), (0, 0));
}
