//! Files from real devices: phone recordings arrive frame by frame, and every FFmpeg command that
//! is printed does what it should.
#![cfg(unix)]

mod receiver;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use onair::demux;
use onair::media::{Kind, Packet};

use self::receiver::Receiver;

/// A file of the demultiplexers' tests.
fn testdata(name: &str) -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.join("../demux/testdata").join(name)
}

/// A directory of the test's own, gone at its end.
struct Dir(PathBuf);

impl Dir {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("onair-files-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary directory");
        Self(path)
    }

    fn join(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _already_gone = std::fs::remove_dir_all(&self.0);
    }
}

fn onair(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onair"));
    command.args(args).stdin(Stdio::null());
    command.output().expect("the program starts")
}

/// A receiver that records.
fn recording(dir: &Dir) -> Receiver {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onair"));
    command
        .args(["receive", "--listen", "127.0.0.1:0", "--record"])
        .arg(&dir.0)
        .stdin(Stdio::null());
    Receiver::start(command)
}

fn video(path: &Path) -> Vec<Packet> {
    let mut file = demux::open(path).expect("it is a file that can be sent");
    let packets = std::iter::from_fn(|| file.next_packet().expect("it is whole"));
    packets
        .filter(|packet| packet.kind() == Kind::Video)
        .collect()
}

#[test]
fn hevc_out_of_every_container_arrives_frame_by_frame() {
    let dir = Dir::new();
    let mut receiver = recording(&dir);
    let address = receiver.address();
    for ending in ["mp4", "mov", "ts", "mkv"] {
        let file = testdata(&format!("hevc.{ending}"));
        let (from, to) = (file.display().to_string(), format!("{address}/{ending}"));
        let sent = onair(&["publish", "--from", &from, "--to", &to, "--no-reconnect"]);
        assert!(sent.status.success(), "{ending}: {sent:?}");
        receiver.wait(&format!("live/{ending}: ended"));
    }
    receiver.stop();
    for ending in ["mp4", "mov", "ts", "mkv"] {
        let recorded = std::fs::read_dir(&dir.0).expect("a directory");
        let recorded = recorded.map(|entry| entry.expect("an entry").path());
        let mut found = recorded.filter(|path| {
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            name.is_some_and(|name| name.starts_with(&format!("live_{ending}-")))
        });
        let (ours, original) = (
            video(&found.next().expect("it was recorded")),
            video(&testdata(&format!("hevc.{ending}"))),
        );
        assert_eq!(ours.len(), original.len(), "{ending}");
        let shift = ours[0].pts.nanos_from(original[0].pts);
        for (our, their) in ours.iter().zip(&original) {
            assert!(our.payload == their.payload, "{ending}: another picture");
            let off = our.pts.nanos_from(their.pts) - shift;
            assert!(off.abs() <= 2_000_000, "{ending}: {off} ns off");
        }
    }
}

/// Runs a printed command in the shell; `None`, with a message, without FFmpeg.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn run(command: &str) -> Option<Output> {
    let known = Command::new("ffmpeg").arg("-version").output();
    if !known.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: there is no FFmpeg here to run: {command}");
        return None;
    }
    let quiet = command.replacen("ffmpeg ", "ffmpeg -nostdin -loglevel error -y ", 1);
    let mut shell = Command::new("sh");
    let ran = shell.args(["-c", &quiet]).stdin(Stdio::null()).output();
    Some(ran.expect("there is a shell"))
}

fn inspect(file: &str) -> serde_json::Value {
    let ran = onair(&["inspect", "--json", file]);
    let text = String::from_utf8(ran.stdout).expect("text");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}: {text}"))
}

fn is_ready(report: &serde_json::Value) -> bool {
    let verdicts = report["verdicts"].as_array().expect("verdicts");
    verdicts.iter().all(|verdict| verdict["ready"] == true)
}

/// Files with a fault of each kind that a command mends.
fn samples(dir: &Dir) -> Vec<String> {
    let mut files: Vec<_> = [
        "vp9-opus.webm",
        "sorenson-mp3.flv",
        "mpeg2-ac3.ts",
        "mp3.mp4",
        "high10.mp4",
        "yuv444.mp4",
        "surround.mp4",
        "sound.mp4",
        "rotated.mp4",
        "vfr.mp4",
        "hevc.mov",
        "hevc.ts",
    ]
    .map(|name| testdata(name).display().to_string())
    .into();
    let whole = std::fs::read(testdata("faststart.mp4")).expect("it is there");
    let cut = dir.join("cut.mp4");
    std::fs::write(&cut, &whole[..whole.len() * 2 / 3]).expect("it can be written");
    files.push(cut);
    files
}

