//! The law that follows the line.
//!
//! ```text
//!   written ─┐                       ┌─ what the busy line carried ──► the estimate falls or rises
//!   arrived ─┴─► is the line busy? ──┤
//!   round trip                       └─ it is not ─► the estimate grows, if the encoder fills it
//!
//!   bitrate = the estimate's use − audio − what has to be drained
//! ```

mod base_rtt;
mod capacity;
mod counter;
#[cfg(test)]
mod tests;
mod tuning;

use std::time::{Duration, Instant};

use onair_media::{Bitrate, Size};

use self::base_rtt::BaseRtt;
use self::capacity::{Capacity, Measured, Probe};
use self::counter::Counter;
use self::tuning::{
    ACK_SLACK, CONTESTED_ROUND_TRIPS, DRAIN_TIME, DRAINING, DRAINING_USE, EASY_BUSY, EASY_WINDOW,
    ENCODER_WINDOW, ENOUGH, FALL_DELAY, FEWEST, FILLED, FOREIGN_ALIVE, FOREIGN_LEAST, GAP,
    INTERVAL, KEPT, MIN_LEAST, MIN_MOST, MIN_PIXELS_PER_BIT, ON_LINE, ON_LINE_LEAST,
    ON_LINE_ROUND_TRIPS, QUEUE_ALLOWED, RISE_FEWEST, RISE_RATIO, RISE_WINDOW, SHORTEST, SKIP_DELAY,
    SKIP_LEAST, SLOWEST, START, STEP, USE, WINDOW, WINDOW_MOST, WINDOW_ROUND_TRIPS,
};
use super::{LinkSample, RateAdvice, RateLaw};

/// The law that follows the line: video takes what the line carries beside the audio, and less
/// while something has to be drained.
///
/// It believes what arrives while the line is the limit, which is while something older than a
/// round trip has not arrived, and nothing else: a static picture lowers nothing, and proves
/// nothing either. Without acknowledgements it goes by what the kernel takes.
#[derive(Debug)]
pub struct Adaptive {
    min: Bitrate,
    /// From the first sample on.
    line: Option<Line>,
}

/// What is known of one connection.
#[derive(Debug)]
struct Line {
    at: Instant,
    written: Counter,
    arrived: Counter,
    encoded: Counter,
    /// What could have been encoded at the rates that were told.
    allowed: Counter,
    /// Its round trip without a queue.
    base_rtt: BaseRtt,
    busy_since: Option<Instant>,
    /// For how many microseconds it has been busy.
    busy_time: Counter,
    capacity: Capacity,
    /// The last rate that was told.
    told: Bitrate,
}

impl Adaptive {
    /// The law that lowers video to `min` at the least, or to the user's rate where that is less.
    pub const fn new(min: Bitrate) -> Self {
        Self { min, line: None }
    }

    /// What video begins with, of at most `most`.
    pub fn start(most: Bitrate) -> Bitrate {
        most.min(START)
    }

    /// The least rate at which video of a size, or what it is scaled down to, is worth sending.
    pub fn min_for(size: Size) -> Bitrate {
        let pixels = u64::from(size.width).saturating_mul(u64::from(size.height));
        Bitrate::bps(pixels / MIN_PIXELS_PER_BIT).clamp(MIN_LEAST, MIN_MOST)
    }
}

impl RateLaw for Adaptive {
    fn interval(&self) -> Option<Duration> {
        Some(INTERVAL)
    }

    fn update(&mut self, sample: &LinkSample) -> RateAdvice {
        let line = self.line.get_or_insert_with(|| Line::new(sample));
        line.look(sample, self.min);
        line.advise(sample, self.min)
    }
}

impl Line {
    fn new(sample: &LinkSample) -> Self {
        Self {
            at: sample.at,
            written: Counter::default(),
            arrived: Counter::default(),
            encoded: Counter::default(),
            allowed: Counter::default(),
            base_rtt: BaseRtt::new(),
            busy_since: None,
            busy_time: Counter::default(),
            capacity: Capacity::new(unproven(sample), sample.at),
            told: Adaptive::start(sample.most),
        }
    }

