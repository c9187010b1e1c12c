use std::time::{Duration, Instant};

use crate::RetryPolicy;
use crate::failure::{Cause, Failure};

/// Decides whether and when a destination is tried again. Pure: time is an argument.
///
/// A destination ends at once if another attempt cannot help: a refused key or address, a bad
/// certificate. Some servers say that the stream is live before they look at the key, so a refusal
/// after a first, short time on air counts as a first refusal, and so do [`MAX_SHORT_AIRINGS`]
/// short airings in a row that the server ended.
///
/// Everything else is tried until the policy's attempts are used up, from the first second on: a
/// server may be about to start. A destination that was on air for [`STABLE_AFTER`] has a good key,
/// and is tried whatever the server answers. "Already publishing" after a drop of our own means
/// that the server has not noticed the dead connection: such answers do not count until it had time
/// to ([`GHOST_TIMEOUT`]).
#[derive(Debug)]
pub(crate) struct Reconnect {
    policy: RetryPolicy,
    random: u64,
    attempts: u32,
    live_since: Option<Instant>,
    dropped: Option<Instant>,
    /// It was on air long enough to show that its key is good.
    proven: bool,
    /// How often the server took the stream and dropped it soon after, until the key is proven.
    airings: u32,
}

/// What to do after a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Try again after this delay; this will be attempt number `attempt` of the outage.
    Retry { delay: Duration, attempt: u32 },
    /// Do not, for this reason.
    GiveUp(Failure),
}

/// How long a server may keep a dead session: nginx-rtmp pings after 60 s and waits 30 s more.
pub(crate) const GHOST_TIMEOUT: Duration = Duration::from_secs(95);

/// After how many short airings, each ended by the server, it clearly does not want the stream.
const MAX_SHORT_AIRINGS: u32 = 4;

/// How long a connection must be on air for its loss to begin a new outage.
const STABLE_AFTER: Duration = Duration::from_secs(10);

/// The same where the key is proven: a path that comes and goes every few seconds is met at once
/// each time it comes, and not after a delay that grew while it was gone.
const BACK_AFTER: Duration = Duration::from_secs(2);

/// The delay of the second retry; each further one doubles it.
const BASE_DELAY: Duration = Duration::from_secs(1);

/// The longest delay.
const MAX_DELAY: Duration = Duration::from_secs(15);

/// How often a busy server is asked again.
const BUSY_DELAY: Duration = Duration::from_secs(3);

impl Reconnect {
    /// Before the first connection. `seed` spreads the delays of many broadcasts.
    pub(crate) const fn new(policy: RetryPolicy, seed: u64) -> Self {
        Self {
            policy,
            random: seed | 1,
            attempts: 0,
            live_since: None,
            dropped: None,
            proven: false,
            airings: 0,
        }
    }

    /// The server agreed to the publish.
    pub(crate) const fn live(&mut self, now: Instant) {
        self.live_since = Some(now);
    }

    /// The connection failed: what now?
    pub(crate) fn failed(&mut self, failure: Failure, now: Instant) -> Verdict {
        let was_live = self.live_since.take();
        let aired = was_live.map(|since| now.saturating_duration_since(since));
        let is_hopeless = self.is_hopeless(&failure, aired);
        if let Some(aired) = aired {
            self.aired(aired, &failure, now);
        }
        if failure.cause == Cause::Renewed {
            return self.renewed();
        }
        if self.airings >= MAX_SHORT_AIRINGS {
            let verdict = failure.accepted_then_dropped(self.airings, STABLE_AFTER.as_secs());
            return Verdict::GiveUp(verdict);
        }
        if is_hopeless {
            return Verdict::GiveUp(failure);
        }
        if !self.policy.enabled {
            return Verdict::GiveUp(match self.airings {
                0 => failure,
                airings => failure.accepted_then_dropped(airings, STABLE_AFTER.as_secs()),
            });
        }
        if self.is_ghost(&failure, now) {
            let delay = self.jitter(BUSY_DELAY);
            return self.retry(delay);
        }
        self.attempts += 1;
        if self.attempts > self.policy.max_attempts {
            return Verdict::GiveUp(failure);
        }
        let delay = self.delay();
        self.retry(delay)
    }

    /// There is a new route to the server: earlier failures do not count.
    pub(crate) const fn renewed(&mut self) -> Verdict {
        self.attempts = 0;
        self.retry(Duration::ZERO)
    }

    const fn retry(&self, delay: Duration) -> Verdict {
        let attempt = self.attempts.saturating_add(1);
        Verdict::Retry { delay, attempt }
    }

    /// The connection that failed was on air for `aired`.
    fn aired(&mut self, aired: Duration, failure: &Failure, now: Instant) {
        self.dropped = Some(now);
        if aired >= STABLE_AFTER {
            self.proven = true;
            self.attempts = 0;
            self.airings = 0;
        } else if self.proven && aired >= BACK_AFTER {
            self.attempts = 0;
        } else if !self.proven && failure.cause == Cause::Dropped {
            self.airings += 1;
        }
    }

