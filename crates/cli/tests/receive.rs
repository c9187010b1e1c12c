//! `onair receive` as a user meets it.

mod receiver;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use self::receiver::Receiver;

fn onair(line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onair"));
    command.args(line.split_whitespace()).stdin(Stdio::null());
    // The tests must not touch the user's own files.
    command.env("HOME", env!("CARGO_TARGET_TMPDIR"));
    command
        .env_remove("XDG_STATE_HOME")
        .env_remove("XDG_DATA_HOME");
    command
}

fn receive(line: &str) -> Receiver {
    Receiver::start(onair(&format!("receive --listen 127.0.0.1:0 {line}")))
}

fn publish(url: &str) -> std::process::Output {
    let line =
        format!("publish --to {url} --no-reconnect --size 160x90 --bitrate 100k --duration 1s");
    onair(&line).output().expect("it runs")
}

#[test]
fn a_stream_comes_and_goes_and_an_interrupt_ends_it_all_well() {
    let mut receiver = receive("--web 127.0.0.1:0");
    let page = receiver.wait("Watch:");
    assert!(page.starts_with("Watch:    http://127.0.0.1:"), "{page}");
    let link = receiver.wait("Go live:");
    assert!(link.contains("/live#token="), "{link}");
    let address = receiver.address();
    let published = publish(&format!("{address}/cam"));
    assert!(published.status.success(), "{published:?}");
    receiver.wait("live/cam: live, from 127.0.0.1:");
    receiver.wait("live/cam: ended");
    receiver.stop();
}

#[test]
fn the_steps_to_trust_an_authority_are_said_where_there_is_one() {
    let mut receiver = receive("--web 127.0.0.1:0 --tls");
    assert!(receiver.wait("Go live:").contains("https://"));
    let trust = receiver.wait("Trust:");
    assert!(trust.ends_with("/trust"), "{trust}");
    receiver.wait("/ca.crt");
    receiver.wait("Trust Settings");
    receiver.stop();
}

#[test]
fn a_name_the_pages_shall_answer_for_is_said_by_an_option() {
    let mut receiver = receive("--web 127.0.0.1:0 --host stream.example");
    let page = receiver.wait("Watch:");
    let (_, address) = page.trim_end_matches('/').split_once("//").expect("a URL");
    let status = |host: &str| {
        let mut stream = TcpStream::connect(address).expect("it listens");
        let request =
            format!("GET /api/streams HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it hears");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer.split(' ').nth(1).expect("a status").to_owned()
    };
    assert_eq!(status("stream.example"), "200");
    assert_eq!(status("other.example"), "421");
    receiver.stop();
}

#[test]
fn a_wrong_key_is_refused_in_words_and_no_key_is_printed() {
    let mut receiver = receive("--key cam=sesame");
    let address = receiver.address();
    assert!(address.ends_with("/live"), "{address}");
    let refused = publish(&format!("{address}/sesam"));
    assert_eq!(refused.status.code(), Some(1));
    let words = String::from_utf8_lossy(&refused.stderr);
    assert!(
        words.contains("this stream key is not known here"),
        "{words}"
    );
    receiver.wait("was refused: this stream key is not known here");
    assert!(publish(&format!("{address}/sesame")).status.success());
    let live = receiver.wait("live, from");
    assert!(
        live.starts_with("live/cam: ") && !live.contains("sesame"),
        "{live}"
    );
    receiver.stop();
}

#[test]
fn the_link_to_go_live_survives_a_restart_and_is_told_even_quietly() {
    let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/go-live-token");
    let _of_an_earlier_run = std::fs::remove_file(file);
    let token_of = |options: &str| {
        let mut receiver = receive(&format!("--web 127.0.0.1:0 {options}"));
        let link = receiver.wait("Go live:");
        receiver.stop();
        let (_, token) = link.split_once("#token=").expect("a token");
        token.to_owned()
    };
    let first = token_of(&format!("--token {file}"));
    assert_eq!(token_of(&format!("--token {file} -q")), first);
    // Without a name it is kept in the state folder, which HOME leads to.
    let usual = token_of("");
    assert_ne!(usual, first);
    assert_eq!(token_of("-q"), usual);
}

#[test]
fn a_stream_that_could_not_be_recorded_is_a_failure_at_the_end() {
    let shows = concat!(env!("CARGO_TARGET_TMPDIR"), "/unrecorded");
    let full = format!("--record {shows} --keep-free 100000T");
    let mut receiver = receive(&full);
    let address = receiver.address();
    assert!(publish(&format!("{address}/cam")).status.success());
    receiver.wait("live/cam: ended");
    assert_eq!(receiver.end().0, Some(1));
}

