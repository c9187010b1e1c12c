use std::time::{Duration, Instant};

use onair_av::device::Interruption;

use super::backoff::Backoff;
use super::stage::{Change, Presence, Stage, Told};
use super::{Notice, Why};

/// Whether frames come, and what viewers see while they do not.
///
/// ```text
///                    away            3 s, or at once when the
///   camera's frames  ────► the last  application left the screen   slate
///          ▲               frame     ───────────────────────────►   │
///          └───────────────────┴────────────────────────────────────┘
///                               it is back
/// ```
///
/// For a second or two viewers keep the last frame: a slate that flashes up would look worse. After
/// that a still looks like a broken stream, and it may show a private moment. A user who leaves the
/// application expects not to be seen: the slate comes at once, and as an IDR frame, because in the
/// background the system takes the encoder away and viewers keep its last IDR frame.
///
/// A session that holds a camera is interrupted as a whole, audio included, so on air the device
/// releases a camera that is not available. Without a camera a session is not told when one is
/// available again, so that is tried from time to time.
#[derive(Clone, Debug)]
pub(super) struct Camera {
    is_allowed: Option<bool>,
    interruption: Option<Interruption>,
    grip: Grip,
    /// When to assume that the interruption is over, though no report came.
    retry: Option<Instant>,
    backoff: Backoff,
    told: Told,
    away_since: Option<Instant>,
    /// When the show last had a frame.
    was_here: bool,
    slate: bool,
}

/// Whether the device holds a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grip {
    Held,
    LetGo,
    /// The device refused to release it, and is not asked again before something changes.
    Stuck,
}

/// How long viewers see the last frame.
const STILL: Duration = Duration::from_secs(3);

/// How long to wait in front for the end of an interruption by the background: the application's
/// return may have overtaken its report.
const STALE: Duration = Duration::from_secs(2);

/// Between attempts to hold a released camera again. Each may cost a moment of audio.
const BACKOFF: Backoff = Backoff::new(Duration::from_secs(10), Duration::from_secs(60));

impl Camera {
    pub(super) fn new() -> Self {
        Self {
            is_allowed: None,
            interruption: None,
            grip: Grip::Held,
            retry: None,
            backoff: BACKOFF,
            told: Told::default(),
            away_since: None,
            was_here: false,
            slate: false,
        }
    }

    /// The user's answer. True when the camera was forbidden until now.
    pub(super) fn permission(&mut self, granted: bool) -> bool {
        self.is_allowed.replace(granted) == Some(false) && granted
    }

    pub(super) fn is_denied(&self) -> bool {
        self.is_allowed == Some(false)
    }

    /// Why the system took it away, if it did.
    pub(super) const fn interruption(&self) -> Option<Interruption> {
        self.interruption
    }

    /// The session waits for the system: a Start would be in vain.
    pub(super) const fn blocks(&self, stage: Stage) -> bool {
        stage.is_in_front && self.is_held() && self.interruption.is_some()
    }

    /// The system took it away. True when the session should be started without it.
    pub(super) fn interrupted(&mut self, why: Interruption, stage: Stage, now: Instant) -> bool {
        let was_let_go = stage.is_in_front && !self.is_held();
        self.loosen();
        if self.interruption.replace(why) == Some(why) && was_let_go {
            return false;
        }
        self.retry = match why {
            _ if !stage.is_in_front => None,
            Interruption::AudioInUse => None,
            Interruption::Background => Some(now + STALE),
            _ if stage.is_on_air => Some(self.backoff.failed(now)),
            _ => None,
        };
        self.is_to_be_let_go(stage)
    }

    /// It seems to be available again. True when it was not before.
    pub(super) const fn recover(&mut self) -> bool {
        self.retry = None;
        self.interruption.take().is_some() || !self.is_held()
    }

    /// The application or its user is back. True when there is something to start again. Only
    /// activating audio can show whether another application still has it.
    pub(super) const fn reset_backoff(&mut self) -> bool {
        self.backoff.reset();
        match self.interruption {
            Some(Interruption::AudioInUse) => false,
            _ => self.recover(),
        }
    }

