//! The program as a user meets it: exact words, exact exit status.

mod common;
mod doctor;
mod ends;
#[cfg(unix)]
mod hangup;
mod options;
#[cfg(unix)]
mod outlets;
mod replay;
mod schema;
mod secrets;
#[cfg(unix)]
mod signals;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use common::{Dir, Manner, Peer, Ran, Seen};
use onair::demux::Format;
use onair_flv::TagKind;

/// One second, small enough to encode at once.
const CARD: &str = "--size 160x90 --bitrate 100k --duration 1s --pace max";

fn usage_error(message: &str) -> Ran {
    Ran {
        status: Some(2),
        stdout: String::new(),
        stderr: format!("onair: {message}\n"),
    }
}

#[test]
fn help_names_every_verb() {
    let ran = Dir::new().run("--help");
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
    for verb in [
        "demo", "publish", "receive", "devices", "doctor", "inspect", "replay",
    ] {
        assert!(
            ran.stdout.contains(&format!("\n  {verb}")),
            "{}",
            ran.stdout
        );
    }
}

#[test]
fn the_demo_names_its_page_first_and_gives_way_when_ports_are_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("it is bound");
    let ran = Dir::new().run(&format!(
        "demo --no-open --web {address} --size 160x90 --bitrate 100k --duration 1s --stats json"
    ));
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let page = ran.stderr.lines().next().expect("it says something");
    assert!(page.starts_with("Watch:    http://127.0.0.1:"), "{page}");
    assert!(!page.contains(&address.to_string()), "{page}");
    let report = ran.stdout.lines().last().expect("a report");
    assert!(
        report.contains(r#""reason":"duration reached""#),
        "{report}"
    );
    assert!(report.contains(r#""connects":1"#), "{report}");
}

#[test]
fn the_demo_serves_https_for_a_phone_to_go_live() {
    let ran = Dir::new().run(
        "demo --tls --no-open --web 127.0.0.1:0 --size 160x90 --bitrate 100k --duration 500ms -q",
    );
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let link = ran.stderr.trim_end();
    assert!(link.starts_with("Go live:  https://127.0.0.1:"), "{link}");
    assert_eq!(link.lines().count(), 1, "{link}");
}

#[test]
fn help_teaches_where_keys_go() {
    let ran = Dir::new().run("publish --help");
    assert_eq!(ran.status, Some(0));
    for words in [
        "rtmps://a.rtmps.youtube.com/live2/KEY",
        "Twitch",
        "ONAIR_URL",
        "--format flv",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
}

#[test]
fn an_address_that_cannot_be_is_refused_with_a_cure() {
    for (args, message) in [
        (
            "--to rtmp://host/live",
            "--to: the URL has no stream key: add it after the application, \
             as in rtmp://host/app/KEY; if the server wants none, end the URL with ?",
        ),
        (
            "--to rtmp://a/live --to rtmp://b/live --key sesame",
            "--key (or ONAIR_KEY) is for one server: put each key into its own --to URL",
        ),
        (
            "--to rtmp://host/live/sesame --user me",
            "--user me needs a password: --password-file FILE or ONAIR_PASSWORD",
        ),
    ] {
        let ran = Dir::new().run(&format!("publish {args}"));
        assert_eq!(ran, usage_error(message), "{args}");
    }
}

#[test]
fn an_address_of_an_unknown_scheme_is_refused_with_those_there_are() {
    for url in ["http://host/live/sesame", "host/live/sesame"] {
        let ran = Dir::new().run(&format!("publish --to {url}"));
        let error = url.parse::<onair::Address>().unwrap_err().to_string();
        assert!(
            error.contains("rtmp://") && error.contains("rtmps://"),
            "{error}"
        );
        assert_eq!(ran, usage_error(&format!("--to: {error}")), "{url}");
    }
}

#[test]
fn an_address_without_its_option_is_not_repeated() {
    let message = "an address goes behind --to, as in: onair publish --to rtmp://HOST/APP/KEY";
    for line in ["publish rtmp://host/live/sesame", "rtmp://host/live/sesame"] {
        assert_eq!(Dir::new().run(line), usage_error(message), "{line}");
    }
    let ran = Dir::new().run("publish --to rtmp://h/a/k --from rtmp://host/live/sesame");
    let message = "--from takes a file, testcard or -; an address goes behind --to";
    assert_eq!(ran, usage_error(message));
}

#[test]
fn a_key_may_begin_like_an_option() {
    let (dir, peer) = (Dir::new(), Peer::new(Manner::Accept));
    let server = peer.url().rsplit_once('/').expect("a key").0.to_owned();
    let ran = dir.run(&format!("publish --to {server} --key --sesame {CARD}"));
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(!format!("{ran:?}").contains("sesame"), "{ran:?}");
    assert_eq!(peer.count(TagKind::Video), [1, 30]);
}

#[test]
fn a_source_that_cannot_be_is_refused_with_a_cure() {
    let containers: Vec<_> = Format::ALL.iter().map(|format| format.name()).collect();
    let containers = containers.join(", ");
    let recordings = onair::recording_extensions().join(" or ");
    for (args, message) in [
        (
            "--from mic",
            "a microphone goes behind --audio, as in: --from camera --audio mic",
        ),
        (
            "--from camera --loop",
            "--loop has no effect here: a camera never ends",
        ),
        (
            "--audio trumpet",
            "--audio trumpet: expected mic, tone, silence, file or none",
        ),
        (
            "--audio file",
            "--audio file: this source has no sound of its own; choose mic, tone, silence or none",
        ),
        (
            "--from missing.mp4",
            "missing.mp4: there is no such file, and it is no source known by that name",
        ),
        (
            "--from -",
            &*format!("--from - needs to know what arrives: --format {containers} or y4m"),
        ),
        (
            "--loop",
            "--loop has no effect here: the test card never ends",
        ),
        (
            "--record show.avi",
            &*format!("--record writes {recordings}: name a file that ends so"),
        ),
    ] {
        let ran = Dir::new().run(&format!("publish --to rtmp://host/live/sesame {args}"));
        assert_eq!(ran, usage_error(message), "{args}");
    }
}

#[cfg(not(target_vendor = "apple"))]
#[test]
fn a_device_is_refused_with_what_works_where_there_is_none() {
    let source =
        "--from testcard, a file, or - (stdin, so that FFmpeg can capture: see onair devices)";
    let sound = "--audio tone, silence, file (a file's own) or none";
    for (args, device, cure) in [
        ("--from camera", "camera", source),
        ("--from camera:front --audio none", "camera", source),
        ("--from screen:1", "screen", source),
        ("--audio mic", "microphone", sound),
    ] {
        let ran = Dir::new().run(&format!("publish --to rtmp://host/live/sesame {args}"));
        let message = format!(
            "there is no {device} here that this version can capture from; what works: {cure}"
        );
        assert_eq!(ran, usage_error(&message), "{args}");
    }
}

#[test]
fn a_file_that_is_no_media_is_named() {
    let dir = Dir::new();
    std::fs::write(dir.path().join("show.mp4"), "once upon a time").expect("a file");
    let ran = dir.run("publish --to rtmp://host/live/sesame --from show.mp4");
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""));
    assert!(
        ran.stderr.starts_with("onair: show.mp4: not a media file"),
        "{}",
        ran.stderr
    );
}

#[test]
fn unknown_options_are_usage_errors() {
    let ran = Dir::new().run("publish --to rtmp://host/live/sesame --bitrat 1M");
    assert_eq!(ran.status, Some(2));
    assert!(
        ran.stderr
            .contains("a similar argument exists: '--bitrate'"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_test_card_goes_on_air_whole() {
    let (dir, peer) = (Dir::new(), Peer::new(Manner::Accept));
    let ran = dir.run(&format!("publish --to {} {CARD} --stats json", peer.url()));
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let report = ran.report();
    assert_eq!(report["report"], true);
    let destination = &report["destinations"][0];
    assert_eq!(destination["state"], "ended");
    assert_eq!(destination["video"]["frames"], 30);
    assert_eq!(destination["video"]["dropped"], 0);
    assert_eq!(destination["gaps"], serde_json::json!([]));
    assert!(
        matches!(peer.seen.recv(), Ok(Seen::Publish { app, key }) if app == "live" && key == "sesame")
    );
    assert_eq!(peer.count(TagKind::Video), [1, 30]);
}

#[test]
fn the_address_can_come_from_the_environment_in_two_parts() {
    let (dir, peer) = (Dir::new(), Peer::new(Manner::Accept));
    let ran = dir
        .onair(&format!("publish {CARD}"))
        .env(
            "ONAIR_URL",
            format!("rtmp://127.0.0.1:{}/live/deep/", peer.port),
        )
        .env("ONAIR_KEY", "sesame?a=b/c")
        .output()
        .map(Ran::from)
        .expect("the program starts");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let seen = peer.seen.recv();
    let Ok(Seen::Publish { app, key }) = seen else {
        panic!("{seen:?}")
    };
    assert_eq!((app.as_str(), key.as_str()), ("live/deep", "sesame?a=b/c"));
}

#[test]
fn the_key_is_never_told() {
    let (dir, peer) = (Dir::new(), Peer::new(Manner::Accept));
    let file = dir.path().join("password");
    std::fs::write(file, "swordfish\n").expect("a file");
    let credentials = "--user me --password-file password";
    for options in ["-vvv --stats json", "-vvv", "-vvv --patient"] {
        let ran = dir.run(&format!(
            "publish --to {} {CARD} {credentials} {options}",
            peer.url()
        ));
        assert_eq!(ran.status, Some(0), "{ran:?}");
        assert!(
            ran.stderr.contains("***"),
            "nothing was logged: {}",
            ran.stderr
        );
        for secret in ["sesame", "swordfish"] {
            assert!(
                !ran.stderr.contains(secret) && !ran.stdout.contains(secret),
                "{ran:?}"
            );
        }
    }
    let ran = dir.run("publish --to htp://host/live/sesame");
    assert!(!ran.stderr.contains("sesame"), "{ran:?}");
}

#[test]
fn quiet_says_nothing_when_all_is_well() {
    let (dir, peer) = (Dir::new(), Peer::new(Manner::Accept));
    let ran = dir.run(&format!("publish -q --to {} {CARD}", peer.url()));
    assert_eq!(
        (ran.status, ran.stdout.as_str(), ran.stderr.as_str()),
        (Some(0), "", "")
    );
}

#[test]
fn a_refusal_is_told_in_the_servers_words_with_a_cure() {
    let manner = Manner::Refuse("NetStream.Publish.BadName", "Stream is already publishing");
    let (dir, peer) = (Dir::new(), Peer::new(manner));
    let ran = dir.run(&format!(
        "publish --to {} {CARD} --stats json --no-reconnect",
        peer.url()
    ));
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(
        ran.stderr.contains("Stream is already publishing"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("Another publisher is using this key"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.report()["destinations"][0]["state"], "failed");
}

#[test]
fn one_server_given_up_is_told_by_the_status_though_the_other_has_it_all() {
    let refusing = Manner::Refuse("NetStream.Publish.Denied", "Not you");
    let (dir, good, bad) = (Dir::new(), Peer::new(Manner::Accept), Peer::new(refusing));
    let ran = dir.run(&format!(
        "publish --to {} --to {} {CARD} --stats json",
        good.url(),
        bad.url()
    ));
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("Not you"), "{}", ran.stderr);
    let report = ran.report();
    assert_eq!(report["destinations"][0]["state"], "ended");
    assert_eq!(report["destinations"][0]["video"]["frames"], 30);
    assert_eq!(report["destinations"][1]["state"], "failed");
}

#[test]
fn a_close_without_a_word_is_explained() {
    let (dir, peer) = (Dir::new(), Peer::new(Manner::HangUp));
    let ran = dir.run(&format!(
        "publish --to {} {CARD} --no-reconnect",
        peer.url()
    ));
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("; a common cause: "), "{}", ran.stderr);
}

#[test]
fn nobody_listening_is_explained() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port that is free again")
        .port();
    let url = format!("rtmp://127.0.0.1:{port}/live/sesame");
    let ran = Dir::new().run(&format!("publish --to {url} {CARD} --no-reconnect"));
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(
        ran.stderr.contains("is the server running"),
        "{}",
        ran.stderr
    );
}

#[cfg(unix)]
#[test]
fn interrupted_it_ends_the_stream_properly() {
    for signal in ["-INT", "-TERM"] {
        let (dir, peer) = (Dir::new(), Peer::new(Manner::Accept));
        let args = format!("publish --to {} --size 160x90 --stats json", peer.url());
        let mut command = dir.onair(&args);
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        // On air: the first picture has arrived.
        while !matches!(peer.seen.recv().expect("media"), Seen::Media(_)) {}
        let sent = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status();
        assert!(sent.expect("kill is there").success());
        let ran = Ran::from(child.wait_with_output().expect("it ends"));
        assert_eq!(ran.status, Some(0), "{signal} {ran:?}");
        assert_eq!(ran.report()["destinations"][0]["state"], "ended");
        assert!(
            peer.seen.iter().any(|seen| matches!(seen, Seen::Ended)),
            "{signal}"
        );
    }
}

#[test]
fn a_recording_holds_what_was_sent_and_can_be_sent_again() {
    let (dir, peer) = (Dir::new(), Peer::new(Manner::Accept));
    let url = peer.url();
    let first = dir.run(&format!("publish --to {url} {CARD} --record show.flv"));
    assert_eq!(first.status, Some(0), "{first:?}");
    assert_eq!(peer.count(TagKind::Video), [1, 30]);

    let from_file = dir.run(&format!("publish --to {url} --from show.flv --pace max"));
    assert_eq!(from_file.status, Some(0), "{from_file:?}");
    assert_eq!(peer.count(TagKind::Video), [1, 30]);

    let silent = dir.run(&format!(
        "publish --to {url} --from show.flv --pace max --audio none"
    ));
    assert_eq!(silent.status, Some(0), "{silent:?}");
    assert_eq!(peer.count(TagKind::Audio), [0, 0]);

    let piped = dir
        .onair(&format!(
            "publish --to {url} --from - --format flv --pace max"
        ))
        .stdin(File::open(dir.path().join("show.flv")).expect("the recording"))
        .output()
        .map(Ran::from)
        .expect("the program starts");
    assert_eq!(piped.status, Some(0), "{piped:?}");
    assert_eq!(peer.count(TagKind::Video), [1, 30]);
}

#[test]
fn an_mp4_recording_is_an_ordinary_file_that_can_be_sent_again() {
    let (dir, peer) = (Dir::new(), Peer::new(Manner::Accept));
    let url = peer.url();
    let first = dir.run(&format!("publish --to {url} {CARD} --record show.mp4"));
    assert_eq!(first.status, Some(0), "{first:?}");
    let sent = [peer.count(TagKind::Video), peer.count(TagKind::Audio)];

    let from_file = dir.run(&format!("publish --to {url} --from show.mp4 --pace max"));
    assert_eq!(from_file.status, Some(0), "{from_file:?}");
    assert_eq!(
        [peer.count(TagKind::Video), peer.count(TagKind::Audio)],
        sent
    );
}

#[test]
fn raw_pictures_from_a_pipe_are_encoded() {
    let (dir, peer) = (Dir::new(), Peer::new(Manner::Accept));
    let mut raw = b"YUV4MPEG2 W64 H48 F10:1 C420\n".to_vec();
    for luma in 0..10 {
        raw.extend(b"FRAME\n");
        raw.extend([luma * 20; 64 * 48]);
        raw.extend([128; 64 * 48 / 2]);
    }
    let path = dir.path().join("raw.y4m");
    std::fs::write(&path, raw).expect("a file");
    let url = peer.url();
    let from_file = dir.run(&format!("publish --to {url} --from raw.y4m --pace max"));
    assert_eq!(from_file.status, Some(0), "{from_file:?}");
    assert_eq!(peer.count(TagKind::Video), [1, 10]);
    let piped = dir
        .onair(&format!(
            "publish --to {url} --from - --format y4m --pace max"
        ))
        .stdin(File::open(&path).expect("the file"))
        .output()
        .map(Ran::from)
        .expect("the program starts");
    assert_eq!(piped.status, Some(0), "{piped:?}");
    assert_eq!(peer.count(TagKind::Video), [1, 10]);
}

#[test]
fn what_a_damaged_source_lacks_is_told() {
    let (dir, peer) = (Dir::new(), Peer::new(Manner::Accept));
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../demux/testdata/plain.ts");
    let mut bytes = std::fs::read(file).expect("the file");
    // Every tenth packet is noise except for its first byte.
    for packet in bytes.chunks_mut(188).skip(20).step_by(10) {
        packet[1..].fill(0xff);
    }
    std::fs::write(dir.path().join("damaged.ts"), bytes).expect("a file");
    let line = format!("publish --to {} --from damaged.ts --pace max", peer.url());
    let said = dir.run(&line).stderr;
    assert!(said.contains("of the source could not be read"), "{said}");
    let damage = dir.run(&format!("{line} --stats json")).report()["damage"].clone();
    assert!(damage["video"].is_object(), "{damage}");
}

/// A player that pauses is no broadcast that is well.
#[test]
fn a_stdin_that_gives_nothing_is_said_to_be_waited_for() {
    let (dir, peer) = (Dir::new(), Peer::new(Manner::Accept));
    let line = format!("publish --to {} --from - --format flv", peer.url());
    let mut command = dir.onair(&line);
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut said = BufReader::new(child.stderr.take().expect("it is piped"));
    let mut first = String::new();
    said.read_line(&mut first).expect("it writes");
    assert_eq!(first, "waiting for stdin: nothing has come yet\n");
    drop(child.stdin.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
}

#[test]
fn inspect_tells_what_is_in_a_file() {
    let (dir, peer) = (Dir::new(), Peer::new(Manner::Accept));
    assert_eq!(
        dir.run(&format!(
            "publish --to {} {CARD} --record show.flv",
            peer.url()
        ))
        .status,
        Some(0)
    );
    let text = dir.run("inspect show.flv");
    assert_eq!((text.status, text.stderr.as_str()), (Some(0), ""));
    assert!(text.stdout.contains("160x90"), "{}", text.stdout);
    let json = dir.run("inspect --json show.flv");
    assert_eq!(json.stdout.lines().count(), 1);
    assert!(json.report().is_object());
    let bytes = dir.run("inspect --bytes show.flv");
    assert_eq!((bytes.status, bytes.stderr.as_str()), (Some(0), ""));
    for words in [
        "00000000  46 4c 56",
        "\"onMetaData\"",
        "160x90 pixels",
        "AAC-LC",
    ] {
        assert!(bytes.stdout.contains(words), "{words}: {}", bytes.stdout);
    }
    let one = dir.run("inspect --bytes=1 show.flv");
    assert_eq!(one.stdout.matches("\nTag ").count(), 1);
    assert_eq!(dir.run("inspect --bytes --json show.flv").status, Some(2));
}

#[test]
fn a_file_of_another_kind_is_dumped_as_it_would_be_sent() {
    let dir = Dir::new();
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../demux/testdata/faststart.mp4"
    );
    let ran = dir.run(&format!("inspect --bytes {file}"));
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
    let begins = "What is in the file, as onair makes FLV of it.";
    assert_eq!(ran.stdout.lines().next(), Some(begins));
    assert!(ran.stdout.contains("avc1.64000A"), "{}", ran.stdout);
}

#[test]
fn inspect_names_what_it_cannot_read() {
    let dir = Dir::new();
    let ran = dir.run("inspect missing.mp4");
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""));
    assert!(
        ran.stderr.starts_with("onair: missing.mp4: "),
        "{}",
        ran.stderr
    );
    let ran = dir.run("inspect srt://host/live/sesame");
    let message = "unknown scheme srt://: use rtmp:// or rtmps://";
    assert_eq!(ran, usage_error(message));
    let ran = dir.run("inspect rtmp://127.0.0.1:1/live/sesame");
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(1), ""));
    assert!(!ran.stderr.contains("sesame"), "{}", ran.stderr);
    let cure = "Nothing listens there: is the server running";
    assert!(ran.stderr.contains(cure), "{}", ran.stderr);
}

#[cfg(not(target_vendor = "apple"))]
#[test]
fn a_codec_no_encoder_here_makes_is_refused_with_the_one_that_works() {
    let ran = Dir::new().run("publish --to rtmp://127.0.0.1:1/app/key --codec hevc");
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""));
    let words = "HEVC by openh264: H.264 would work";
    assert!(ran.stderr.contains(words), "{}", ran.stderr);
}

#[test]
fn devices_lists_one_default_encoder_of_each_kind() {
    let dir = Dir::new();
    let text = dir.run("devices");
    assert_eq!((text.status, text.stderr.as_str()), (Some(0), ""));
    assert!(text.stdout.contains("testcard"), "{}", text.stdout);
    let devices = dir.run("devices --json").report();
    let encoders = devices["encoders"].as_array().expect("a list");
    for kind in ["video", "audio"] {
        let defaults = encoders
            .iter()
            .filter(|e| e["kind"] == kind && e["default"] == true);
        assert_eq!(defaults.count(), 1, "{kind}: {devices}");
    }
}
