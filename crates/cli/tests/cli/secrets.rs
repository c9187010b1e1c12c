//! Secrets stay secret, wherever they are given.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, Stdio};

use crate::common::{Dir, Manner, Peer, Ran};

/// Text that must never be seen again.
const MARK: &str = "Pa55mark";

const CARD: &str = "--size 160x90 --bitrate 100k --duration 1s --pace max --no-reconnect";

/// Makes the program print as much as it can.
fn run(dir: &Dir, line: &str, variables: &[(&str, &str)]) -> Ran {
    let mut command = dir.onair(line);
    command
        .env("RUST_LOG", "trace")
        .envs(variables.iter().copied());
    command.output().map(Ran::from).expect("the program starts")
}

fn assert_secret(told: &str, line: &str) {
    assert!(!told.contains(MARK), "{line} tells: {told}");
}

/// The verb's options that take a value, as its help lists them.
fn options(verb: &str) -> Vec<String> {
    let help = Dir::new().run(&format!("{verb} --help")).stdout;
    let lines = help.lines().map(str::trim_start);
    let options = lines.filter(|line| line.starts_with('-'));
    let names = options.filter_map(|line| {
        let at = line.find("--")?;
        let mut words = line[at..].split(' ');
        let name = words.next()?;
        words
            .next()?
            .starts_with(['<', '['])
            .then(|| name.to_owned())
    });
    let names: Vec<_> = names.collect();
    assert!(!names.is_empty() || verb == "devices", "{verb}: {help}");
    names
}

/// An address pasted behind the wrong option, or a key behind the right one.
#[test]
fn nothing_that_was_typed_anywhere_is_repeated_if_it_may_hold_a_key() {
    let address = format!("rtmp://me:{MARK}@127.0.0.1:1/live/{MARK}?token={MARK}");
    let nowhere = "receive --listen 192.0.2.1:1935";
    for (verb, line) in [
        ("publish", format!("publish {CARD}")),
        ("receive", nowhere.to_owned()),
        ("demo", "demo --no-open --web 0 --duration 1s".to_owned()),
        ("inspect", "inspect missing.mp4".to_owned()),
        ("devices", "devices".to_owned()),
        ("doctor", "doctor rtmp://127.0.0.1:1/live/key".to_owned()),
    ] {
        let to = if verb == "publish" {
            "--to rtmp://127.0.0.1:1/live/key"
        } else {
            ""
        };
        let mut lines = vec![
            format!("{line} {to} {address}"),
            format!("{line} {to} -{MARK}"),
            format!("{line} {to} --kye={MARK}"),
            format!("{line} {to} --kye {MARK}"),
        ];
        for option in options(verb) {
            let to = if option == "--to" { "" } else { to };
            lines.push(format!("{line} {to} {option}={address}"));
        }
        if verb == "inspect" {
            lines.extend(["", "--json", "--bytes"].map(|how| format!("inspect {how} {address}")));
        }
        for line in lines {
            let ran = run(&Dir::new(), &line, &[]);
            assert_ne!(ran.status, Some(0), "{line}: {ran:?}");
            assert_secret(&format!("{ran:?}"), &line);
        }
    }
}

#[test]
fn no_way_to_give_a_publisher_a_secret_tells_it() {
    let dir = Dir::new();
    std::fs::write(dir.path().join("password"), format!("{MARK}\n")).expect("a file");
    let refusal = "the stream Pa55mark is known to be somebody else's";
    let manners = [
        Manner::Accept,
        Manner::Refuse("NetStream.Publish.BadName", refusal),
        Manner::HangUp,
    ];
    for manner in manners {
        let peer = Peer::new(manner);
        let server = format!("rtmp://127.0.0.1:{}/live", peer.port);
        let whole = format!(
            "rtmp://me:{MARK}@127.0.0.1:{}/live/{MARK}?a={MARK}",
            peer.port
        );
        let nowhere = format!("rtmp://127.0.0.1:1/live/{MARK}");
        let in_app = format!("{server}?token={MARK}");
        let ways: [(String, &[(&str, &str)]); 9] = [
            (format!("--to {whole}"), &[]),
            (format!("--to {server}/ --key {MARK}"), &[]),
            (format!("--to {in_app} --key {MARK}"), &[]),
            (
                format!("--to {server}/{MARK} --user me --password-file password"),
                &[],
            ),
            (
                format!("--to {server}/{MARK} --user me"),
                &[("ONAIR_PASSWORD", MARK)],
            ),
            (String::new(), &[("ONAIR_URL", &whole)]),
            (format!("--to {server}"), &[("ONAIR_KEY", MARK)]),
            (format!("--to {nowhere} --backup {whole}"), &[]),
            (format!("--to {nowhere}"), &[("ONAIR_BACKUP", &whole)]),
        ];
        for (way, variables) in ways {
            for options in ["-vv", "-vv --stats json", "--patient"] {
                let line = format!("publish {way} {CARD} {options}");
                let ran = run(&dir, &line, variables);
                let is_well = matches!(manner, Manner::Accept);
                assert_eq!(ran.status == Some(0), is_well, "{line}: {ran:?}");
                assert!(ran.stderr.contains("***"), "nothing was logged: {ran:?}");
                assert_secret(&format!("{ran:?}"), &line);
            }
        }
    }
}

