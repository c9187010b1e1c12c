//! FFmpeg reads what is written, without a word of complaint, and decodes every frame.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![expect(clippy::print_stderr, reason = "a check that is left out says so")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use onair_media::Packet;
use onair_ts::Muxer;

/// What the two streams differ by: FFmpeg and we begin in different places.
const TOLERANCE: i64 = 2;

#[test]
fn every_frame_of_a_rewritten_stream_decodes_to_the_same_at_the_same_time() {
    if !is_installed("ffmpeg") {
        return;
    }
    let (source, rewritten) = (scratch("source.ts"), scratch("rewritten.ts"));
    generate(&source);
    fs::write(&rewritten, rewrite(&source)).unwrap();
    let (sent, found) = (frames(&source), frames(&rewritten));
    for (stream, least) in [(0, 149), (1, 200)] {
        let of = |frames: &[Frame]| -> Vec<Frame> {
            let of_stream = frames.iter().filter(|frame| frame.stream == stream);
            of_stream.cloned().collect()
        };
        let (sent, found) = (of(&sent), of(&found));
        assert!(sent.len() > least, "{} frames", sent.len());
        assert_eq!(sent.len(), found.len(), "frames of stream {stream}");
        let offset = found[0].pts - sent[0].pts;
        for (sent, found) in sent.iter().zip(&found) {
            assert_eq!(sent.hash, found.hash, "at {}", sent.pts);
            let off = found.pts - sent.pts - offset;
            assert!(off.abs() <= TOLERANCE, "{off} ticks at {}", sent.pts);
        }
    }
    for path in [source, rewritten] {
        fs::remove_file(path).unwrap();
    }
}

#[derive(Clone)]
struct Frame {
    stream: u8,
    pts: i64,
    hash: String,
}

/// The decoded frames of a file, in FFmpeg's own words.
fn frames(path: &Path) -> Vec<Frame> {
    let line = "-map 0:v -map 0:a -copyts -f framemd5 -";
    let arguments = line.split(' ').map(Path::new);
    let input = ["-xerror", "-i"].into_iter().map(Path::new);
    let listing = ffmpeg(input.chain([path]).chain(arguments));
    let frame = |line: &str| {
        let fields: Vec<_> = line.split(',').map(str::trim).collect();
        Frame {
            stream: fields[0].parse().unwrap(),
            pts: fields[2].parse().unwrap(),
            hash: fields[5].to_owned(),
        }
    };
    let lines = listing.lines().filter(|line| !line.starts_with('#'));
    lines.map(frame).collect()
}

fn rewrite(source: &Path) -> Vec<u8> {
    let mut demux = onair_demux::open(source).unwrap();
    let packets: Vec<Packet> = std::iter::from_fn(|| demux.next_packet().unwrap()).collect();
    let tracks = demux.tracks().iter().map(|track| track.config.clone());
    let mut muxer = Muxer::new(&tracks.collect(), packets[0].dts).unwrap();
    packets
        .iter()
        .flat_map(|packet| muxer.push(packet).unwrap())
        .collect()
}

/// Five seconds with pictures out of order and two keyframes.
fn generate(path: &Path) {
    let input = "testsrc2=size=320x180:rate=30000/1001";
    let video = "-c:v libx264 -preset fast -bf 3 -g 60 -b:v 300k";
    let line = format!("-f lavfi -i {input} -f lavfi -i sine -t 5 {video} -c:a aac -f mpegts");
    let arguments: Vec<_> = line.split(' ').map(PathBuf::from).collect();
    ffmpeg(arguments.iter().map(PathBuf::as_path).chain([path]));
}

/// Runs FFmpeg, which has to have nothing to say.
fn ffmpeg<'a>(arguments: impl Iterator<Item = &'a Path>) -> String {
    let mut command = Command::new("ffmpeg");
    command
        .args(["-v", "warning", "-y", "-nostdin"])
        .args(arguments);
    let output = command.output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    assert_eq!(words, "");
    String::from_utf8(output.stdout).unwrap()
}

fn is_installed(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("-version");
    let found = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_err() {
        eprintln!("SKIPPED: {program} is not installed");
    }
    found.is_ok()
}

fn scratch(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("onair-ts-{}-{name}", std::process::id()))
}
