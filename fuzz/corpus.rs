//! What fuzzing found worth keeping, replayed by the stable tests of the crates whose bodies
//! are fuzzed; they take this file in by its path.

use std::fs;
use std::path::Path;

/// Runs `body` over each input of a target's corpus, over cuts and changes of it, and over noise.
///
/// # Panics
///
/// When there is no such corpus, and when the body does.
pub(crate) fn replay(target: &str, body: fn(&[u8])) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let mut corpora = root.map(|root| root.join("fuzz/corpus"));
    let corpora = corpora
        .find(|at| at.is_dir())
        .expect("the corpora are here");
    let files = fs::read_dir(corpora.join(target)).expect("the target has a corpus");
    let mut count = 0;
    for file in files {
        let input = fs::read(file.expect("an entry").path()).expect("a file");
        around(&input, body);
        count += 1;
    }
    assert!(count > 0, "the corpus of {target} is empty");
    noise(body);
}

/// The input, and some cuts and changes of it, evenly spread.
fn around(input: &[u8], body: fn(&[u8])) {
    body(input);
    let step = (input.len() / 8).max(1);
    for at in (0..input.len()).step_by(step) {
        body(&input[..at]);
        let mut changed = input.to_vec();
        changed[at] ^= 1 << (at % 8);
        body(&changed);
    }
}

/// The same noise in every run (xorshift64).
fn noise(body: fn(&[u8])) {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[0]
    };
    for _ in 0..50 {
        let length = next();
        let input: Vec<u8> = (0..length).map(|_| next()).collect();
        body(&input);
    }
}
