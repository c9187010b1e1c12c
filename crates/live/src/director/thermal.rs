use std::time::{Duration, Instant};

use onair_av::device::{Order, Thermal};
use onair_media::{Bitrate, FrameRate, Size};

use super::{Ladder, Notice, Quality, ladder};

/// Where quality stands on the [ladder](ladder::on_air), by how hot the phone is and how hard
/// the camera is on it: the worse of the two counts.
///
/// ```text
///   critical   to the bottom, at once
///   serious    one step down at once, and one more for each 20 s it stays so
///   fair       one step up after 3 minutes
///   nominal    one step up after 1 minute
/// ```
///
/// Falling soon after climbing makes the next climb wait twice as long, up to eight times.
#[derive(Clone, Debug)]
pub(super) struct ThermalPolicy {
    thermal: Thermal,
    pressure: Thermal,
    /// Since when the worse of the two has its value, and since when it is not hot.
    since: Option<Instant>,
    cool_since: Option<Instant>,
    steps: Vec<Quality>,
    ladder: Option<Ladder>,
    step: usize,
    fell: Option<Instant>,
    climbed: Option<Instant>,
    wait_factor: u32,
    told: u8,
    /// What the device was ordered last; `None` while nothing was ordered.
    ordered: Option<(FrameRate, Size)>,
    bitrate: Option<Bitrate>,
}

/// Between two steps down.
const FALL: Duration = Duration::from_secs(20);

/// Before a step up, when all is well and when it is warm.
const CLIMB: Duration = Duration::from_secs(60);
const CLIMB_WARM: Duration = Duration::from_secs(180);

/// The longest a climb waits, as a multiple.
const MAX_WAIT_FACTOR: u32 = 8;

impl ThermalPolicy {
    /// At the top of a ladder, which is what the device gives by itself.
    pub(super) fn new(size: Size, frame_rate: FrameRate) -> Self {
        let base = Quality {
            size,
            frame_rate,
            bitrate: Bitrate::default(),
        };
        Self {
            thermal: Thermal::Nominal,
            pressure: Thermal::Nominal,
            since: None,
            cool_since: None,
            steps: ladder::off_air(base),
            ladder: None,
            step: 0,
            fell: None,
            climbed: None,
            wait_factor: 1,
            told: 0,
            ordered: None,
            bitrate: None,
        }
    }

    /// What the user wants.
    pub(super) fn base(&self) -> Quality {
        self.steps[0]
    }

    /// Heat allows less than that.
    pub(super) const fn is_reduced(&self) -> bool {
        self.step > 0
    }

    /// How hot the phone is.
    pub(super) fn temperature(&mut self, thermal: Thermal, now: Instant) {
        let before = self.level();
        self.thermal = thermal;
        self.turned(before, now);
    }

    /// How hard the camera is on it.
    pub(super) fn pressure(&mut self, pressure: Thermal, now: Instant) {
        let before = self.level();
        self.pressure = pressure;
        self.turned(before, now);
    }

    /// The user wants another frame rate or size. Gives the order as heat allows it.
    pub(super) fn user_order(&mut self, order: Order) -> Order {
        let before = self.base();
        let mut base = before;
        match order {
            Order::FrameRate(frame_rate) => base.frame_rate = frame_rate,
            Order::Size(size) => base.size = size,
            other => return other,
        }
        self.rebase(base);
        let (frame_rate, size) = self.wanted();
        let now = (before.frame_rate, before.size);
        let ordered = self.ordered.get_or_insert(now);
        if let Order::FrameRate(_) = order {
            ordered.0 = frame_rate;
            return Order::FrameRate(frame_rate);
        }
        ordered.1 = size;
        Order::Size(size)
    }

    /// A show begins.
    pub(super) fn go_live(&mut self, quality: Quality, ladder: Ladder) {
        self.ladder = Some(ladder);
        self.bitrate = Some(quality.bitrate);
        if let Some((_, size)) = &mut self.ordered {
            *size = quality.size;
        }
        self.rebase(quality);
    }

    /// The show is over: only what a preview saves is saved from now on.
    pub(super) fn end(&mut self) {
        self.ladder = None;
        self.bitrate = None;
        self.rebase(self.base());
    }

    /// Time has passed: steps down or up, if it is due.
    pub(super) fn advance(&mut self, now: Instant) {
        if self.deadline().is_none_or(|at| now < at) {
            return;
        }
        match self.level() {
            Thermal::Critical => self.fall(self.steps.len() - 1, now),
            Thermal::Serious => self.fall(self.step + 1, now),
            Thermal::Fair | Thermal::Nominal => self.climb(now),
        }
    }

