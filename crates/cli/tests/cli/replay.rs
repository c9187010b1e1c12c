//! `onair publish --trace` and `onair replay`.

use std::fs;

use crate::common::{Dir, Manner, Peer};
use crate::schema::check_lines;

/// A second of the test card, traced.
fn published() -> (Dir, String) {
    let (dir, peer) = (Dir::new(), Peer::new(Manner::Accept));
    let to = peer.url();
    let options = "--size 160x90 --bitrate 100k --duration 1s --trace evening.trace";
    let ran = dir.run(&format!("publish --to {to} {options}"));
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let trace = fs::read_to_string(dir.path().join("evening.trace")).expect("a trace");
    assert!(!trace.contains("sesame"), "the key is in it");
    assert!(!trace.contains("127.0.0.1"), "the address is in it");
    let again = dir.run(&format!("publish --to {to} {options}"));
    let words = "onair: cannot write a trace to evening.trace: the file exists already\n";
    assert_eq!((again.status, again.stderr.as_str()), (Some(2), words));
    (dir, trace)
}

#[test]
fn what_was_published_replays_to_the_same_decisions_and_what_was_changed_does_not() {
    let (dir, trace) = published();
    let ran = dir.run("replay evening.trace");
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    for words in [
        "recorded by onair ",
        "  [1] connecting\n",
        "  [1] on air after ",
        "  the broadcast is over\n",
        "\nevery decision is the same\n",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    let ran = dir.run("replay --json evening.trace");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_eq!(check_lines("replay", &ran.stdout), [1, 0]);
    let report = ran.report();
    assert_eq!(report["same"], true);
    for machine in ["arbiter", "queue", "rate"] {
        assert!(report["decisions"][machine].as_u64() > Some(0), "{report}");
    }

    let line = trace.lines().position(|line| line.contains("\"gave\""));
    let line = line.expect("a packet was sent") + 1;
    let changed = trace.replacen("{\"gave\"", "{\"dropped\":[9,9],\"gave\"", 1);
    fs::write(dir.path().join("changed.trace"), changed).expect("it is written");
    let ran = dir.run("replay changed.trace");
    let words =
        format!("onair: changed.trace: 1 line decided otherwise now, the first in line {line}\n");
    assert_eq!((ran.status, &ran.stderr), (Some(1), &words));
    assert!(ran.stdout.contains("\n  then {"), "{}", ran.stdout);
    let ran = dir.run("replay --json changed.trace");
    assert_eq!(check_lines("replay", &ran.stdout), [1, 0]);
    assert_eq!(
        (ran.status, &ran.report()["same"]),
        (Some(1), &false.into())
    );
}

#[test]
fn a_file_that_is_no_whole_trace_is_refused_in_words() {
    let dir = Dir::new();
    let header = r#"{"onair_trace":1,"version":"0.1.0","law":"0"}"#;
    for (content, words) in [
        (String::new(), "line 1: this is no trace of onair's"),
        ("FLV".to_owned(), "line 1: this is no trace of onair's"),
        (
            header.replace(":1", ":9") + "\n",
            "line 1: a trace of format 9, and this version reads format 1",
        ),
        (
            format!("{header}\n"),
            "the trace is cut after line 1: it has no end",
        ),
        (
            format!("{header}\n{{\"frame\":[1,1,1]}}\n"),
            "line 2 is damaged: a frame was left out that nothing stood in the way of",
        ),
    ] {
        fs::write(dir.path().join("odd"), content).expect("it is written");
        let ran = dir.run("replay odd");
        assert_eq!(
            (ran.status, ran.stderr),
            (Some(1), format!("onair: odd: {words}\n"))
        );
        let ran = dir.run("replay odd --json");
        assert_eq!(check_lines("replay", &ran.stdout), [1, 0]);
        assert_eq!(ran.report()["error"], words);
    }
    let ran = dir.run("replay missing");
    assert_eq!(ran.status, Some(2), "{ran:?}");
}
