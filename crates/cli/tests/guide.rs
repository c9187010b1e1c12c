//! Looks up the files, functions and bytes that the guide in `docs/from-lens-to-server` names.
#![cfg(test)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use onair_rtmp::publisher::Config;
use onair_rtmp::{Machine, Output, Publisher};

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The chapters, by file name.
fn chapters() -> BTreeMap<String, String> {
    let guide = root().join("docs/from-lens-to-server");
    let files = fs::read_dir(guide).unwrap().map(|entry| entry.unwrap());
    let chapters: BTreeMap<_, _> = files
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read_to_string(entry.path()).unwrap())
        })
        .collect();
    assert!(chapters.len() >= 10, "{:?}", chapters.keys());
    chapters
}

/// The text between backticks, without code blocks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|prose| prose.split('`').skip(1).step_by(2))
}

fn is_path(quoted: &str) -> bool {
    let tops = [
        "crates/", "apps/", "apple/", "swift/", "docs/", "interop/", "bench/",
    ];
    tops.iter().any(|top| quoted.starts_with(top))
}

#[test]
fn every_file_that_is_named_exists() {
    for (chapter, text) in chapters() {
        for path in quoted(&text).filter(|quoted| is_path(quoted)) {
            assert!(root().join(path).exists(), "{chapter}: {path}");
        }
    }
}

/// `- `FILE`: `NAME`, `NAME` ...` under "In this repository".
#[test]
fn every_name_that_is_listed_beside_a_file_is_in_it() {
    let mut count = 0;
    for (chapter, text) in chapters() {
        for item in text.split("\n- `").skip(1) {
            let item = format!("`{}", item.split("\n\n").next().unwrap());
            let mut names = quoted(&item);
            let Some(file) = names.next().filter(|path| is_path(path)) else {
                continue;
            };
            let code = fs::read_to_string(root().join(file)).unwrap();
            for name in names.filter(|name| !is_path(name)) {
                let last = name.rsplit("::").next().unwrap();
                let is_word = |c: char| c.is_alphanumeric() || c == '_';
                let found = code.split(|c| !is_word(c)).any(|word| word == last);
                assert!(found, "{chapter}: there is no {name} in {file}");
                count += 1;
            }
        }
    }
    assert!(
        count > 50,
        "only {count} names: are they still listed as they were?"
    );
}

#[test]
fn every_link_leads_somewhere() {
    for (chapter, text) in chapters() {
        for link in text
            .split("](")
            .skip(1)
            .map(|rest| rest.split(')').next().unwrap())
        {
            let file = link.split('#').next().unwrap();
            let exists = file.starts_with("https://")
                || root().join("docs/from-lens-to-server").join(file).exists();
            assert!(exists, "{chapter}: {link}");
        }
    }
}

/// `| CODE | what it says | [CHAPTER](FILE) |` under "What you are told".
#[test]
fn every_code_of_the_index_is_told_in_its_chapter() {
    let chapters = chapters();
    let (_, index) = chapters["symptoms.md"]
        .split_once("## What you are told")
        .unwrap();
    let rows = index.lines().filter(|line| line.starts_with("| `"));
    let mut count = 0;
    for row in rows {
        let code = quoted(row).next().unwrap();
        let file = row.rsplit_once("](").unwrap().1.split(')').next().unwrap();
        assert!(chapters[file].contains(code), "{file} does not tell {code}");
        count += 1;
    }
    assert!(count > 10, "only {count} codes");
}

/// Blocks that begin with "```text FILE" are excerpts of what `onair inspect --bytes FILE` prints.
#[test]
fn every_dump_is_what_the_program_prints() {
    let mut count = 0;
    for (chapter, text) in chapters() {
        for block in text.split("```text ").skip(1) {
            let (name, block) = block.split_once('\n').unwrap();
            let printed = match name {
                "flight" => flight(),
                file => dump(file),
            };
            let mut printed = printed.lines();
            for line in block
                .split("```")
                .next()
                .unwrap()
                .lines()
                .filter(|line| *line != "...")
            {
                assert!(
                    printed.any(|other| is_same(other, line)),
                    "{chapter}, {name}: {line}"
                );
                count += 1;
            }
        }
    }
    assert!(
        count > 30,
        "only {count} lines: are they still marked as they were?"
    );
}

/// A first flight is compared by offset and bytes only.
fn is_same(printed: &str, line: &str) -> bool {
    printed == line
        || line
            .strip_prefix(printed)
            .is_some_and(|words| words.starts_with("  "))
}

fn dump(file: &str) -> String {
    let file = root().join(file);
    let onair = Command::new(env!("CARGO_BIN_EXE_onair"))
        .args(["inspect", "--bytes"])
        .arg(file)
        .output()
        .unwrap();
    assert!(onair.status.success(), "{onair:?}");
    String::from_utf8(onair.stdout).unwrap()
}

/// All that a publisher says before it has heard anything, by offset, with one to sixteen bytes
/// each.
fn flight() -> String {
    let url = "rtmp://live.example/app/KEY".parse().unwrap();
    let mut publisher = Publisher::new(Config::new(url), Instant::now());
    let mut said = Vec::new();
    while let Output::Transmit(slices) = publisher.poll_output() {
        slices
            .pieces()
            .for_each(|piece| said.extend_from_slice(piece));
    }
    let row = |at: usize, len: usize| {
        let bytes = said[at..]
            .iter()
            .take(len)
            .map(|byte| format!(" {byte:02x}"));
        format!("{at:08x} {}", bytes.collect::<String>())
    };
    let rows = (0..said.len()).flat_map(|at| (1..=16).map(move |len| (at, len)));
    rows.map(|(at, len)| row(at, len) + "\n").collect()
}
