use std::time::{Duration, Instant};

use onair_media::Bitrate;

use super::RateAdvice;
use crate::Event;

/// Decides when the limit that a line sets is worth telling: not at each change. Pure: time is an
/// argument.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Telling {
    /// The limit that was told, and not that it is over.
    told: Option<Bitrate>,
    /// Since when there is something else to tell.
    since: Option<Instant>,
}

/// What could be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    Limited { carries: Bitrate },
    Restored,
}

impl Telling {
    /// Notes a law's advice; gives the event for it.
    pub(crate) fn update(
        &mut self,
        destination: usize,
        advice: RateAdvice,
        wanted: Bitrate,
        now: Instant,
    ) -> Option<Event> {
        let bitrate = advice.bitrate?;
        let Some(news) = self.news(bitrate, wanted, advice.carries) else {
            self.since = None;
            return None;
        };
        let since = *self.since.get_or_insert(now);
        let lasting = if self.told.is_none() { FIRST } else { NEXT };
        if now.saturating_duration_since(since) < lasting {
            return None;
        }
        self.since = None;
        self.told = (news != News::Restored).then_some(bitrate);
        Some(match news {
            News::Limited { carries } => Event::BitrateLimited {
                destination,
                bitrate,
                wanted,
                carries,
            },
            News::Restored => Event::BitrateRestored {
                destination,
                bitrate,
            },
        })
    }

    fn news(self, bitrate: Bitrate, wanted: Bitrate, carries: Option<Bitrate>) -> Option<News> {
        let share = |of: Bitrate| bitrate.as_bps().saturating_mul(100) / of.as_bps().max(1);
        // What a connection begins with is no limit that a line sets.
        let limited = carries.map(|carries| News::Limited { carries });
        match self.told {
            None => limited.filter(|_| share(wanted) < LIMITED),
            Some(_) if share(wanted) >= RESTORED => Some(News::Restored),
            Some(told) => limited.filter(|_| !ALIKE.contains(&share(told))),
        }
    }
}

/// A limit of less than this share of what was asked for is told, in percent…
const LIMITED: u64 = 80;

/// …and from this share on that it is over.
const RESTORED: u64 = 95;

/// The shares of what was told at which it is not told again.
const ALIKE: std::ops::RangeInclusive<u64> = 66..=150;

/// How long a limit lasts before it is told for the first time: it is most often found too low.
const FIRST: Duration = Duration::from_secs(1);

/// How long something else lasts before it is told.
const NEXT: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Bitrate = Bitrate::kbps(4000);

    /// What is told of limits (in kbit/s) that last for so many seconds, and when.
    fn told(limits: &[(u64, u64)]) -> Vec<(u64, String)> {
        let (mut telling, began) = (Telling::default(), Instant::now());
        let mut events = Vec::new();
        let mut tenths = 0;
        for (kbps, seconds) in limits {
            let bitrate = Some(Bitrate::kbps(*kbps));
            let advice = RateAdvice {
                bitrate,
                carries: bitrate,
                ..RateAdvice::default()
            };
            for _ in 0..seconds * 10 {
                let now = began + Duration::from_millis(tenths * 100);
                let words = match telling.update(0, advice, WANTED, now) {
                    Some(Event::BitrateLimited { bitrate, .. }) => bitrate.to_string(),
                    Some(Event::BitrateRestored { .. }) => "restored".to_owned(),
                    _ => String::new(),
                };
                if !words.is_empty() {
                    events.push((tenths, words));
                }
                tenths += 1;
            }
        }
        events
    }

    #[test]
    fn a_limit_is_told_once_and_so_is_its_end() {
        let limits = [(4000, 5), (1500, 20), (1700, 10), (3950, 10)];
        let expected = [(60, "1500 kbit/s".to_owned()), (380, "restored".to_owned())];
        assert_eq!(told(&limits), expected);
    }

    #[test]
    fn what_passes_is_not_told_and_a_limit_that_goes_on_falling_is() {
        assert_eq!(told(&[(500, 0), (4000, 5), (900, 0), (3500, 30)]), []);
        let falling = told(&[(2000, 10), (1500, 10), (900, 10), (300, 10)]);
        let rates: Vec<_> = falling.iter().map(|(_, words)| words.as_str()).collect();
        assert_eq!(rates, ["2000 kbit/s", "900 kbit/s", "300 kbit/s"]);
    }

    #[test]
    fn a_beginning_is_no_limit() {
        let (mut telling, began) = (Telling::default(), Instant::now());
        let advice = RateAdvice {
            bitrate: Some(Bitrate::kbps(1500)),
            ..RateAdvice::default()
        };
        for second in 0..60 {
            let now = began + Duration::from_secs(second);
            assert!(telling.update(0, advice, WANTED, now).is_none());
        }
    }
}
