//! Output into a pipe that nobody reads, or onto a full disk.

use std::fs::OpenOptions;
use std::io::{PipeReader, PipeWriter, Write, pipe};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::common::{Dir, Manner, Peer, Ran};

const CARD: &str = "--size 160x90 --bitrate 100k --duration 1s --pace max";

/// A full pipe, which stays full as long as the reader is kept.
fn stuck() -> (PipeReader, PipeWriter) {
    let (reader, writer) = pipe().expect("a pipe");
    let mut filling = writer.try_clone().expect("a copy");
    let (written, pieces) = mpsc::channel();
    thread::spawn(move || {
        while filling.write_all(&[b'x'; 4096]).is_ok() {
            let _nobody_counts = written.send(());
        }
    });
    // A pipe holds 64 KiB at most.
    for _ in 0..16 {
        if pieces.recv_timeout(Duration::from_secs(2)).is_err() {
            break;
        }
    }
    (reader, writer)
}

/// The exit status; `None` if it does not end by itself in time.
fn ends(mut child: Child) -> Option<i32> {
    let id = child.id().to_string();
    let (ended, end) = mpsc::channel();
    thread::spawn(move || ended.send(child.wait()));
    if let Ok(status) = end.recv_timeout(Duration::from_secs(20)) {
        return status.expect("it is ours").code();
    }
    let killed = Command::new("kill").args(["-KILL", &id]).status();
    assert!(killed.expect("kill is there").success());
    None
}

#[test]
fn a_stderr_that_nobody_reads_stops_neither_the_stream_nor_its_end() {
    for options in ["", "-v", "-vvv"] {
        let (dir, peer) = (Dir::new(), Peer::new(Manner::Accept));
        let (_unread, writer) = stuck();
        let mut command = dir.onair(&format!("publish --to {} {CARD} {options}", peer.url()));
        let child = command.stderr(writer).spawn().expect("it starts");
        assert_eq!(ends(child), Some(0), "{options}");
        let pictures = peer.count(onair_flv::TagKind::Video);
        assert_eq!(pictures, [1, 30], "{options}");
    }
}

#[test]
fn a_stderr_that_nobody_reads_holds_up_no_receiver() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let address = free.expect("a free port");
    let dir = Dir::new();
    let (_unread, writer) = stuck();
    let mut command = dir.onair(&format!("receive --listen {address} -vvv"));
    let receiver = command.stderr(writer).spawn().expect("it starts");
    // It prints nothing, so it is asked until it is there.
    let url = format!("rtmp://{address}/live/cam");
    let ran = dir.run(&format!("publish --to {url} {CARD} --retries 20"));
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let id = receiver.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status();
    assert!(sent.expect("kill is there").success());
    assert_eq!(ends(receiver), Some(0));
}

#[test]
fn a_stdout_that_nobody_reads_stops_no_stream_and_is_told() {
    let (dir, peer) = (Dir::new(), Peer::new(Manner::Accept));
    let (_unread, writer) = stuck();
    let mut command = dir.onair(&format!("publish --to {} {CARD} --stats json", peer.url()));
    let child = command.stdout(writer).spawn().expect("it starts");
    assert_eq!(ends(child), Some(1));
    assert_eq!(peer.count(onair_flv::TagKind::Video), [1, 30]);
}

#[cfg(target_os = "linux")]
#[test]
fn numbers_that_cannot_be_written_are_a_failure() {
    let peer = Peer::new(Manner::Accept);
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../demux/testdata/faststart.mp4"
    );
    for line in [
        "devices".to_owned(),
        "devices --json".to_owned(),
        format!("inspect {file}"),
        format!("inspect --json {file}"),
        format!("inspect --bytes {file}"),
        format!("publish --to {} {CARD} --stats json", peer.url()),
        "demo --no-open --web 0 --size 160x90 --bitrate 100k --duration 500ms --stats json"
            .to_owned(),
    ] {
        let full = OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .expect("it is there");
        let mut command = Dir::new().onair(&line);
        let command = command.current_dir("/").stdout(full).stderr(Stdio::piped());
        let ran = command.output().map(Ran::from).expect("it starts");
        assert_eq!(ran.status, Some(1), "{line}: {ran:?}");
        assert!(ran.stderr.contains("No space left"), "{line}: {ran:?}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    for line in ["devices", "devices --json"] {
        let (reader, writer) = pipe().expect("a pipe");
        drop(reader);
        let mut command = Dir::new().onair(line);
        let child = command
            .current_dir("/")
            .stdout(writer)
            .spawn()
            .expect("it starts");
        assert_eq!(ends(child), Some(0), "{line}");
    }
}

#[test]
fn nothing_that_a_name_holds_acts_on_the_terminal() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../demux/testdata/faststart.mp4"
    );
    let (dir, peer) = (Dir::new(), Peer::new(Manner::Accept));
    let odd = "show\u{202e}\u{1b}[31m\u{9b}\u{2066}.mp4";
    std::fs::copy(file, dir.path().join(odd)).expect("a copy");
    for (line, last) in [
        ("inspect missing", odd),
        ("demo --fps", odd),
        ("inspect", odd),
        ("inspect --json", odd),
        ("inspect --bytes", odd),
        ("publish --pace max --stats json --to", odd),
        ("publish --pace max -vv --to", odd),
    ] {
        let line = line.replace("--to", &format!("--to {} --from", peer.url()));
        let mut command = dir.onair(&line);
        let ran = command
            .arg(last)
            .output()
            .map(Ran::from)
            .expect("it starts");
        let told = ran.stdout + &ran.stderr;
        assert!(
            !told.contains(['\u{202e}', '\u{1b}', '\u{9b}', '\u{2066}']),
            "{line}: {told:?}"
        );
        let record = dir
            .onair(&line)
            .arg(odd)
            .arg("--record")
            .arg(format!("copy{odd}"))
            .output();
        let ran = record.map(Ran::from).expect("it starts");
        let told = ran.stdout + &ran.stderr;
        assert!(
            !told.contains(['\u{202e}', '\u{1b}', '\u{9b}', '\u{2066}']),
            "{line}: {told:?}"
        );
    }
}
