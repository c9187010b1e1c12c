use super::Why;

/// What all the machines have to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stage {
    /// The user wants the device to run.
    pub(super) is_wanted: bool,
    /// The application is on the screen.
    pub(super) is_in_front: bool,
    /// The show is on.
    pub(super) is_on_air: bool,
}

impl Stage {
    /// Whether the device should run. A preview off the screen gives the microphone back, so that
    /// the phone shows no recording indicator, and may sleep.
    pub(super) const fn should_run(self) -> bool {
        self.is_wanted && (self.is_in_front || self.is_on_air)
    }
}

/// Whether frames or audio come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// They do.
    Here,
    /// They are about to begin, or to come back.
    Coming,
    /// They do not.
    Away(Why),
    /// They are not wanted.
    Off,
}

/// What the user was told last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told(Option<Why>);

/// What to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Gone(Why),
    Back,
}

impl Told {
    /// What has changed for the user, to whom a state that is about to pass does not matter.
    pub(super) fn change(self, presence: Presence) -> Option<Change> {
        let now = match presence {
            Presence::Here => None,
            Presence::Away(why) => Some(why),
            Presence::Coming | Presence::Off => return None,
        };
        let change = now.map_or(Change::Back, Change::Gone);
        (self.0 != now).then_some(change)
    }

    /// The user was told.
    pub(super) const fn note(&mut self, change: Change) {
        self.0 = match change {
            Change::Gone(why) => Some(why),
            Change::Back => None,
        };
    }
}
