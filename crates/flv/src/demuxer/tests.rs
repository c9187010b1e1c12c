use bytes::Bytes;
use onair_media::{AudioCodec, FrameRate, Kind, VideoCodec, VideoConfig};

use super::*;
use crate::{Muxer, file};

const BFRAMES: &[u8] = include_bytes!("../../testdata/bframes.flv");
const LEGACY: &[u8] = include_bytes!("../../testdata/legacy.flv");

fn tags(file: &'static [u8]) -> Vec<Tag> {
    let mut parser = file::Parser::new();
    parser.push(Bytes::from_static(file));
    std::iter::from_fn(|| parser.next().unwrap()).collect()
}

fn packets(tags: &[Tag]) -> Vec<Packet> {
    let mut demuxer = Demuxer::new();
    let packet = |tag| match demuxer.demux(tag).unwrap() {
        Demuxed::Packet(packet) => Some(packet),
        _ => None,
    };
    tags.iter().filter_map(packet).collect()
}

fn tag(kind: TagKind, timestamp: u32, body: &[u8]) -> Tag {
    Tag::from_body(kind, timestamp, Bytes::copy_from_slice(body))
}

fn video_header() -> Tag {
    let found = |tag: &Tag| tag.kind == TagKind::Video && tag.is_sequence_header();
    tags(BFRAMES).into_iter().find(found).unwrap()
}

#[test]
fn a_file_of_ffmpegs_becomes_packets() {
    let packets = packets(&tags(BFRAMES));
    let video: Vec<_> = packets.iter().filter(|p| p.kind() == Kind::Video).collect();
    assert_eq!((video.len(), packets.len() - video.len()), (30, 53));
    let Config::Video(config) = &video[0].config else {
        panic!("{:?}", video[0].config);
    };
    assert_eq!((config.size.width, config.size.height), (64, 48));
    assert!(video.iter().any(|picture| picture.pts > picture.dts));
    assert_eq!(video.iter().filter(|p| p.is_video_keyframe()).count(), 3);
    assert!(
        packets
            .iter()
            .all(|p| p.config.same(&packets[0].config) || p.kind() == Kind::Audio)
    );
}

#[test]
fn packets_muxed_again_are_the_tags_they_came_from() {
    let media = |tag: &Tag| tag.kind != TagKind::Script && !tag.payload.is_empty();
    let original: Vec<_> = tags(BFRAMES).into_iter().filter(media).collect();
    let mut muxer = Muxer::new();
    let muxed: Vec<_> = packets(&original)
        .iter()
        .flat_map(|p| muxer.mux(p))
        .collect();
    let track = |tags: &[Tag], kind| -> Vec<Tag> {
        tags.iter()
            .filter(|tag| tag.kind == kind)
            .cloned()
            .collect()
    };
    for kind in [TagKind::Video, TagKind::Audio] {
        let (original, muxed) = (track(&original, kind), track(&muxed, kind));
        assert_eq!(original.len(), muxed.len());
        for (original, muxed) in original.iter().zip(&muxed) {
            assert_eq!(original.body(), muxed.body());
            let header = original.is_sequence_header();
            assert!(header || original.timestamp == muxed.timestamp);
        }
    }
}

#[test]
fn a_file_of_other_codecs_is_refused_by_their_names() {
    let mut demuxer = Demuxer::new();
    let errors: Vec<_> = tags(LEGACY)
        .iter()
        .filter_map(|tag| demuxer.demux(tag).err())
        .map(|error| error.to_string())
        .collect();
    assert!(errors.iter().any(|error| error.contains("Sorenson H.263")));
    assert!(errors.iter().any(|error| error.contains("MP3")));
}

#[test]
fn the_metadata_of_ffmpegs_file_is_understood() {
    let Ok(Demuxed::Metadata(metadata)) = Demuxer::new().demux(&tags(BFRAMES)[0]) else {
        panic!("no metadata first");
    };
    let (video, audio) = (&metadata.video[0], &metadata.audio[0]);
    assert_eq!(video.size.map(|size| size.width), Some(64));
    assert_eq!(
        (video.codec, audio.codec),
        (Some(VideoCodec::H264), Some(AudioCodec::Aac))
    );
    assert_eq!((audio.channels, audio.sample_rate), (Some(1), Some(44_100)));
    assert_eq!(video.frame_rate, FrameRate::new(25, 1));
}

