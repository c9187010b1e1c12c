use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::bits::BitWriter;
use crate::test_data::hex;
use crate::{AudioConfig, Error};

fn parse(text: &str) -> AudioSpecificConfig {
    AudioSpecificConfig::parse(&hex(text)).unwrap()
}

/// As FFmpeg's AAC encoder writes them, with what ffprobe reads: object type,
/// rate, channels. The last four list their channels in a program config element.
pub(crate) const GOLDEN: [(&str, u8, u32, u8); 11] = [
    ("121056e500", 2, 44_100, 2),
    ("118856e500", 2, 48_000, 1),
    ("11b056e500", 2, 48_000, 6),
    ("11b856e500", 2, 48_000, 8),
    ("101056e500", 2, 96_000, 2),
    ("160856e500", 2, 7_350, 1),
    ("099056e500", 1, 48_000, 2),
    (
        "118004c4010020000d4c61766335392e33372e31303056e500",
        2,
        48_000,
        3,
    ),
    (
        "12800544040021100d4c61766335392e33372e31303056e500",
        2,
        32_000,
        4,
    ),
    (
        "118004c848002000c4400d4c61766335392e33372e31303056e500",
        2,
        48_000,
        7,
    ),
    (
        "118004c848002008c8200d4c61766335392e33372e31303056e500",
        2,
        48_000,
        8,
    ),
];

/// Three ADTS frames of silence.
pub(crate) const ADTS: &str = "fff1508003dffcde02004c61766335392e33372e31303000422008c11838\
                               fff1508001bffc211004608c1cfff1508001bffc211004608c1c";

#[test]
fn golden_configurations_say_what_ffprobe_says() {
    for (text, object_type, sample_rate, channels) in GOLDEN {
        let asc = parse(text);
        let said = (asc.object_type, asc.sample_rate, asc.channels);
        assert_eq!(said, (object_type, sample_rate, channels), "{text}");
        assert_eq!((asc.sbr, asc.short_frames), (None, false), "{text}");
    }
}

#[test]
fn what_is_read_without_a_program_config_element_is_written_again() {
    for (text, ..) in &GOLDEN[..7] {
        let asc = parse(text);
        assert_eq!(asc.write().unwrap(), hex(text)[..2], "{text}");
    }
    for (text, ..) in &GOLDEN[7..] {
        assert!(
            matches!(parse(text).write(), Err(Error::Unsupported { .. })),
            "{text}"
        );
    }
}

#[test]
fn a_rate_outside_the_table_is_spelled_out() {
    let asc = AudioSpecificConfig::aac_lc(50_000, 2).unwrap();
    let bytes = asc.write().unwrap();
    // 00010 1111 0000 0000 1100 0011 0101 0000 0010 000
    assert_eq!(bytes, hex("178061a810"));
    assert_eq!(AudioSpecificConfig::parse(&bytes), Ok(asc));
}

#[test]
fn sbr_in_front_and_behind_is_told_and_written_again() {
    let sbr = |in_front, parametric_stereo| {
        Some(Sbr {
            sample_rate: 44_100,
            parametric_stereo,
            in_front,
        })
    };
    let cases = [
        ("2b920800", sbr(true, false), 2, 2, "mp4a.40.5"),
        ("eb8a0800", sbr(true, true), 1, 2, "mp4a.40.29"),
        ("139056e5a0", sbr(false, false), 2, 2, "mp4a.40.5"),
        ("138856e5a54880", sbr(false, true), 1, 2, "mp4a.40.29"),
        ("139056e500", None, 2, 2, "mp4a.40.2"),
    ];
    for (text, sbr, channels, heard, codec) in cases {
        let asc = parse(text);
        assert_eq!(
            (asc.object_type, asc.sample_rate, asc.channels),
            (2, 22_050, channels)
        );
        assert_eq!((asc.sbr, asc.output_channels()), (sbr, heard), "{text}");
        assert_eq!(asc.codec_string(), codec);
        let written = asc.write().unwrap();
        assert!(
            hex(text).starts_with(written.strip_suffix(&[0]).unwrap_or(&written)),
            "{text}"
        );
        assert_eq!(AudioSpecificConfig::parse(&written), Ok(asc));
    }
}

