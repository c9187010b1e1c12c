use std::time::{Duration, Instant};

use super::backoff::Backoff;
use super::stage::Stage;

/// Whether the device runs: it is started, stopped, built anew, and started again when it fails.
///
/// ```text
///             order Start            performed, started
///   Off ────────────────► Starting ────────────────────► Running
///    ▲                        ▲                             │ failed, refused,
///    │ order Stop             │ order Start                 ▼ interrupted and back
///    └─── from anywhere       └────────────────────────── Due{at}
/// ```
///
/// While the system's media services are dead nothing is ordered; when they are back, and after
/// [`REBUILD_AFTER`] failures in a row, a Rebuild goes before the Start. In the background there
/// is one Start and no second: iOS lets an application go on recording there, not begin to.
#[derive(Clone, Debug)]
pub(super) struct Session {
    state: State,
    backoff: Backoff,
    /// It failed and has not run since.
    has_failed: bool,
    is_dead: bool,
    needs_rebuild: bool,
    rebuilt: Option<Instant>,
    /// It was started in this stay in the background.
    was_tried: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Off,
    Starting,
    Running { since: Instant },
    Due { at: Instant },
}

/// From this many failures in a row on, nothing of the old session is trusted.
const REBUILD_AFTER: u32 = 3;

/// A failure after so long begins a new row.
const STABLE: Duration = Duration::from_secs(10);

/// A second report within this time that the services are back means the same return: the audio
/// session and the capture session both report it.
const ECHO: Duration = Duration::from_secs(2);

/// The first delay before another Start, and the longest: somebody looks at the phone and waits.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));

impl Session {
    pub(super) const fn new() -> Self {
        Self {
            state: State::Off,
            backoff: BACKOFF,
            has_failed: false,
            is_dead: false,
            needs_rebuild: false,
            rebuilt: None,
            was_tried: false,
        }
    }

    pub(super) const fn is_running(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    /// It stopped by itself and does not run again yet.
    pub(super) const fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// The system's media services are not there.
    pub(super) const fn is_dead(&self) -> bool {
        self.is_dead
    }

    /// It runs, and maybe by itself.
    pub(super) fn started(&mut self, now: Instant) {
        if matches!(self.state, State::Starting | State::Due { .. }) {
            self.state = State::Running { since: now };
            self.has_failed = false;
        }
    }

    /// The device did what Start asks.
    pub(super) fn performed(&mut self, now: Instant) {
        if self.state == State::Starting {
            self.started(now);
        }
    }

    /// It stopped by itself, or did not start. True for the first failure in a row.
    pub(super) fn failed(&mut self, now: Instant) -> bool {
        match self.state {
            State::Off | State::Due { .. } => return false,
            State::Running { since } if now.saturating_duration_since(since) >= STABLE => {
                self.backoff.reset();
            }
            State::Running { .. } | State::Starting => {}
        }
        let at = self.backoff.failed(now);
        self.state = State::Due { at };
        self.has_failed = true;
        self.needs_rebuild |= self.backoff.failures() >= REBUILD_AFTER;
        self.backoff.failures() == 1
    }

    /// It could not be built anew: what it answered to a Start after that counts for nothing.
    pub(super) fn rebuild_refused(&mut self, now: Instant) -> bool {
        let is_first = self.failed(now);
        self.needs_rebuild = true;
        self.rebuilt = None;
        is_first
    }

    /// The system's media services died.
    pub(super) const fn lost(&mut self, now: Instant) {
        self.is_dead = true;
        self.restart(now);
    }

    /// They are back. False when that was known.
    pub(super) fn reset(&mut self, now: Instant) -> bool {
        let is_recent = |at: Instant| now.saturating_duration_since(at) < ECHO;
        if !self.is_dead && self.rebuilt.is_some_and(is_recent) {
            return false;
        }
        self.is_dead = false;
        self.needs_rebuild = true;
        self.restart(now);
        true
    }

    /// Lets a Start be ordered although it may be running: that does no harm.
    pub(super) const fn restart(&mut self, now: Instant) {
        if !matches!(self.state, State::Off) {
            self.state = State::Due { at: now };
        }
    }

    /// The system allows us to go on, even in the background.
    pub(super) const fn resume(&mut self, now: Instant) {
        self.was_tried = false;
        self.restart(now);
    }

    /// The application or its user is back: what failed before may work now.
    pub(super) const fn reset_backoff(&mut self, now: Instant) {
        self.was_tried = false;
        self.has_failed = false;
        self.backoff.reset();
        if let State::Due { .. } = self.state {
            self.state = State::Due { at: now };
        }
    }

    /// Whether a Stop is to be ordered.
    pub(super) fn is_to_stop(&self, stage: Stage) -> bool {
        !stage.should_run() && self.state != State::Off
    }

    /// It was stopped.
    pub(super) const fn stopped(&mut self) {
        self.state = State::Off;
        self.has_failed = false;
        self.backoff.reset();
    }

    /// Where the services are dead, what is to stop has stopped.
    pub(super) fn rest(&mut self, stage: Stage) {
        if self.is_dead && self.is_to_stop(stage) {
            self.stopped();
        }
    }

    /// Whether a Start is to be ordered now.
    pub(super) fn is_due(&self, stage: Stage, now: Instant) -> bool {
        let at = match self.state {
            State::Off => Some(now).filter(|_| stage.is_in_front),
            State::Due { at } => Some(at),
            State::Starting | State::Running { .. } => None,
        };
        at.is_some_and(|at| now >= at) && self.may_start(stage)
    }

    /// Whether a Rebuild is to go before the Start.
    pub(super) const fn needs_rebuild(&self) -> bool {
        self.needs_rebuild
    }

    /// A Rebuild was ordered.
    pub(super) const fn rebuilding(&mut self, now: Instant) {
        self.needs_rebuild = false;
        self.rebuilt = Some(now);
    }

    /// A Start was ordered.
    pub(super) const fn starting(&mut self, stage: Stage) {
        self.state = State::Starting;
        self.was_tried |= !stage.is_in_front;
    }

    pub(super) fn deadline(&self, stage: Stage) -> Option<Instant> {
        match self.state {
            State::Due { at } if self.may_start(stage) => Some(at),
            _ => None,
        }
    }

    const fn may_start(&self, stage: Stage) -> bool {
        stage.should_run() && !self.is_dead && (stage.is_in_front || !self.was_tried)
    }
}
