use std::fmt;

use onair_media::Kind;
use serde::Serialize;

/// What could not be read of a file or stream so far; it grows with
/// [`next_packet`](crate::PacketSource::next_packet). All zero while nothing is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Damage {
    /// The video track's.
    pub video: TrackDamage,
    /// The audio track's.
    pub audio: TrackDamage,
    /// How often a transport stream's packets had to be found again.
    pub sync_losses: u64,
}

/// What could not be read of one track. An access unit is a coded frame of video or of audio.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TrackDamage {
    /// Access units that came in part or are not understood; left out.
    pub damaged: u64,
    /// Access units that did not come at all: the index lists them, or the times around a loss
    /// leave room for them.
    pub missing: u64,
    /// Access units that came whole, but before the parameter sets they need; left out.
    pub undecodable: u64,
    /// Transport stream packets missing by their continuity counters (ISO/IEC
    /// 13818-1 §2.4.3.3), which count to 16: a lower bound.
    pub continuity_errors: u64,
}

impl Damage {
    /// One track's.
    pub const fn of(&self, kind: Kind) -> TrackDamage {
        match kind {
            Kind::Video => self.video,
            Kind::Audio => self.audio,
        }
    }

    /// True when everything could be read.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// One track's, to add to.
    pub(crate) const fn of_mut(&mut self, kind: Kind) -> &mut TrackDamage {
        match kind {
            Kind::Video => &mut self.video,
            Kind::Audio => &mut self.audio,
        }
    }

    /// The sum of this and another pass over the same file.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self {
            video: self.video.and(other.video),
            audio: self.audio.and(other.audio),
            sync_losses: self.sync_losses.saturating_add(other.sync_losses),
        }
    }
}

impl TrackDamage {
    /// Access units that are lost.
    pub const fn lost(&self) -> u64 {
        self.damaged
            .saturating_add(self.missing)
            .saturating_add(self.undecodable)
    }

    const fn and(self, other: Self) -> Self {
        Self {
            damaged: self.damaged.saturating_add(other.damaged),
            missing: self.missing.saturating_add(other.missing),
            undecodable: self.undecodable.saturating_add(other.undecodable),
            continuity_errors: self
                .continuity_errors
                .saturating_add(other.continuity_errors),
        }
    }
}

/// For people, as in `video: 3 damaged, 245 missing; sync lost 12 times`; empty
/// when there is no damage.
impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        for (name, track) in [("video", self.video), ("audio", self.audio)] {
            if track != TrackDamage::default() {
                parts.push(format!("{name}: {track}"));
            }
        }
        if self.sync_losses > 0 {
            let times = if self.sync_losses == 1 { "" } else { "s" };
            parts.push(format!("sync lost {} time{times}", self.sync_losses));
        }
        f.write_str(&parts.join("; "))
    }
}

impl fmt::Display for TrackDamage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.damaged, "damaged"),
            (self.missing, "missing"),
            (self.undecodable, "not decodable"),
            (self.continuity_errors, "TS packets missing"),
        ];
        let parts = counts.into_iter().filter(|(count, _)| *count > 0);
        let parts: Vec<_> = parts
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        f.write_str(&parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_told_by_the_track_and_nothing_is_told_where_there_is_none() {
        let mut damage = Damage::default();
        assert!(damage.is_none());
        assert_eq!(damage.to_string(), "");
        *damage.of_mut(Kind::Video) = TrackDamage {
            damaged: 3,
            missing: 245,
            undecodable: 0,
            continuity_errors: 0,
        };
        damage.of_mut(Kind::Audio).continuity_errors = 7;
        damage.sync_losses = 1;
        let twice = damage.and(damage);
        assert_eq!(twice.of(Kind::Video).lost(), 496);
        assert_eq!(
            damage.to_string(),
            "video: 3 damaged, 245 missing; audio: 7 TS packets missing; sync lost 1 time"
        );
    }
}
