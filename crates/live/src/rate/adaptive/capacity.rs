use std::time::Instant;

use super::tuning::{
    CEILING_KEPT, FALL_DELAY, FALL_TIME, GROWTH_CONTESTED, GROWTH_FIRST, GROWTH_MOST, GROWTH_NEAR,
    GROWTH_UNPROVEN, NEAR, PROBE_DELAY, RISE_TIME, SLOWEST,
};

/// What the line carries, as far as is known: measured while it is the limit, probed while not.
#[derive(Debug)]
pub(super) struct Capacity {
    /// In bytes per second.
    estimate: f64,
    /// The last limit found.
    ceiling: Option<f64>,
    growing_since: Instant,
}

/// What a busy line carried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    /// Over the whole window.
    pub(super) carried: f64,
    /// Over its end, where that is clearly more than the estimate.
    pub(super) risen: Option<f64>,
}

/// What to know for growing while nothing is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    /// The seconds' worth that is queued.
    pub(super) delay: f64,
    /// What there is no use for beyond.
    pub(super) most: f64,
    /// The line has time to spare.
    pub(super) is_easy: bool,
    /// Somebody else fills the line.
    pub(super) is_contested: bool,
    /// The seconds since the last.
    pub(super) passed: f64,
}

impl Capacity {
    pub(super) const fn new(estimate: f64, now: Instant) -> Self {
        Self {
            estimate,
            ceiling: None,
            growing_since: now,
        }
    }

    /// In bytes per second.
    pub(super) const fn estimate(&self) -> f64 {
        self.estimate
    }

    /// Whether the line was ever the limit, so that the estimate is more than a hope.
    pub(super) const fn is_found(&self) -> bool {
        self.ceiling.is_some()
    }

    /// Growth begins again slowly: nothing is known of the time until now.
    pub(super) const fn start_over(&mut self, now: Instant) {
        self.growing_since = now;
    }

    /// The line carries so much for certain.
    pub(super) const fn at_least(&mut self, rate: f64) {
        self.estimate = self.estimate.max(rate);
    }

    /// Follows what the line carried while `delay` seconds of it were queued.
    pub(super) fn measured(&mut self, measured: Measured, delay: f64, now: Instant, passed: f64) {
        let best = measured.risen.unwrap_or(measured.carried);
        if measured.carried < self.estimate && delay > FALL_DELAY {
            self.approach(measured.carried, passed / FALL_TIME);
            self.growing_since = now;
            self.ceiling = Some(measured.carried);
        } else if best > self.estimate {
            // A burst of acknowledgements is no line of a gigabit.
            let believed = best.min(3.0 * self.estimate + BURST);
            self.approach(believed, passed / RISE_TIME);
        }
    }

    /// Probes for more, unless something is queued.
    pub(super) fn probe(&mut self, probe: Probe, now: Instant) {
        if probe.delay < PROBE_DELAY {
            let growth = match probe.is_easy {
                true => GROWTH_MOST,
                false if probe.is_contested => self.growth(now).max(GROWTH_CONTESTED),
                false => self.growth(now),
            };
            let grown = self.estimate * (1.0 + growth * probe.passed);
            self.estimate = grown.min(probe.most.max(SLOWEST));
        }
    }

    /// The last limit was long ago, and nothing fills the line since: up to what is tried without
    /// knowing, it is tried again. An easy picture proves nothing, but it must not stay small for that.
    pub(super) fn forget_ceiling(&mut self, unproven: f64, now: Instant, passed: f64) {
        let is_old = now.saturating_duration_since(self.growing_since) > CEILING_KEPT;
        if is_old && self.estimate < unproven {
            let grown = self.estimate * (1.0 + GROWTH_UNPROVEN * passed);
            self.estimate = grown.min(unproven);
        }
    }

    fn approach(&mut self, rate: f64, share: f64) {
        self.estimate += (rate - self.estimate) * share.min(1.0);
        self.estimate = self.estimate.max(SLOWEST);
    }

    /// By which share to grow in a second.
    fn growth(&self, now: Instant) -> f64 {
        let Some(ceiling) = self.ceiling else {
            return GROWTH_MOST;
        };
        if (self.estimate / ceiling - 1.0).abs() < NEAR {
            return GROWTH_NEAR;
        }
        let since = now.saturating_duration_since(self.growing_since);
        (GROWTH_FIRST * since.as_secs_f64().exp2()).min(GROWTH_MOST)
    }
}

/// A megabit per second.
const BURST: f64 = 125_000.0;
