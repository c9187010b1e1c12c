use bytes::Bytes;

use super::golden::GOLDEN;
use super::*;
use crate::bits::BitWriter;
use crate::h264::{ChromaFormat, LengthSize};
use crate::test_data::{hex, protected};
use crate::{Error, Size, VideoCodec, VideoConfig};

fn record(name: &str) -> Bytes {
    let golden = GOLDEN.iter().find(|golden| golden.name == name).unwrap();
    hex(golden.record).into()
}

fn sets(config: &HevcDecoderConfig) -> [Vec<Bytes>; 3] {
    [NalUnitType::Vps, NalUnitType::Sps, NalUnitType::Pps]
        .map(|kind| config.units(kind).cloned().collect())
}

#[test]
fn every_golden_record_says_what_ffprobe_says() {
    for golden in GOLDEN {
        let record = Bytes::from(hex(golden.record));
        let config = HevcDecoderConfig::parse(&record).unwrap();
        let facts = config.facts().unwrap();
        let (width, height) = golden.size;
        assert_eq!(facts.size, Size::new(width, height), "{}", golden.name);
        assert_eq!(facts.profile, config.profile, "{}", golden.name);
        let profile = facts.profile;
        let profile = (profile.idc, profile.high_tier, profile.level);
        assert_eq!(profile, golden.profile, "{}", golden.name);
        let format = (facts.chroma_format, facts.luma_bits, facts.chroma_bits);
        let expected = (golden.chroma, golden.bits, golden.bits);
        assert_eq!(format, expected, "{}", golden.name);
        assert_eq!(facts.reorder_pictures, golden.reorder, "{}", golden.name);
        assert_eq!(config.codec_string(), golden.codec, "{}", golden.name);
    }
}

#[test]
fn a_record_is_written_as_it_was_read() {
    for golden in GOLDEN {
        let record = Bytes::from(hex(golden.record));
        let config = HevcDecoderConfig::parse(&record).unwrap();
        assert_eq!(config.write(), record, "{}", golden.name);
    }
}

#[test]
fn parameter_sets_alone_make_the_record_ffmpeg_makes_of_them() {
    for golden in GOLDEN {
        let record = Bytes::from(hex(golden.record));
        let [vps, sps, pps] = sets(&HevcDecoderConfig::parse(&record).unwrap());
        let doubled: Vec<_> = pps.iter().chain(&pps).cloned().collect();
        let made = HevcDecoderConfig::from_parameter_sets(&vps, &sps, &doubled).unwrap();
        let theirs = HevcDecoderConfig::parse(&record).unwrap();
        assert_eq!(made, theirs, "{}", golden.name);
    }
}

#[test]
fn a_track_configuration_keeps_its_record() {
    let record = record("main_cropped");
    let config = VideoConfig::hevc(record.clone()).unwrap();
    assert_eq!(
        (config.codec, &config.decoder_config),
        (VideoCodec::Hevc, &record)
    );
    assert_eq!(config.size, Size::new(322, 182));
    assert_eq!(config.length_size(), LengthSize::Four);
    assert_eq!(config.codec_string(), "hvc1.1.6.L60.90");
    let [vps, sps, pps] = sets(&HevcDecoderConfig::parse(&record).unwrap());
    let made = VideoConfig::hevc_from_parameter_sets(&vps, &sps, &pps).unwrap();
    assert_eq!((made.size, made.codec), (config.size, config.codec));
}

#[test]
fn a_record_without_what_it_is_for_is_refused() {
    let [vps, sps, pps] = sets(&HevcDecoderConfig::parse(&record("main_720p")).unwrap());
    let none = &[][..];
    for (vps, sps, pps) in [
        (none, &sps[..], &pps[..]),
        (&vps, none, &pps),
        (&vps, &sps, none),
    ] {
        let made = HevcDecoderConfig::from_parameter_sets(vps, sps, pps);
        assert!(matches!(made, Err(Error::Invalid { .. })), "{made:?}");
    }
    let many: Vec<_> = (0..200_u8)
        .map(|id| Bytes::from(vec![0x44, 1, id]))
        .collect();
    let made = HevcDecoderConfig::from_parameter_sets(&vps, &sps, &many);
    assert!(matches!(made, Err(Error::Unsupported { .. })), "{made:?}");
    let empty = HevcDecoderConfig {
        arrays: Vec::new(),
        ..HevcDecoderConfig::parse(&record("main_720p")).unwrap()
    };
    assert!(VideoConfig::hevc(empty.write()).is_err());
}

#[test]
fn every_shorter_record_is_truncated() {
    let record = record("main_720p");
    for end in 0..record.len() {
        let parsed = HevcDecoderConfig::parse(&record.slice(..end));
        assert!(matches!(parsed, Err(Error::Truncated { .. })), "{end}");
    }
}

