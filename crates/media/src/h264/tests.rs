use bytes::Bytes;

use super::golden::{GOLDEN, Golden, RECORDS, STREAM};
use super::*;
use crate::bits::BitWriter;
use crate::test_data::{hex, protected};
use crate::{Error, FrameRate, Size, VideoConfig};

fn golden(name: &str) -> &'static Golden {
    GOLDEN.iter().find(|golden| golden.name == name).unwrap()
}

#[test]
fn every_golden_sps_says_what_ffprobe_says() {
    for golden in GOLDEN {
        let sps = Sps::parse(&hex(golden.sps)).unwrap();
        let (width, height) = golden.size;
        assert_eq!(sps.size, Size::new(width, height), "{}", golden.name);
        assert_eq!(
            (sps.profile, sps.level),
            (golden.profile, golden.level),
            "{}",
            golden.name
        );
        let rate = golden
            .rate
            .and_then(|(upper, lower)| FrameRate::new(upper, lower));
        assert_eq!(
            (sps.frame_rate, sps.fixed_frame_rate),
            (rate, golden.fixed),
            "{}",
            golden.name
        );
        assert_eq!(sps.progressive, golden.progressive, "{}", golden.name);
        assert_eq!(sps.sample_aspect_ratio, Some(golden.sar), "{}", golden.name);
        assert_eq!(sps.reorder_frames, Some(golden.reorder), "{}", golden.name);
        assert_eq!(sps.reference_frames, golden.references, "{}", golden.name);
        let format = (sps.chroma_format, sps.luma_bits);
        assert_eq!(format, (golden.chroma, golden.luma_bits), "{}", golden.name);
    }
}

/// An SPS of one's own making, field by field.
struct Made(BitWriter);

impl Made {
    fn new(profile: u32) -> Self {
        let mut made = Self(BitWriter::default());
        made.bits(7, 8)
            .bits(profile, 8)
            .bits(0, 8)
            .bits(40, 8)
            .ue(0);
        made
    }

    fn bits(&mut self, value: u32, count: u32) -> &mut Self {
        self.0.put(value, count);
        self
    }

    fn ue(&mut self, value: u32) -> &mut Self {
        let width = (value + 1).ilog2();
        self.bits(0, width).bits(value + 1, width + 1)
    }

    fn se(&mut self, value: i32) -> &mut Self {
        let code = if value > 0 { 2 * value - 1 } else { -2 * value };
        self.ue(u32::try_from(code).unwrap())
    }

    /// Order count type 2, one reference, no gaps.
    fn simple_order(&mut self) -> &mut Self {
        self.ue(0).ue(2).ue(1).bits(0, 1)
    }

    /// 20x15 macroblocks of frames, cropped by these.
    fn picture(&mut self, progressive: bool, crop: [u32; 4]) -> &mut Self {
        let height = if progressive { 14 } else { 7 };
        self.ue(19).ue(height).bits(u32::from(progressive), 1);
        if !progressive {
            self.bits(0, 1);
        }
        self.bits(1, 2); // direct_8x8_inference_flag off, cropping on
        crop.iter().fold(self, |made, &units| made.ue(units))
    }

    fn parse(&mut self) -> Result<Sps, Error> {
        self.bits(1, 1); // rbsp_stop_one_bit
        let rbsp = std::mem::take(&mut self.0).into_bytes();
        Sps::parse(&protected(&rbsp))
    }
}

#[test]
fn crop_units_follow_chroma_format_and_interlacing() {
    // (chroma_format_idc, separate planes, progressive) and what 1 unit on each side cuts.
    let cases = [
        ((0, false, true), (318, 238)),
        ((1, false, true), (316, 236)),
        ((2, false, true), (316, 238)),
        ((3, false, true), (318, 238)),
        ((3, true, true), (318, 238)),
        ((0, false, false), (318, 252)),
        ((1, false, false), (316, 248)),
        ((2, false, false), (316, 252)),
    ];
    for ((format, planes, progressive), (width, height)) in cases {
        let mut made = Made::new(244);
        made.ue(format);
        if format == 3 {
            made.bits(u32::from(planes), 1);
        }
        made.ue(0).ue(0).bits(0, 2).simple_order();
        let sps = made
            .picture(progressive, [1; 4])
            .bits(0, 1)
            .parse()
            .unwrap();
        assert_eq!(
            sps.size,
            Size::new(width, height),
            "{format} {planes} {progressive}"
        );
    }
}

