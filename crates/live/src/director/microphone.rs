use std::time::{Duration, Instant};

use onair_av::device::Order;

use super::backoff::Backoff;
use super::commands::Commands;
use super::stage::{Change, Presence, Stage, Told};
use super::{Notice, Why};

/// Whether audio comes. Its source fills gaps with silence of the same length.
///
/// ```text
///           order ActivateAudio              performed
///   Idle ─────────────────────► Activating ───────────► Active
///    ▲                              ▲  │ refused          │ interrupted
///    │ order DeactivateAudio        │  ▼                  ▼
///    └─── from anywhere            Due{at} ◄──────── Interrupted
///                                           it ended and the system says go on;
///                                           the application is in front again;
///                                           the user asks
/// ```
#[derive(Clone, Debug)]
pub(super) struct Microphone {
    is_allowed: Option<bool>,
    state: State,
    backoff: Backoff,
    /// It was tried since the application went to the background.
    was_tried: bool,
    /// Once it is active, what was interrupted with it should run again.
    is_resuming: bool,
    in_front_since: Option<Instant>,
    route: Option<Route>,
    told: Told,
    is_muted: bool,
    /// What the show's inlet was told last.
    muted_inlet: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    Activating,
    Active,
    Interrupted,
    Due {
        at: Instant,
    },
}

/// Where audio comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Route {
    input: Option<String>,
    /// The former input is gone.
    lost: bool,
}

/// An interruption that is reported this soon after the application is back in front is old: the
/// system deactivates the audio session of an application it suspends, and reports no end of that.
const LATE_NEWS: Duration = Duration::from_secs(2);

/// Between attempts to activate what was refused.
const BACKOFF: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));

impl Microphone {
    pub(super) fn new() -> Self {
        Self {
            is_allowed: None,
            state: State::Idle,
            backoff: BACKOFF,
            was_tried: false,
            is_resuming: false,
            in_front_since: None,
            route: None,
            told: Told::default(),
            is_muted: false,
            muted_inlet: false,
        }
    }

    /// The user's answer. True when the microphone was forbidden until now.
    pub(super) fn permission(&mut self, granted: bool, now: Instant) -> bool {
        let is_new = self.is_allowed.replace(granted) == Some(false) && granted;
        if is_new {
            self.renew(now);
        }
        is_new
    }

    pub(super) fn is_denied(&self) -> bool {
        self.is_allowed == Some(false)
    }

    /// Another application has the microphone.
    pub(super) fn interrupted(&mut self, now: Instant) {
        let is_recent = |since: Instant| now.saturating_duration_since(since) < LATE_NEWS;
        let is_late = self.in_front_since.take().is_some_and(is_recent);
        self.is_resuming = true;
        self.state = match self.state {
            State::Idle => State::Idle,
            _ if is_late => State::Due { at: now },
            _ => State::Interrupted,
        };
    }

    /// The interruption is over.
    pub(super) fn interruption_ended(&mut self, should_resume: bool, now: Instant) {
        if should_resume && self.state == State::Interrupted {
            self.reset_backoff(now);
        }
    }

    /// The application or its user is back: what was interrupted or refused may work now.
    pub(super) fn reset_backoff(&mut self, now: Instant) {
        self.was_tried = false;
        self.backoff.reset();
        if matches!(self.state, State::Interrupted | State::Due { .. }) {
            self.state = State::Due { at: now };
        }
    }

    /// The application is in front again.
    pub(super) const fn foreground(&mut self, now: Instant) {
        self.in_front_since = Some(now);
    }

    /// It may no longer be active; activating it again will show.
    pub(super) fn mark_stale(&mut self, now: Instant) {
        self.is_resuming = true;
        self.renew(now);
    }

    /// It is no longer active, as when the capture session was interrupted because of its audio.
    pub(super) const fn renew(&mut self, now: Instant) {
        if matches!(self.state, State::Active | State::Activating) {
            self.state = State::Due { at: now };
        }
    }

    /// The system's media services are back, and have forgotten everything.
    pub(super) const fn reset(&mut self, now: Instant) {
        if !matches!(self.state, State::Idle) {
            self.state = State::Due { at: now };
        }
    }

