//! FFmpeg's output can be read here, and ours by FFmpeg.
//!
//! Needs `ffmpeg` with libx264: `cargo test -p onair-flv -- --ignored`.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bytes::Bytes;
use onair_flv::file::{Parser, header, write_tag};
use onair_flv::{Demuxed, Demuxer, Muxer, metadata};
use onair_media::{Packet, Tracks};

#[test]
#[ignore = "needs ffmpeg"]
fn ffmpeg_decodes_a_remuxed_file_to_the_same_pictures_at_the_same_times() {
    let original = scratch("original.flv");
    generate(&original);
    let remuxed = scratch("remuxed.flv");
    fs::write(&remuxed, remux(&fs::read(&original).unwrap())).unwrap();
    let (expected, found) = (frames(&original), frames(&remuxed));
    assert!(expected.lines().count() > 250, "{expected}");
    assert_eq!(found, expected);
}

fn remux(file: &[u8]) -> Vec<u8> {
    let packets = packets(file);
    let mut muxer = Muxer::new();
    let mut out = header(true, true).to_vec();
    write_tag(&metadata::to_tag(&Tracks::default(), 0), &mut out);
    for packet in &packets {
        for tag in muxer.mux(packet) {
            write_tag(&tag, &mut out);
        }
    }
    write_tag(&muxer.end_of_sequence().unwrap(), &mut out);
    out
}

fn packets(file: &[u8]) -> Vec<Packet> {
    let (mut parser, mut demuxer) = (Parser::new(), Demuxer::new());
    parser.push(Bytes::copy_from_slice(file));
    let mut packets = Vec::new();
    while let Some(tag) = parser.next().unwrap() {
        if let Demuxed::Packet(packet) = demuxer.demux(&tag).unwrap() {
            packets.push(packet);
        }
    }
    parser.finish().unwrap();
    packets
}

fn generate(path: &Path) {
    let input = "testsrc2=size=320x180:rate=30000/1001";
    let video = "-c:v libx264 -preset fast -bf 3 -g 60 -b:v 300k";
    let options = format!("-f lavfi -i {input} -f lavfi -i sine -t 5 {video} -c:a aac -f flv");
    ffmpeg(options.split(' '), path);
}

/// Each decoded frame's stream, time and checksum.
fn frames(path: &Path) -> String {
    let sums = path.with_extension("md5");
    let input = path.to_str().unwrap();
    ffmpeg(["-i", input, "-copyts", "-f", "framemd5"], &sums);
    let sums = fs::read_to_string(sums).unwrap();
    let frames = sums.lines().filter(|line| !line.starts_with('#'));
    frames.collect::<Vec<_>>().join("\n")
}

fn ffmpeg<'a>(options: impl IntoIterator<Item = &'a str>, output: &Path) {
    let mut command = Command::new("ffmpeg");
    command.args(["-loglevel", "error", "-nostdin", "-y"]);
    let status = command.args(options).arg(output).status();
    assert!(status.unwrap().success(), "ffmpeg failed");
}

fn scratch(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}