    /// The application left the screen.
    pub(super) const fn background(&mut self) {
        self.retry = None;
        self.loosen();
    }

    /// Time has passed. True once when an interruption is assumed to be over.
    pub(super) fn advance(&mut self, now: Instant) -> bool {
        self.retry.is_some_and(|at| now >= at) && self.recover()
    }

    /// Whether to release a camera that would take audio with it.
    pub(super) fn is_to_release(&self, stage: Stage) -> bool {
        self.grip == Grip::Held && stage.is_wanted && self.is_to_be_let_go(stage)
    }

    /// Whether to hold a camera again before starting.
    pub(super) fn is_to_hold(&self, stage: Stage) -> bool {
        !self.is_held() && !self.is_to_be_let_go(stage)
    }

    /// The device was ordered to hold it, or to release it.
    pub(super) const fn ordered(&mut self, held: bool) {
        self.grip = if held { Grip::Held } else { Grip::LetGo };
    }

    /// The device refused to release it, or to hold it again.
    pub(super) const fn refused(&mut self, held: bool) {
        self.grip = if held { Grip::LetGo } else { Grip::Stuck };
    }

    /// A show begins, with nothing on its slate.
    pub(super) const fn go_live(&mut self) {
        self.slate = false;
        self.was_here = false;
        self.away_since = None;
    }

    /// Remembers when there was a frame last.
    pub(super) fn observe(&mut self, presence: Presence, now: Instant) {
        if presence == Presence::Here {
            self.was_here = true;
            self.away_since = None;
        } else {
            self.away_since.get_or_insert(now);
        }
    }

    /// Whether to show the slate or to take it away; `None` when nothing changes.
    pub(super) fn slate(&self, presence: Presence, stage: Stage, now: Instant) -> Option<bool> {
        let slate = self.is_slate_due(presence, now);
        (stage.is_on_air && slate != self.slate).then_some(slate)
    }

    /// The slate was shown, or taken away.
    pub(super) const fn slated(&mut self, shown: bool) {
        self.slate = shown;
    }

    /// What the user does not know yet.
    pub(super) fn notice(&self, presence: Presence) -> Option<Notice> {
        Some(match self.told.change(presence)? {
            Change::Gone(why) => Notice::NoVideo(why),
            Change::Back => Notice::Video,
        })
    }

    /// The user was told.
    pub(super) const fn told(&mut self, change: Change) {
        self.told.note(change);
    }

    pub(super) fn deadline(&self, stage: Stage) -> Option<Instant> {
        let waits = stage.is_on_air && !self.slate;
        let still = self.away_since.filter(|_| waits).map(|at| at + STILL);
        still.into_iter().chain(self.retry).min()
    }

    const fn is_held(&self) -> bool {
        matches!(self.grip, Grip::Held | Grip::Stuck)
    }

    /// It may be asked again.
    const fn loosen(&mut self) {
        if let Grip::Stuck = self.grip {
            self.grip = Grip::Held;
        }
    }

    /// On air the show goes on without it.
    fn is_to_be_let_go(&self, stage: Stage) -> bool {
        let is_taken = match self.interruption {
            None | Some(Interruption::AudioInUse | Interruption::Background) => false,
            Some(_) => true,
        };
        stage.is_on_air && (is_taken || !stage.is_in_front)
    }

    fn is_slate_due(&self, presence: Presence, now: Instant) -> bool {
        match presence {
            Presence::Here => false,
            Presence::Off | Presence::Away(Why::Background | Why::NotAllowed) => true,
            Presence::Away(_) if !self.was_here => true,
            Presence::Coming | Presence::Away(_) => {
                let is_over = |since: Instant| now >= since + STILL;
                self.slate || self.away_since.is_some_and(is_over)
            }
        }
    }
}

/// What to call it.
pub(super) const fn why(interruption: Interruption) -> Why {
    match interruption {
        Interruption::Background => Why::Background,
        Interruption::SharedScreen => Why::SharedScreen,
        Interruption::Pressure => Why::Heat,
        Interruption::AudioInUse | Interruption::CameraInUse | Interruption::Unknown => Why::InUse,
    }
}