/// SBR at 48 kHz behind a configuration is found only when all of it was read.
fn sbr_behind(front: &[(u32, u32)]) -> Option<u32> {
    let mut bits = BitWriter::default();
    for &(value, count) in front.iter().chain(&[(0x2b7, 11), (5, 5), (1, 1), (3, 4)]) {
        bits.put(value, count);
    }
    let asc = AudioSpecificConfig::parse(&bits.into_bytes()).unwrap();
    asc.sbr.map(|sbr| sbr.sample_rate)
}

#[test]
fn every_form_of_the_general_part_is_read_to_its_end() {
    // Object type, rate, channels; then what their GASpecificConfig has.
    let depends_on_core = [(2, 5), (6, 4), (2, 4), (0b01, 2), (0x3abc, 14), (0, 1)];
    let main_extended = [(1, 5), (6, 4), (2, 4), (0b001, 3), (0, 1)];
    let scalable = [(6, 5), (6, 4), (2, 4), (0, 3), (5, 3)];
    let resilient = [(17, 5), (6, 4), (2, 4), (1, 3), (0b101, 3), (1, 1), (0, 2)];
    let bsac = [
        (22, 5),
        (6, 4),
        (2, 4),
        (1, 3),
        (0x1f, 5),
        (0x7ff, 11),
        (0, 1),
        (0, 2),
    ];
    let low_delay = [(23, 5), (6, 4), (2, 4), (0, 3), (1, 2)];
    for front in [
        &depends_on_core[..],
        &main_extended,
        &scalable,
        &resilient,
        &bsac,
        &low_delay,
    ] {
        assert_eq!(sbr_behind(front), Some(48_000), "{front:?}");
    }
}

#[test]
fn sbr_is_found_behind_a_program_config_element() {
    // FFmpeg's 2.1 and 6.1, with the SBR flag and 48 kHz put in at the end.
    for text in [GOLDEN[7].0, GOLDEN[9].0] {
        let asc = parse(&text.replace("56e500", "56e598"));
        assert_eq!(asc.sbr.map(|sbr| sbr.sample_rate), Some(48_000), "{text}");
    }
    // One front element, two coupling and one associated data element.
    let pce = [
        (0, 10),
        (1, 4),
        (0, 8),
        (0, 2),
        (1, 3),
        (2, 4),
        (0, 3),
        (0x10, 5),
        (3, 4),
        (0, 10),
    ];
    let front: Vec<_> = [(2, 5), (6, 4), (0, 4), (0, 3)]
        .into_iter()
        .chain(pce)
        .collect();
    let used: u32 = front.iter().map(|&(_, count)| count).sum();
    let comment = [(0, (8 - used % 8) % 8), (2, 8), (0x4142, 16)];
    assert_eq!(sbr_behind(&[&front[..], &comment].concat()), Some(48_000));
}

#[test]
fn channel_configurations_count_as_the_standard_lists_them() {
    let counts: Vec<_> = (0..16).map(|n| channels_of(n).unwrap_or(0)).collect();
    assert_eq!(counts, [0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0]);
}

#[test]
fn a_track_configuration_tells_what_is_heard() {
    let record = Bytes::from(hex("eb8a0800"));
    let config = AudioConfig::aac(record.clone()).unwrap();
    assert_eq!((config.sample_rate, config.channels), (44_100, 2));
    assert_eq!(
        (config.codec_string().as_str(), config.decoder_config),
        ("mp4a.40.29", record)
    );
}

#[test]
fn frames_last_their_samples() {
    let asc = AudioSpecificConfig::aac_lc(48_000, 2).unwrap();
    assert_eq!(asc.frame_duration(), Duration::from_nanos(21_333_333));
    let short = AudioSpecificConfig {
        short_frames: true,
        ..asc
    };
    assert_eq!(short.frame_duration(), Duration::from_millis(20));
    assert_eq!(parse("1214").frame_samples(), 960);
    // ER AAC-LD, 48 kHz, stereo: 10111 0011 0010 000 00
    assert_eq!(parse("b99000").frame_samples(), 512);
}

