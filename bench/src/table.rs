//! One table: what was measured, by whom, and how it compares with onair.

use std::fmt;

/// A group of contenders measured at the same thing.
pub struct Group {
    what: String,
    rows: Vec<Row>,
}

struct Row {
    who: String,
    /// Less is better; what ratios are made of.
    cost: Option<f64>,
    shown: String,
}

impl Group {
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            rows: Vec::new(),
        }
    }

    /// Adds a contender; the first is the one the others are compared with.
    pub fn row(&mut self, who: &str, cost: f64, shown: String) {
        self.rows.push(Row {
            who: who.to_owned(),
            cost: Some(cost),
            shown,
        });
    }

    /// Adds a contender that could not be measured, and says so at once.
    pub fn skip(&mut self, who: &str, why: &str) {
        eprintln!("SKIPPED: {who} in \"{}\": {why}", self.what);
        self.rows.push(Row {
            who: who.to_owned(),
            cost: None,
            shown: format!("SKIPPED: {why}"),
        });
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ours = self.rows.first().and_then(|row| row.cost);
        for (index, row) in self.rows.iter().enumerate() {
            let what = if index == 0 { &self.what[..] } else { "" };
            let ratio = match (row.cost, ours) {
                (Some(cost), Some(ours)) if ours > 0.0 => format!("{:.2}x", cost / ours),
                _ => "-".to_owned(),
            };
            writeln!(
                f,
                "| {what:<44} | {:<32} | {:<58} | {ratio:>8} |",
                row.who, row.shown
            )?;
        }
        Ok(())
    }
}

/// The header that goes above the groups.
pub fn header() -> String {
    let line = |c: &str| {
        format!(
            "|{}|{}|{}|{}:|",
            c.repeat(46),
            c.repeat(34),
            c.repeat(60),
            c.repeat(9)
        )
    };
    format!(
        "| {:<44} | {:<32} | {:<58} | {:>8} |\n{}",
        "what",
        "who",
        "measured (median)",
        "to first",
        line("-")
    )
}

/// The middle of what was measured.
pub fn median(mut samples: Vec<f64>) -> f64 {
    percentile(&mut samples, 0.5)
}

/// The sample below which the share `p` of the others lies.
pub fn percentile(samples: &mut [f64], p: f64) -> f64 {
    samples.sort_by(f64::total_cmp);
    let last = samples.len().saturating_sub(1);
    let index = (last as f64 * p).round() as usize;
    samples.get(index).copied().unwrap_or(f64::NAN)
}
