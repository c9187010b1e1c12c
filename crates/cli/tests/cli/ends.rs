//! When a broadcast ends, whatever its servers do or fail to do.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::common::{Dir, Manner, Peer};

const SMALL: &str = "--size 160x90 --bitrate 100k";

#[test]
fn without_another_attempt_the_recording_ends_with_the_last_server() {
    let manner = Manner::Refuse("NetStream.Publish.Denied", "Not you");
    let (dir, peer) = (Dir::new(), Peer::new(manner));
    let options = format!("{SMALL} --no-reconnect --duration 60s --record left.mp4");
    let began = Instant::now();
    let ran = dir.run(&format!("publish --to {} {options}", peer.url()));
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(began.elapsed() < Duration::from_secs(30), "{ran:?}");
    assert!(ran.stderr.contains("Not you"), "{ran:?}");
}

#[test]
fn a_recording_that_goes_on_without_its_server_is_told_once_and_to_the_end() {
    let manner = Manner::Refuse("NetStream.Publish.Denied", "Not you");
    let (dir, peer) = (Dir::new(), Peer::new(manner));
    let options = format!("{SMALL} --duration 1s --record left.mp4");
    let ran = dir.run(&format!("publish --to {} {options}", peer.url()));
    assert_eq!(ran.status, Some(1), "{ran:?}");
    let told = ran.stderr.matches("; the recording goes on").count();
    assert_eq!(told, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("Check the stream key"), "{ran:?}");
    let inspected = dir.run("inspect left.mp4");
    assert_eq!(inspected.status, Some(0), "{inspected:?}");
}

#[test]
fn a_server_that_says_nothing_does_not_keep_a_show_that_is_over() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let began = Instant::now();
    let ran = Dir::new().run(&format!(
        "publish --to rtmp://127.0.0.1:{port}/live/key {SMALL} --duration 1s"
    ));
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(began.elapsed() < Duration::from_secs(8), "{ran:?}");
    assert!(ran.stderr.contains("never on air: "), "{ran:?}");
}
