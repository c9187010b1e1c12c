//! Evenings that were recorded, decided again.

use std::env;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use onair::trace::{What, again, replay};

/// Set, the kept traces are written anew with what is decided now.
const ANEW: &str = "ONAIR_TRACES_ANEW";

fn kept() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/traces");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let kept: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|is| is == "trace"))
        .collect();
    assert!(kept.len() >= 2, "{kept:?}");
    kept
}

fn write_anew(path: &Path) {
    let before = fs::read(path).unwrap();
    let mut now = Vec::new();
    again(&before[..], &mut now).unwrap();
    fs::write(path, now).unwrap();
}

#[test]
fn what_was_decided_is_decided_again() {
    let mut decided = Vec::new();
    for path in kept() {
        if env::var_os(ANEW).is_some() {
            write_anew(&path);
        }
        let replay = replay(BufReader::new(File::open(&path).unwrap()));
        let first = replay.difference.as_ref();
        assert!(
            replay.is_same(),
            "{} decides otherwise in {} lines, the first being {first:#?} ({:?}). If that is meant:\n\
             {ANEW}=1 cargo test -p onair --test live traces",
            path.display(),
            replay.differences,
            replay.error,
        );
        decided.extend(replay.decisions.iter().map(|(name, _)| *name));
        let is_handover = |what: &What| matches!(what, What::Handover { .. });
        let steps = replay
            .moments
            .iter()
            .filter(|moment| is_handover(&moment.what));
        assert_eq!(steps.count() > 0, path.ends_with("dark.trace"));
    }
    decided.sort_unstable();
    decided.dedup();
    let all = [
        "arbiter",
        "handover",
        "progress",
        "queue",
        "rate",
        "reconnect",
    ];
    assert_eq!(decided, all);
}