    /// The device activated it. True when that ends an interruption.
    pub(super) fn performed(&mut self) -> bool {
        if self.state != State::Activating {
            return false;
        }
        self.state = State::Active;
        self.backoff.reset();
        std::mem::take(&mut self.is_resuming)
    }

    /// The device refused. True for the first refusal in a row.
    pub(super) fn refused(&mut self, now: Instant) -> bool {
        if self.state != State::Activating {
            return false;
        }
        let at = self.backoff.failed(now);
        self.state = State::Due { at };
        self.backoff.failures() == 1
    }

    /// Audio comes from elsewhere. True when another input should be picked.
    pub(super) fn route(&mut self, input: Option<String>, lost: bool, out: &mut Commands) -> bool {
        let route = Route { input, lost };
        if self.route.as_ref() == Some(&route) {
            return false;
        }
        let before = self.route.as_ref().map(|route| &route.input);
        if before != Some(&route.input) {
            out.tell(Notice::Input(route.input.clone()));
        }
        self.route = Some(route);
        lost
    }

    /// The user's wish.
    pub(super) fn mute(&mut self, muted: bool, now: Instant) {
        self.is_muted = muted;
        if !muted {
            self.reset_backoff(now);
        }
    }

    /// A show begins, its inlet open.
    pub(super) const fn go_live(&mut self) {
        self.muted_inlet = false;
    }

    /// Whether to mute the show's inlet or to open it; `None` when nothing changes.
    pub(super) fn inlet(&self, stage: Stage) -> Option<bool> {
        let is_to_change = stage.is_on_air && self.muted_inlet != self.is_muted;
        is_to_change.then_some(self.is_muted)
    }

    /// The show's inlet was muted, or opened.
    pub(super) const fn inlet_told(&mut self, muted: bool) {
        self.muted_inlet = muted;
    }

    /// What should not run is not resumed, and dead services hold no audio session.
    pub(super) const fn rest(&mut self, stage: Stage, is_dead: bool) {
        if !stage.should_run() {
            self.is_resuming = false;
            if is_dead {
                self.state = State::Idle;
            }
        }
    }

    /// Whether to activate audio, or to give it back.
    pub(super) fn order(&self, stage: Stage, now: Instant) -> Option<Order> {
        if !stage.should_run() {
            return (self.state != State::Idle).then_some(Order::DeactivateAudio);
        }
        self.is_due(stage, now).then_some(Order::ActivateAudio)
    }

    /// The device was ordered to activate it.
    pub(super) const fn activating(&mut self, stage: Stage) {
        self.state = State::Activating;
        self.was_tried |= !stage.is_in_front;
    }

    /// The device was ordered to give it back.
    pub(super) const fn given_back(&mut self) {
        self.state = State::Idle;
    }

    /// What the user does not know yet.
    pub(super) fn notice(&self, presence: Presence) -> Option<Notice> {
        Some(match self.told.change(presence)? {
            Change::Gone(why) => Notice::NoAudio(why),
            Change::Back => Notice::Audio,
        })
    }

    /// The user was told.
    pub(super) const fn told(&mut self, change: Change) {
        self.told.note(change);
    }

    /// Whether there is audio, as far as the microphone knows.
    pub(super) fn presence(&self, stage: Stage) -> Presence {
        match self.state {
            State::Idle if !stage.is_in_front => Presence::Away(Why::Background),
            State::Interrupted => Presence::Away(Why::InUse),
            State::Due { .. } | State::Activating if self.backoff.failures() > 0 => {
                Presence::Away(Why::InUse)
            }
            State::Active => Presence::Here,
            State::Idle | State::Due { .. } | State::Activating => Presence::Coming,
        }
    }

    pub(super) fn deadline(&self, stage: Stage, is_dead: bool) -> Option<Instant> {
        match self.state {
            State::Due { at } if self.may_activate(stage) && !is_dead => Some(at),
            _ => None,
        }
    }

    fn is_due(&self, stage: Stage, now: Instant) -> bool {
        match self.state {
            State::Idle => stage.is_in_front && self.may_activate(stage),
            State::Due { at } => now >= at && self.may_activate(stage),
            State::Activating | State::Active | State::Interrupted => false,
        }
    }

    fn may_activate(&self, stage: Stage) -> bool {
        let is_the_place = stage.is_in_front || !self.was_tried;
        stage.should_run() && !self.is_denied() && is_the_place
    }
}
