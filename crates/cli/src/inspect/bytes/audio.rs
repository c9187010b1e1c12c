use onair::flv::{AudioPacketType, AudioTagHeader, format_name};
use onair::media::AudioCodec;
use onair::media::aac::AudioSpecificConfig;

use super::dump::Dump;

/// An audio tag's body (FLV 10.1 §E.4.2). True for an audio frame.
pub(super) fn body(dump: &mut Dump<'_>) -> bool {
    let head = dump.rest();
    let header = match AudioTagHeader::parse(&head[..head.len().min(5)]) {
        Ok(header) => header,
        Err(error) => {
            dump.remainder(error);
            return false;
        }
    };
    if head.first().is_some_and(|first| first >> 4 == ENHANCED) {
        enhanced_head(dump, header.codec);
    } else {
        dump.read(|[first]| first_byte(first));
        legacy_packet_type(dump, header.packet_type);
    }
    match (header.packet_type, header.codec) {
        (AudioPacketType::SequenceStart, AudioCodec::Aac) => config(dump),
        (AudioPacketType::CodedFrames, AudioCodec::Aac) => {
            dump.remainder("the frame, raw_data_block (ISO/IEC 14496-3 4.4.2.1)");
        }
        (AudioPacketType::Other, _) => dump.remainder("nothing to decode"),
    }
    header.packet_type == AudioPacketType::CodedFrames
}

fn legacy_packet_type(dump: &mut Dump<'_>, packet_type: AudioPacketType) {
    let words = match packet_type {
        AudioPacketType::SequenceStart => {
            "AACPacketType 0: sequence header, what a decoder is set up with"
        }
        AudioPacketType::CodedFrames => {
            "AACPacketType 1: a raw frame, without the ADTS header of an .aac file"
        }
        AudioPacketType::Other => return,
    };
    dump.field(1, words);
}

/// Enhanced RTMP v2, "Enhanced Audio".
fn enhanced_head(dump: &mut Dump<'_>, codec: AudioCodec) {
    dump.read(|[first]| format!("SoundFormat 9: ExHeader; AudioPacketType {}", first & 0x0f));
    dump.field(4, format_args!("FourCC {}: {codec}", codec.four_cc()));
}

fn first_byte(first: u8) -> String {
    let (format, rest) = (first >> 4, first & 0x0f);
    let name = format_name(format);
    format!(
        "SoundFormat {format}: {name}; its other bits ({rest:04b}) are 1111 for AAC, whatever the sound is"
    )
}

/// An AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1).
fn config(dump: &mut Dump<'_>) {
    let bytes = dump.rest();
    let parsed = AudioSpecificConfig::parse(bytes);
    dump.remainder("AudioSpecificConfig");
    match parsed {
        Ok(config) => say(&config, bytes, dump),
        Err(error) => dump.note(error),
    }
}

fn say(config: &AudioSpecificConfig, bytes: &[u8], dump: &mut Dump<'_>) {
    let mut bits = Bits { bytes, at: 0 };
    let is_plain = config.sbr.is_none_or(|sbr| !sbr.in_front);
    if is_plain && bytes[0] >> 3 != ESCAPE {
        let (kind, object_type) = (bits.take(5), config.object_type);
        dump.note(format_args!(
            "  {kind:16} audioObjectType {object_type}{}",
            object_name(object_type)
        ));
        let rate = bits.take(4);
        dump.note(format_args!(
            "  {rate:16} samplingFrequencyIndex: {} Hz",
            config.sample_rate
        ));
        if rate != "1111" {
            let channels = bits.take(4);
            dump.note(format_args!(
                "  {channels:16} channelConfiguration, channels: {}",
                config.channels
            ));
        }
    } else {
        let (rate, channels) = (config.output_sample_rate(), config.output_channels());
        dump.note(format_args!(
            "  {}: {rate} Hz, {channels} channels",
            config.codec_string()
        ));
    }
    dump.note(format_args!(
        "  {} samples a frame in each channel: {:.1} ms",
        config.frame_samples(),
        config.frame_duration().as_secs_f64() * 1e3
    ));
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// The next bits, as digits.
    fn take(&mut self, count: usize) -> String {
        let bit = |at: usize| {
            let byte = self.bytes.get(at / 8).copied().unwrap_or_default();
            if byte >> (7 - at % 8) & 1 == 1 {
                '1'
            } else {
                '0'
            }
        };
        let taken = (self.at..self.at + count).map(bit).collect();
        self.at += count;
        taken
    }
}

const fn object_name(object_type: u8) -> &'static str {
    match object_type {
        1 => ": AAC Main",
        2 => ": AAC-LC",
        3 => ": AAC-SSR",
        4 => ": AAC-LTP",
        _ => "",
    }
}

/// An object type that does not fit in five bits.
const ESCAPE: u8 = 31;

/// Enhanced RTMP v2, `SoundFormat.ExHeader`.
const ENHANCED: u8 = 9;
