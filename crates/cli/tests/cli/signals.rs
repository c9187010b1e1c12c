//! Ctrl-C and SIGTERM, delivered as in practice.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};

use crate::common::{Dir, Manner, Peer};

const SMALL: &str = "--size 160x90 --bitrate 100k --stats json";

/// As `timeout -s INT` and a process group do: twice, within a millisecond.
fn deliver_twice(signal: &str, child: &Child) {
    let id = child.id();
    let script = format!("kill -{signal} {id}; kill -{signal} {id}");
    let sent = Command::new("sh").args(["-c", &script]).status();
    assert!(sent.expect("there is a shell").success());
}

fn start(dir: &Dir, args: &str) -> (Child, BufReader<ChildStderr>) {
    let mut command = dir.onair(args);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let said = BufReader::new(child.stderr.take().expect("it is piped"));
    (child, said)
}

/// Reads until a line has these words.
fn wait_for(words: &str, said: &mut BufReader<ChildStderr>) {
    loop {
        let mut line = String::new();
        assert!(said.read_line(&mut line).expect("it writes") > 0, "{words}");
        if line.contains(words) {
            return;
        }
    }
}

#[test]
fn a_signal_delivered_twice_at_once_ends_every_verb_properly() {
    let peer = Peer::new(Manner::Accept);
    let verbs = [
        (
            format!("publish --to {} {SMALL}", peer.url()),
            "on air after",
        ),
        (
            format!("demo --no-open --web 127.0.0.1:0 {SMALL}"),
            "on air after",
        ),
        ("receive --listen 127.0.0.1:0".to_owned(), "Publish:"),
    ];
    for (args, words) in &verbs {
        for signal in ["INT", "TERM"] {
            let dir = Dir::new();
            let (mut child, mut said) = start(&dir, args);
            wait_for(words, &mut said);
            deliver_twice(signal, &child);
            let mut rest = String::new();
            said.read_to_string(&mut rest).expect("it ends");
            let status = child.wait().expect("it ends");
            assert_eq!(status.code(), Some(0), "{args} {signal}: {rest}");
        }
    }
}

#[test]
fn a_signal_before_anything_came_is_answered_in_words() {
    let dir = Dir::new();
    let mut command = dir.onair("publish --to rtmp://127.0.0.1:1/live/key --from - --format flv");
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
    let mut said = BufReader::new(child.stderr.take().expect("it is piped"));
    wait_for("waiting for stdin", &mut said);
    deliver_twice("INT", &child);
    let mut rest = String::new();
    said.read_to_string(&mut rest).expect("it ends");
    let status = child.wait().expect("it ends");
    assert_eq!(rest, "stopped before anything came\n");
    assert_eq!(status.code(), Some(0), "{rest}");
}
