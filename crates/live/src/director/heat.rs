use std::time::{Duration, Instant};

use onair_av::device::{Order, Thermal};
use onair_media::{Bitrate, FrameRate, Size};

use super::{Ladder, Notice, Quality, ladder};

/// Where quality stands on the [ladder](ladder::on_air), by how hot the phone is and how hard
/// the camera is on it: the worse of the two counts.
///
/// ```text
///   critical   to the bottom, at once
///   serious    one rung down at once, and one more for each 20 s it stays so
///   fair       one rung up after 3 minutes
///   nominal    one rung up after 1 minute
/// ```
///
/// Falling soon after climbing makes the next climb wait twice as long, up to eight times.
#[derive(Clone, Debug)]
pub(super) struct Heat {
    thermal: Thermal,
    pressure: Thermal,
    /// Since when the worse of the two is what it is, and since when it is not hot.
    since: Option<Instant>,
    cool_since: Option<Instant>,
    rungs: Vec<Quality>,
    ladder: Option<Ladder>,
    rung: usize,
    fell: Option<Instant>,
    climbed: Option<Instant>,
    patience: u32,
    told: u8,
    /// What the device was ordered last; `None` while it runs with what it began with.
    ordered: Option<(FrameRate, Size)>,
    bitrate: Option<Bitrate>,
}

/// Between two steps down.
const FALL: Duration = Duration::from_secs(20);

/// Before a step up, when all is well and when it is merely warm.
const CLIMB: Duration = Duration::from_secs(60);
const CLIMB_WARM: Duration = Duration::from_secs(180);

/// The longest a climb waits, as a multiple.
const MOST_PATIENCE: u32 = 8;

impl Heat {
    /// At the top of a ladder from what the device makes by itself.
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
            rungs: ladder::off_air(base),
            ladder: None,
            rung: 0,
            fell: None,
            climbed: None,
            patience: 1,
            told: 0,
            ordered: None,
            bitrate: None,
        }
    }

    /// What the user wants.
    pub(super) fn base(&self) -> Quality {
        self.rungs[0]
    }

    /// It is not had in full.
    pub(super) const fn is_reduced(&self) -> bool {
        self.rung > 0
    }

    /// How hot the phone is.
    pub(super) fn thermal(&mut self, thermal: Thermal, now: Instant) {
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

    /// The user wants other pictures. Gives the order as it can be given now.
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

    /// The show is over: what it alone has to save is saved no more.
    pub(super) fn end(&mut self) {
        self.ladder = None;
        self.bitrate = None;
        self.rebase(self.base());
    }

    /// Time has passed: steps down or up, if it is due.
    pub(super) fn pass(&mut self, now: Instant) {
        if self.deadline().is_none_or(|at| now < at) {
            return;
        }
        match self.level() {
            Thermal::Critical => self.fall(self.rungs.len() - 1, now),
            Thermal::Serious => self.fall(self.rung + 1, now),
            Thermal::Fair | Thermal::Nominal => self.climb(now),
        }
    }

    /// What a camera that runs is to be ordered.
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

    /// What the encoder is to be set to, where that is new.
    pub(super) fn bitrate(&self) -> Option<Bitrate> {
        let bitrate = self.rungs[self.rung].bitrate;
        let is_new = self.bitrate.is_some_and(|before| before != bitrate);
        is_new.then_some(bitrate)
    }

    /// The encoder was set to it.
    pub(super) const fn bitrate_set(&mut self, bitrate: Bitrate) {
        self.bitrate = Some(bitrate);
    }

    /// What the user does not know yet.
    pub(super) fn notice(&self) -> Option<Notice> {
        let rung = u8::try_from(self.rung).unwrap_or(u8::MAX);
        (rung != self.told).then_some(Notice::Heat(rung))
    }

    /// The user was told.
    pub(super) const fn told(&mut self, rung: u8) {
        self.told = rung;
    }

    /// When the next step is due, unless something changes.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let (is_top, is_bottom) = (self.rung == 0, self.rung + 1 >= self.rungs.len());
        let since = self.since?;
        match self.level() {
            Thermal::Critical if !is_bottom => Some(since),
            Thermal::Serious if !is_bottom => self.fell.map_or(Some(since), |at| Some(at + FALL)),
            Thermal::Fair if !is_top => Some(self.warm_climb(since)),
            Thermal::Nominal if !is_top => {
                let climb = self.rests_since(since) + CLIMB * self.patience;
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

    /// When a climb is due whatever it is, as long as it is not hot.
    fn warm_climb(&self, since: Instant) -> Instant {
        self.rests_since(self.cool_since.unwrap_or(since)) + CLIMB_WARM * self.patience
    }

    /// A step up begins the wait for the next.
    fn rests_since(&self, since: Instant) -> Instant {
        self.climbed.map_or(since, |climbed| climbed.max(since))
    }

    fn fall(&mut self, rung: usize, now: Instant) {
        if let Some(climbed) = self.climbed.take() {
            let is_relapse = now < climbed + CLIMB_WARM * self.patience;
            let longer = (self.patience * 2).min(MOST_PATIENCE);
            self.patience = if is_relapse { longer } else { 1 };
        }
        self.fell = Some(now);
        self.rung = rung.min(self.rungs.len() - 1);
    }

    fn climb(&mut self, now: Instant) {
        self.climbed = Some(now);
        self.rung -= 1;
    }

    /// What a camera was ordered last, or runs with by itself.
    fn ordered(&self) -> (FrameRate, Size) {
        let base = self.base();
        self.ordered.unwrap_or((base.frame_rate, base.size))
    }

    fn wanted(&self) -> (FrameRate, Size) {
        let rung = self.rungs[self.rung];
        (rung.frame_rate, rung.size)
    }

    fn rebase(&mut self, base: Quality) {
        self.rungs = match self.ladder {
            Some(ladder) => ladder::on_air(base, ladder),
            None => ladder::off_air(base),
        };
        self.rung = self.rung.min(self.rungs.len() - 1);
    }
}
