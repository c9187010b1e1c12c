//! Clients by others, if they are installed.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use onair_receiver::Limits;

use crate::setup::Fixture;

/// Whether a program exists; says so if not.
fn has(program: &str, flag: &str) -> bool {
    let mut command = Command::new(program);
    let found = command
        .arg(flag)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let found = found.status().is_ok();
    if !found {
        eprintln!("SKIPPED: {program} is not installed");
    }
    found
}

fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {words}");
    String::from_utf8(output.stdout).unwrap()
}

fn scratch(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("onair-clients-{}-{name}", std::process::id()))
}

/// Three seconds in one GOP.
fn clip(name: &str) -> PathBuf {
    let path = scratch(name);
    let line = "-v error -y -f lavfi -i testsrc2=s=320x180:r=25 -f lavfi -i sine=r=44100 -t 3 \
                -c:v libx264 -preset ultrafast -g 250 -bf 2 -c:a aac -f flv";
    run(Command::new("ffmpeg")
        .args(line.split_whitespace())
        .arg(&path));
    path
}

/// A hash of each stream's packets.
fn hashes(input: &str) -> Vec<String> {
    let line = "-c copy -f streamhash -hash md5 -";
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-i", input]);
    let text = run(command.args(line.split_whitespace()));
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// A hash of each audio frame.
fn audio_hashes(input: &str) -> Vec<String> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-i", input]);
    let text = run(command.args("-map 0:a -c copy -f framemd5 -".split_whitespace()));
    let frames = text.lines().filter(|line| !line.starts_with('#'));
    let hashes = frames.filter_map(|line| line.rsplit(',').next());
    hashes.map(|hash| hash.trim().to_owned()).collect()
}

fn ffmpeg_publishes(fixture: &mut Fixture, clip: &std::path::Path) -> std::process::Child {
    let url = format!("rtmp://{}/live/cam", fixture.address());
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-re", "-i"]).arg(clip);
    command
        .args(["-c", "copy", "-f", "flv", &url])
        .stdin(Stdio::null());
    let child = command.spawn().unwrap();
    fixture.wait_for_publisher();
    child
}

#[test]
fn what_ffmpeg_publishes_ffmpeg_plays_bit_for_bit() {
    if !has("ffmpeg", "-version") {
        return;
    }
    let clip = clip("ffmpeg.flv");
    let mut fixture = Fixture::new();
    let mut publisher = ffmpeg_publishes(&mut fixture, &clip);
    let played = hashes(&format!("rtmp://{}/live/cam", fixture.address()));
    assert_eq!(played, hashes(clip.to_str().unwrap()));
    assert!(publisher.wait().unwrap().success());
    std::fs::remove_file(clip).unwrap();
}

#[test]
fn what_ffmpeg_publishes_rtmpdump_plays_bit_for_bit() {
    if !has("ffmpeg", "-version") || !has("rtmpdump", "--help") {
        return;
    }
    let clip = clip("rtmpdump.flv");
    let mut fixture = Fixture::new();
    let mut publisher = ffmpeg_publishes(&mut fixture, &clip);
    let out = scratch("rtmpdump-out.flv");
    let url = format!("rtmp://{}/live/cam", fixture.address());
    let mut command = Command::new("rtmpdump");
    run(command.args(["-q", "-v", "-r", &url, "-o"]).arg(&out));
    assert_eq!(
        hashes(out.to_str().unwrap()),
        hashes(clip.to_str().unwrap())
    );
    assert!(publisher.wait().unwrap().success());
    for path in [clip, out] {
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn what_gstreamer_publishes_ffmpeg_plays() {
    if !has("ffmpeg", "-version") || !has("gst-launch-1.0", "--version") {
        return;
    }
    let mut limits = Limits::default();
    // It just hangs up.
    limits.linger = Duration::ZERO;
    let mut fixture = Fixture::with(|builder| builder.limits(limits));
    let clip = clip("gst.flv");
    let url = format!("rtmp://{}/live/cam", fixture.address());
    let pipeline = "flvdemux name=d flvmux name=m streamable=true \
                    d.video ! queue ! h264parse ! identity sync=true ! m. \
                    d.audio ! queue ! aacparse ! identity sync=true ! m. m. ! rtmp2sink";
    let mut command = Command::new("gst-launch-1.0");
    command.args(["-q", "filesrc"]);
    command.arg(format!("location={}", clip.display())).arg("!");
    command.args(pipeline.split_whitespace());
    command.arg(format!("location={url}")).stdin(Stdio::null());
    let mut publisher = command.spawn().unwrap();
    fixture.wait_for_publisher();
    let (played, original) = (audio_hashes(&url), audio_hashes(clip.to_str().unwrap()));
    // GStreamer puts access unit delimiters into the video and leaves audio as it is. But it may
    // send some audio before the first picture, with which a new viewer begins.
    assert!(original.ends_with(&played), "{played:?} of {original:?}");
    assert!(
        original.len() - played.len() < 10,
        "{} frames",
        played.len()
    );
    assert!(publisher.wait().unwrap().success());
    std::fs::remove_file(clip).unwrap();
}
