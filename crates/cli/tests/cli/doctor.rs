//! `onair doctor` as a user meets it. What it calls each failure is in its own tests.

use std::net::TcpListener;

use crate::common::{Dir, Manner, Peer, Ran, Seen};
use crate::schema::check_lines;
use crate::usage_error;

/// Soon over.
const SMALL: &str = "--size 160x90 --bitrate 500k --keyframe 200ms";

fn doctor(url: &str, options: &str) -> Ran {
    Dir::new().run(&format!("doctor {url} {SMALL} {options}"))
}

#[test]
fn a_server_that_works_is_called_so_with_what_the_line_carries() {
    let peer = Peer::new(Manner::Accept);
    let ran = doctor(&peer.url(), "--duration 300ms");
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    let last = ran.stdout.lines().last().unwrap_or_default();
    let verdict = "a broadcast at 628 kbit/s would work here: the line carries ";
    assert!(last.starts_with(verdict), "{ran:?}");
    assert!(ran.stdout.contains("\nok      publish "), "{ran:?}");
    assert!(!ran.stdout.contains("sesame"), "{ran:?}");
    let seen: Vec<_> = peer.seen.try_iter().collect();
    let asked = |seen: &&Seen| matches!(seen, Seen::Publish { .. });
    assert_eq!(seen.iter().filter(asked).count(), 1, "it publishes once");
    assert!(matches!(seen.last(), Some(Seen::Ended)), "it ends properly");
}

#[test]
fn a_key_in_use_is_left_alone_and_said_so() {
    let busy = Manner::Refuse("NetStream.Publish.BadName", "Already publishing");
    let peer = Peer::new(busy);
    let ran = doctor(&peer.url(), "");
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.stdout.contains("\nFAILED  publish "), "{ran:?}");
    let words = "Already publishing); the broadcast that is running was not touched";
    assert!(ran.stdout.contains(words), "{ran:?}");
    assert!(ran.stdout.contains("\n-       media  "), "{ran:?}");
    let last = ran.stdout.lines().last().unwrap_or_default();
    assert!(
        last.starts_with("a broadcast would not work here: publish: "),
        "{ran:?}"
    );
    let asked = |seen: &Seen| matches!(seen, Seen::Publish { .. });
    assert_eq!(peer.seen.try_iter().filter(asked).count(), 1);
}

/// Wherever it stands, and even if the server repeats it.
#[test]
fn a_secret_is_not_told() {
    let refusal = "the stream sesame-open is known to be somebody else's";
    let refusing = Manner::Refuse("NetStream.Publish.BadName", refusal);
    for manner in [Manner::Accept, refusing, Manner::HangUp] {
        let port = Peer::new(manner).port;
        for address in [
            format!("rtmp://me:sesame-open@127.0.0.1:{port}/live/sesame-open?a=sesame-open"),
            format!("rtmp://127.0.0.1:{port}/live?token=sesame-open --key sesame-open"),
            format!("rtmp://127.0.0.1:{port}/live/sesame-open --user me --password-file password"),
            "sesame-open://host/sesame-open".to_owned(),
            "rtmp://host/app/<sesame-open>".to_owned(),
        ] {
            for json in ["", "--json"] {
                let dir = Dir::new();
                std::fs::write(dir.path().join("password"), "sesame-open\n").expect("a file");
                let line = format!("doctor -vv {address} {SMALL} --duration 100ms {json}");
                let ran = dir.run(&line);
                assert!(
                    !format!("{ran:?}").contains("sesame-open"),
                    "{line}: {ran:?}"
                );
                assert!(!ran.stdout.is_empty(), "{line}: {ran:?}");
            }
        }
    }
}

#[test]
fn without_publish_nothing_is_published() {
    let peer = Peer::new(Manner::Accept);
    let ran = doctor(&peer.url(), "--no-publish");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("was not tried"), "{ran:?}");
    assert!(peer.seen.try_iter().next().is_none());
}

#[test]
fn json_is_as_documented_and_has_no_secrets() {
    let nobody = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let nobody = format!("rtmp://{}/live/sesame", nobody.expect("a free port"));
    let accepting = Peer::new(Manner::Accept).url();
    let closing = Peer::new(Manner::HangUp).url();
    for (url, status) in [
        (accepting.as_str(), 0),
        (closing.as_str(), 1),
        (nobody.as_str(), 1),
        ("rtmp://live.example/sesame", 1),
    ] {
        let ran = doctor(url, "--json --duration 200ms");
        assert_eq!(ran.status, Some(status), "{ran:?}");
        assert_eq!(check_lines("doctor", &ran.stdout), [1, 0], "{ran:?}");
        assert!(!format!("{ran:?}").contains("sesame"), "{ran:?}");
    }
}

#[test]
fn what_cannot_be_asked_for_is_a_usage_error() {
    let url = "rtmp://host/app/sesame";
    let run = |line: &str| Dir::new().run(line);
    let ran = run(&format!("doctor {url} --ca own.pem"));
    let words = "--ca has no effect here: rtmp:// has no certificates, rtmps:// has";
    assert_eq!(ran, usage_error(words));
    let ran = run(&format!("doctor {url} --no-publish --duration 3s"));
    let words = "--duration has no effect here: --no-publish publishes nothing";
    assert_eq!(ran, usage_error(words));
    let ran = run(&format!("doctor {url} {url}"));
    let words = "doctor looks at one address; a key apart goes behind --key";
    assert_eq!(ran, usage_error(words));
    let ran = run("doctor rtmps://host/app/sesame --ca nowhere.pem");
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("nowhere.pem"), "{ran:?}");
}