#[test]
fn time_goes_on_when_the_wire_wraps_and_interleaving_does_not_confuse_it() {
    let mut demuxer = Demuxer::new();
    demuxer.demux(&video_header()).unwrap();
    let day = 86_400_000_u64;
    let mut wire_times: Vec<u64> = (0..120).map(|days| days * day).collect();
    wire_times.extend([120 * day - 20, 120 * day + 20]);
    for millis in wire_times {
        let wire = u32::try_from(millis % (1 << 32)).unwrap();
        let picture = tag(TagKind::Video, wire, &[0x27, 1, 0xFF, 0xFF, 0xFF, 1]);
        let Ok(Demuxed::Packet(packet)) = demuxer.demux(&picture) else {
            panic!("no packet");
        };
        let millis = i64::try_from(millis).unwrap();
        assert_eq!(packet.dts, Timestamp::from_millis(millis));
        assert_eq!(packet.pts, Timestamp::from_millis(millis - 1));
    }
}

#[test]
fn media_before_its_sequence_header_is_an_error_and_not_the_end() {
    let mut demuxer = Demuxer::new();
    let picture = tag(TagKind::Video, 0, &[0x17, 1, 0, 0, 0, 1]);
    let audio = tag(TagKind::Audio, 0, &[0xAF, 1, 0x21]);
    assert!(matches!(
        demuxer.demux(&picture),
        Err(Error::Invalid { .. })
    ));
    assert!(matches!(demuxer.demux(&audio), Err(Error::Invalid { .. })));
    demuxer.demux(&video_header()).unwrap();
    assert!(matches!(demuxer.demux(&picture), Ok(Demuxed::Packet(_))));
}

#[test]
fn what_carries_nothing_is_nothing() {
    let mut demuxer = Demuxer::new();
    for tag in [
        tag(TagKind::Video, 0, &[]),
        tag(TagKind::Audio, 0, &[]),
        tag(TagKind::Video, 0, &[0x57, 0]),
        tag(TagKind::Video, 0, &[0x17, 1, 0, 0, 0]),
        tag(TagKind::Audio, 0, &[0xAF, 1]),
        tag(TagKind::Script, 0, &[0xFF]),
        Tag::end_of_sequence(VideoCodec::H264, 0),
        Tag::end_of_sequence(VideoCodec::Hevc, 0),
        video_header(),
        video_header(),
    ] {
        assert_eq!(demuxer.demux(&tag), Ok(Demuxed::Nothing), "{tag:?}");
    }
}

/// libx265's, as FFmpeg writes it.
const HVCC: &[u8] = include_bytes!("../../testdata/main_720p.hvcc");

fn hevc_packets() -> Vec<Packet> {
    let config = VideoConfig::hevc(Bytes::from_static(HVCC)).unwrap();
    let config = Config::Video(Arc::new(config));
    let packet = |(index, pts): (i64, i64)| Packet {
        config: config.clone(),
        pts: Timestamp::from_millis(pts),
        dts: Timestamp::from_millis(index * 40),
        duration: None,
        keyframe: index == 0,
        payload: Bytes::from(vec![index.to_be_bytes()[7]; 9]),
    };
    [(0, 0), (1, 120), (2, 80), (3, 60)].map(packet).into()
}

#[test]
fn hevc_packets_muxed_come_back_as_they_were() {
    let (mut muxer, mut demuxer) = (Muxer::new(), Demuxer::new());
    let packets = hevc_packets();
    let tags: Vec<_> = packets.iter().flat_map(|p| muxer.mux(p)).collect();
    let heads: Vec<_> = tags.iter().map(|tag| tag.head[0]).collect();
    assert_eq!(heads, [0x90, 0x93, 0xA1, 0xA3, 0xA1]);
    assert_eq!(tags[0].payload, HVCC);
    let read = |tag: &Tag| match demuxer.demux(&Tag::from_body(tag.kind, tag.timestamp, tag.body()))
    {
        Ok(Demuxed::Packet(packet)) => Some(packet),
        other => {
            assert_eq!(other, Ok(Demuxed::Nothing));
            None
        }
    };
    assert_eq!(tags.iter().filter_map(read).collect::<Vec<_>>(), packets);
    let end = muxer.end_of_sequence().unwrap();
    assert_eq!(end.body(), b"\x92hvc1"[..]);
}

#[test]
fn a_picture_of_another_codec_than_the_sequence_header_s_is_refused() {
    let mut demuxer = Demuxer::new();
    demuxer.demux(&video_header()).unwrap();
    let picture = tag(TagKind::Video, 0, b"\x93hvc1\0");
    assert!(matches!(
        demuxer.demux(&picture),
        Err(Error::Invalid { .. })
    ));
}

#[test]
fn a_broken_sequence_header_leaves_the_one_before_in_force() {
    let mut demuxer = Demuxer::new();
    demuxer.demux(&video_header()).unwrap();
    let broken = tag(TagKind::Video, 0, &[0x17, 0, 0, 0, 0, 1, 2]);
    assert!(matches!(
        demuxer.demux(&broken),
        Err(Error::SequenceHeader(_))
    ));
    let picture = tag(TagKind::Video, 0, &[0x17, 1, 0, 0, 0, 1]);
    assert!(matches!(demuxer.demux(&picture), Ok(Demuxed::Packet(_))));
}

