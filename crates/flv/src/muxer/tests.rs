use std::sync::Arc;

use bytes::Bytes;
use onair_media::{AudioCodec, AudioConfig, Size, VideoCodec, VideoConfig};

use super::*;
use crate::VideoHeader;

fn video_config(record: &'static [u8]) -> Config {
    Config::Video(Arc::new(VideoConfig {
        codec: VideoCodec::H264,
        size: Size::new(64, 48),
        frame_rate: None,
        decoder_config: Bytes::from_static(record),
    }))
}

fn audio_config() -> Config {
    Config::Audio(Arc::new(AudioConfig {
        codec: AudioCodec::Aac,
        sample_rate: 44_100,
        channels: 2,
        decoder_config: Bytes::from_static(&[0x12, 0x10]),
    }))
}

fn packet(config: &Config, dts: i64, pts: i64) -> Packet {
    Packet {
        config: config.clone(),
        pts: Timestamp::from_millis(pts),
        dts: Timestamp::from_millis(dts),
        duration: None,
        keyframe: true,
        payload: Bytes::from_static(b"payload"),
    }
}

fn media(muxer: &mut Muxer, packet: &Packet) -> Tag {
    muxer.mux(packet).into_iter().last().unwrap()
}

fn offset(tag: &Tag) -> i32 {
    match VideoHeader::parse(&tag.head) {
        Ok(VideoHeader::Media(header)) => header.composition_offset,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_sequence_header_comes_first_and_once() {
    let mut muxer = Muxer::new();
    let config = video_config(b"avcC");
    let first: Vec<_> = muxer.mux(&packet(&config, 0, 0)).into_iter().collect();
    assert_eq!(first.len(), 2);
    assert_eq!(first[0].body(), b"\x17\0\0\0\0avcC"[..]);
    assert_eq!(first[1].body(), b"\x17\x01\0\0\0payload"[..]);
    let equal = video_config(b"avcC");
    assert_eq!(muxer.mux(&packet(&equal, 40, 40)).into_iter().count(), 1);
}

#[test]
fn a_changed_configuration_is_sent_at_the_packets_time() {
    let mut muxer = Muxer::new();
    muxer.mux(&packet(&video_config(b"one"), 0, 0));
    let changed = muxer.mux(&packet(&video_config(b"two"), 40, 40));
    let tags: Vec<_> = changed.into_iter().collect();
    assert_eq!((&tags[0].payload[..], tags[0].timestamp), (&b"two"[..], 40));
    assert!(tags[0].is_sequence_header() && tags[1].is_keyframe());
}

#[test]
fn audio_has_its_own_sequence_header_and_no_offset() {
    let mut muxer = Muxer::new();
    let tags: Vec<_> = muxer
        .mux(&packet(&audio_config(), 0, 0))
        .into_iter()
        .collect();
    assert_eq!(tags[0].body(), [0xAF, 0, 0x12, 0x10][..]);
    assert_eq!(tags[1].body(), b"\xAF\x01payload"[..]);
}

#[test]
fn wire_time_begins_at_the_first_packet_wherever_that_is() {
    for start in [-80, 0, 1 << 40] {
        let mut muxer = Muxer::new();
        let config = video_config(b"avcC");
        let first = media(&mut muxer, &packet(&config, start, start + 80));
        let second = media(&mut muxer, &packet(&config, start + 40, start + 40));
        assert_eq!((first.timestamp, offset(&first)), (0, 80));
        assert_eq!((second.timestamp, offset(&second)), (40, 0));
    }
}

#[test]
fn a_track_that_starts_before_the_origin_is_held_at_zero() {
    let mut muxer = Muxer::starting_at(Timestamp::from_millis(1000));
    let config = video_config(b"avcC");
    let early = media(&mut muxer, &packet(&config, 960, 1040));
    assert_eq!((early.timestamp, offset(&early)), (0, 40));
    let audio = media(&mut muxer, &packet(&audio_config(), 980, 980));
    assert_eq!(audio.timestamp, 0);
}

#[test]
fn a_decoding_time_that_falls_is_held_and_the_picture_shown_in_time() {
    let mut muxer = Muxer::new();
    let config = video_config(b"avcC");
    media(&mut muxer, &packet(&config, 0, 0));
    media(&mut muxer, &packet(&config, 100, 100));
    let fallen = media(&mut muxer, &packet(&config, 60, 140));
    assert_eq!((fallen.timestamp, offset(&fallen)), (100, 40));
    let late = media(&mut muxer, &packet(&config, 80, 80));
    assert_eq!((late.timestamp, offset(&late)), (100, -20));
}

#[test]
fn one_track_does_not_hold_the_other() {
    let mut muxer = Muxer::new();
    media(&mut muxer, &packet(&video_config(b"avcC"), 0, 0));
    media(&mut muxer, &packet(&video_config(b"avcC"), 100, 100));
    let audio = media(&mut muxer, &packet(&audio_config(), 23, 23));
    assert_eq!(audio.timestamp, 23);
}

#[test]
fn nanoseconds_become_the_nearest_millisecond_without_drift() {
    let mut muxer = Muxer::new();
    let config = video_config(b"avcC");
    let at = |index: i64| Timestamp::from_ticks(index * 1001, 30_000);
    for (index, millis) in [(0, 0), (1, 33), (2, 67), (30_000, 1_001_000)] {
        let mut packet = packet(&config, 0, 0);
        (packet.dts, packet.pts) = (at(index), at(index));
        let tag = media(&mut muxer, &packet);
        assert_eq!((tag.timestamp, offset(&tag)), (millis, 0));
    }
}

#[test]
fn wire_time_wraps_after_fifty_days() {
    let mut muxer = Muxer::new();
    let config = video_config(b"avcC");
    media(&mut muxer, &packet(&config, 0, 0));
    let wrap = 1 << 32;
    let before = media(&mut muxer, &packet(&config, wrap - 1, wrap));
    let after = media(&mut muxer, &packet(&config, wrap + 1, wrap + 1));
    assert_eq!((before.timestamp, offset(&before)), (u32::MAX, 1));
    assert_eq!(after.timestamp, 1);
}

#[test]
fn an_offset_too_long_for_24_bits_is_clamped() {
    let mut muxer = Muxer::new();
    let tag = media(
        &mut muxer,
        &packet(&video_config(b"a"), 0, i64::MAX / 2_000_000),
    );
    assert_eq!(offset(&tag), VideoTagHeader::MAX_OFFSET);
}

#[test]
fn the_payload_is_not_copied() {
    let packet = packet(&video_config(b"avcC"), 0, 0);
    let tag = media(&mut Muxer::new(), &packet);
    assert_eq!(tag.payload.as_ptr(), packet.payload.as_ptr());
}

#[test]
fn the_end_and_the_metadata_come_at_the_latest_time() {
    let mut muxer = Muxer::new();
    assert_eq!(muxer.end_of_sequence(), None);
    media(&mut muxer, &packet(&video_config(b"avcC"), 0, 0));
    media(&mut muxer, &packet(&video_config(b"avcC"), 40, 40));
    media(&mut muxer, &packet(&audio_config(), 46, 46));
    let end = muxer.end_of_sequence().unwrap();
    assert_eq!(
        (&end.body()[..], end.timestamp),
        (&[0x17, 2, 0, 0, 0][..], 40)
    );
    assert_eq!(muxer.metadata(&Tracks::default()).timestamp, 46);
}

#[test]
fn each_codecs_tags_name_it_and_are_read_back_as_its_own() {
    for &codec in VideoCodec::ALL {
        let config = Config::Video(Arc::new(VideoConfig {
            codec,
            size: Size::new(64, 48),
            frame_rate: None,
            decoder_config: Bytes::from_static(b"record"),
        }));
        let mut muxer = Muxer::new();
        let mut tags: Vec<_> = muxer.mux(&packet(&config, 0, 40)).into_iter().collect();
        tags.extend(muxer.end_of_sequence());
        assert_eq!(tags.len(), 3);
        for tag in tags {
            let Ok(VideoHeader::Media(header)) = VideoHeader::parse(&tag.head) else {
                panic!("{tag:?}");
            };
            assert_eq!(header.codec, codec);
        }
    }
    for &codec in AudioCodec::ALL {
        let config = Config::Audio(Arc::new(AudioConfig {
            codec,
            sample_rate: 48_000,
            channels: 2,
            decoder_config: Bytes::from_static(b"record"),
        }));
        for tag in Muxer::new().mux(&packet(&config, 0, 0)) {
            let header = AudioTagHeader::parse(&tag.head).unwrap();
            assert_eq!(header.codec, codec);
        }
    }
}
