//! What a person sees while a broadcast runs, and what a program reads.

mod events;

use std::collections::HashSet;
use std::fmt::{Display, Write as _};
use std::io::{self, IsTerminal, Write};

use onair::media::Bitrate;
use onair::{
    DestinationReport, DestinationStats, EncoderReport, Event, Outcome, Report, State, Stats,
};
use serde::Serialize;

use crate::args::{StatsFormat, Talk};
use crate::text::{Bytes, Clock, Count};

/// Without a terminal, every so many seconds a line.
const PLAIN_EVERY: u64 = 10;

/// Says on stderr what happens; on a terminal with one line that keeps changing.
#[derive(Debug)]
pub(crate) struct Progress {
    /// More than one destination: say which.
    several: bool,
    stats: StatsFormat,
    quiet: bool,
    /// Rewrite one line, rather than add lines.
    live_line: bool,
    line_shown: bool,
    ticks: u64,
    before: Vec<Seen>,
    skipped: u64,
    was_live: HashSet<usize>,
}

/// A destination's counters a second ago.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    frames: u64,
    dropped: u64,
}

impl Progress {
    pub(crate) fn new(destinations: usize, stats: StatsFormat, talk: Talk) -> Self {
        Self {
            several: destinations > 1,
            stats,
            quiet: talk.quiet,
            live_line: io::stderr().is_terminal() && !talk.is_verbose(),
            line_shown: false,
            ticks: 0,
            before: Vec::new(),
            skipped: 0,
            was_live: HashSet::new(),
        }
    }

    fn say(&mut self, message: &dyn Display) {
        if !self.quiet {
            self.clear_line();
            to_stderr(format_args!("{message}\n"));
        }
    }

    pub(crate) fn event(&mut self, event: &Event) {
        if let Event::Live { destination, .. } = event {
            self.was_live.insert(*destination);
        }
        if let Some(message) = self.describe(event) {
            self.say(&message);
        }
    }

    pub(crate) fn tick(&mut self, stats: &Stats) {
        self.ticks += 1;
        match self.stats {
            StatsFormat::Json => to_stdout(stats),
            StatsFormat::Text => self.text_tick(stats),
            StatsFormat::None => {}
        }
        self.before = stats.destinations.iter().map(seen).collect();
        self.skipped = skipped(&stats.encoder);
    }

    pub(crate) fn report(&mut self, report: &Report) {
        self.clear_line();
        match self.stats {
            StatsFormat::Json => to_stdout(report),
            StatsFormat::Text if !self.quiet => to_stderr(summary(report)),
            StatsFormat::Text | StatsFormat::None => {}
        }
    }

    fn text_tick(&mut self, stats: &Stats) {
        if self.quiet {
            return;
        }
        let line = self.line(stats);
        if self.live_line {
            to_stderr(format_args!("\r{line}\x1b[K"));
            self.line_shown = true;
        } else if self.ticks.is_multiple_of(PLAIN_EVERY) {
            to_stderr(format_args!("{line}\n"));
        }
    }

    fn line(&self, stats: &Stats) -> String {
        let mut line = Clock(stats.elapsed_s).to_string();
        for (index, destination) in stats.destinations.iter().enumerate() {
            if self.several {
                let _infallible = write!(line, "  [{}]", index + 1);
            }
            let before = self.before.get(index).copied().unwrap_or_default();
            write_destination(&mut line, destination, before);
        }
        if skipped(&stats.encoder) > self.skipped {
            line.push_str("  encoder too slow: try a smaller --size");
        }
        line
    }

    fn clear_line(&mut self) {
        if self.line_shown {
            to_stderr("\r\x1b[K");
            self.line_shown = false;
        }
    }
}

fn seen(stats: &DestinationStats) -> Seen {
    Seen {
        frames: stats.so_far.video.frames,
        dropped: stats.so_far.video.dropped,
    }
}

fn write_destination(line: &mut String, stats: &DestinationStats, before: Seen) {
    let now = seen(stats);
    let _infallible = write!(
        line,
        "  {}  {} fps  queue {:.0} ms  dropped {}  {}",
        Bitrate::bps(stats.bitrate_bps),
        now.frames.saturating_sub(before.frames),
        stats.queued_ms,
        now.dropped,
        health(stats, now.dropped > before.dropped),
    );
}

fn health(stats: &DestinationStats, dropping: bool) -> &'static str {
    match stats.so_far.state {
        State::Connecting => "connecting",
        State::Reconnecting => "reconnecting",
        State::Ended => "ended",
        State::Failed => "failed",
        State::Live if dropping => "line too slow: dropping pictures",
        State::Live if stats.queued_ms > 500.0 => "line is slow",
        State::Live => "ok",
    }
}

/// Why a broadcast failed is the program's last word, not told here.
fn summary(report: &Report) -> String {
    let reason = match report.outcome {
        Outcome::Failed => "failed",
        Outcome::Finished | Outcome::Stopped => &report.reason,
    };
    let mut text = format!("{reason} after {}\n", Clock(report.duration_s));
    let several = report.destinations.len() > 1;
    for (index, destination) in report.destinations.iter().enumerate() {
        text.push_str("  ");
        if several {
            let _infallible = write!(text, "[{}] ", index + 1);
        }
        let _infallible = write!(text, "{}: ", destination.url);
        write_summary(&mut text, destination);
        text.push('\n');
    }
    let skipped = skipped(&report.encoder);
    if skipped > 0 {
        let pictures = Count(skipped, "picture");
        let _infallible = writeln!(
            text,
            "  {pictures} skipped: this machine was too slow or busy"
        );
    }
    text
}

/// Pictures that came too fast for the encoder.
fn skipped(encoder: &EncoderReport) -> u64 {
    encoder.video.as_ref().map_or(0, |video| video.dropped)
}

fn write_summary(text: &mut String, report: &DestinationReport) {
    if report.connects == 0 {
        text.push_str("never on air");
    } else {
        write_amounts(text, report);
    }
    if report.state == State::Failed && report.connects > 0 {
        text.push_str(", given up");
    }
}

fn write_amounts(text: &mut String, report: &DestinationReport) {
    let (video, audio) = (report.video, report.audio);
    let _infallible = write!(
        text,
        "{}, {} of sound, {}, {}",
        Count(video.frames, "picture"),
        Count(audio.frames, "packet"),
        Bytes(report.bytes),
        Count(report.connects, "connection"),
    );
    let lost = video.dropped + audio.dropped;
    let _infallible = match lost {
        0 => write!(text, ", nothing lost"),
        _ => {
            let gaps = Count(report.gaps.len() as u64, "gap");
            write!(text, ", {lost} lost in {gaps}")
        }
    };
}

fn to_stderr(text: impl Display) {
    let _nobody_reads = write!(io::stderr(), "{text}");
}

/// One object, one line. That nobody reads it any more does not end a broadcast.
fn to_stdout(value: &impl Serialize) {
    if let Ok(json) = serde_json::to_string(value) {
        let mut stdout = io::stdout().lock();
        let _nobody_reads = writeln!(stdout, "{json}").and_then(|()| stdout.flush());
    }
}
