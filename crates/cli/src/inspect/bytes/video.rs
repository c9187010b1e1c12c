use onair::flv::{FrameType, VideoHeader, VideoPacketType, VideoTagHeader, codec_name};
use onair::media::VideoCodec;
use onair::media::h264::LengthSize;

use super::dump::{self, Codec, Dump};
use super::{avc, hevc};

/// A video tag's body (FLV 10.1 §E.4.3). True for a picture that decoding can start from.
pub(super) fn body(dump: &mut Dump<'_>, lengths: &mut LengthSize) -> bool {
    let head = dump.rest();
    let header = match VideoHeader::parse(&head[..head.len().min(head_len(head))]) {
        Ok(VideoHeader::Media(header)) => header,
        Ok(VideoHeader::Command) => {
            dump.remainder("FrameType 5: a command, no picture");
            return false;
        }
        Ok(VideoHeader::Metadata) => {
            dump.remainder(
                "VideoPacketType 4: what is to be known of the pictures, such as colours",
            );
            return false;
        }
        Err(error) => {
            dump.remainder(error);
            return false;
        }
    };
    if is_enhanced(head) {
        enhanced_head(dump, header);
    } else {
        legacy_head(dump, header);
    }
    let codec = codec(header.codec);
    match header.packet_type {
        VideoPacketType::SequenceStart => (codec.config)(dump, lengths),
        VideoPacketType::CodedFrames => dump::units(dump, *lengths, codec.unit),
        VideoPacketType::SequenceEnd => {}
    }
    header.packet_type == VideoPacketType::CodedFrames && header.frame_type == FrameType::Key
}

const fn codec(codec: VideoCodec) -> Codec {
    match codec {
        VideoCodec::H264 => avc::CODEC,
        VideoCodec::Hevc => hevc::CODEC,
    }
}

/// The longest head with this beginning: an Enhanced RTMP one, or AVC's.
const fn head_len(head: &[u8]) -> usize {
    if is_enhanced(head) { 8 } else { 5 }
}

const fn is_enhanced(head: &[u8]) -> bool {
    matches!(head, [0x80..=0xff, ..])
}

fn legacy_head(dump: &mut Dump<'_>, header: VideoTagHeader) {
    dump.read(|[first]| first_byte(first));
    let name = match header.packet_type {
        VideoPacketType::SequenceStart => "sequence header, what a decoder is set up with",
        VideoPacketType::CodedFrames => "NAL units of one access unit, a picture",
        VideoPacketType::SequenceEnd => "end of sequence",
    };
    dump.read(|[kind]| format!("AVCPacketType {kind}: {name}"));
    say_offset(dump, header);
}

/// Enhanced RTMP v2, "Enhanced Video".
fn enhanced_head(dump: &mut Dump<'_>, header: VideoTagHeader) {
    let code = dump.rest().first().copied().unwrap_or_default() & 0x0f;
    let is_key = header.frame_type == FrameType::Key;
    let frame = if is_key { "keyframe" } else { "no keyframe" };
    let name = match header.packet_type {
        VideoPacketType::SequenceStart => "sequence start, what a decoder is set up with",
        VideoPacketType::CodedFrames if code == CODED_FRAMES => "coded frames, a picture",
        VideoPacketType::CodedFrames => "coded frames without a composition time, a picture",
        VideoPacketType::SequenceEnd => "sequence end",
    };
    dump.field(
        1,
        format_args!("IsExHeader; FrameType: {frame}; VideoPacketType {code}: {name}"),
    );
    let codec = header.codec;
    dump.field(4, format_args!("FourCC {}: {codec}", codec.four_cc()));
    if code == CODED_FRAMES {
        say_offset(dump, header);
    }
}

fn say_offset(dump: &mut Dump<'_>, header: VideoTagHeader) {
    let offset = header.composition_offset;
    dump.field(
        3,
        format_args!("CompositionTime: shown {offset} ms after it is decoded"),
    );
}

fn first_byte(first: u8) -> String {
    let frame = match first >> 4 {
        1 => "keyframe",
        2 => "inter frame, which needs those before it",
        3 => "disposable inter frame",
        _ => "generated keyframe",
    };
    let codec = first & 0x0f;
    format!(
        "FrameType {}: {frame}; CodecID {codec}: {}",
        first >> 4,
        codec_name(codec)
    )
}

/// Enhanced RTMP v2, `VideoPacketType`; only these have a composition time.
const CODED_FRAMES: u8 = 1;
