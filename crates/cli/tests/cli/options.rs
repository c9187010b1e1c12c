//! Options that have no effect, or cannot have the one that was asked for.

use crate::common::{Dir, Manner, Peer, Ran};

const TO: &str = "publish --to rtmp://127.0.0.1:1/live/sesame";

/// A file of H.264 and AAC.
const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../demux/testdata/faststart.mp4"
);

fn refused(line: &str) -> String {
    let ran = Dir::new().run(line);
    assert_eq!(
        (ran.status, ran.stdout.as_str()),
        (Some(2), ""),
        "{line}: {ran:?}"
    );
    ran.stderr
}

/// What is typed, the option without effect, and why.
type Case = (&'static str, &'static str, &'static str);

const PUBLISH: &[Case] = &[
    ("", "--insecure", NO_TLS),
    ("", "--ca ca.pem", NO_TLS),
    (
        "",
        "--password-file secret",
        "a password goes with a name: --user",
    ),
    (
        "",
        "--format ts",
        "it says what arrives on stdin, with --from -",
    ),
    ("", "--loop", "the test card never ends"),
    ("--audio none", "--audio-bitrate 96k", "there is no audio"),
    (
        "--no-reconnect",
        "--retries 3",
        "--no-reconnect gives up at the first failure",
    ),
    ("--from FILE", "--bitrate 1M", AS_IT_IS),
    ("--from FILE", "--size 640x360", AS_IT_IS),
    ("--from FILE", "--keyframe 1s", AS_IT_IS),
    (
        "--from - --format flv",
        "--loop",
        "stdin cannot be read twice",
    ),
    ("--from - --format flv", "--fps 25", AS_IT_IS),
    (
        "--from - --format y4m",
        "--fps 25",
        "raw pictures have their own rate",
    ),
    (
        "--from camera",
        "--pace max",
        "a camera's pictures come when they come",
    ),
];

const OTHERS: &[Case] = &[
    (
        "receive",
        "--host a.example",
        "there are no pages: --web serves them",
    ),
    (
        "receive --web 0 --tls",
        "--host a.example",
        "over https the certificate says which names are meant",
    ),
    (
        "receive",
        "--tls",
        "nothing is served with a certificate: add --web or --listen-tls",
    ),
    (
        "inspect FILE",
        "--format ts",
        "it says what arrives on stdin: onair inspect - --format ts",
    ),
];

const NO_TLS: &str = "rtmp:// has no certificates, rtmps:// has";
const AS_IT_IS: &str = "this source is sent as it is, without encoding";

#[test]
fn what_has_no_effect_is_refused_with_the_reason() {
    let publish = PUBLISH
        .iter()
        .map(|(line, option, why)| (format!("{TO} {line}"), option, why));
    let others = OTHERS
        .iter()
        .map(|(line, option, why)| ((*line).to_owned(), option, why));
    for (line, option, why) in publish.chain(others) {
        let line = line.replace("FILE", FILE);
        let name = option.split(' ').next().expect("a name");
        let words = format!("onair: {name} has no effect here: {why}\n");
        assert_eq!(
            refused(&format!("{line} {option}")),
            words,
            "{line} {option}"
        );
    }
}

#[test]
fn what_is_out_of_range_is_refused_with_the_reason() {
    for (option, value, words) in [
        ("--bitrate", "1", "expected 10k to 200M"),
        ("--audio-bitrate", "1k", "expected 16k to 512k"),
        (
            "--keyframe",
            "100s",
            "who joins sees nothing until the next keyframe",
        ),
        ("--fps", "1000", "expected 1 to 240"),
        ("--size", "8x8", "expected 16x16 to 7680x7680"),
        ("--duration", "0", "expected a time such as 10s"),
    ] {
        let said = refused(&format!("{TO} {option} {value}"));
        assert!(said.contains(words), "{option} {value}: {said}");
    }
    let said = refused("receive --max-connections 0");
    assert!(said.contains("1..=65535"), "{said}");
}

#[test]
fn an_address_may_be_a_port_or_a_hosts_name() {
    for (web, page) in [
        ("0", "127.0.0.1:"),
        ("localhost:0", "127.0.0.1:"),
        ("[::1]:0", "[::1]:"),
    ] {
        let line = "--no-open --size 160x90 --bitrate 100k --duration 500ms";
        let ran = Dir::new().run(&format!("{line} --web {web}"));
        assert_eq!(ran.status, Some(0), "{web}: {ran:?}");
        let watch = format!("Watch:    http://{page}");
        assert!(ran.stderr.starts_with(&watch), "{web}: {ran:?}");
    }
    let choice = refused("demo --web :8080");
    assert!(choice.contains("0.0.0.0:8080 for others too"), "{choice}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_files_name_need_not_be_utf_8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let (dir, peer) = (Dir::new(), Peer::new(Manner::Accept));
    let name = OsStr::from_bytes(b"\xffshow.mp4");
    std::fs::copy(FILE, dir.path().join(name)).expect("a copy");
    let copy = OsStr::from_bytes(b"\xffcopy.mp4");
    let mut command = dir.onair(&format!("publish --to {} --pace max", peer.url()));
    command.arg("--from").arg(name).arg("--record").arg(copy);
    let ran = command.output().map(Ran::from).expect("the program starts");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let mut inspect = dir.onair("inspect");
    let ran = inspect
        .arg(copy)
        .output()
        .map(Ran::from)
        .expect("the program starts");
    assert_eq!(ran.status, Some(0), "{ran:?}");
}

/// It is a usage error in words that begin like this, and tell no secret.
fn assert_refused(line: &str, words: &str) {
    let said = refused(line);
    let words = format!("onair: {words}");
    assert!(said.starts_with(&words), "{line}: {said}");
    assert!(!said.contains("SECRET"), "{line}: {said}");
}

#[test]
fn a_backup_that_belongs_nowhere_is_refused_without_its_key() {
    let one = "rtmp://127.0.0.1:1/live/SECRETK";
    for (line, words) in [
        (
            format!("publish --to {one} --backup {one}"),
            "--backup rtmp://127.0.0.1:1/live/*** is given twice",
        ),
        (
            format!("publish --to {one} --backup {one}b --backup {one}c"),
            "a --to has one --backup, not two",
        ),
        (
            format!("publish --backup {one}b --to {one} --to {one}c"),
            "--backup goes behind the --to that it belongs to",
        ),
        (
            format!("publish --to {one} --backup rtmp://127.0.0.1:1/live"),
            "--backup: ",
        ),
    ] {
        assert_refused(&line, words);
    }
}

#[test]
fn what_is_given_twice_or_empty_is_refused_without_its_key() {
    let one = "rtmp://127.0.0.1:1/live/SECRETK";
    for (line, words) in [
        (
            format!("publish --to {one},rtmp://127.0.0.1:1/live/SECRETB"),
            "two addresses in one --to: repeat --to",
        ),
        (
            format!("publish --to {one};rtmps://127.0.0.1:1/live/SECRETB"),
            "two addresses in one --to: repeat --to",
        ),
        (
            format!("publish --to {one} --to {one}"),
            "--to rtmp://127.0.0.1:1/live/*** is given twice",
        ),
        (
            format!("publish --to {one} --audio mic"),
            "there is no microphone here that this version can capture from; what works: --audio tone",
        ),
        (
            "receive --listen 127.0.0.1:1 --web 127.0.0.1:1".to_owned(),
            "--listen and --web have the same address, 127.0.0.1:1",
        ),
        (
            "receive --listen 127.0.0.1:0 --listen-tls 127.0.0.1:0".to_owned(),
            "rtmps and https need a certificate: --tls makes one",
        ),
        (
            format!("receive --listen 127.0.0.1:0 --record {FILE}"),
            "--record wants a directory: ",
        ),
        (format!("publish --to {one} --key="), "--key is empty"),
        (
            "publish --to rtmp://127.0.0.1:1/live --key=".to_owned(),
            "--key is empty",
        ),
        (
            "receive --key cam=SECRETK --key b=SECRETK".to_owned(),
            "--key: two streams cannot have the same key",
        ),
        ("receive --key =SECRETK".to_owned(), "--key: NAME is empty"),
        (
            format!("publish --to {one} --user me --password-file nofile"),
            "--password-file nofile: ",
        ),
    ] {
        assert_refused(&line, words);
    }
}

#[test]
fn the_variable_holds_one_address() {
    let both = "rtmp://127.0.0.1:1/live/SECRETK,rtmp://127.0.0.1:1/live/SECRETB";
    let dir = Dir::new();
    let mut command = dir.onair("publish");
    let ran = Ran::from(command.env("ONAIR_URL", both).output().expect("it starts"));
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("ONAIR_URL holds one"), "{ran:?}");
    assert!(!format!("{ran:?}").contains("SECRET"), "{ran:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn help_that_cannot_be_written_is_a_failure() {
    for line in ["--help", "--version", "publish --help"] {
        let dir = Dir::new();
        let full = std::fs::File::options().write(true).open("/dev/full");
        let mut command = dir.onair(line);
        let ran = command.stdout(full.expect("Linux has it")).status();
        assert_eq!(ran.expect("it runs").code(), Some(1), "{line}");
    }
}

#[test]
fn raw_pictures_are_named_by_inspect_with_what_takes_them() {
    let dir = Dir::new();
    let written = std::fs::write(dir.path().join("a.y4m"), "YUV4MPEG2 W16 H16 F25:1\n");
    written.expect("a file");
    let ran = dir.run("inspect a.y4m");
    assert_eq!(ran.status, Some(1), "{ran:?}");
    let words = "onair: a.y4m: raw pictures (Y4M) have no tracks to inspect; onair publish --from";
    assert!(ran.stderr.starts_with(words), "{ran:?}");
    assert!(!dir.run("inspect --help").stdout.contains("y4m"));
}
