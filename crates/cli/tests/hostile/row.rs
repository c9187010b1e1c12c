//! The cost of an attack, and whether it is too high.

use std::fmt;
use std::time::Duration;

/// What the program may cost, whatever its peers do.
pub(crate) struct Limits {
    /// Resident memory at its peak, in megabytes (2^20 bytes).
    pub(crate) memory_mb: u64,
    pub(crate) threads: u64,
    /// From SIGTERM to the end of the process.
    pub(crate) end: Duration,
}

pub(crate) const LIMITS: Limits = Limits {
    memory_mb: 200,
    threads: 64,
    end: Duration::from_secs(5),
};

/// What one run of the program cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) memory_mb: u64,
    pub(crate) threads: u64,
    pub(crate) descriptors: u64,
    /// From SIGTERM to the end; none if it was killed for its memory or did not end at all.
    pub(crate) end: Option<Duration>,
}

impl Cost {
    pub(crate) const NONE: Self = Self {
        memory_mb: 0,
        threads: 0,
        descriptors: 0,
        end: None,
    };

    /// The larger of each.
    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            memory_mb: self.memory_mb.max(other.memory_mb),
            threads: self.threads.max(other.threads),
            descriptors: self.descriptors.max(other.descriptors),
            end: self.end.or(other.end),
        }
    }
}

/// A line of the table.
pub(crate) struct Row {
    name: &'static str,
    cost: Cost,
    measures: Vec<Measure>,
}

/// Another measurement.
struct Measure {
    words: String,
    is_fine: bool,
}

impl Row {
    pub(crate) const fn new(name: &'static str, cost: Cost) -> Self {
        Self {
            name,
            cost,
            measures: Vec::new(),
        }
    }

    /// With how many bytes the attacker sent.
    pub(crate) fn sent(mut self, bytes: u64) -> Self {
        self.measures.push(Measure {
            words: format!("sent: {} MB", bytes >> 20),
            is_fine: true,
        });
        self
    }

    /// With a number that may be at most `most`.
    pub(crate) fn at_most(mut self, what: &str, number: u64, most: u64) -> Self {
        self.measures.push(Measure {
            words: format!("{what}: {number} (at most {most})"),
            is_fine: number <= most,
        });
        self
    }

    /// With a condition that has to hold.
    pub(crate) fn demands(mut self, what: &str, is_so: bool) -> Self {
        let answer = if is_so { "yes" } else { "NO" };
        self.measures.push(Measure {
            words: format!("{what}: {answer}"),
            is_fine: is_so,
        });
        self
    }

    pub(crate) fn header() -> String {
        format!(
            "\n{:<40} {:>7} {:>7} {:>6} {:>6}  {:<7} what else",
            "kind of peer", "peak MB", "threads", "files", "end s", "verdict"
        )
    }

    /// Each limit exceeded, as a sentence.
    pub(crate) fn faults(&self) -> Vec<String> {
        let Cost {
            memory_mb,
            threads,
            end,
            ..
        } = self.cost;
        let mut faults = Vec::new();
        if memory_mb > LIMITS.memory_mb {
            faults.push(format!("it held {memory_mb} MB"));
        }
        if threads > LIMITS.threads {
            faults.push(format!("it ran {threads} threads"));
        }
        if end.is_none_or(|end| end > LIMITS.end) {
            faults.push(format!("it did not end in {:?}: {end:?}", LIMITS.end));
        }
        let measures = self.measures.iter().filter(|measure| !measure.is_fine);
        faults.extend(measures.map(|measure| measure.words.clone()));
        let named = faults.iter().map(|fault| format!("{}: {fault}", self.name));
        named.collect()
    }

    /// Panics if any limit is exceeded.
    #[expect(
        clippy::print_stdout,
        reason = "a test's own output, seen when it fails"
    )]
    pub(crate) fn hold(&self) {
        println!("{}\n{self}", Self::header());
        let faults = self.faults();
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cost = &self.cost;
        let end = match cost.end {
            Some(end) => format!("{:.2}", end.as_secs_f64()),
            None => "killed".to_owned(),
        };
        let verdict = if self.faults().is_empty() {
            "ok"
        } else {
            "TOO MUCH"
        };
        let words: Vec<&str> = self
            .measures
            .iter()
            .map(|measure| &*measure.words)
            .collect();
        write!(
            f,
            "{:<40} {:>7} {:>7} {:>6} {:>6}  {:<8} {}",
            self.name,
            cost.memory_mb,
            cost.threads,
            cost.descriptors,
            end,
            verdict,
            words.join(" · ")
        )
    }
}
