//! What was found, for people and for programs.

use std::fmt;
use std::time::Duration;

use onair::media::Bitrate;
use serde_json::{Value, json};

use super::cause::Cause;

/// A step on the way to a broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Address,
    Rules,
    Name,
    Tcp,
    Tls,
    Handshake,
    Connect,
    Login,
    Publish,
    Media,
    Uplink,
}

impl Step {
    /// In their order.
    pub(crate) const ALL: [Self; 11] = [
        Self::Address,
        Self::Rules,
        Self::Name,
        Self::Tcp,
        Self::Tls,
        Self::Handshake,
        Self::Connect,
        Self::Login,
        Self::Publish,
        Self::Media,
        Self::Uplink,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Rules => "rules",
            Self::Name => "name",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Handshake => "handshake",
            Self::Connect => "connect",
            Self::Login => "login",
            Self::Publish => "publish",
            Self::Media => "media",
            Self::Uplink => "uplink",
        }
    }
}

/// What is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) cause: Cause,
    /// What was seen.
    pub(crate) words: String,
    /// Another cure than the cause's own.
    cure: Option<String>,
    /// The step it belongs to, where that is a later one than was being made.
    pub(crate) step: Option<Step>,
}

impl Finding {
    pub(crate) fn new(cause: impl Into<Cause>, words: impl Into<String>) -> Self {
        Self {
            cause: cause.into(),
            words: words.into(),
            cure: None,
            step: None,
        }
    }

    #[must_use]
    pub(crate) fn cured_by(mut self, cure: impl Into<String>) -> Self {
        self.cure = Some(cure.into());
        self
    }

    #[must_use]
    pub(crate) const fn at(mut self, step: Step) -> Self {
        self.step = Some(step);
        self
    }

    pub(crate) fn cure(&self) -> &str {
        self.cure.as_deref().unwrap_or_else(|| self.cause.cure())
    }

    fn to_json(&self) -> Value {
        json!({ "cause": self.cause.name(), "words": self.words, "cure": self.cure() })
    }
}

/// What came of a step that worked.
pub(crate) struct Good<T> {
    pub(crate) value: T,
    pub(crate) says: String,
    pub(crate) notes: Vec<Finding>,
}

pub(crate) fn good<T>(value: T, says: impl Into<String>) -> Good<T> {
    Good {
        value,
        says: says.into(),
        notes: Vec::new(),
    }
}

impl<T> Good<T> {
    pub(crate) fn saying(mut self, words: String) -> Self {
        self.says = words;
        self
    }

    pub(crate) fn noting(mut self, notes: impl IntoIterator<Item = Finding>) -> Self {
        self.notes.extend(notes);
        self
    }
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was done, and worked.
    Ok,
    /// It was done and failed: no broadcast would work.
    Failed,
    /// There is nothing to do.
    Skipped,
    /// It did not come to that.
    NotReached,
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::NotReached => "not-reached",
        }
    }
}

/// One step, looked at.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) step: Step,
    pub(crate) outcome: Outcome,
    pub(crate) took: Option<Duration>,
    pub(crate) says: String,
    /// What made it fail, or, where it did not, should be known.
    pub(crate) findings: Vec<Finding>,
}

impl Check {
    pub(crate) const fn new(step: Step, outcome: Outcome) -> Self {
        Self {
            step,
            outcome,
            took: None,
            says: String::new(),
            findings: Vec::new(),
        }
    }

    #[must_use]
    pub(crate) fn saying(mut self, words: impl Into<String>) -> Self {
        self.says = words.into();
        self
    }

    #[must_use]
    pub(crate) const fn taking(mut self, time: Duration) -> Self {
        self.took = Some(time);
        self
    }

    #[must_use]
    pub(crate) fn finding(mut self, findings: Vec<Finding>) -> Self {
        self.findings = findings;
        self
    }