    /// What to order of a running camera.
    pub(super) fn orders(&self) -> impl Iterator<Item = Order> + use<> {
        let (frame_rate, size) = self.wanted();
        let (frame_rate_before, size_before) = self.ordered();
        let frame_rate = (frame_rate != frame_rate_before).then_some(Order::FrameRate(frame_rate));
        let size = (size != size_before).then_some(Order::Size(size));
        frame_rate.into_iter().chain(size)
    }

    /// A camera was ordered another frame rate.
    pub(super) fn ordered_frame_rate(&mut self, frame_rate: FrameRate) {
        self.ordered = Some((frame_rate, self.ordered().1));
    }

    /// A camera was ordered another size.
    pub(super) fn ordered_size(&mut self, size: Size) {
        self.ordered = Some((self.ordered().0, size));
    }

    /// The bitrate to set, where that is new.
    pub(super) fn bitrate(&self) -> Option<Bitrate> {
        let bitrate = self.steps[self.step].bitrate;
        let is_new = self.bitrate.is_some_and(|before| before != bitrate);
        is_new.then_some(bitrate)
    }

    /// The encoder has this bitrate now.
    pub(super) const fn bitrate_set(&mut self, bitrate: Bitrate) {
        self.bitrate = Some(bitrate);
    }

    /// What the user does not know yet.
    pub(super) fn notice(&self) -> Option<Notice> {
        let step = u8::try_from(self.step).unwrap_or(u8::MAX);
        (step != self.told).then_some(Notice::Heat(step))
    }

    /// The user was told.
    pub(super) const fn told(&mut self, step: u8) {
        self.told = step;
    }

    /// When the next step is due, unless something changes.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let (is_top, is_bottom) = (self.step == 0, self.step + 1 >= self.steps.len());
        let since = self.since?;
        match self.level() {
            Thermal::Critical if !is_bottom => Some(since),
            Thermal::Serious if !is_bottom => self.fell.map_or(Some(since), |at| Some(at + FALL)),
            Thermal::Fair if !is_top => Some(self.warm_climb(since)),
            Thermal::Nominal if !is_top => {
                let climb = self.rests_since(since) + CLIMB * self.wait_factor;
                Some(climb.min(self.warm_climb(since)))
            }
            _ => None,
        }
    }

    fn level(&self) -> Thermal {
        self.thermal.max(self.pressure)
    }

    fn turned(&mut self, before: Thermal, now: Instant) {
        let is_hot = |level: Thermal| level >= Thermal::Serious;
        if self.level() != before {
            self.since = Some(now);
        }
        if is_hot(before) && !is_hot(self.level()) {
            self.cool_since = Some(now);
        }
    }

    /// When a climb is due at the latest, while it is not hot.
    fn warm_climb(&self, since: Instant) -> Instant {
        self.rests_since(self.cool_since.unwrap_or(since)) + CLIMB_WARM * self.wait_factor
    }

    /// A step up begins the wait for the next.
    fn rests_since(&self, since: Instant) -> Instant {
        self.climbed.map_or(since, |climbed| climbed.max(since))
    }

    fn fall(&mut self, step: usize, now: Instant) {
        if let Some(climbed) = self.climbed.take() {
            let is_relapse = now < climbed + CLIMB_WARM * self.wait_factor;
            let longer = (self.wait_factor * 2).min(MAX_WAIT_FACTOR);
            self.wait_factor = if is_relapse { longer } else { 1 };
        }
        self.fell = Some(now);
        self.step = step.min(self.steps.len() - 1);
    }

    fn climb(&mut self, now: Instant) {
        self.climbed = Some(now);
        self.step -= 1;
    }

    /// What a camera was ordered last, or has by itself.
    fn ordered(&self) -> (FrameRate, Size) {
        let base = self.base();
        self.ordered.unwrap_or((base.frame_rate, base.size))
    }

    fn wanted(&self) -> (FrameRate, Size) {
        let step = self.steps[self.step];
        (step.frame_rate, step.size)
    }

    fn rebase(&mut self, base: Quality) {
        self.steps = match self.ladder {
            Some(ladder) => ladder::on_air(base, ladder),
            None => ladder::off_air(base),
        };
        self.step = self.step.min(self.steps.len() - 1);
    }
}