#[test]
fn every_command_that_inspect_gives_makes_a_file_that_every_service_takes() {
    let dir = Dir::new();
    for (index, file) in samples(&dir).iter().enumerate() {
        let report = inspect(file);
        let command = report["cure"].as_str();
        let command = command.unwrap_or_else(|| panic!("{file}: there is no cure: {report}"));
        let output = dir.join(&format!("{index}.mp4"));
        let command = command
            .replace("INPUT", file)
            .replace("OUTPUT.mp4", &output);
        let Some(ran) = run(&command) else { return };
        assert!(ran.status.success(), "{file}: {command}: {ran:?}");
        let cured = inspect(&output);
        assert!(is_ready(&cured), "{file}: {command}: {cured}");
        let kinds = cured["tracks"].as_array().map(Vec::len);
        assert_eq!(kinds, Some(2), "{file}: {cured}");
    }
}

#[test]
fn what_publish_refuses_it_takes_after_the_command_it_gives() {
    let dir = Dir::new();
    let mut receiver = recording(&dir);
    let address = receiver.address();
    for name in [
        "vp9-opus.webm",
        "sorenson-mp3.flv",
        "mpeg2-ac3.ts",
        "mp3.mp4",
    ] {
        let file = testdata(name).display().to_string();
        let to = format!("{address}/{}", &name[..4]);
        let refused = onair(&["publish", "--from", &file, "--to", &to]);
        assert_eq!(refused.status.code(), Some(2), "{name}: {refused:?}");
        let said = String::from_utf8(refused.stderr).expect("text");
        let command = said.lines().last().expect("a command").trim();
        let output = dir.join(&format!("{name}.mp4"));
        let command = command
            .replace("INPUT", &file)
            .replace("OUTPUT.mp4", &output);
        let Some(ran) = run(&command) else { return };
        assert!(ran.status.success(), "{name}: {command}: {ran:?}");
        let sent = onair(&["publish", "--from", &output, "--to", &to, "--no-reconnect"]);
        assert!(sent.status.success(), "{name}: {sent:?}");
        receiver.wait("ended");
    }
    receiver.stop();
}

/// The FFmpeg commands in a text, joined if they are continued or wrapped.
fn commands(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ").replace("|\n", "| ");
    let mut found: Vec<String> = Vec::new();
    let mut open = false;
    for line in joined.lines().map(str::trim) {
        if line.starts_with("ffmpeg ") {
            found.push(line.to_owned());
            open = true;
            continue;
        }
        open &= !line.is_empty() && !line.ends_with(':') && !line.starts_with("onair ");
        if let Some(command) = found.last_mut().filter(|_| open) {
            *command += &format!(" {line}");
        }
    }
    found.retain(|command| command.contains("onair "));
    found
}

/// The commands that the help and `devices` suggest, with a file and a made-up camera.
#[test]
fn every_pipe_that_is_suggested_works() {
    let dir = Dir::new();
    let mut receiver = recording(&dir);
    let address = receiver.address();
    let mut texts = String::new();
    for args in [
        &["publish", "--help"][..],
        &["inspect", "--help"],
        &["devices"],
    ] {
        texts += &String::from_utf8(onair(args).stdout).expect("text");
        texts += "\n\n";
    }
    let found = commands(&texts);
    assert!(found.len() >= 3, "{found:?}\n{texts}");
    for (index, command) in found.iter().enumerate() {
        let input = testdata("yuv444.mp4").display().to_string();
        let to = format!("{address}/pipe{index}");
        let command = command
            .replace(
                "-f v4l2 -i /dev/video0",
                "-f lavfi -t 1 -i testsrc=size=160x90",
            )
            .replace("-f pulse -i default", "-f lavfi -t 1 -i sine")
            .replace("INPUT", &input)
            .replace("URL", &to)
            .replace(" onair ", &format!(" {} ", env!("CARGO_BIN_EXE_onair")));
        let Some(ran) = run(&command) else { return };
        assert!(ran.status.success(), "{command}: {ran:?}");
        if command.contains(" publish ") {
            receiver.wait(&format!("live/pipe{index}: ended"));
        }
    }
    receiver.stop();
}

#[test]
fn a_live_stream_is_inspected_as_its_viewers_get_it() {
    let dir = Dir::new();
    let mut receiver = recording(&dir);
    let to = format!("{}/cam", receiver.address());
    let mut publisher = Command::new(env!("CARGO_BIN_EXE_onair"));
    publisher
        .args(["publish", "--loop", "--no-reconnect", "--from"])
        .arg(testdata("bframes.mp4"))
        .args(["--to", &to, "--stats", "none"])
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    let mut publisher = publisher.spawn().expect("it starts");
    receiver.wait("live/cam: live");
    let ran = onair(&["inspect", "--json", "--duration", "2s", &to]);
    let _already_over = publisher.kill();
    let _reaped = publisher.wait();
    assert!(ran.status.success(), "{ran:?}");
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    let tracks = report["tracks"].as_array().expect("tracks");
    assert_eq!(tracks[0]["codec"], "avc1.64000A", "{report}");
    assert_eq!(tracks[1]["codec"], "mp4a.40.2", "{report}");
    let duration = report["duration_s"].as_f64().expect("it lasted");
    assert!((1.0..6.0).contains(&duration), "{report}");
    assert_eq!(report["error"], serde_json::Value::Null);
    let gone = onair(&["inspect", "--duration", "1s", &to.replace("cam", "sesame")]);
    assert_eq!(gone.status.code(), Some(1));
    let said = String::from_utf8(gone.stderr).expect("text");
    assert!(said.contains("NetStream.Play.StreamNotFound"), "{said}");
    assert!(said.contains("\n  Does somebody publish it now"), "{said}");
    assert!(!said.contains("sesame"), "{said}");
}

