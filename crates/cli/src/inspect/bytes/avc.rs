use bytes::Bytes;
use onair::media::h264::{self, AvcDecoderConfig, ChromaFormat, LengthSize, NalUnitType, Sps};

use super::dump::{Codec, Dump};

/// H.264.
pub(super) const CODEC: Codec = Codec {
    config,
    unit: header_of,
};

/// An avcC (ISO/IEC 14496-15 §5.3.3.1).
fn config(dump: &mut Dump<'_>, lengths: &mut LengthSize) {
    let record = Bytes::copy_from_slice(dump.rest());
    let config = match AvcDecoderConfig::parse(&record) {
        Ok(config) => config,
        Err(error) => return dump.remainder(error),
    };
    *lengths = config.length_size;
    dump.note(format_args!(
        "AVCDecoderConfigurationRecord, \"avcC\": {}",
        config.codec_string()
    ));
    dump.read(|[version]| format!("configurationVersion: {version}"));
    dump.read(|[profile]| format!("AVCProfileIndication {profile}: {}", profile_name(profile)));
    dump.read(|[flags]| format!("profile_compatibility: constraint flags {flags:08b}"));
    dump.read(|[level]| format!("AVCLevelIndication {level}: level {}", level_name(level)));
    let bytes = config.length_size.bytes();
    dump.field(
        1,
        format_args!("lengthSizeMinusOne: each NAL unit has a length of {bytes} bytes before it"),
    );
    dump.field(
        1,
        format_args!("numOfSequenceParameterSets: {}", config.sps.len()),
    );
    config.sps.iter().for_each(|set| sps(set, dump));
    dump.field(
        1,
        format_args!("numOfPictureParameterSets: {}", config.pps.len()),
    );
    config
        .pps
        .iter()
        .for_each(|set| parameter_set("PPS", set, dump));
    if let Some(high) = &config.high {
        let chroma = chroma_name(high.chroma_format);
        dump.field(1, format_args!("chroma_format: {chroma}"));
        dump.field(1, format_args!("bit_depth_luma: {}", high.luma_bits));
        dump.field(1, format_args!("bit_depth_chroma: {}", high.chroma_bits));
        dump.field(
            1,
            format_args!(
                "numOfSequenceParameterSetExt: {}",
                high.sps_extensions.len()
            ),
        );
        let extensions = high.sps_extensions.iter();
        extensions.for_each(|set| parameter_set("SPS extension", set, dump));
    }
}

fn sps(set: &Bytes, dump: &mut Dump<'_>) {
    parameter_set("SPS", set, dump);
    match Sps::parse(set) {
        Ok(sps) => say_sps(&sps, dump),
        Err(error) => dump.note(error),
    }
}

fn say_sps(sps: &Sps, dump: &mut Dump<'_>) {
    let (profile, level) = (profile_name(sps.profile), level_name(sps.level));
    dump.note(format_args!(
        "  profile {profile}, level {level}, id {}",
        sps.id
    ));
    let scan = if sps.progressive {
        "progressive"
    } else {
        "may be interlaced"
    };
    let (chroma, bits) = (chroma_name(sps.chroma_format), sps.luma_bits);
    dump.note(format_args!(
        "  {} pixels, {scan}, {chroma}, {bits} bits a sample",
        sps.size
    ));
    dump.note(format_args!(
        "  {} reference frames; {}",
        sps.reference_frames,
        reordering(sps.reorder_frames)
    ));
    match sps.frame_rate {
        Some(rate) => dump.note(format_args!("  timing: {rate} pictures a second")),
        None => dump.note("  timing: none, so that the tags' times are all there is"),
    }
}

fn reordering(frames: Option<u8>) -> String {
    match frames {
        Some(0) => "no reordering: no B-frames".to_owned(),
        Some(frames) => format!("up to {frames} frames reordered: B-frames"),
        None => "nothing said about reordering, so a decoder waits in case".to_owned(),
    }
}

fn parameter_set(name: &str, set: &[u8], dump: &mut Dump<'_>) {
    dump.field(2, format_args!("length of the {name}: {} bytes", set.len()));
    dump.field(set.len(), format_args!("{name}{}", header_of(set)));
}

/// What a NAL unit's first byte says (ISO/IEC 14496-10 §7.4.1).
fn header_of(unit: &[u8]) -> String {
    let Some(&header) = unit.first() else {
        return String::new();
    };
    let (importance, number) = (header >> 5 & 3, header & 0x1f);
    let kind = unit_name(NalUnitType::from_number(header));
    format!(": {header:02x} is nal_ref_idc {importance}, nal_unit_type {number}: {kind}")
}

const fn unit_name(kind: NalUnitType) -> &'static str {
    match kind {
        NalUnitType::Slice => "slice of a picture that is no IDR picture",
        NalUnitType::Partition => "data partition of a slice",
        NalUnitType::Idr => "slice of an IDR picture, where decoding can start",
        NalUnitType::Sei => "supplemental enhancement information (SEI)",
        NalUnitType::Sps => "sequence parameter set",
        NalUnitType::Pps => "picture parameter set",
        NalUnitType::AccessUnitDelimiter => "access unit delimiter",
        NalUnitType::EndOfSequence => "end of sequence",
        NalUnitType::EndOfStream => "end of stream",
        NalUnitType::Filler => "filler",
        NalUnitType::SpsExtension => "SPS extension",
        NalUnitType::Other(_) => "something else",
    }
}

fn profile_name(profile: u8) -> &'static str {
    h264::profile_name(profile, 0).unwrap_or("unknown")
}

fn level_name(level: u8) -> String {
    if level == 9 {
        return "1b".to_owned();
    }
    format!("{}.{}", level / 10, level % 10)
}

const fn chroma_name(format: ChromaFormat) -> &'static str {
    match format {
        ChromaFormat::Monochrome => "monochrome",
        ChromaFormat::Yuv420 => "4:2:0",
        ChromaFormat::Yuv422 => "4:2:2",
        ChromaFormat::Yuv444 => "4:4:4",
    }
}