#[test]
fn every_prefix_and_every_flip_of_the_first_bytes_survives() {
    for tag in tags(BFRAMES).iter().chain(&tags(LEGACY)).take(12) {
        let body = tag.body();
        for len in 0..body.len().min(300) {
            let mut demuxer = Demuxer::new();
            drop(demuxer.demux(&Tag::from_body(tag.kind, 0, body.slice(..len))));
            let mut flipped = body.to_vec();
            flipped[len] ^= 0xFF;
            drop(demuxer.demux(&Tag::from_body(tag.kind, 0, flipped.into())));
        }
    }
}

/// The body of a legacy tag by its codec's `FourCC`: first nibble, packet type, code and the rest.
fn by_four_cc(tag: &Tag) -> (u8, u8, &'static [u8], Vec<u8>) {
    let body = tag.body();
    match tag.kind {
        TagKind::Video if body[1] == 1 => (0x80 | body[0] & 0x70, 1, b"avc1", body[2..].to_vec()),
        TagKind::Video => (0x80 | body[0] & 0x70, body[1], b"avc1", body[5..].to_vec()),
        _ => (0x90, body[1], b"mp4a", body[2..].to_vec()),
    }
}

fn multitrack(kind: TagKind) -> u8 {
    if kind == TagKind::Audio { 5 } else { 6 }
}

#[test]
fn every_form_of_enhanced_rtmp_carries_the_same_packets() {
    type Form = fn(&Tag) -> Vec<u8>;
    let forms: [Form; 4] = [
        |tag| {
            let (first, kind, codec, rest) = by_four_cc(tag);
            [&[first | kind], codec, &rest].concat()
        },
        |tag| {
            let (first, kind, codec, rest) = by_four_cc(tag);
            let first = first | multitrack(tag.kind);
            [&[first, kind], codec, &[0], &rest].concat()
        },
        |tag| {
            let (first, kind, codec, rest) = by_four_cc(tag);
            let first = first | multitrack(tag.kind);
            let length = u32::try_from(rest.len()).unwrap().to_be_bytes();
            let zero = [&[0], &length[1..], &rest].concat();
            [&[first, 0x10 | kind], codec, &[1, 0, 0, 2, 9, 9], &zero].concat()
        },
        |tag| {
            let (first, kind, codec, rest) = by_four_cc(tag);
            [&[first | 7, 2, 0, 0, 0, kind], codec, &rest].concat()
        },
    ];
    let legacy = tags(BFRAMES);
    for form in forms {
        let enhanced: Vec<_> = legacy
            .iter()
            .map(|tag| match tag.kind {
                TagKind::Script => tag.clone(),
                kind => Tag::from_body(kind, tag.timestamp, form(tag).into()),
            })
            .collect();
        for (enhanced, legacy) in enhanced.iter().zip(&legacy) {
            let asked = |tag: &Tag| (tag.is_sequence_header(), tag.is_keyframe());
            assert_eq!(asked(enhanced), asked(legacy), "{:?}", enhanced.head);
        }
        assert_eq!(packets(&enhanced), packets(&legacy));
    }
}

#[test]
fn tracks_but_the_first_are_left_out_and_named_once() {
    let mut demuxer = Demuxer::new();
    demuxer.demux(&video_header()).unwrap();
    for _ in 0..3 {
        for body in [&b"\xa6\x03avc1\x01nal"[..], b"\xa6\x13avc1\x02\0\0\x01x"] {
            let demuxed = demuxer.demux(&tag(TagKind::Video, 0, body));
            assert_eq!(demuxed, Ok(Demuxed::Nothing));
        }
    }
    let named: Vec<_> = std::iter::from_fn(|| demuxer.left_out()).collect();
    assert_eq!(named.len(), 2);
    let words = named[0].to_string();
    assert!(words.contains("video track 1 (avc1)"), "{words}");
    for id in 0..=255 {
        let body = [b"\x95\x01Opus", &[id][..], b"x"].concat();
        drop(demuxer.demux(&tag(TagKind::Audio, 0, &body)));
    }
    assert_eq!(std::iter::from_fn(|| demuxer.left_out()).count(), 6);
}

#[test]
fn a_modifiers_nanoseconds_move_the_presentation() {
    let mut demuxer = Demuxer::new();
    demuxer.demux(&video_header()).unwrap();
    let body = b"\xa7\x02\x01\xe8\x48\x01avc1\0\0\x50nal";
    let Ok(Demuxed::Packet(packet)) = demuxer.demux(&tag(TagKind::Video, 40, body)) else {
        panic!("it is a picture");
    };
    assert_eq!(packet.dts, Timestamp::from_millis(40));
    assert_eq!(packet.pts, Timestamp::from_nanos(120_125_000));
}
