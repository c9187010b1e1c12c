use std::time::{Duration, Instant};

use super::{Notice, Path};

/// Which path packets take, and when to reconnect because of it.
///
/// TCP notices a dead path when its own timeout runs out, minutes later; the system knows at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Network {
    path: Option<Path>,
    /// Connections made before are worth nothing.
    is_due: bool,
    last: Option<Instant>,
    told_offline: bool,
}

/// The least time between reconnects for a path that comes and goes.
const APART: Duration = Duration::from_secs(2);

impl Network {
    /// Takes the present path.
    pub(super) fn changed(&mut self, path: Path) {
        let before = self.path.replace(path);
        self.is_due |= match before {
            None => false,
            Some(before) if !before.is_up => path.is_up,
            Some(before) => path.is_up && before.interface != path.interface,
        };
    }

    /// The application slept, and its connections may be dead.
    pub(super) const fn awoke(&mut self) {
        self.is_due = true;
    }

    /// A show begins over whatever path there is.
    pub(super) fn go_live(&mut self) {
        self.is_due = false;
        self.last = None;
    }

    /// Off air there is nothing to reconnect.
    pub(super) const fn rest(&mut self, is_on_air: bool) {
        self.is_due &= is_on_air;
    }

    /// Whether to reconnect now.
    pub(super) fn is_to_reconnect(&self, now: Instant) -> bool {
        self.is_due && self.is_up() && self.earliest().is_none_or(|at| now >= at)
    }

    /// It was reconnected.
    pub(super) const fn reconnected(&mut self, now: Instant) {
        self.is_due = false;
        self.last = Some(now);
    }

    /// What the user does not know yet.
    pub(super) fn notice(&self) -> Option<Notice> {
        match (self.told_offline, !self.is_up()) {
            (false, true) => Some(Notice::Offline),
            (true, false) => Some(Notice::Online),
            _ => None,
        }
    }

    /// The user was told.
    pub(super) const fn told(&mut self, is_offline: bool) {
        self.told_offline = is_offline;
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.earliest().filter(|_| self.is_due && self.is_up())
    }

    fn earliest(&self) -> Option<Instant> {
        self.last.map(|at| at + APART)
    }

    /// Without a report the network is assumed to be up.
    fn is_up(&self) -> bool {
        self.path.is_none_or(|path| path.is_up)
    }
}