    /// `aired` is how long the connection that failed was on air, if it was.
    fn is_hopeless(&self, failure: &Failure, aired: Option<Duration>) -> bool {
        let is_first = self.dropped.is_none() && aired.is_none();
        let is_short = !self.proven && aired.is_some_and(|aired| aired < STABLE_AFTER);
        match failure.cause {
            Cause::Untrusted => is_first,
            Cause::Rejected | Cause::Busy { is_said: false } => is_first || is_short,
            Cause::Busy { is_said: true } | Cause::Dropped | Cause::Lost | Cause::Renewed => false,
        }
    }

    fn is_ghost(&self, failure: &Failure, now: Instant) -> bool {
        let recent = |at: Instant| now.saturating_duration_since(at) < GHOST_TIMEOUT;
        matches!(failure.cause, Cause::Busy { .. }) && self.dropped.is_some_and(recent)
    }

    fn delay(&mut self) -> Duration {
        let base = match self.attempts {
            0 | 1 => Duration::from_millis(200),
            n => BASE_DELAY
                .saturating_mul(1 << (n - 2).min(8))
                .min(MAX_DELAY),
        };
        self.jitter(base)
    }

    /// Between four and six fifths of `base`.
    fn jitter(&mut self, base: Duration) -> Duration {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let percent = u32::try_from(self.random % 41).unwrap_or(0);
        base * (80 + percent) / 100
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FailureStage, Fault};

    fn of(cause: Cause, words: &str) -> Failure {
        Failure::new(FailureStage::Connect, Fault::Unreachable, words).because(cause)
    }

    fn refused(busy: bool) -> Failure {
        let cause = match busy {
            true => Cause::Busy { is_said: true },
            false => Cause::Rejected,
        };
        of(cause, "no")
    }

    fn lost() -> Failure {
        of(Cause::Lost, "no route")
    }

    fn dropped() -> Failure {
        of(Cause::Dropped, "reset")
    }

    fn delay(verdict: &Verdict) -> Duration {
        match verdict {
            Verdict::Retry { delay, .. } => *delay,
            Verdict::GiveUp(_) => panic!("gave up"),
        }
    }

    fn is_given_up(verdict: &Verdict) -> bool {
        matches!(verdict, Verdict::GiveUp(_))
    }

    #[test]
    fn a_refused_key_is_not_tried_twice() {
        let now = Instant::now();
        for failure in [refused(false), of(Cause::Untrusted, "wrong host")] {
            let mut reconnect = Reconnect::new(RetryPolicy::default(), 1);
            let verdict = reconnect.failed(failure.clone(), now);
            assert_eq!(verdict, Verdict::GiveUp(failure));
        }
    }

    #[test]
    fn nobody_there_at_first_is_tried_as_often_as_anybody_later() {
        let policy = RetryPolicy {
            enabled: true,
            max_attempts: 30,
        };
        for failure in [refused(true), dropped(), lost()] {
            let mut reconnect = Reconnect::new(policy, 1);
            let mut now = Instant::now();
            for _ in 0..30 {
                now += delay(&reconnect.failed(failure.clone(), now));
            }
            assert!(is_given_up(&reconnect.failed(failure, now)));
        }
    }

    /// Each airing lasts this long and is ended by the server; gives how many there are.
    fn airings(lengths: impl IntoIterator<Item = u64>) -> (usize, Option<Failure>) {
        let mut reconnect = Reconnect::new(RetryPolicy::default(), 1);
        let mut now = Instant::now();
        let mut count = 0;
        for seconds in lengths {
            count += 1;
            reconnect.live(now);
            now += Duration::from_secs(seconds);
            match reconnect.failed(dropped(), now) {
                Verdict::Retry { delay, .. } => now += delay,
                Verdict::GiveUp(failure) => return (count, Some(failure)),
            }
            // Being unreachable in between says nothing about the key.
            now += delay(&reconnect.failed(lost(), now));
        }
        (count, None)
    }

    #[test]
    fn a_stream_that_is_accepted_and_dropped_four_times_is_not_wanted() {
        let (count, failure) = airings([0, 3, 9, 1, 1, 1]);
        let failure = failure.expect("a verdict");
        assert_eq!((count, failure.fault), (4, Fault::AcceptedThenDropped));
        assert!(failure.to_string().contains("key"), "{failure}");
    }

    #[test]
    fn a_key_that_was_good_for_a_while_is_not_doubted_any_more() {
        assert_eq!(airings([3, 3, 3, 10, 1, 1, 1, 1, 1, 1]), (10, None));
    }

    #[test]
    fn a_line_that_fails_by_itself_says_nothing_about_the_key() {
        let mut reconnect = Reconnect::new(RetryPolicy::default(), 1);
        let mut now = Instant::now();
        for _ in 0..20 {
            reconnect.live(now);
            now += delay(&reconnect.failed(lost(), now));
        }
    }

