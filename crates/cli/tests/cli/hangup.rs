//! SIGHUP: a terminal that goes away, `nohup`, and certificates that were renewed.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, Stdio};

use crate::common::Dir;

/// Starts a receiver from a shell that first runs `first`.
fn receive(dir: &Dir, first: &str, options: &str) -> (Child, BufReader<ChildStderr>) {
    let program = env!("CARGO_BIN_EXE_onair");
    let script = format!("{first} exec {program} receive --listen 127.0.0.1:0 {options}");
    let mut command = Command::new("sh");
    command.args(["-c", &script]).current_dir(dir.path());
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("there is a shell");
    let said = BufReader::new(child.stderr.take().expect("it is piped"));
    (child, said)
}

fn line_with(words: &str, said: &mut BufReader<ChildStderr>) -> String {
    loop {
        let mut line = String::new();
        assert!(said.read_line(&mut line).expect("it writes") > 0, "{words}");
        if line.contains(words) {
            return line;
        }
    }
}

fn send(signal: &str, child: &Child) {
    let kill = Command::new("kill")
        .args([&format!("-{signal}"), &child.id().to_string()])
        .status();
    assert!(kill.expect("there is kill").success());
}

fn end(mut child: Child, mut said: BufReader<ChildStderr>, signal: &str) {
    send(signal, &child);
    let mut rest = String::new();
    said.read_to_string(&mut rest).expect("it ends");
    assert_eq!(child.wait().expect("it ends").code(), Some(0), "{rest}");
}

#[test]
fn a_terminal_that_goes_away_ends_the_receiver_properly() {
    let dir = Dir::new();
    let (child, mut said) = receive(&dir, "", "");
    line_with("Publish:", &mut said);
    end(child, said, "HUP");
}

#[test]
#[cfg(target_os = "linux")]
fn under_nohup_a_terminal_that_goes_away_changes_nothing() {
    let dir = Dir::new();
    let (child, mut said) = receive(&dir, "trap '' HUP;", "");
    let line = line_with("Publish:", &mut said);
    let address = line
        .split("rtmp://")
        .nth(1)
        .and_then(|rest| rest.split('/').next());
    send("HUP", &child);
    for _ in 0..3 {
        TcpStream::connect(address.expect("an address")).expect("it still listens");
    }
    end(child, said, "TERM");
}

#[test]
fn a_hang_up_has_certificates_read_anew_and_keeps_the_old_ones_when_they_are_no_good() {
    let dir = Dir::new();
    let (chain, key) = (dir.path().join("chain.pem"), dir.path().join("key.pem"));
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("it is made");
    std::fs::write(&chain, made.cert.pem()).expect("it is written");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("it is written");
    let options = "--listen-tls 127.0.0.1:0 --tls-cert chain.pem --tls-key key.pem";
    let (child, mut said) = receive(&dir, "", options);
    line_with("rtmps://", &mut said);
    send("HUP", &child);
    line_with("read anew", &mut said);
    std::fs::write(&chain, "nothing").expect("it is written");
    send("HUP", &child);
    line_with("served on", &mut said);
    end(child, said, "TERM");
}
