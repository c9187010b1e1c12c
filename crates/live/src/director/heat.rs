use std::time::{Duration, Instant};

use onair_av::device::{Order, Thermal};
use onair_media::{Bitrate, FrameRate, Size};

use super::commands::Commands;
use super::{Command, Ladder, Notice, Quality, ladder};

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
#[derive(Debug)]
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

    /// Steps down or up, if it is time.
    pub(super) fn settle(&mut self, now: Instant) {
        if self.deadline().is_none_or(|at| now < at) {
            return;
        }
        match self.level() {
            Thermal::Critical => self.fall(self.rungs.len() - 1, now),
            Thermal::Serious => self.fall(self.rung + 1, now),
            Thermal::Fair | Thermal::Nominal => self.climb(now),
        }
    }

    /// Lets a camera that runs follow.
    pub(super) fn settle_camera(&mut self, out: &mut Commands) {
        let wanted = self.wanted();
        let base = self.base();
        let ordered = self.ordered.unwrap_or((base.frame_rate, base.size));
        if wanted.0 != ordered.0 {
            out.order(Order::FrameRate(wanted.0));
        }
        if wanted.1 != ordered.1 {
            out.order(Order::Size(wanted.1));
        }
        if wanted != ordered {
            self.ordered = Some(wanted);
        }
    }

    /// Lets the encoder follow, and tells the user.
    pub(super) fn settle_encoder(&mut self, out: &mut Commands) {
        let bitrate = self.rungs[self.rung].bitrate;
        if self.bitrate.is_some_and(|before| before != bitrate) {
            self.bitrate = Some(bitrate);
            out.push(Command::Bitrate(bitrate));
        }
        let told = u8::try_from(self.rung).unwrap_or(u8::MAX);
        if std::mem::replace(&mut self.told, told) != told {
            out.tell(Notice::Heat(told));
        }
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
