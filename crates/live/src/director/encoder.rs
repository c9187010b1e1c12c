use std::time::{Duration, Instant};

/// Whether frames are encoded. The encode thread opens a lost encoder again, which begins with an
/// IDR frame; until then viewers see the last one.
#[derive(Clone, Debug, Default)]
pub(super) struct Encoder {
    lost: Option<Instant>,
    /// It has been away for longer than it should.
    is_missed: bool,
}

/// How long a loss may last before the user is told. Most are over sooner.
const LOSS_TIMEOUT: Duration = Duration::from_secs(1);

impl Encoder {
    /// It was taken away.
    pub(super) fn lost(&mut self, now: Instant) {
        self.lost.get_or_insert(now);
    }

    /// It works again, or the show is over. True when it was lost.
    pub(super) const fn recover(&mut self) -> bool {
        self.is_missed = false;
        self.lost.take().is_some()
    }

    /// The application is in front again: an encoder is available from now on.
    pub(super) fn foreground(&mut self, now: Instant) {
        self.lost = self.lost.map(|_| now);
        self.is_missed = false;
    }

    /// Time has passed.
    pub(super) fn advance(&mut self, now: Instant) {
        self.is_missed = self.lost.is_some_and(|at| now >= at + LOSS_TIMEOUT);
    }

    /// It has been away for longer than it should.
    pub(super) const fn is_missed(&self) -> bool {
        self.is_missed
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let due = self.lost.map(|at| at + LOSS_TIMEOUT);
        due.filter(|_| !self.is_missed)
    }
}