    fn to_json(&self) -> Value {
        let findings: Vec<_> = self.findings.iter().map(Finding::to_json).collect();
        let mut json = json!({
            "step": self.step.name(),
            "outcome": self.outcome.name(),
            "says": self.says,
            "findings": findings,
        });
        if let Some(took) = self.took {
            let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            json["took_s"] = json!(Duration::from_micros(micros).as_secs_f64());
        }
        json
    }
}

/// A line a step; below it, indented, each cause and its cure.
impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.outcome {
            Outcome::Ok if self.findings.is_empty() => "ok",
            Outcome::Ok => "ok!",
            Outcome::Failed => "FAILED",
            Outcome::Skipped | Outcome::NotReached => "-",
        };
        let took = self.took.map_or_else(String::new, |took| {
            format!("{:.1} ms", took.as_secs_f64() * 1e3)
        });
        let says = match self.outcome {
            Outcome::NotReached => "not reached",
            _ => &self.says,
        };
        let line = format!("{mark:<6}  {:<9}  {took:>10}  {says}", self.step.name());
        write!(f, "{}", line.trim_end())?;
        for finding in &self.findings {
            write!(f, "\n          {}", finding.words)?;
            write!(f, "\n            {}", finding.cure())?;
        }
        Ok(())
    }
}

/// All steps.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// The address, its secrets hidden.
    pub(crate) url: String,
    /// The service whose host it is, if it is a known one.
    pub(crate) service: Option<&'static str>,
    /// What the broadcast would need, audio included.
    pub(crate) wanted: Bitrate,
    pub(crate) checks: Vec<Check>,
    /// What the line carries, or carries at least.
    pub(crate) carries: Option<Carries>,
}

/// What a line carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Carries {
    pub(crate) rate: Bitrate,
    /// It carried all that was sent: it may carry more.
    pub(crate) at_least: bool,
}

impl Report {
    /// Whether a broadcast would work; with `--no-publish`, as far as that was looked at.
    pub(crate) fn is_well(&self) -> bool {
        let is_reached = |check: &Check| matches!(check.outcome, Outcome::Ok | Outcome::Skipped);
        self.checks.iter().all(is_reached)
    }

    /// What it comes to, in a sentence.
    pub(crate) fn verdict(&self) -> String {
        let wanted = Rate(self.wanted);
        let failed = |check: &&Check| check.outcome == Outcome::Failed;
        if let Some(check) = self.checks.iter().find(failed) {
            let words = check
                .findings
                .last()
                .map_or("", |finding| finding.words.as_str());
            let step = check.step.name();
            return format!("a broadcast would not work here: {step}: {words}");
        }
        match self.carries {
            Some(Carries { rate, at_least }) => {
                let least = if at_least { "at least " } else { "" };
                format!(
                    "a broadcast at {wanted} would work here: the line carries {least}{}",
                    Rate(rate)
                )
            }
            None => format!(
                "so far nothing speaks against a broadcast at {wanted}; whether the key is taken \
                 and what the line carries was not tried"
            ),
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        let checks: Vec<_> = self.checks.iter().map(Check::to_json).collect();
        json!({
            "url": self.url,
            "service": self.service,
            "wanted_bps": self.wanted.as_bps(),
            "carries_bps": self.carries.map(|carries| carries.rate.as_bps()),
            "carries_more": self.carries.is_some_and(|carries| carries.at_least),
            "steps": checks,
            "verdict": self.verdict(),
            "ok": self.is_well(),
        })
    }
}

/// `4 Mbit/s`, `850 kbit/s`.
pub(crate) struct Rate(pub(crate) Bitrate);

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kbps = (self.0.as_bps() + 500) / 1000;
        match (kbps / 1000, kbps % 1000 / 100) {
            (0, _) => write!(f, "{kbps} kbit/s"),
            (whole, 0) => write!(f, "{whole} Mbit/s"),
            (whole, tenth) => write!(f, "{whole}.{tenth} Mbit/s"),
        }
    }
}
