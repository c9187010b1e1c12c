use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use onair_media::Bitrate;
use serde::{Deserialize, Serialize};

/// Holds everybody's limit on the bitrate, and applies the lowest.
#[derive(Debug, Default)]
pub(crate) struct Arbiter {
    wishes: BTreeMap<Holder, Wish>,
    /// What the encoder was last set to; `None` where nothing is encoded.
    applied: Option<Change>,
    /// The least that a line may ask for; `None` if video does not adapt to lines.
    min: Option<Bitrate>,
}

/// A rate, and who wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) holder: Holder,
    pub(crate) bitrate: Bitrate,
}

/// Who wants a limit. Of two equal limits the first counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Holder {
    /// Whoever runs the broadcast.
    User,
    /// Because of the machine's temperature.
    Thermal,
    /// Because of a destination's line.
    Line(usize),
}

#[derive(Clone, Copy, Debug)]
struct Wish {
    now: Bitrate,
    /// The last rate that an encoder took.
    proven: Option<Bitrate>,
    /// Since when it is a line far below all others.
    weak_since: Option<Instant>,
}

/// The bitrate that applies, and why it is not higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BitrateLimit {
    /// What the encoder aims at.
    pub bitrate: Bitrate,
    /// What the user would like.
    pub wanted: Bitrate,
    /// Who limits it to that.
    pub limited_by: LimitedBy,
}

/// Who limits a bitrate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitedBy {
    /// Nothing: it is what was asked for.
    User,
    /// The machine is hot.
    Thermal,
    /// A destination's line carries no more.
    Line,
}

impl Arbiter {
    /// Video is encoded, at the rate that the user asked for, and adapts to lines down to `min`.
    pub(crate) fn begin(&mut self, bitrate: Bitrate, min: Option<Bitrate>) {
        self.min = min;
        let wish = Wish {
            now: bitrate,
            proven: Some(bitrate),
            weak_since: None,
        };
        self.wishes.entry(Holder::User).or_insert(wish);
        self.applied = Some(Change {
            holder: Holder::User,
            bitrate,
        });
    }

    /// The least that a line may ask for; `None` if video does not adapt to lines.
    pub(crate) const fn min(&self) -> Option<Bitrate> {
        self.min
    }

    /// Notes a wish; `None` takes it back.
    pub(crate) fn wish(&mut self, holder: Holder, bitrate: Option<Bitrate>) {
        let Some(now) = bitrate else {
            self.wishes.remove(&holder);
            return;
        };
        let wish = self.wishes.entry(holder);
        wish.and_modify(|wish| wish.now = now).or_insert(Wish {
            now,
            proven: None,
            weak_since: None,
        });
    }

    /// Notes what a destination's line carries. One line that carries less than half of what each
    /// other one does has its way for [`LEFT_BEHIND`] only: whether it still has.
    pub(crate) fn follow(&mut self, line: usize, bitrate: Option<Bitrate>, now: Instant) -> bool {
        let holder = Holder::Line(line);
        self.wish(holder, bitrate);
        let others = self.wishes.iter().filter(|(other, _)| **other != holder);
        let lines = others.filter(|(other, _)| matches!(other, Holder::Line(_)));
        let least = lines.map(|(_, wish)| wish.now).min();
        let Some(wish) = self.wishes.get_mut(&holder) else {
            return true;
        };
        let is_weak = least.is_some_and(|least| wish.now.as_bps() < least.as_bps() / 2);
        wish.weak_since = is_weak.then(|| wish.weak_since.unwrap_or(now));
        wish.counts(now)
    }

    /// The rate to set the encoder to, if that is a new one.
    pub(crate) fn change(&mut self, now: Instant) -> Option<Change> {
        let before = self.applied?;
        let least = self.least(now)?;
        if least.bitrate != before.bitrate {
            return Some(least);
        }
        // The reason may be another than before.
        self.applied = Some(least);
        None
    }