#[test]
fn scaling_lists_are_passed_over() {
    let mut made = Made::new(100);
    made.ue(1).ue(0).ue(0).bits(0, 1).bits(1, 1);
    made.bits(1, 1).se(-8); // The first falls back to the default at once.
    made.bits(1, 1);
    for n in 0..16 {
        made.se(n - 3);
    }
    made.bits(0, 4);
    made.bits(1, 1).se(127).se(127).se(2); // 8 + 127 + 127 + 2 wraps to 8.
    for _ in 0..60 {
        made.se(1);
    }
    made.se(-68); // The last of the 64 is 0, where a list may end too.
    made.bits(0, 1);
    let sps = made
        .simple_order()
        .picture(true, [0, 0, 0, 4])
        .bits(0, 1)
        .parse();
    assert_eq!(sps.unwrap().size, Size::new(320, 232));
}

#[test]
fn scaling_lists_have_the_length_of_their_place() {
    for (format, lists) in [(1, 8), (3, 12)] {
        let mut made = Made::new(244);
        made.ue(format).bits(0, if format == 3 { 1 } else { 0 });
        made.ue(0).ue(0).bits(0b01, 2);
        for list in 0..lists {
            made.bits(1, 1);
            for entry in 0..if list < 6 { 16 } else { 64 } {
                made.se(if entry % 2 == 0 { 1 } else { -1 });
            }
        }
        let sps = made.simple_order().picture(true, [0; 4]).bits(0, 1).parse();
        assert_eq!(sps.unwrap().size, Size::new(320, 240), "{format}");
    }
}

#[test]
fn an_order_cycle_is_passed_over() {
    let mut made = Made::new(66);
    made.ue(0)
        .ue(1)
        .bits(1, 1)
        .se(-5)
        .se(100_000)
        .ue(3)
        .se(1)
        .se(-2)
        .se(3);
    made.ue(4).bits(0, 1);
    let sps = made.picture(true, [0; 4]).bits(0, 1).parse().unwrap();
    assert_eq!((sps.size, sps.reference_frames), (Size::new(320, 240), 4));
}

#[test]
fn a_full_vui_is_read_to_its_end() {
    let mut made = Made::new(77);
    made.simple_order().picture(true, [0; 4]).bits(1, 1);
    made.bits(1, 1).bits(255, 8).bits(0, 16).bits(7, 16); // an aspect ratio of 0:7 says nothing
    made.bits(0b11, 2); // overscan
    made.bits(1, 1)
        .bits(0b0101, 4)
        .bits(1, 1)
        .bits(0x01_0605, 24);
    made.bits(1, 1).ue(2).ue(3); // chroma location
    made.bits(1, 1).bits(1001, 32).bits(60_000, 32).bits(1, 1);
    for cpbs in [1, 32] {
        made.bits(1, 1).ue(cpbs - 1).bits(0x46, 8);
        for n in 0..cpbs {
            made.ue(70_000 + n).ue(n).bits(1, 1);
        }
        made.bits(0x8_4210, 20);
    }
    made.bits(0, 1).bits(1, 1); // low_delay_hrd_flag, pic_struct_present_flag
    made.bits(0b11, 2).ue(0).ue(0).ue(10).ue(10).ue(3).ue(4);
    let sps = made.parse().unwrap();
    assert_eq!(sps.frame_rate, FrameRate::new(30_000, 1001));
    assert_eq!((sps.fixed_frame_rate, sps.reorder_frames), (true, Some(3)));
    assert_eq!(sps.sample_aspect_ratio, None);
}

#[test]
fn a_damaged_vui_counts_as_absent() {
    let nal = hex(golden("high_1080p_30").sps);
    let sps = Sps::parse(&nal[..nal.len() - 6]).unwrap();
    assert_eq!((sps.size, sps.frame_rate), (Size::new(1920, 1080), None));
    let mut made = Made::new(66);
    made.simple_order()
        .picture(true, [0; 4])
        .bits(1, 1)
        .bits(0, 4);
    made.bits(1, 1).bits(0, 32).bits(30, 32).bits(0, 4); // a tick of no length
    assert_eq!(made.parse().unwrap().frame_rate, None);
}

#[test]
fn impossible_sizes_are_invalid() {
    let cropped = Made::new(66)
        .simple_order()
        .picture(true, [80, 80, 0, 0])
        .bits(0, 1)
        .parse();
    let what = "H.264 sequence parameter set: cropped to nothing";
    assert!(matches!(cropped, Err(Error::Invalid { what: w, .. }) if w == what));
    for (width, height) in [(4096, 10), (10, 4096), (u32::MAX - 1, 1)] {
        let mut made = Made::new(66);
        made.simple_order().ue(width).ue(height).bits(0b1100, 4);
        assert!(
            matches!(made.parse(), Err(Error::Invalid { .. })),
            "{width} {height}"
        );
    }
}