#[test]
fn what_is_not_aac_or_reserved_is_said() {
    let parse = |text: &str| AudioSpecificConfig::parse(&hex(text));
    let codec = Error::unsupported("an MPEG-4 audio object type that is not AAC");
    assert_eq!(parse("f94840"), Err(codec.clone())); // USAC, 42
    assert_eq!(parse("411000"), Err(codec)); // CELP, 8
    let rate = "AudioSpecificConfig: reserved sampling frequency";
    assert!(matches!(parse("1690"), Err(Error::Invalid { what, .. }) if what == rate));
    assert!(matches!(parse("1780000010"), Err(Error::Invalid { .. })));
    let channels = Error::unsupported("a reserved AAC channel configuration");
    assert_eq!(parse("11c0"), Err(channels));
    assert_eq!(parse("11"), Err(Error::truncated("AudioSpecificConfig", 1)));
    assert!(AudioSpecificConfig::aac_lc(48_000, 7).is_err());
    assert!(AudioSpecificConfig::aac_lc(0, 2).is_err());
    assert!(AudioSpecificConfig::aac_lc(1 << 24, 2).is_err());
}

#[test]
fn adts_frames_come_out_one_after_the_other() {
    let mut data = Bytes::from(hex(ADTS));
    let mut lengths = Vec::new();
    while !data.is_empty() {
        let (header, raw) = adts::strip(&data).unwrap();
        assert_eq!(header.config(), AudioSpecificConfig::aac_lc(44_100, 2));
        lengths.push(raw.len());
        data = data.slice(header.frame_length..);
    }
    assert_eq!(lengths, [23, 6, 6]);
}

#[test]
fn adts_is_written_as_ffmpeg_writes_it() {
    let data = Bytes::from(hex(ADTS));
    let (header, raw) = adts::strip(&data).unwrap();
    let wrapped = adts::wrap(&header.config().unwrap(), &raw).unwrap();
    assert_eq!(wrapped, data[..30]);
    assert_eq!(raw.as_ptr(), data[7..].as_ptr(), "a slice, not a copy");
}

#[test]
fn an_adts_checksum_is_passed_over() {
    let mut data = hex(ADTS)[..30].to_vec();
    data[1] &= 0xfe;
    let (header, raw) = adts::strip(&Bytes::from(data)).unwrap();
    assert_eq!((header.header_length, raw.len()), (9, 21));
}

#[test]
fn adts_that_lies_is_refused() {
    let strip = |at: usize, change: u8| {
        let mut data = hex(ADTS);
        data[at] ^= change;
        adts::strip(&Bytes::from(data))
    };
    let sync = Error::invalid("ADTS header: no sync word", 0);
    assert_eq!(strip(0, 1).unwrap_err(), sync);
    assert_eq!(strip(1, 0x04).unwrap_err(), sync);
    assert!(matches!(strip(2, 0x2c), Err(Error::Invalid { at: 2, .. })));
    assert!(matches!(strip(6, 1), Err(Error::Unsupported { .. })));
    assert!(matches!(strip(3, 3), Err(Error::Truncated { .. })));
    let (header, _) = strip(3, 0x80).unwrap();
    assert!(matches!(header.config(), Err(Error::Unsupported { .. })));
    let short = Error::invalid("ADTS header: frame shorter than its header", 3);
    assert_eq!(adts::Header::parse(&hex("fff15080001ffc")), Err(short));
    let cut = adts::strip(&Bytes::from(hex(&ADTS[..40])));
    assert_eq!(cut.unwrap_err(), Error::truncated("ADTS frame", 20));
}

#[test]
fn adts_cannot_carry_everything() {
    let lc = AudioSpecificConfig::aac_lc(44_100, 2).unwrap();
    assert_eq!(adts::wrap(&lc, &[0; 8184]).unwrap().len(), 8191);
    let odd_rate = AudioSpecificConfig {
        sample_rate: 50_000,
        ..lc.clone()
    };
    let unlisted = AudioSpecificConfig {
        channel_configuration: 0,
        ..lc.clone()
    };
    let low_delay = AudioSpecificConfig {
        object_type: 23,
        ..lc.clone()
    };
    let short = AudioSpecificConfig {
        short_frames: true,
        ..lc.clone()
    };
    for config in [odd_rate, unlisted, low_delay, short] {
        assert!(
            matches!(adts::wrap(&config, &[0]), Err(Error::Unsupported { .. })),
            "{config:?}"
        );
    }
    assert!(matches!(
        adts::wrap(&lc, &[0; 8185]),
        Err(Error::Unsupported { .. })
    ));
}