    /// The encoder took it.
    pub(crate) fn applied(&mut self, change: Change) {
        self.applied = Some(change);
        if let Some(wish) = self.wishes.get_mut(&change.holder) {
            wish.proven = Some(change.bitrate);
        }
    }

    /// The encoder did not take it: the wish is what it was before, unless it changed meanwhile.
    pub(crate) fn refused(&mut self, change: Change) {
        let Some(wish) = self.wishes.get(&change.holder) else {
            return;
        };
        if wish.now == change.bitrate {
            let before = wish.proven.filter(|proven| *proven != change.bitrate);
            self.wish(change.holder, before);
        }
    }

    /// What applies; `None` if nothing is encoded.
    pub(crate) fn limit(&self) -> Option<BitrateLimit> {
        let Change { holder, bitrate } = self.applied?;
        let limited_by = match holder {
            Holder::User => LimitedBy::User,
            Holder::Thermal => LimitedBy::Thermal,
            Holder::Line(_) => LimitedBy::Line,
        };
        let (_, wanted) = self.asked();
        Some(BitrateLimit {
            bitrate,
            wanted,
            limited_by,
        })
    }

    /// The rate that the encoder is set to, and the most that the user asks for; zero if nothing is
    /// encoded.
    pub(crate) fn asked(&self) -> (Bitrate, Bitrate) {
        let asked = self
            .applied
            .map_or_else(Bitrate::default, |change| change.bitrate);
        let most = self.wishes.get(&Holder::User);
        (asked, most.map_or(asked, |wish| wish.now))
    }

    fn least(&self, now: Instant) -> Option<Change> {
        let wishes = self.wishes.iter().filter(|(_, wish)| wish.counts(now));
        let (holder, wish) = wishes.min_by_key(|(_, wish)| wish.now)?;
        Some(Change {
            holder: *holder,
            bitrate: wish.now,
        })
    }
}

impl Wish {
    /// Whether it is heard.
    fn counts(&self, now: Instant) -> bool {
        let is_over = |since| now.saturating_duration_since(since) >= LEFT_BEHIND;
        !self.weak_since.is_some_and(is_over)
    }
}

