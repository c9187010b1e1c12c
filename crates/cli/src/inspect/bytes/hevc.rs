use bytes::Bytes;
use onair::media::h264::LengthSize;
use onair::media::hevc::{HevcDecoderConfig, NalArray, NalUnitType, nal_unit_type};

use super::dump::{Codec, Dump};

/// HEVC.
pub(super) const CODEC: Codec = Codec {
    config,
    unit: header_of,
};

/// An hvcC (ISO/IEC 14496-15 §8.3.3.1).
fn config(dump: &mut Dump<'_>, lengths: &mut LengthSize) {
    let record = Bytes::copy_from_slice(dump.rest());
    let config = match HevcDecoderConfig::parse(&record) {
        Ok(config) => config,
        Err(error) => return dump.remainder(error),
    };
    *lengths = config.length_size;
    dump.note(format_args!(
        "HEVCDecoderConfigurationRecord, \"hvcC\": {}",
        config.codec_string()
    ));
    dump.field(1, "configurationVersion: 1");
    dump.field(
        12,
        "general profile, tier, compatibility, constraints, level",
    );
    dump.field(
        4,
        "min_spatial_segmentation_idc, parallelismType, chromaFormat",
    );
    dump.field(
        2,
        format_args!(
            "bit depths: {} and {}",
            config.luma_bits, config.chroma_bits
        ),
    );
    dump.field(
        2,
        format_args!("avgFrameRate: {}", config.average_frame_rate),
    );
    let bytes = config.length_size.bytes();
    dump.field(
        1,
        format_args!("temporal layers; each NAL unit has a length of {bytes} bytes before it"),
    );
    dump.field(1, format_args!("numOfArrays: {}", config.arrays.len()));
    config
        .arrays
        .iter()
        .for_each(|array| say_array(array, dump));
    if let Ok(facts) = config.facts() {
        dump.note(format_args!("  {} pixels", facts.size));
    }
}

fn say_array(array: &NalArray, dump: &mut Dump<'_>) {
    let name = unit_name(NalUnitType::from_number(array.kind));
    dump.field(
        1,
        format_args!("array of NAL unit type {}: {name}", array.kind),
    );
    dump.field(2, format_args!("numNalus: {}", array.units.len()));
    for unit in &array.units {
        dump.field(2, format_args!("length: {} bytes", unit.len()));
        dump.field(unit.len(), format_args!("NAL unit{}", header_of(unit)));
    }
}

/// What a NAL unit's first two bytes say (ISO/IEC 23008-2 §7.4.2.2).
fn header_of(unit: &[u8]) -> String {
    let (Some(kind), [first, second, ..]) = (nal_unit_type(unit), unit) else {
        return String::new();
    };
    let (number, name) = (first >> 1 & 0x3f, unit_name(kind));
    format!(": {first:02x}{second:02x} is nal_unit_type {number}: {name}")
}

const fn unit_name(kind: NalUnitType) -> &'static str {
    match kind {
        NalUnitType::Slice(_) => "slice of a picture that needs others",
        NalUnitType::RandomAccess(_) => "slice of a picture where decoding can start",
        NalUnitType::Idr => "slice of an IDR picture, where decoding starts anew",
        NalUnitType::Vps => "video parameter set",
        NalUnitType::Sps => "sequence parameter set",
        NalUnitType::Pps => "picture parameter set",
        NalUnitType::AccessUnitDelimiter => "access unit delimiter",
        NalUnitType::EndOfSequence => "end of sequence",
        NalUnitType::EndOfStream => "end of stream",
        NalUnitType::Filler => "filler",
        NalUnitType::Sei => "supplemental enhancement information (SEI)",
        NalUnitType::Other(_) => "something else",
    }
}