    #[test]
    fn after_a_drop_the_first_retry_is_fast_and_the_rest_back_off() {
        let mut reconnect = Reconnect::new(RetryPolicy::default(), 7);
        let now = Instant::now();
        reconnect.live(now);
        let first = delay(&reconnect.failed(lost(), now + STABLE_AFTER));
        assert!(first < Duration::from_millis(300), "{first:?}");
        let delays: Vec<_> = (0..8)
            .map(|_| delay(&reconnect.failed(lost(), now + STABLE_AFTER)))
            .collect();
        for (delay, base) in delays.iter().zip([1, 2, 4, 8, 15, 15, 15, 15]) {
            let base = Duration::from_secs(base);
            assert!(
                *delay >= base * 4 / 5 && *delay <= base * 6 / 5,
                "{delays:?}"
            );
        }
    }

    #[test]
    fn attempts_are_capped_and_a_refusal_after_air_time_is_tried_again() {
        let policy = RetryPolicy {
            enabled: true,
            max_attempts: 5,
        };
        let mut reconnect = Reconnect::new(policy, 1);
        let now = Instant::now();
        reconnect.live(now);
        for _ in 0..5 {
            delay(&reconnect.failed(refused(false), now + STABLE_AFTER));
        }
        let late = reconnect.failed(refused(false), now + STABLE_AFTER);
        assert!(is_given_up(&late));
    }

    #[test]
    fn a_key_refused_right_after_the_start_is_not_tried_again() {
        let mut reconnect = Reconnect::new(RetryPolicy::default(), 1);
        let now = Instant::now();
        reconnect.live(now);
        let moment = now + Duration::from_millis(50);
        assert!(is_given_up(&reconnect.failed(refused(false), moment)));
        let mut proven = Reconnect::new(RetryPolicy::default(), 1);
        proven.live(now);
        delay(&proven.failed(lost(), now + STABLE_AFTER));
        proven.live(now + STABLE_AFTER);
        delay(&proven.failed(refused(false), now + STABLE_AFTER));
    }

    #[test]
    fn a_ghost_session_is_waited_out_without_using_up_attempts() {
        let policy = RetryPolicy {
            enabled: true,
            max_attempts: 1,
        };
        let mut reconnect = Reconnect::new(policy, 1);
        let mut now = Instant::now();
        reconnect.live(now);
        now += delay(&reconnect.failed(lost(), now));
        let until = now + Duration::from_secs(90);
        while now < until {
            now += delay(&reconnect.failed(refused(true), now));
        }
        now += GHOST_TIMEOUT;
        assert!(is_given_up(&reconnect.failed(refused(true), now)));
    }

    #[test]
    fn a_server_that_accepts_and_drops_at_once_still_meets_the_back_off() {
        let mut reconnect = Reconnect::new(RetryPolicy::default(), 1);
        let mut now = Instant::now();
        for _ in 0..6 {
            reconnect.live(now);
            now += delay(&reconnect.failed(lost(), now));
        }
        reconnect.live(now);
        assert!(delay(&reconnect.failed(lost(), now)) > Duration::from_secs(10));
        reconnect.live(now);
        assert!(delay(&reconnect.failed(lost(), now + STABLE_AFTER)) < BASE_DELAY);
    }

    #[test]
    fn a_path_that_comes_back_for_a_few_seconds_is_no_longer_waited_for_than_one_that_stays() {
        let mut reconnect = Reconnect::new(RetryPolicy::default(), 1);
        let mut now = Instant::now();
        reconnect.live(now);
        now += STABLE_AFTER;
        for _ in 0..50 {
            let first = delay(&reconnect.failed(dropped(), now));
            assert!(first < Duration::from_millis(300), "{first:?}");
            now += first;
            now += delay(&reconnect.failed(lost(), now));
            reconnect.live(now);
            now += BACK_AFTER;
        }
    }

    #[test]
    fn a_new_connection_that_was_asked_for_is_made_at_once_and_forgives_failures() {
        let mut reconnect = Reconnect::new(RetryPolicy::NEVER, 1);
        let now = Instant::now();
        let at_once = Verdict::Retry {
            delay: Duration::ZERO,
            attempt: 1,
        };
        reconnect.live(now);
        assert_eq!(reconnect.failed(Failure::renewed(), now), at_once);
        let mut reconnect = Reconnect::new(RetryPolicy::default(), 1);
        reconnect.live(now);
        assert_eq!(reconnect.failed(Failure::renewed(), now), at_once);
        // The server may still hold the old connection.
        delay(&reconnect.failed(refused(true), now));
        for _ in 0..8 {
            delay(&reconnect.failed(lost(), now));
        }
        assert_eq!(reconnect.failed(Failure::renewed(), now), at_once);
        assert!(delay(&reconnect.failed(lost(), now)) < BASE_DELAY);
    }

    #[test]
    fn never_means_never() {
        let mut reconnect = Reconnect::new(RetryPolicy::NEVER, 1);
        let now = Instant::now();
        reconnect.live(now);
        assert!(is_given_up(&reconnect.failed(lost(), now)));
    }
}
