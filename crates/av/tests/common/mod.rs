//! What the encoder tests share: packets as a decoder outside wants them.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread;

use onair_av::capture::{TestCard, VideoSource};
use onair_av::encode::{VideoEncoder, VideoSettings};
use onair_media::h264::{AvcDecoderConfig, annex_b, length_prefixed_to_annex_b};
use onair_media::{Bitrate, Config, FrameRate, Packet, Size, VideoConfig};

/// Settings for a card of this size at 30 frames per second.
pub(crate) fn settings(width: u32, height: u32) -> VideoSettings {
    let rate = FrameRate::new(30, 1).expect("30 is a rate");
    VideoSettings {
        bitrate: Bitrate::kbps(400),
        ..VideoSettings::new(Size::new(width, height), rate)
    }
}

/// Encodes `frames` of the test card, forcing keyframes where asked.
pub(crate) fn encode(settings: &VideoSettings, frames: usize, forced: &[usize]) -> Vec<Packet> {
    let mut card = TestCard::new(settings.size, settings.frame_rate);
    let mut encoder = VideoEncoder::open(settings).expect("the encoder opens");
    let mut packets = Vec::new();
    for index in 0..frames {
        let frame = card.next_frame().expect("a card").expect("has no end");
        let encoded = encoder.encode(&frame, forced.contains(&index));
        packets.extend(encoded.expect("the frame is encoded"));
    }
    packets.extend(encoder.finish().expect("the end is clean"));
    packets
}

/// The configuration a video packet carries.
pub(crate) fn video_config(packet: &Packet) -> &VideoConfig {
    match &packet.config {
        Config::Video(config) => config,
        Config::Audio(_) => panic!("an audio packet"),
    }
}

/// The packets as an elementary stream, parameter sets before each keyframe.
pub(crate) fn elementary_stream(packets: &[Packet]) -> Vec<u8> {
    let mut out = Vec::new();
    for packet in packets {
        let record =
            AvcDecoderConfig::parse(&video_config(packet).decoder_config).expect("an avcC");
        if packet.keyframe {
            for unit in record.sps.iter().chain(&record.pps) {
                out.extend_from_slice(&[0, 0, 0, 1]);
                out.extend_from_slice(unit);
            }
        }
        let units = length_prefixed_to_annex_b(&packet.payload, record.length_size);
        out.extend(units.expect("well-framed NAL units"));
    }
    assert!(annex_b(&out).next().is_some());
    out
}

/// What `ffmpeg` with `arguments` makes of `input`, from its standard input to
/// its standard output; `None`, loudly, where there is no ffmpeg. It must find no fault.
#[expect(clippy::print_stderr, reason = "a skipped test must say so")]
pub(crate) fn ffmpeg(arguments: &[&str], input: Vec<u8>) -> Option<Vec<u8>> {
    let child = Command::new("ffmpeg")
        .args(["-v", "error"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("SKIPPED: there is no ffmpeg here to decode with");
        return None;
    };
    let mut stdin = child.stdin.take().expect("piped");
    let writer = thread::spawn(move || stdin.write_all(&input));
    let mut output = Vec::new();
    let mut stdout = child.stdout.take().expect("piped");
    stdout.read_to_end(&mut output).expect("readable");
    writer.join().expect("no panic").expect("writable");
    let end = child.wait_with_output().expect("ends");
    let complaints = String::from_utf8_lossy(&end.stderr);
    assert!(
        end.status.success() && complaints.is_empty(),
        "ffmpeg: {complaints}"
    );
    Some(output)
}

/// The luma planes of an elementary stream, decoded; `None` without ffmpeg.
pub(crate) fn decode(packets: &[Packet], size: Size) -> Option<Vec<Vec<u8>>> {
    let arguments = [
        "-f",
        "h264",
        "-i",
        "-",
        "-vsync",
        "passthrough",
        "-f",
        "rawvideo",
    ];
    let arguments = [&arguments[..], &["-pix_fmt", "gray", "-"]].concat();
    let luma = ffmpeg(&arguments, elementary_stream(packets))?;
    let image = size.width as usize * size.height as usize;
    assert_eq!(luma.len() % image, 0);
    Some(luma.chunks_exact(image).map(<[u8]>::to_vec).collect())
}
