//! What must hold for any bytes: the bodies of the fuzz targets.
//!
//! A body that returns has passed; each panics on a broken promise.

use bytes::Bytes;

use crate::aac::{AudioSpecificConfig, adts, esds};
use crate::bits::{BitReader, BitWriter};
use crate::h264::{self, AccessUnit, AvcDecoderConfig, LengthSize, Sps};
use crate::hevc::{self, HevcDecoderConfig};
use crate::{Bitrate, FrameRate, Size};

/// Bits never read past the end, and are written as they were read.
pub fn bits(data: &[u8]) {
    let mut reader = BitReader::new(data, "fuzz");
    let mut writer = BitWriter::default();
    let mut width = 1;
    while let Ok(value) = reader.bits(width) {
        writer.put(value, width);
        width = value % 32 + 1;
    }
    while let Ok(bit) = reader.flag() {
        writer.put_flag(bit);
    }
    assert_eq!(writer.into_bytes(), data);
    golomb(data);
}

fn golomb(data: &[u8]) {
    let mut reader = BitReader::new(data, "fuzz");
    while let (Ok(_), Ok(_)) = (reader.ue(), reader.se()) {
        assert!(reader.position() <= data.len());
    }
}

/// An amount that a user types is within its range, and prints as something that can be read again.
pub fn units(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(rate) = text.parse::<Bitrate>() {
        assert!((1..=1_000_000_000_000).contains(&rate.as_bps()));
    }
    if let Ok(size) = text.parse::<Size>() {
        assert_eq!(size.to_string().parse(), Ok(size));
    }
    if let Ok(rate) = text.parse::<FrameRate>() {
        assert!(rate.numerator() > 0 && rate.denominator() > 0 && rate.as_f64().is_finite());
        let _ = rate.time_of(u64::MAX);
    }
}

/// A parsed SPS has a size and a frame rate within bounds.
pub fn sps(data: &[u8]) {
    for nal in [data, &[&[0x67], data].concat()] {
        let Ok(sps) = Sps::parse(nal) else { continue };
        let sides = 1..=1 << 16;
        assert!(sides.contains(&sps.size.width) && sides.contains(&sps.size.height));
        assert!(sps.frame_rate.is_none_or(|rate| rate.as_f64() <= 1000.0));
    }
}

/// An avcC that parses is written as one that parses to the same.
pub fn avcc_roundtrip(data: &[u8]) {
    let record = Bytes::copy_from_slice(data);
    let Ok(parsed) = AvcDecoderConfig::parse(&record) else {
        return;
    };
    let written = parsed.write();
    assert!(written.len() <= data.len());
    assert_eq!(AvcDecoderConfig::parse(&written), Ok(parsed));
    drop(crate::VideoConfig::h264(record));
}

/// An hvcC that parses is written as one that parses to the same; a parsed HEVC SPS has a picture.
pub fn hvcc_roundtrip(data: &[u8]) {
    for nal in [data, &[&[0x42, 1], data].concat()] {
        let Ok(sps) = hevc::Sps::parse(nal) else {
            continue;
        };
        let sides = 1..=1 << 16;
        assert!(sides.contains(&sps.size.width) && sides.contains(&sps.size.height));
        assert!((1..=7).contains(&sps.temporal_layers));
    }
    for size in [LengthSize::One, LengthSize::Two, LengthSize::Four] {
        let _ = hevc::is_keyframe(data, size);
    }
    let record = Bytes::copy_from_slice(data);
    let Ok(parsed) = HevcDecoderConfig::parse(&record) else {
        return;
    };
    let written = parsed.write();
    assert!(written.len() <= data.len());
    assert!(parsed.codec_string().starts_with("hvc1."));
    assert_eq!(HevcDecoderConfig::parse(&written), Ok(parsed));
    drop(crate::VideoConfig::hevc(record));
}

/// Reframing loses no NAL unit and adds none.
pub fn annexb_roundtrip(data: &[u8]) {
    let lengths = h264::annex_b_to_length_prefixed(data);
    let back = h264::length_prefixed_to_annex_b(&lengths, LengthSize::Four);
    let back = back.expect("our own framing is sound");
    assert!(h264::annex_b(&back).eq(h264::annex_b(data)));
    let unit = AccessUnit::from_annex_b(data);
    let again = AccessUnit::from_length_prefixed(&lengths, LengthSize::Four);
    assert_eq!(again.as_ref(), Ok(&unit));
    assert!(!unit.idr || h264::is_idr(&unit.payload, LengthSize::Four));
    let unit = hevc::AccessUnit::from_annex_b(data);
    assert_eq!(
        unit.keyframe,
        hevc::is_keyframe(&unit.payload, LengthSize::Four)
    );
}

