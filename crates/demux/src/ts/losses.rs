use onair_media::{Packet, Timestamp};

use super::segments::stated;
use crate::TrackDamage;

/// What a stream lost: access units that were cut, and those missing from its times.
///
/// A hole in the times counts only after a break in the stream.
#[derive(Default)]
pub(super) struct Losses {
    pub(super) damage: TrackDamage,
    /// Something was lost since the last access unit came out.
    broken: bool,
    /// Access units cut since then, of unknown time.
    cut: u64,
    last: Option<Timestamp>,
    /// The least distance in nanoseconds between access units without a loss between them.
    step: Option<i64>,
}

impl Losses {
    /// This many packets are missing by the counter; the next one begins an access unit, or goes on
    /// with a lost one.
    pub(super) fn skip(&mut self, packets: u64, begins: bool) {
        self.damage.continuity_errors = self.damage.continuity_errors.saturating_add(packets);
        if !std::mem::replace(&mut self.broken, true) && !begins {
            self.cut(None);
        }
    }

    /// An access unit came in part, with its decoding time if that came.
    pub(super) fn cut(&mut self, dts: Option<Timestamp>) {
        self.damage.damaged += 1;
        match dts {
            Some(dts) => self.advance(dts, None),
            None => self.cut += 1,
        }
        self.broken = true;
    }

    /// Another segment begins: its times have nothing to do with the last's.
    pub(super) const fn forget_times(&mut self) {
        self.last = None;
    }

    /// An access unit came whole, but without the parameter sets it needs.
    pub(super) fn undecodable(&mut self, dts: Timestamp) {
        self.damage.undecodable += 1;
        self.advance(dts, None);
    }

    /// An access unit came out whole.
    pub(super) fn came(&mut self, packet: &Packet) {
        self.advance(packet.dts, stated(packet));
    }

    /// After a break, counts the access units missing before this one.
    fn advance(&mut self, dts: Timestamp, stated: Option<i64>) {
        let hole = self.last.map(|last| dts.nanos_from(last));
        self.last = Some(dts);
        let Some(hole) = hole.filter(|hole| *hole > 0) else {
            return;
        };
        if !std::mem::take(&mut self.broken) {
            self.step = Some(self.step.map_or(hole, |step| step.min(hole)));
            return;
        }
        let cut = std::mem::take(&mut self.cut);
        // A stated rate may be that of fields, and a step shorter than most.
        if let Some(step) = stated.max(self.step) {
            let steps = hole.saturating_add(step / 2) / step;
            let absent = u64::try_from(steps - 1).unwrap_or(0);
            self.damage.missing += absent.saturating_sub(cut);
        }
    }
}