    fn look(&mut self, sample: &LinkSample, min: Bitrate) {
        let passed = sample.at.saturating_duration_since(self.at);
        if passed > GAP || sample.written < self.written.now() {
            self.start_over(sample);
        }
        self.at = self.at.max(sample.at);
        let passed = passed.min(GAP);
        self.note(sample, min, passed);
        let (delay, passed) = (self.delay(sample), passed.as_secs_f64());
        if self.base_rtt.draining().is_some() {
            return;
        }
        if let Some(measured) = self.measure() {
            self.capacity.measured(measured, delay, self.at, passed);
        }
        // While audio is alone, a line that is easy with it is the one sign of more.
        let is_alone = sample.asked.as_bps() == 0;
        if self.is_filled() || is_alone && self.is_easy() {
            let probe = Probe {
                delay,
                most: ENOUGH * (bytes(sample.most) + bytes(sample.audio)) / USE,
                is_easy: self.is_easy(),
                is_contested: self.base_rtt.is_contested(),
                passed,
            };
            self.capacity.probe(probe, self.at);
        } else if self.is_easy() && delay < FALL_DELAY {
            let start = unproven(sample);
            self.capacity.forget_ceiling(start, self.at, passed);
        }
    }

    /// Forgets what was counted; what the line carries is believed until it proves otherwise.
    fn start_over(&mut self, sample: &LinkSample) {
        self.written = Counter::default();
        self.arrived = Counter::default();
        self.encoded = Counter::default();
        self.allowed = Counter::default();
        self.busy_time = Counter::default();
        self.busy_since = None;
        self.capacity.start_over(sample.at);
    }

    fn note(&mut self, sample: &LinkSample, min: Bitrate, passed: Duration) {
        self.note_rtt(sample, bytes(min) + bytes(sample.audio));
        self.written.push(self.at, sample.written);
        self.arrived.push(self.at, arrived(sample));
        self.encoded.push(self.at, sample.encoded);
        let allowed = whole(bytes(self.told) * passed.as_secs_f64());
        self.allowed
            .push(self.at, self.allowed.now().saturating_add(allowed));
        let is_busy = self.is_late(sample, self.base_rtt.least() + ACK_SLACK);
        self.busy_since = is_busy.then(|| self.busy_since.unwrap_or(self.at));
        let idle = self.base_rtt.least();
        let idle = sample.min_rtt.map_or(idle, |least| least.min(idle));
        let is_carrying = self.is_late(sample, idle);
        let carrying = if is_carrying { micros(passed) } else { 0 };
        self.busy_time
            .push(self.at, self.busy_time.now() + carrying);
    }

    /// Notes a round trip that is new. Beside a rival video takes no less than the least that it is
    /// asked for, and what arrives is measured from now on.
    fn note_rtt(&mut self, sample: &LinkSample, least: f64) {
        self.base_rtt.pass(self.at);
        let is_new = arrived(sample) > self.arrived.now() || self.base_rtt.least().is_zero();
        let Some(rtt) = sample.rtt.filter(|_| is_new) else {
            return;
        };
        let explained = self.explained(sample, least);
        if self.base_rtt.push(self.at, rtt, explained) {
            self.capacity.at_least(least);
            self.busy_since = None;
        }
    }

    /// The line had time to spare lately: it carries clearly more than it has to.
    fn is_easy(&self) -> bool {
        self.busy_time.rate(EASY_WINDOW) < EASY_BUSY * micros(Duration::from_secs(1)) as f64
    }

    /// Whether something waits for the line, or is under way for longer than a time.
    fn is_late(&self, sample: &LinkSample, time: Duration) -> bool {
        if let Some(late) = sample.late {
            return late + self.base_rtt.least() > time;
        }
        let due = self.at.checked_sub(time).map(|then| self.written.at(then));
        let waits = sample.queued > 0 || sample.pending > 0;
        waits || due.is_some_and(|due| due > self.arrived.now())
    }

    /// How long the line will be busy with what waits, beyond what it always holds.
    fn delay(&self, sample: &LinkSample) -> f64 {
        self.excess(sample) / self.capacity.estimate()
    }

    /// Bytes that wait, beyond those of a round trip and of a frame.
    fn excess(&self, sample: &LinkSample) -> f64 {
        let frame = self.capacity.estimate() / 30.0;
        (sample.backlog() as f64 - self.round_trip() - frame).max(0.0)
    }

    /// The bytes of a round trip.
    fn round_trip(&self) -> f64 {
        self.capacity.estimate() * self.base_rtt.least().as_secs_f64()
    }

    /// The longest round trip that what we keep on the line explains; `None` while there is more, or
    /// where the line carries nothing.
    fn explained(&self, sample: &LinkSample, least: f64) -> Option<Duration> {
        let on_line = self.on_line(sample);
        let is_no_more = sample.unacked? as f64 <= 2.0 * on_line;
        let is_alive = self.arrived.rate(KEPT) > FOREIGN_ALIVE * bytes(sample.audio);
        let seconds = on_line / self.capacity.estimate().max(least).max(SLOWEST);
        (is_no_more && is_alive).then(|| Duration::from_secs_f64(seconds) + FOREIGN_LEAST)
    }

