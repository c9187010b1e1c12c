//! What viewers got.

use std::collections::VecDeque;
use std::ops::Range;

use crate::queue::{Kind, Packet};
use crate::run::{AUDIO, Scenario};

/// What was measured of a broadcast. Times in milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// How late each frame arrived.
    video: Vec<u64>,
    audio: Vec<u64>,
    /// The bytes that arrived, and when.
    arrived: Vec<(u64, u64)>,
    last: Option<u64>,
    /// Kilobits per second that the encoder was asked for, each [`ASKED_STEP`].
    asked: VecDeque<(u64, f64)>,
    /// Frames that were made or should have been.
    pub frames: u64,
    /// Frames left out before the encoder.
    pub skipped: u64,
    /// Frames encoded and thrown away.
    pub shed: u64,
    /// Frames that were still on their way a second later when all was over.
    pub stuck: u64,
    /// The longest time without a new frame at the receiver.
    pub freeze: u64,
    /// The share of what the line carries, up to the user's rate, that was used.
    pub used: f64,
    /// The longest time from the line's return to nine tenths of the user's rate.
    pub recovery: Option<u64>,
}

impl Figures {
    pub(crate) fn arrived(&mut self, packet: Packet, ms: u64) {
        self.arrived.push((ms, packet.bytes));
        let late = ms - packet.at;
        match packet.kind {
            Kind::Audio => self.audio.push(late),
            Kind::Video { .. } => {
                self.freeze = self.freeze.max(ms - self.last.replace(ms).unwrap_or(ms));
                self.video.push(late);
            }
        }
    }

    pub(crate) fn asked(&mut self, ms: u64, bps: u64) {
        self.asked.push_back((ms, bps as f64 / 1000.0));
    }

    pub(crate) fn end(&mut self, scenario: &Scenario) {
        let carries = scenario.trace.bytes(scenario.most + AUDIO);
        let bytes: u64 = self.arrived.iter().map(|(_, bytes)| bytes).sum();
        self.used = bytes as f64 / carries.max(1) as f64;
        let full = scenario.most as f64 * 0.9;
        let after = |back| self.asked_after(back, full).unwrap_or(u64::MAX);
        let returns = scenario.trace.returns(scenario.most + AUDIO);
        self.recovery = returns.into_iter().map(after).max();
    }

    /// How late so many percent of the frames are at most.
    pub fn video(&self, percent: usize) -> u64 {
        percentile(&self.video, percent)
    }

    /// How late so much percent of the audio is at most.
    pub fn audio(&self, percent: usize) -> u64 {
        percentile(&self.audio, percent)
    }

    /// The share of the frames that nobody saw.
    pub fn lost(&self) -> f64 {
        (self.skipped + self.shed + self.stuck) as f64 / self.frames.max(1) as f64
    }

    /// The standard deviation of the rate asked for after ten seconds, as a share of its mean.
    pub fn unrest(&self) -> f64 {
        let late = self.asked.iter().filter(|(at, _)| *at >= 10_000);
        let rates: Vec<f64> = late.map(|(_, kbps)| *kbps).collect();
        let count = rates.len().max(1) as f64;
        let mean = rates.iter().sum::<f64>() / count;
        let variance = rates.iter().map(|rate| (rate - mean).powi(2)).sum::<f64>() / count;
        variance.sqrt() / mean.max(1.0)
    }

    /// The least rate asked for after the first second, in kilobits per second.
    pub fn least_asked(&self) -> f64 {
        let late = self.asked.iter().filter(|(at, _)| *at >= 1000);
        late.map(|(_, kbps)| *kbps).fold(f64::INFINITY, f64::min)
    }

    /// The kilobits per second that arrived from one moment to another.
    pub fn carried(&self, within: Range<u64>) -> f64 {
        let arrived = self.arrived.iter().filter(|(ms, _)| within.contains(ms));
        let bytes: u64 = arrived.map(|(_, bytes)| bytes).sum();
        8.0 * bytes as f64 / (within.end - within.start) as f64
    }

    /// How long after a moment a rate was asked for again, in kilobits per second.
    pub fn asked_after(&self, ms: u64, least: f64) -> Option<u64> {
        let mut later = self.asked.iter().filter(|(at, _)| *at >= ms);
        let (at, _) = later.find(|(_, kbps)| *kbps >= least)?;
        Some(at - ms)
    }

    /// The highest rate asked for, in kilobits per second.
    pub fn most_asked(&self) -> f64 {
        self.asked.iter().map(|(_, kbps)| *kbps).fold(0.0, f64::max)
    }
}

fn percentile(late: &[u64], percent: usize) -> u64 {
    let mut sorted = late.to_vec();
    sorted.sort_unstable();
    let index = late.len() * percent / 100;
    let last = late.len().saturating_sub(1);
    sorted.get(index.min(last)).copied().unwrap_or(0)
}
