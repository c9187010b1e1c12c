use std::time::{Duration, Instant};

use super::backoff::Backoff;
use super::stage::Stage;

/// Whether the device runs: it is started, stopped, rebuilt, and started again when it fails.
///
/// ```text
///             order Start            performed, started
///   Off ────────────────► Starting ────────────────────► Running
///    ▲                        ▲                             │ failed, refused,
///    │ order Stop             │ order Start                 ▼ interrupted and back
///    └─── from anywhere       └────────────────────────── Due{at}
/// ```
///
/// While the system's media services are dead, nothing is ordered. When they are back, and after
/// [`REBUILD_AFTER`] failures in a row, a Rebuild precedes the Start. In the background there is
/// only one Start: there iOS lets an application go on recording, not begin to.
#[derive(Clone, Debug)]
pub(super) struct Session {
    state: State,
    backoff: Backoff,
    /// It failed and has not run since.
    has_failed: bool,
    is_dead: bool,
    needs_rebuild: bool,
    rebuilt: Option<Instant>,
    /// It was started since the application went to the background.
    was_tried: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Off,
    Starting,
    Running { since: Instant },
    Due { at: Instant },
}

/// After this many failures in a row the session is rebuilt.
const REBUILD_AFTER: u32 = 3;

/// A failure after this long begins a new row.
const STABLE: Duration = Duration::from_secs(10);

/// A second report within this time that the services are back is the same one: the audio session
/// and the capture session both report it.
const ECHO: Duration = Duration::from_secs(2);

/// The first delay before another Start, and the longest: the user is waiting.
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

    /// It runs, perhaps by itself.
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

    /// The rebuild failed: the answer to a Start after it does not count.
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

    /// They are back. False when that was known already.
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

    /// Allows a Start although it may be running, which does no harm.
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

    /// Whether to order a Stop.
    pub(super) fn is_to_stop(&self, stage: Stage) -> bool {
        !stage.should_run() && self.state != State::Off
    }

    /// It was stopped.
    pub(super) const fn stopped(&mut self) {
        self.state = State::Off;
        self.has_failed = false;
        self.backoff.reset();
    }

    /// While the services are dead, everything has stopped.
    pub(super) fn rest(&mut self, stage: Stage) {
        if self.is_dead && self.is_to_stop(stage) {
            self.stopped();
        }
    }

    /// Whether to order a Start now.
    pub(super) fn is_due(&self, stage: Stage, now: Instant) -> bool {
        let at = match self.state {
            State::Off => Some(now).filter(|_| stage.is_in_front),
            State::Due { at } => Some(at),
            State::Starting | State::Running { .. } => None,
        };
        at.is_some_and(|at| now >= at) && self.may_start(stage)
    }

    /// Whether a Rebuild should precede the Start.
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
