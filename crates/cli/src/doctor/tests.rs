//! A table of all that can go wrong, and what the doctor calls it.
//!
//! What answers does so over loopback; what is silent, slow or takes its time does in a world whose
//! clock is moved by hand.

mod loopback;
mod peer;
mod table;
mod virtual_world;

use std::path::PathBuf;
use std::time::Duration;

use onair::media::{Bitrate, FrameRate, Size};
use onair::rtmp::Credentials;
use serde_json::Value;

use super::cause::Cause;
use super::examine::{Question, examine};
use super::media::Wanted;
use super::report::{Check, Outcome, Report, Step};
use super::world::World;

/// Something that goes wrong.
pub(super) struct Row {
    /// What it is, and how to find it when the test fails.
    name: &'static str,
    url: String,
    world: Box<dyn World>,
    wanted: Wanted,
    credentials: Option<Credentials>,
    /// What the world reads.
    #[expect(dead_code, reason = "it removes itself")]
    file: Option<TemporaryFile>,
    /// The step and the cause that have to be named: `step: cause`. With `ok ` before it, the broadcast
    /// works all the same.
    expected: &'static str,
}

/// A file that goes away with its row.
pub(super) struct TemporaryFile(PathBuf);

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _already_gone = std::fs::remove_file(&self.0);
    }
}

/// A broadcast that is soon encoded.
pub(super) fn small() -> Wanted {
    Wanted {
        size: Size::new(160, 90),
        frame_rate: FrameRate::new(20, 1).expect("a rate"),
        bitrate: Bitrate::kbps(1000),
        keyframe: Duration::from_millis(500),
    }
}

const KEY: &str = "sesame-0123456789";

fn run(row: &Row) -> (Report, String) {
    let question = Question {
        url: &row.url,
        key: None,
        credentials: row.credentials.clone(),
        wanted: row.wanted,
        lasts: Duration::from_millis(900),
        publishes: true,
    };
    let mut text = String::new();
    let report = examine(&question, row.world.as_ref(), &mut |check| {
        text += &format!("{check}\n");
    });
    (report, text)
}

/// What the doctor says it is, in the table's terms.
fn found(report: &Report) -> String {
    let failed = report
        .checks
        .iter()
        .find(|check| check.outcome == Outcome::Failed);
    let told = || {
        report
            .checks
            .iter()
            .find(|check| !check.findings.is_empty())
    };
    let before = if failed.is_none() { "ok " } else { "" };
    match failed.or_else(told) {
        Some(check) => {
            let cause = check.findings[0].cause.name();
            format!("{before}{}: {cause}", check.step.name())
        }
        None => "ok".to_owned(),
    }
}

#[test]
fn every_failure_in_the_table_is_named_with_its_cause_and_a_cure() {
    let rows = table::rows();
    assert!(rows.len() >= 60, "{}", rows.len());
    let mut wrong = Vec::new();
    for row in &rows {
        let (report, text) = run(row);
        let found = found(&report);
        if found != row.expected {
            wrong.push(format!(
                "{}: {found}, not {}\n{text}",
                row.name, row.expected
            ));
        }
        assert_whole(&report, &text);
        assert!(!text.contains(KEY), "{}: {text}", row.name);
        assert!(!report.to_json().to_string().contains(KEY), "{}", row.name);
        assert_eq!(
            report.is_well(),
            row.expected.starts_with("ok"),
            "{}",
            row.name
        );
        let causes = report.checks.iter().flat_map(|check| &check.findings);
        for finding in causes {
            assert!(finding.words.len() > 10, "{}: {finding:?}", row.name);
            assert!(finding.cure().len() > 10, "{}: {finding:?}", row.name);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// After the first failure nothing is called ok, and no step is missing.
fn assert_whole(report: &Report, text: &str) {
    let failed = |check: &Check| check.outcome == Outcome::Failed;
    let at = report.checks.iter().position(failed);
    let after = at.map_or(&[][..], |at| &report.checks[at + 1..]);
    let is_open = |check: &Check| check.outcome == Outcome::NotReached;
    assert!(after.iter().all(is_open), "{text}");
    let steps: Vec<_> = report.checks.iter().map(|check| check.step).collect();
    assert_eq!(steps, Step::ALL, "{text}");
}

#[test]
fn every_cause_has_a_name_in_the_schema() {
    let schema = include_str!("../../../../docs/json/doctor.schema.json");
    let schema: Value = serde_json::from_str(schema).expect("JSON");
    let named = &schema["$defs"]["finding"]["properties"]["cause"]["enum"];
    let known = onair::Fault::ALL.iter().copied().map(Cause::Known);
    let names: Vec<_> = known
        .chain(Cause::OWN.iter().copied())
        .map(|cause| Value::from(cause.name()))
        .collect();
    assert_eq!(named, &Value::from(names));
    let steps = Step::ALL.map(Step::name);
    let named = &schema["$defs"]["step"]["properties"]["step"]["enum"];
    assert_eq!(named, &Value::from(steps.to_vec()));
}