/// Records what is sent, with the program, in a format.
fn record(from: &Path, receiver: &str, dir: &Dir, extension: &str) -> PathBuf {
    let path = dir.0.join(format!("show.{extension}"));
    let (from, to) = (
        from.display().to_string(),
        format!("{receiver}/{extension}"),
    );
    let file = path.display().to_string();
    let options = ["--pace", "max", "--no-reconnect", "--record", &file];
    let sent = onair(&[&["publish", "--from", &from, "--to", &to], &options[..]].concat());
    assert!(sent.status.success(), "{extension}: {sent:?}");
    path
}

fn packets(path: &Path) -> Vec<Packet> {
    let mut file = demux::open(path).expect("it is a file that can be read");
    std::iter::from_fn(|| file.next_packet().expect("it is whole")).collect()
}

/// A track of a file as FFmpeg decodes it: each frame's hash, and its time in milliseconds.
fn decoded(path: &Path, track: &str) -> Option<Vec<(String, i64)>> {
    let path = path.display();
    let options = format!("-map 0:{track} -fps_mode passthrough -enc_time_base 1:1000");
    let ran = run(&format!("ffmpeg -xerror -i {path} {options} -f framemd5 -"))?;
    assert!(ran.status.success() && ran.stderr.is_empty(), "{ran:?}");
    let listing = String::from_utf8(ran.stdout).expect("text");
    let frame = |line: &str| {
        let fields: Vec<_> = line.split(',').map(str::trim).collect();
        (fields[5].to_owned(), fields[2].parse().expect("a time"))
    };
    let lines = listing.lines().filter(|line| !line.starts_with('#'));
    Some(lines.map(frame).collect())
}

/// Checks that both files have the same packets of a kind, at times that all differ by the same
/// amount; gives that in nanoseconds.
fn same_packets(mp4: &Path, ts: &Path, kind: Kind) -> i64 {
    let of_kind = |path| {
        let mut packets = packets(path);
        packets.retain(|packet| packet.kind() == kind);
        packets
    };
    let (one, other) = (of_kind(mp4), of_kind(ts));
    assert!(one.len() > 20 && one.len() == other.len(), "{kind:?}");
    let shift = other[0].pts.nanos_from(one[0].pts);
    for (one, other) in one.iter().zip(&other) {
        assert!(one.payload == other.payload, "{kind:?} at {:?}", one.pts);
        for (one, other) in [(one.pts, other.pts), (one.dts, other.dts)] {
            let off = other.nanos_from(one) - shift;
            assert!(off.abs() <= TICK, "{kind:?} at {one:?}: {off} ns off");
        }
    }
    shift
}

/// FFmpeg decodes both to the same, at the same times.
fn same_frames(mp4: &Path, ts: &Path, track: &str) {
    let (Some(one), Some(other)) = (decoded(mp4, track), decoded(ts, track)) else {
        return;
    };
    assert!(one.len() > 20 && one.len() == other.len(), "{track}");
    // FFmpeg lets each file begin at its own first time.
    let shift = other[0].1 - one[0].1;
    for (one, other) in one.iter().zip(&other) {
        assert_eq!(one.0, other.0, "{track} at {} ms", one.1);
        let off = other.1 - one.1 - shift;
        assert!(off.abs() <= 1, "{track} at {} ms: {off} ms off", one.1);
    }
}

/// One file counts time in 90,000ths of a second, the other in something else.
const TICK: i64 = 2 * 1_000_000_000 / 90_000;

#[test]
fn a_show_recorded_as_a_transport_stream_is_the_one_recorded_as_mp4_frame_by_frame() {
    let (ours, receivers) = (Dir::new(), Dir::new());
    let mut receiver = recording(&receivers);
    let address = receiver.address();
    let source = testdata("bframes.mp4");
    let [mp4, ts] = ["mp4", "ts"].map(|extension| record(&source, &address, &ours, extension));
    let [video, audio] = [Kind::Video, Kind::Audio].map(|kind| same_packets(&mp4, &ts, kind));
    assert!((video - audio).abs() <= TICK, "the tracks belong together");
    for track in ["v", "a"] {
        same_frames(&mp4, &ts, track);
    }
    receiver.stop();
}