    /// How many bytes may be on the line.
    fn on_line(&self, sample: &LinkSample) -> f64 {
        let estimate = self.capacity.estimate();
        let latest = self.base_rtt.latest().as_secs_f64();
        let audio = bytes(sample.audio) * latest;
        if let Some(from) = self.base_rtt.draining() {
            let most = DRAINING * estimate * from.as_secs_f64();
            return most.max(ON_LINE_LEAST / 2.0).max(audio);
        }
        let base = self.base_rtt.least().as_secs_f64();
        let (round_trip, least) = match self.base_rtt.is_contested() {
            true => (latest.min(CONTESTED_ROUND_TRIPS * base), audio),
            false => (base, 0.0),
        };
        let most = estimate * (ON_LINE + ON_LINE_ROUND_TRIPS * round_trip);
        most.max(ON_LINE_LEAST).max(least)
    }

    /// What the line has carried since it is busy, if that says anything yet.
    fn measure(&self) -> Option<Measured> {
        let window = self.base_rtt.least().mul_f64(WINDOW_ROUND_TRIPS);
        let window = window.clamp(WINDOW, WINDOW_MOST);
        let (carried, time) = self.carried(window)?;
        let is_enough = carried >= FEWEST || time + 2 * INTERVAL >= window;
        let rate = |bytes: u64, time: Duration| (bytes as f64 / time.as_secs_f64()).max(SLOWEST);
        is_enough.then(|| Measured {
            carried: rate(carried, time),
            risen: self
                .carried(RISE_WINDOW)
                .filter(|(bytes, _)| *bytes >= RISE_FEWEST)
                .map(|(bytes, time)| rate(bytes, time))
                .filter(|risen| *risen > RISE_RATIO * self.capacity.estimate()),
        })
    }

    /// The bytes that arrived in a window within the busy time, and its length.
    fn carried(&self, window: Duration) -> Option<(u64, Duration)> {
        let busy = self.at.saturating_duration_since(self.busy_since?);
        let time = busy.min(window);
        let from = self.at.checked_sub(time)?;
        (time >= SHORTEST).then(|| (self.arrived.since(from), time))
    }

    fn is_filled(&self) -> bool {
        self.encoded.rate(ENCODER_WINDOW) > FILLED * self.allowed.rate(ENCODER_WINDOW)
    }

    fn advise(&mut self, sample: &LinkSample, min: Bitrate) -> RateAdvice {
        let estimate = self.capacity.estimate();
        let round_trip = self.round_trip();
        let skip = round_trip + (estimate * SKIP_DELAY).max(SKIP_LEAST);
        self.tell(self.target(sample), min, sample.most);
        RateAdvice {
            bitrate: (sample.most.as_bps() > 0).then_some(self.told),
            in_flight: sample.unacked.map(|_| whole(self.on_line(sample))),
            skip_above: Some(whole(skip)),
            carries: self.capacity.is_found().then(|| bitrate(estimate)),
        }
    }

    /// What video may take, in bytes per second.
    fn target(&self, sample: &LinkSample) -> f64 {
        let estimate = self.capacity.estimate();
        if self.base_rtt.draining().is_some() {
            return DRAINING_USE * estimate - bytes(sample.audio);
        }
        let drain = (self.excess(sample) - QUEUE_ALLOWED * estimate).max(0.0) / DRAIN_TIME;
        USE * estimate - bytes(sample.audio) - drain
    }

    /// Keeps to what was told unless the change is worth it, or is the last to a limit.
    fn tell(&mut self, target: f64, min: Bitrate, most: Bitrate) {
        let target = bitrate(target).max(min).min(most);
        let told = self.told.max(min).min(most);
        let is_worth_it = (bytes(target) - bytes(told)).abs() > STEP * bytes(told);
        let is_limit = target == min || target == most;
        self.told = if is_worth_it || is_limit {
            target
        } else {
            told
        };
    }
}

/// What a line is taken to carry of which nothing is known, in bytes per second.
fn unproven(sample: &LinkSample) -> f64 {
    (bytes(Adaptive::start(sample.most)) + bytes(sample.audio)) / USE
}

/// Bytes that have arrived, or that the kernel has taken where it does not tell.
fn arrived(sample: &LinkSample) -> u64 {
    sample.acked().unwrap_or(sample.written)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// In bytes per second.
fn bytes(bitrate: Bitrate) -> f64 {
    bitrate.as_bps() as f64 / 8.0
}

fn bitrate(bytes: f64) -> Bitrate {
    Bitrate::bps(whole(8.0 * bytes))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast saturates, and what is below zero or no number becomes zero"
)]
const fn whole(number: f64) -> u64 {
    number as u64
}