/// How long one line may lower what all destinations get to less than half of what each other line
/// carries. After that it gets what it can take, and sheds the rest, until it keeps up again.
const LEFT_BEHIND: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: Bitrate = Bitrate::kbps(4000);

    fn arbiter() -> Arbiter {
        let mut arbiter = Arbiter::default();
        arbiter.begin(FULL, None);
        arbiter
    }

    /// Lets an encoder follow; gives what then applies.
    fn follow(arbiter: &mut Arbiter) -> (u64, LimitedBy) {
        if let Some(change) = arbiter.change(Instant::now()) {
            arbiter.applied(change);
        }
        assert_eq!(
            arbiter.change(Instant::now()),
            None,
            "nothing is asked for twice"
        );
        let limit = arbiter.limit().unwrap();
        (limit.bitrate.as_bps() / 1000, limit.limited_by)
    }

    fn wish(arbiter: &mut Arbiter, holder: Holder, kbps: u64) -> (u64, LimitedBy) {
        arbiter.wish(holder, Some(Bitrate::kbps(kbps)));
        follow(arbiter)
    }

    #[test]
    fn the_least_wish_applies_whoever_came_last() {
        let mut arbiter = arbiter();
        assert_eq!(follow(&mut arbiter), (4000, LimitedBy::User));
        let holders = [Holder::Thermal, Holder::Line(0), Holder::Line(1)];
        for (holder, by) in
            holders
                .into_iter()
                .zip([LimitedBy::Thermal, LimitedBy::Line, LimitedBy::Line])
        {
            assert_eq!(wish(&mut arbiter, holder, 2000), (2000, by));
            assert_eq!(wish(&mut arbiter, Holder::User, 6000), (2000, by));
            assert_eq!(
                wish(&mut arbiter, Holder::User, 1000),
                (1000, LimitedBy::User)
            );
            assert_eq!(wish(&mut arbiter, Holder::User, 4000), (2000, by));
            arbiter.wish(holder, None);
            assert_eq!(follow(&mut arbiter), (4000, LimitedBy::User));
        }
    }

    #[test]
    fn the_same_rate_for_another_reason_is_told_and_not_set_again() {
        let mut arbiter = arbiter();
        assert_eq!(
            wish(&mut arbiter, Holder::Thermal, 2000).1,
            LimitedBy::Thermal
        );
        arbiter.wish(Holder::User, Some(Bitrate::kbps(2000)));
        assert_eq!(arbiter.change(Instant::now()), None);
        assert_eq!(arbiter.limit().unwrap().limited_by, LimitedBy::User);
    }

    #[test]
    fn a_law_knows_what_is_asked_for_and_what_the_user_would_like() {
        let mut arbiter = arbiter();
        wish(&mut arbiter, Holder::Line(0), 1500);
        assert_eq!(arbiter.asked(), (Bitrate::kbps(1500), FULL));
        assert_eq!(Arbiter::default().asked(), Default::default());
    }

    #[test]
    fn a_wish_that_no_encoder_takes_is_taken_back() {
        let mut arbiter = arbiter();
        arbiter.wish(Holder::User, Some(Bitrate::bps(0)));
        let change = arbiter.change(Instant::now()).unwrap();
        arbiter.refused(change);
        assert_eq!(follow(&mut arbiter), (4000, LimitedBy::User));
        arbiter.wish(Holder::Line(3), Some(Bitrate::bps(1)));
        let change = arbiter.change(Instant::now()).unwrap();
        assert_eq!(wish(&mut arbiter, Holder::Line(3), 900).0, 900, "meanwhile");
        arbiter.refused(change);
        assert_eq!(follow(&mut arbiter), (900, LimitedBy::Line));
    }

    #[test]
    fn a_file_that_is_passed_through_has_no_bitrate_to_limit() {
        let mut arbiter = Arbiter::default();
        arbiter.wish(Holder::User, Some(FULL));
        assert_eq!(
            (arbiter.change(Instant::now()), arbiter.limit()),
            (None, None)
        );
    }

    /// What applies, in kbit/s, after lines have carried this for so many seconds, told each second.
    fn lines(arbiter: &mut Arbiter, now: &mut Instant, kbps: &[u64], seconds: u64) -> u64 {
        for _ in 0..seconds {
            *now += Duration::from_secs(1);
            for (line, kbps) in kbps.iter().enumerate() {
                arbiter.follow(line, Some(Bitrate::kbps(*kbps)), *now);
            }
            if let Some(change) = arbiter.change(*now) {
                arbiter.applied(change);
            }
        }
        arbiter.limit().unwrap().bitrate.as_bps() / 1000
    }

    #[test]
    fn a_line_far_below_all_others_lowers_them_for_a_while_and_not_for_ever() {
        let (mut arbiter, mut now) = (arbiter(), Instant::now());
        let now = &mut now;
        assert_eq!(lines(&mut arbiter, now, &[3000, 900], 25), 900);
        assert_eq!(lines(&mut arbiter, now, &[3000, 900], 60), 3000);
        assert!(!arbiter.follow(1, Some(Bitrate::kbps(900)), *now));
        // It keeps up again, and counts.
        assert_eq!(lines(&mut arbiter, now, &[3000, 2000], 1), 2000);
        assert_eq!(lines(&mut arbiter, now, &[3000, 900], 25), 900);
        arbiter.follow(1, None, *now);
        assert_eq!(lines(&mut arbiter, now, &[3000], 1), 3000, "it is gone");
    }

    #[test]
    fn one_line_alone_and_most_of_several_are_never_left_behind() {
        let (mut arbiter, mut now) = (arbiter(), Instant::now());
        let now = &mut now;
        assert_eq!(lines(&mut arbiter, now, &[200], 600), 200);
        assert_eq!(lines(&mut arbiter, now, &[500, 600, 3000], 600), 500);
        assert_eq!(
            lines(&mut arbiter, now, &[1000, 1900], 600),
            1000,
            "half is not far"
        );
    }
}