/// An SPS with `layers` sub-layers, each with profile and level, `format` and
/// `crop` units cut off each side of 320x240.
fn made(layers: u32, format: u32, separate: bool, crop: Option<u32>) -> Vec<u8> {
    let mut bits = BitWriter::default();
    bits.put(33 << 1, 8);
    bits.put(1, 8);
    bits.put(layers, 4 + 3);
    bits.put(1, 1);
    bits.put(1, 8); // Main, Main tier
    bits.put(0x6000_0000, 32);
    bits.put(0x9fff_ffff, 32);
    bits.put(0xffff, 16);
    bits.put(93, 8);
    (0..layers).for_each(|_| bits.put(0b11, 2));
    if layers > 0 {
        bits.put(0, 2 * (8 - layers));
    }
    for _ in 0..layers * 3 {
        bits.put(u32::MAX, 32);
    }
    ue(&mut bits, 0);
    ue(&mut bits, format);
    if format == 3 {
        bits.put_flag(separate);
    }
    ue(&mut bits, 320);
    ue(&mut bits, 240);
    bits.put_flag(crop.is_some());
    for units in crop.into_iter().flat_map(|units| [units; 4]) {
        ue(&mut bits, units);
    }
    for value in [0, 2, 4] {
        ue(&mut bits, value); // bit depths, picture order
    }
    bits.put_flag(true);
    for layer in 0..=layers {
        for value in [4, layer, 0] {
            ue(&mut bits, value);
        }
    }
    bits.put_flag(true);
    protected(&bits.into_bytes())
}

fn ue(bits: &mut BitWriter, value: u32) {
    let width = (value + 1).ilog2();
    bits.put(0, width);
    bits.put(value + 1, width + 1);
}

#[test]
fn sub_layers_are_passed_over_and_the_highest_one_counts() {
    for layers in 0..=6 {
        let sps = Sps::parse(&made(layers, 1, false, None)).unwrap();
        assert_eq!(sps.size, Size::new(320, 240), "{layers} sub-layers");
        let found = (sps.temporal_layers, sps.reorder_pictures);
        assert_eq!(
            (u32::from(found.0), u32::from(found.1)),
            (layers + 1, layers)
        );
        assert_eq!((sps.luma_bits, sps.chroma_bits), (8, 10));
    }
    assert!(Sps::parse(&made(7, 1, false, None)).is_err());
}

#[test]
fn crop_units_follow_the_chroma_format() {
    for (format, separate, expected) in [
        (0, false, (318, 238)),
        (1, false, (316, 236)),
        (2, false, (316, 238)),
        (3, false, (318, 238)),
        (3, true, (318, 238)),
    ] {
        let sps = Sps::parse(&made(0, format, separate, Some(1))).unwrap();
        assert_eq!((sps.size.width, sps.size.height), expected, "{format}");
        assert_eq!(u32::from(sps.chroma_format.idc()), format);
    }
    assert!(
        Sps::parse(&made(0, 1, false, Some(60))).is_err(),
        "nothing left"
    );
}

#[test]
fn a_picture_that_is_no_picture_is_refused() {
    let mut wrong = made(0, 1, false, None);
    wrong[0] = 34 << 1;
    assert!(matches!(Sps::parse(&wrong), Err(Error::Invalid { .. })));
    assert!(matches!(Sps::parse(&[0x42]), Err(Error::Invalid { .. })));
    assert_eq!(
        ChromaFormat::Yuv420,
        Sps::parse(&made(0, 1, false, None)).unwrap().chroma_format
    );
}

#[test]
fn where_decoding_may_start_is_told_by_the_first_picture() {
    let unit = |kind: u8| vec![0, 0, 0, 3, kind << 1, 1, 0x80];
    let starts = |kinds: &[u8]| {
        let payload = kinds
            .iter()
            .flat_map(|&kind| unit(kind))
            .collect::<Vec<_>>();
        is_keyframe(&payload, LengthSize::Four)
    };
    for kind in [16, 17, 18, 19, 20, 21] {
        assert!(starts(&[35, 39, kind]), "{kind}");
    }
    for kind in [0, 1, 8, 9] {
        assert!(!starts(&[39, kind, 19]), "{kind}");
    }
    assert!(!starts(&[]) && !starts(&[32, 33, 34]));
    assert!(!is_keyframe(&[0, 0, 0, 1, 19 << 1], LengthSize::Four));
}

#[test]
fn an_access_unit_is_taken_apart_into_sets_and_pictures() {
    let annex_b = [
        &[0, 0, 0, 1, 0x46, 1, 0x50][..], // access unit delimiter
        &[
            0, 0, 0, 1, 0x40, 1, 2, 0, 0, 1, 0x42, 1, 3, 0, 0, 1, 0x44, 1, 4,
        ],
        &[0, 0, 1, 0x4e, 1, 5],    // SEI
        &[0, 0, 1, 0x2a, 1, 0xaf], // CRA
        &[0, 0, 1, 0x02, 1, 0xae], // trailing
        &[0, 0, 1, 0x4c, 1, 0xff], // filler
    ]
    .concat();
    let unit = AccessUnit::from_annex_b(&annex_b);
    assert_eq!(
        (&unit.vps[0][..], &unit.sps[0][..], &unit.pps[0][..]),
        (&[0x40, 1, 2][..], &[0x42, 1, 3][..], &[0x44, 1, 4][..])
    );
    assert!(unit.keyframe);
    assert_eq!(
        unit.payload[..],
        [
            0, 0, 0, 3, 0x4e, 1, 5, 0, 0, 0, 3, 0x2a, 1, 0xaf, 0, 0, 0, 3, 0x02, 1, 0xae
        ]
    );
}