#[test]
fn only_an_sps_is_an_sps() {
    let pps = hex(golden("high_1080p_30").pps);
    assert!(matches!(
        Sps::parse(&pps),
        Err(Error::Invalid { at: 0, .. })
    ));
    assert!(matches!(Sps::parse(&[]), Err(Error::Invalid { at: 0, .. })));
    assert_eq!(
        Sps::parse(&[0x67]),
        Err(Error::truncated("H.264 sequence parameter set", 1))
    );
}

#[test]
fn emulation_prevention_comes_out_and_nothing_else() {
    let cases: [(&[u8], &[u8]); 6] = [
        (&[1, 2, 3], &[1, 2, 3]),
        (&[0, 0, 3, 1], &[0, 0, 1]),
        (&[0, 0, 3, 0, 0, 3, 0, 0, 3], &[0, 0, 0, 0, 0, 0]),
        (&[0, 0, 3, 3], &[0, 0, 3]),
        (&[0, 3, 0, 3, 0, 0, 0, 3], &[0, 3, 0, 3, 0, 0, 0]),
        (&[0, 0, 4, 0, 0], &[0, 0, 4, 0, 0]),
    ];
    for (nal, expected) in cases {
        assert_eq!(rbsp(nal), expected, "{nal:?}");
    }
    assert!(matches!(rbsp(&[0, 0, 2]), Cow::Borrowed(_)));
}

#[test]
fn start_codes_of_either_length_separate_units() {
    let cases: [(&[u8], &[&[u8]]); 8] = [
        (&[], &[]),
        (&[9, 9, 9], &[]),
        (&[0, 0, 1], &[]),
        (&[0, 0, 1, 5], &[&[5]]),
        (&[0, 0, 0, 1, 5, 0, 0, 0, 0, 1, 6, 7, 0], &[&[5], &[6, 7]]),
        (&[8, 0, 0, 1, 5, 0, 0, 1, 0, 0, 1, 6], &[&[5], &[6]]),
        (&[0, 0, 1, 0, 0, 2, 0, 0, 3, 1], &[&[0, 0, 2, 0, 0, 3, 1]]),
        (&[0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1], &[&[1]]),
    ];
    for (stream, expected) in cases {
        assert_eq!(annex_b(stream).collect::<Vec<_>>(), expected, "{stream:?}");
    }
}

#[test]
fn start_codes_are_found_wherever_they_lie() {
    for (first, second) in (0..9).flat_map(|a| (0..9).map(move |b| (a, b))) {
        let (a, b) = (vec![2; first + 1], vec![9; second + 1]);
        let stream = [&[0, 0, 1][..], &a, &[0, 0, 1], &b, &[0, 0, 0, 1, 7]].concat();
        let units: Vec<_> = annex_b(&stream).collect();
        assert_eq!(units, [&a[..], &b, &[7]]);
    }
}

#[test]
fn lengths_of_every_size_separate_units() {
    let cases: [(LengthSize, &[u8]); 3] = [
        (LengthSize::One, &[2, 7, 8, 0, 1, 9]),
        (LengthSize::Two, &[0, 2, 7, 8, 0, 0, 0, 1, 9]),
        (
            LengthSize::Four,
            &[0, 0, 0, 2, 7, 8, 0, 0, 0, 0, 0, 0, 0, 1, 9],
        ),
    ];
    for (size, data) in cases {
        let units: Result<Vec<_>, _> = length_prefixed(data, size).collect();
        assert_eq!(units, Ok(vec![&[7, 8][..], &[9]]), "{size:?}");
        let four = with_four_byte_lengths(&Bytes::copy_from_slice(data), size).unwrap();
        assert_eq!(length_prefixed(&four, LengthSize::Four).count(), 2);
        assert_eq!(LengthSize::new(size.bytes()), Some(size));
    }
    assert_eq!((LengthSize::new(0), LengthSize::new(3)), (None, None));
}

#[test]
fn a_length_beyond_the_end_is_one_error_and_then_nothing() {
    let data = [0, 0, 0, 1, 9, 0xff, 0xff, 0xff, 0xff, 1];
    let units: Vec<_> = length_prefixed(&data, LengthSize::Four).collect();
    let error = Error::truncated("length-prefixed NAL unit", 5);
    assert_eq!(units, [Ok(&[9][..]), Err(error.clone())]);
    assert_eq!(
        length_prefixed_to_annex_b(&data, LengthSize::Four),
        Err(error.clone())
    );
    assert_eq!(
        AccessUnit::from_length_prefixed(&data, LengthSize::Four),
        Err(error)
    );
}

