use std::time::{Duration, Instant};

use super::commands::Commands;
use super::{Command, Notice, Path};

/// Which way packets leave, and when to connect anew for it.
///
/// TCP notices a dead way when its patience ends, minutes later; the system knows at once.
#[derive(Debug, Default)]
pub(super) struct Network {
    path: Option<Path>,
    /// A connection made before is worth nothing.
    is_due: bool,
    last: Option<Instant>,
    is_offline: bool,
}

/// A way that comes and goes does not make us connect more often.
const APART: Duration = Duration::from_secs(2);

impl Network {
    /// How it is now.
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

    /// A show begins over whatever way there is.
    pub(super) fn go_live(&mut self) {
        self.is_due = false;
        self.last = None;
    }

    /// Connects anew where a show has to.
    pub(super) fn settle(&mut self, is_on_air: bool, now: Instant, out: &mut Commands) {
        self.is_due &= is_on_air;
        if self.is_due && self.is_up() && self.earliest().is_none_or(|at| now >= at) {
            self.is_due = false;
            self.last = Some(now);
            out.push(Command::Reconnect);
        }
    }

    /// Tells the user what has changed.
    pub(super) fn settle_notice(&mut self, out: &mut Commands) {
        let is_offline = !self.is_up();
        if std::mem::replace(&mut self.is_offline, is_offline) != is_offline {
            out.tell(if is_offline {
                Notice::Offline
            } else {
                Notice::Online
            });
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.earliest().filter(|_| self.is_due && self.is_up())
    }

    fn earliest(&self) -> Option<Instant> {
        self.last.map(|at| at + APART)
    }

    /// Who says nothing is believed to be up.
    fn is_up(&self) -> bool {
        self.path.is_none_or(|path| path.is_up)
    }
}