/// Length-prefixed bytes of any length size end in one error at most.
pub fn length_prefixed(data: &[u8]) {
    for size in [LengthSize::One, LengthSize::Two, LengthSize::Four] {
        let units: Vec<_> = h264::length_prefixed(data, size).collect();
        let sound = units.iter().take_while(|unit| unit.is_ok()).count();
        assert!(units.len() - sound <= 1);
        let whole = h264::with_four_byte_lengths(&Bytes::copy_from_slice(data), size);
        assert!(size == LengthSize::Four || whole.is_ok() == (sound == units.len()));
        let kept: usize = units.iter().flatten().map(|unit| unit.len()).sum();
        assert!(kept <= data.len());
        let _ = h264::is_idr(data, size);
    }
}

/// An `AudioSpecificConfig` that can be written reads back the same.
pub fn asc(data: &[u8]) {
    let Ok(parsed) = AudioSpecificConfig::parse(data) else {
        return;
    };
    assert!(parsed.sample_rate > 0 && parsed.channels > 0);
    if let Ok(written) = parsed.write() {
        assert_eq!(AudioSpecificConfig::parse(&written), Ok(parsed));
    }
}

/// A configuration found among descriptors is a slice of them.
pub fn esds(data: &[u8]) {
    let descriptor = Bytes::copy_from_slice(data);
    let Ok(found) = esds::audio_specific_config(&descriptor) else {
        return;
    };
    assert!(descriptor.as_ptr_range().contains(&found.as_ptr()) || found.is_empty());
    assert!(found.len() < data.len());
    asc(&found);
}

/// An ADTS frame that is stripped can be wrapped again with the same content.
pub fn adts_roundtrip(data: &[u8]) {
    let Ok((header, raw)) = adts::strip(&Bytes::copy_from_slice(data)) else {
        return;
    };
    assert_eq!(header.header_length + raw.len(), header.frame_length);
    let Ok(config) = header.config() else { return };
    let wrapped = adts::wrap(&config, &raw).expect("what ADTS carried, ADTS carries");
    let (_, again) = adts::strip(&wrapped.into()).expect("our own framing is sound");
    assert_eq!(again, raw);
}

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aac::esds::tests as descriptors;
    use crate::aac::tests as aac;
    use crate::h264::golden;
    use crate::test_data::{Noise, hex};

    const BODIES: [fn(&[u8]); 10] = [
        units,
        bits,
        sps,
        avcc_roundtrip,
        hvcc_roundtrip,
        annexb_roundtrip,
        length_prefixed,
        asc,
        esds,
        adts_roundtrip,
    ];

    fn corpus() -> Vec<Vec<u8>> {
        let sets = golden::GOLDEN
            .iter()
            .flat_map(|golden| [golden.sps, golden.pps]);
        let records = golden::RECORDS.iter().map(|&(_, record)| record);
        let hevc = hevc::golden::GOLDEN.iter().map(|golden| golden.record);
        let configs = aac::GOLDEN.iter().map(|&(text, ..)| text);
        let more = [
            "2b920800",
            "eb8a0800",
            "139056e5a0",
            "138856e5a54880",
            "b99000",
        ];
        let whole = [
            golden::STREAM,
            aac::ADTS,
            descriptors::COOKIE,
            descriptors::OPTIONAL,
        ];
        let all = sets
            .chain(records)
            .chain(hevc)
            .chain(configs)
            .chain(more)
            .chain(whole);
        all.map(hex).collect()
    }

    fn every_body(data: &[u8]) {
        BODIES.iter().for_each(|body| body(data));
    }

    #[test]
    fn every_prefix_of_every_golden_input_holds() {
        for input in corpus() {
            (0..=input.len()).for_each(|end| every_body(&input[..end]));
        }
    }

    #[test]
    fn every_flipped_byte_of_every_golden_input_holds() {
        for input in corpus() {
            for at in 0..input.len() {
                for change in [0x01, 0x80, 0xff, input[at]] {
                    let mut flipped = input.clone();
                    flipped[at] ^= change;
                    every_body(&flipped);
                }
            }
        }
    }

    #[test]
    fn seeded_noise_holds() {
        let mut noise = Noise::new(0x0a17);
        for _ in 0..20_000 {
            let mut data = noise.bytes(64);
            every_body(&data);
            // Mostly zeros: long codes, and start codes at every turn.
            data.iter_mut().for_each(|byte| *byte &= 0x01);
            every_body(&data);
        }
    }

    #[test]
    fn golden_inputs_with_noise_in_them_hold() {
        let mut noise = Noise::new(7);
        for input in corpus() {
            for _ in 0..100 {
                let mut data = input.clone();
                for byte in noise.bytes(4) {
                    let at = noise.below(data.len());
                    data[at] = byte;
                }
                every_body(&data);
            }
        }
    }

    #[test]
    fn the_corpora_replay() {
        corpus::replay("bits", bits);
        corpus::replay("units", units);
        corpus::replay("sps", sps);
        corpus::replay("avcc_roundtrip", avcc_roundtrip);
        corpus::replay("hvcc_roundtrip", hvcc_roundtrip);
        corpus::replay("annexb_roundtrip", annexb_roundtrip);
        corpus::replay("length_prefixed", length_prefixed);
        corpus::replay("asc", asc);
        corpus::replay("esds", esds);
        corpus::replay("adts_roundtrip", adts_roundtrip);
    }
}