#[test]
fn framing_round_trips() {
    let stream = hex(STREAM);
    let lengths = annex_b_to_length_prefixed(&stream);
    assert_eq!(lengths[..6], [0, 0, 0, 2, 9, 0x10]);
    let back = length_prefixed_to_annex_b(&lengths, LengthSize::Four).unwrap();
    assert!(annex_b(&back).eq(annex_b(&stream)));
    assert_eq!(annex_b(&stream).count(), 8);
}

#[test]
fn an_access_unit_comes_apart_into_pictures_and_parameter_sets() {
    let stream = hex(STREAM);
    let whole = AccessUnit::from_annex_b(&stream);
    assert!(whole.idr && whole.is_keyframe() && !whole.recovery_point);
    assert_eq!((whole.sps.len(), whole.pps.len()), (1, 1));
    let kinds: Vec<_> = length_prefixed(&whole.payload, LengthSize::Four)
        .map(|unit| nal_unit_type(unit.unwrap()).unwrap())
        .collect();
    assert_eq!(
        kinds,
        [NalUnitType::Idr, NalUnitType::Slice, NalUnitType::Slice]
    );
    assert!(is_idr(&whole.payload, LengthSize::Four));
    let again =
        AccessUnit::from_length_prefixed(&annex_b_to_length_prefixed(&stream), LengthSize::Four);
    assert_eq!(again, Ok(whole));
}

#[test]
fn delimiters_filler_and_end_marks_are_left_out() {
    let stream = [9, 0x65, 12, 10, 11]
        .map(|header| [0, 0, 1, header, 0x80])
        .concat();
    let unit = AccessUnit::from_annex_b(&stream);
    assert_eq!(unit.payload[..], [0, 0, 0, 2, 0x65, 0x80]);
    let sei = AccessUnit::from_annex_b(&[0, 0, 1, 6, 5, 1, 7, 0x80, 0, 0, 1, 0x41, 1]);
    assert_eq!(sei.payload.len(), 4 + 5 + 4 + 2);
}

#[test]
fn a_flood_of_parameter_sets_is_cut() {
    let unit = AccessUnit::from_annex_b(&[0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 1].repeat(1000));
    assert_eq!((unit.sps.len(), unit.pps.len()), (32, 256));
}

#[test]
fn keyframes_are_told_by_the_first_picture_or_a_recovery_point() {
    let unit = |nals: &[&[u8]]| {
        let stream: Vec<u8> = nals
            .iter()
            .flat_map(|nal| [&[0, 0, 1], *nal].concat())
            .collect();
        AccessUnit::from_annex_b(&stream)
    };
    let slice = &[0x41, 0x9a, 1][..];
    assert!(!unit(&[slice]).is_keyframe());
    assert!(!unit(&[slice, &[0x65, 1]]).idr);
    assert!(unit(&[&[0x09, 0x10], &[0x65, 1], slice]).idr);
    // Two messages, the second a recovery point; as x264 writes it with open GOPs.
    let recovery = unit(&[&[6, 5, 1, 0xaa, 6, 1, 0xc4, 0x80], slice]);
    assert!(recovery.recovery_point && !recovery.idr);
    assert!(!unit(&[&[6, 5, 2, 6, 1, 0x80], slice]).recovery_point);
    let long = [&[6, 5, 0xff, 2][..], &[0xaa; 257], &[6, 1, 0xc4, 0x80]].concat();
    assert!(unit(&[&long, slice]).recovery_point);
    assert!(!unit(&[&[6, 0xff], slice]).recovery_point);
    assert!(!is_idr(&[], LengthSize::Four));
    assert!(!is_idr(&[0, 0, 0, 9, 0x65], LengthSize::Four));
}

#[test]
fn records_are_written_as_ffmpeg_writes_them() {
    for &(name, record) in RECORDS {
        let (golden, record) = (golden(name), hex(record));
        let sets = [hex(golden.sps), hex(golden.pps)].map(Bytes::from);
        let made = AvcDecoderConfig::from_parameter_sets(&sets[..1], &sets[1..]).unwrap();
        assert_eq!(made.write(), record, "{name}");
        assert_eq!(AvcDecoderConfig::parse(&record.into()), Ok(made), "{name}");
    }
}