#[test]
fn an_empty_variable_is_not_set() {
    let (dir, peer) = (Dir::new(), Peer::new(Manner::Accept));
    let line = format!("publish --to {} {CARD}", peer.url());
    let empty = [("ONAIR_KEY", ""), ("ONAIR_URL", ""), ("RUST_LOG", "")];
    let ran = run(&dir, &line, &empty);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let no_url = run(&dir, &format!("publish {CARD}"), &empty);
    assert_eq!(no_url.status, Some(2), "{no_url:?}");
    let no_password = run(
        &dir,
        &format!("{line} --user me"),
        &[("ONAIR_PASSWORD", "")],
    );
    assert!(
        no_password.stderr.contains("--user me needs a password"),
        "{no_password:?}"
    );
}

/// A receiver, its pages, and its output.
struct Receiver {
    child: Child,
    said: BufReader<ChildStderr>,
    heard: String,
}

impl Receiver {
    fn start(dir: &Dir, line: &str, variables: &[(&str, &str)]) -> Self {
        let line = format!("receive --listen 127.0.0.1:0 --web 127.0.0.1:0 -vv {line}");
        let mut command = dir.onair(&line);
        command
            .env("RUST_LOG", "trace")
            .envs(variables.iter().copied());
        let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
        let said = BufReader::new(child.stderr.take().expect("it is piped"));
        let heard = String::new();
        Self { child, said, heard }
    }

    fn wait(&mut self, words: &str) -> String {
        loop {
            let mut line = String::new();
            let length = self.said.read_line(&mut line).expect("it writes");
            assert!(
                length > 0,
                "it ended without saying {words:?}: {}",
                self.heard
            );
            self.heard += &line;
            if line.contains(words) {
                return line.trim_end().to_owned();
            }
        }
    }

    /// All of its output.
    fn end(mut self) -> String {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status();
        assert!(sent.expect("kill is there").success());
        self.said
            .read_to_string(&mut self.heard)
            .expect("it writes");
        assert_eq!(
            self.child.wait().expect("it ends").code(),
            Some(0),
            "{}",
            self.heard
        );
        self.heard
    }
}

/// Requests a page with the key to watch, in both ways, and without.
fn get(address: &str, path: &str) -> String {
    let query = format!("{path}?key={MARK}");
    let bearer = format!("Authorization: Bearer {MARK}\r\n");
    [(path, ""), (path, &bearer), (&query, "")]
        .map(|(path, header)| ask(address, path, header))
        .concat()
}

fn ask(address: &str, path: &str, header: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{header}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it hears");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    String::from_utf8_lossy(&answer).into_owned()
}

#[cfg(unix)]
#[test]
fn a_receiver_neither_says_nor_serves_the_keys_it_knows() {
    let target = Peer::new(Manner::Accept);
    let relay = format!(
        "rtmp://me:{MARK}@127.0.0.1:{}/live/{MARK}?a={MARK}",
        target.port
    );
    let key = format!("cam={MARK},with=comma");
    let escaped = format!("cam={MARK}\\,with=comma");
    for (options, variables) in [
        (format!("--key {key} --relay {relay}"), &[][..]),
        (format!("--key {key} --play-key {MARK}"), &[]),
        (
            format!("--key {key} --relay {relay} --play-key {MARK}"),
            &[],
        ),
        (
            String::new(),
            &[
                ("ONAIR_KEYS", escaped.as_str()),
                ("ONAIR_RELAY", relay.as_str()),
                ("ONAIR_PLAY_KEY", MARK),
            ],
        ),
    ] {
        let dir = Dir::new();
        let mut receiver = Receiver::start(&dir, &format!("--record shows {options}"), variables);
        let page = receiver.wait("Watch:");
        let (_, web) = page.trim_end_matches('/').split_once("//").expect("a URL");
        let url = receiver.wait("Publish:");
        let (server, _) = url
            .split_whitespace()
            .last()
            .and_then(|url| url.rsplit_once('/'))
            .expect("a URL");
        let small = "--size 160x90 --bitrate 100k --duration 2s --no-reconnect";
        let wrong = dir.run(&format!("publish --to {server}/{MARK}almost {small}"));
        assert_eq!(wrong.status, Some(1), "{wrong:?}");
        let mut publish = dir.onair(&format!(
            "publish --to {server}/ --key {MARK},with=comma {small}"
        ));
        let publisher = publish
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        receiver.wait("live/cam: live");
        for path in [
            "/",
            "/live",
            "/watch/live/cam",
            "/api/streams",
            "/metrics",
            "/nothing",
        ] {
            assert_secret(&get(web, path), path);
        }
        let ran = Ran::from(publisher.wait_with_output().expect("it ends"));
        assert_eq!(ran.status, Some(0), "{ran:?}");
        assert_secret(&receiver.end(), &options);
    }
}
#[test]
fn a_key_in_the_url_beside_one_that_is_given_apart_is_refused_and_not_told() {
    let line = format!("publish --to rtmp://127.0.0.1:1/live/{MARK} {CARD} -vv");
    for (key, variables) in [(" --key other", &[][..]), ("", &[("ONAIR_KEY", "other")])] {
        let ran = run(&Dir::new(), &format!("{line}{key}"), variables);
        assert_eq!(ran.status, Some(2), "{ran:?}");
        assert_secret(&format!("{ran:?}"), &line);
    }
}

#[test]
fn an_address_that_was_printed_is_not_taken_for_one() {
    let ran = Dir::new().run("publish --to rtmp://127.0.0.1:1/live/***");
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("***"), "{ran:?}");
}
