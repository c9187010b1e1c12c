//! `onair replay`: the decisions of a recorded broadcast again.

mod words;

use std::fmt::Write as _;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use onair::trace::{self, law_fingerprint};
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::json::escaped;
use crate::outlet;
use crate::text::Count;

/// Decide again what a broadcast decided that was published with --trace
///
/// Each machine that keeps a broadcast on air (the rate law, the picture's size, the queue, reconnecting, handing over)
/// gets what it saw then, and has to say what it said then, byte for byte.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  onair publish --to rtmp://localhost/live/KEY --trace evening.trace
  onair replay evening.trace

Exit status: 0 every decision was the same, 1 one was not or the file is damaged, 2 usage error.")]
pub(crate) struct Replay {
    /// What onair publish --trace wrote
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// One JSON object on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(opts: &Replay) -> Result<(), Failure> {
    let name = opts.file.display();
    let unopened = |error| Failure::usage(format_args!("{name}: {error}"));
    let file = File::open(&opts.file).map_err(unopened)?;
    let replay = trace::replay(BufReader::new(file));
    let text = match opts.json {
        true => escaped(&format!("{}\n", to_json(&replay))),
        false => to_text(&replay),
    };
    outlet::print(&text)?;
    match (&replay.error, &replay.difference) {
        (Some(error), _) => Err(Failure::failed(format_args!("{name}: {error}"))),
        (None, Some(first)) => Err(Failure::failed(format_args!(
            "{name}: {} decided otherwise now, the first in line {}",
            Count(replay.differences, "line"),
            first.line
        ))),
        (None, None) => Ok(()),
    }
}

fn to_text(replay: &trace::Replay) -> String {
    let mut text = String::new();
    let mut line = |words: String| {
        let _infallible = writeln!(text, "{words}");
    };
    if replay.lines == 0 {
        return text;
    }
    let length = replay.length.as_secs_f64();
    let version = outlet::shown(&replay.version);
    line(format!("recorded by onair {version}: {length:.1} s"));
    if replay.law != law_fingerprint() {
        line("its rate law decided otherwise than this version's does".to_owned());
    }
    for moment in &replay.moments {
        let words = words::of(&moment.what);
        line(format!("{:>12}  {words}", clock(moment.at)));
    }
    for words in totals(replay) {
        line(words);
    }
    match &replay.difference {
        Some(first) => {
            line(format!(
                "the first difference, line {}, at {}",
                first.line,
                clock(first.at)
            ));
            line(format!("  then {}", outlet::shown(&first.recorded)));
            line(format!("  now  {}", outlet::shown(&first.now)));
        }
        None => line("every decision is the same".to_owned()),
    }
    text
}

fn totals(replay: &trace::Replay) -> Vec<String> {
    let decisions = replay.decisions.iter();
    let decisions: Vec<_> = decisions
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    let [video, audio] = replay.dropped;
    let mut totals = vec![
        format!("decisions: {}", decisions.join(", ")),
        format!(
            "{} left out before the encoder; dropped by queues: {} of video, {} of audio",
            Count(replay.left_out, "frame"),
            Count(video, "packet"),
            Count(audio, "packet")
        ),
    ];
    if replay.missed > 0 {
        let missed = Count(replay.missed, "call");
        totals.push(format!(
            "{missed} missing: the disk was too slow, or the file too large"
        ));
    }
    totals
}

/// Minutes, seconds and milliseconds.
fn clock(at: Duration) -> String {
    let seconds = at.as_secs();
    format!(
        "{}:{:02}.{:03}",
        seconds / 60,
        seconds % 60,
        at.subsec_millis()
    )
}

fn to_json(replay: &trace::Replay) -> Value {
    let moments = replay.moments.iter().map(|moment| {
        json!({
            "at_ms": millis(moment.at),
            "destination": words::destination(&moment.what),
            "words": words::of(&moment.what),
        })
    });
    let first = replay.difference.as_ref().map(|first| {
        json!({
            "line": first.line,
            "at_ms": millis(first.at),
            "recorded": first.recorded,
            "now": first.now,
        })
    });
    let decisions = replay.decisions.iter();
    let decisions: Map<_, _> = decisions
        .map(|(name, count)| ((*name).to_owned(), json!(count)))
        .collect();
    json!({
        "version": replay.version,
        "law": replay.law,
        "is_same_law": replay.law == law_fingerprint(),
        "length_ms": millis(replay.length),
        "lines": replay.lines,
        "moments": moments.collect::<Vec<_>>(),
        "decisions": decisions,
        "left_out": replay.left_out,
        "dropped": { "video": replay.dropped[0], "audio": replay.dropped[1] },
        "missed": replay.missed,
        "differences": replay.differences,
        "difference": first,
        "error": replay.error.as_ref().map(ToString::to_string),
        "same": replay.is_same(),
    })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