#[test]
fn a_program_gets_the_streams_and_a_report_with_the_time_of_day() {
    let mut command = onair("receive --listen 127.0.0.1:0 --stats json");
    command.stdout(Stdio::piped());
    let mut receiver = Receiver::start(command);
    let numbers = receiver.child.stdout.take().expect("it is piped");
    let mut numbers = BufReader::new(numbers);
    let address = receiver.address();
    let line = format!("publish -q --to {address}/cam --size 160x90 --bitrate 100k");
    let mut publisher = onair(&line).spawn().expect("it starts");
    let mut lines = Vec::new();
    let mut line = String::new();
    while !line.contains("live/cam") {
        line.clear();
        let length = numbers.read_line(&mut line).expect("it counts");
        assert!(length > 0, "the stream never came: {lines:?}");
        lines.push(line.clone());
    }
    receiver.stop();
    publisher
        .kill()
        .and_then(|()| publisher.wait())
        .expect("it was there");
    let mut rest = String::new();
    numbers.read_to_string(&mut rest).expect("it counts");
    let report = rest.lines().last().expect("a report");
    let report: serde_json::Value = serde_json::from_str(report).expect("JSON");
    assert_eq!(report["report"], true);
    assert_eq!(report["published"], 1);
    let time = report["time"].as_str().expect("a time");
    assert!(time.starts_with("20") && time.ends_with('Z'), "{time}");
}

/// A publisher is killed and another comes: what the server that is relayed to sees, and records.
#[test]
fn a_relay_stays_on_air_while_its_publisher_is_away() {
    let shows = concat!(env!("CARGO_TARGET_TMPDIR"), "/held");
    let _of_an_earlier_run = std::fs::remove_dir_all(shows);
    let mut there = receive(&format!("--record {shows}"));
    let to = there.address();
    let mut receiver = receive(&format!("--relay {to}/out --hold"));
    let address = receiver.address();
    let line = format!("publish -q --to {address}/cam --size 160x90 --bitrate 100k --stats none");
    let mut first = onair(&line).spawn().expect("it starts");
    there.wait("live/out: recording to");
    first
        .kill()
        .and_then(|()| first.wait())
        .expect("it was there");
    let held = receiver.wait("held: its publisher is gone");
    assert!(held.ends_with("for up to 0:10:00"), "{held}");
    assert!(publish(&format!("{address}/cam")).status.success());
    receiver.wait("its publisher is back, after");
    // That it has ended is said before this or after it.
    let recorded = there.wait("live/out: recorded to");
    receiver.stop();
    there.stop();
    let (_, path) = recorded.split_once("recorded to ").expect("a file");
    let (path, _) = path.split_once(": ").expect("how long it is");
    check_recording(path.as_ref());
}

/// Times increase within each track, and there is no hole in either.
fn check_recording(path: &std::path::Path) {
    let mut media = onair::demux::open(path).expect("it is read");
    let mut last = std::collections::HashMap::new();
    while let Some(packet) = media.next_packet().expect("it is whole") {
        let is_video = packet.kind() == onair::media::Kind::Video;
        let longest = Duration::from_millis(if is_video { 1200 } else { 35 });
        if let Some(last) = last.insert(is_video, packet.dts) {
            assert!(last < packet.dts, "{last} {packet:?}");
            let gap = packet.dts.since(last);
            assert!(gap <= longest, "{gap:?} before {packet:?}");
        }
    }
    assert_eq!(last.len(), 2, "pictures and audio");
}

#[test]
fn what_cannot_be_is_said_and_ends_with_2() {
    let cases = [
        ("--key sesame", "onair: a key is given as NAME=KEY"),
        (
            "--listen-tls 127.0.0.1:0",
            "onair: rtmps and https need a certificate",
        ),
        ("--relay nonsense", "onair: "),
        (
            "--relay rtmp://127.0.0.1/live/x --hold --slate /dev/null",
            "onair: cannot use --slate /dev/null: it is neither a PNG nor a JPEG",
        ),
        ("--hold 5m", "onair: "),
        (
            "--record /dev/null/shows",
            "onair: cannot record to /dev/null/shows: ",
        ),
    ];
    for (line, words) in cases {
        let ran = onair(&format!("receive --listen 127.0.0.1:0 {line}")).output();
        let ran = ran.expect("it runs");
        let said = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(2), "{line}: {said}");
        assert!(said.starts_with(words), "{line}: {said}");
    }
}

#[test]
fn a_port_that_is_taken_is_named_with_a_cure() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let ran = onair(&format!("receive --listen {address}"))
        .output()
        .unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(1), "{said}");
    assert!(
        said.contains(&format!("cannot listen on {address}")),
        "{said}"
    );
    assert!(said.contains("Another program has it"), "{said}");
}