#[test]
fn a_record_becomes_a_track_configuration() {
    let record = Bytes::from(hex(RECORDS[0].1));
    let config = VideoConfig::h264(record.clone()).unwrap();
    assert_eq!(config.size, Size::new(1920, 1080));
    assert_eq!(config.frame_rate, FrameRate::new(30, 1));
    assert_eq!(config.codec_string(), "avc1.640028");
    assert_eq!(
        (config.length_size(), &config.decoder_config),
        (LengthSize::Four, &record)
    );
    let sets = AvcDecoderConfig::parse(&record).unwrap();
    assert_eq!(
        VideoConfig::from_parameter_sets(&sets.sps, &sets.pps),
        Ok(config)
    );
}

#[test]
fn a_high_profile_record_without_its_end_is_accepted() {
    let record = Bytes::from(hex(RECORDS[0].1));
    let whole = AvcDecoderConfig::parse(&record).unwrap();
    for missing in 1..=4 {
        let short = record.slice(..record.len() - missing);
        let parsed = AvcDecoderConfig::parse(&short).unwrap();
        assert_eq!(
            parsed,
            AvcDecoderConfig {
                high: None,
                ..whole.clone()
            }
        );
        assert_eq!(parsed.write().len(), record.len() - 4);
    }
    let longer = Bytes::from([&record[..], &[1, 2, 3]].concat());
    assert_eq!(AvcDecoderConfig::parse(&longer), Ok(whole));
}

#[test]
fn a_record_keeps_extensions_length_sizes_and_several_sets() {
    let record = hex("0164001efde20001670002670101000168fdfafb0100036d0102");
    let parsed = AvcDecoderConfig::parse(&Bytes::from(record.clone())).unwrap();
    assert_eq!((parsed.length_size, parsed.sps.len()), (LengthSize::Two, 2));
    let high = parsed.high.as_ref().unwrap();
    assert_eq!((high.luma_bits, high.chroma_bits), (10, 11));
    assert_eq!(high.sps_extensions, [&[0x6d, 1, 2][..]]);
    assert_eq!(parsed.write(), record);
}

#[test]
fn records_below_the_high_profiles_have_no_such_end() {
    for profile in [66, 77, 88] {
        let record = [
            &[1, profile, 0, 30, 0xff, 0xe0, 0][..],
            &[0xfd, 0xf8, 0xf8, 0],
        ]
        .concat();
        let parsed = AvcDecoderConfig::parse(&Bytes::from(record)).unwrap();
        assert_eq!(parsed.high, None, "{profile}");
    }
}

#[test]
fn records_that_lie_are_refused() {
    let parse = |text: &str| AvcDecoderConfig::parse(&Bytes::from(hex(text)));
    assert!(matches!(
        parse("0064001e"),
        Err(Error::Invalid { at: 0, .. })
    ));
    assert!(matches!(
        parse("0164001efee000"),
        Err(Error::Invalid { at: 4, .. })
    ));
    assert_eq!(
        parse("0164001effe100056742"),
        Err(Error::truncated("avcC", 10))
    );
    assert_eq!(parse("0164001effe10000"), Err(Error::truncated("avcC", 8)));
    let empty = Bytes::from(hex("0142001effe000"));
    assert!(AvcDecoderConfig::parse(&empty).is_ok());
    assert_eq!(
        VideoConfig::h264(empty),
        Err(Error::invalid("avcC: no SPS", 5))
    );
}

#[test]
fn parameter_sets_that_do_not_fit_a_record_are_refused() {
    let golden = golden("high_1080p_30");
    let (sps, pps) = (Bytes::from(hex(golden.sps)), Bytes::from(hex(golden.pps)));
    let from = AvcDecoderConfig::from_parameter_sets;
    assert!(matches!(
        from(&[], std::slice::from_ref(&pps)),
        Err(Error::Invalid { .. })
    ));
    assert!(matches!(
        from(std::slice::from_ref(&sps), &[]),
        Err(Error::Invalid { .. })
    ));
    let long = Bytes::from(vec![0x68; 0x1_0000]);
    assert!(matches!(
        from(std::slice::from_ref(&sps), &[long]),
        Err(Error::Unsupported { .. })
    ));
    let many: Vec<_> = (0..=255).map(|n| Bytes::from(vec![0x68, n])).collect();
    assert!(matches!(
        from(std::slice::from_ref(&sps), &many),
        Err(Error::Unsupported { .. })
    ));
    assert_eq!(
        from(std::slice::from_ref(&sps), &many[..255])
            .unwrap()
            .pps
            .len(),
        255
    );
    let repeated = from(&[sps.clone(), sps.clone()], &[pps.clone(), pps]).unwrap();
    assert_eq!((repeated.sps.len(), repeated.pps.len()), (1, 1));
}
