use std::fmt;
use std::time::{Duration, Instant};

use crate::RetryPolicy;

/// Decides whether and when a destination is tried again. Pure: time is an argument.
///
/// A destination that was never on air is given up at the first refusal, and
/// after a few attempts when nobody answers: a wrong key or a wrong port does
/// not get better. Some servers say that the stream is live before they look at
/// the key: a refusal that ends a first, short time on air counts as a first
/// refusal. One that was on air is tried until the policy's attempts are
/// used up, whatever it answers. "Already publishing" after a drop of our own is
/// the server's memory of the dead connection; such answers count for nothing
/// until the server had time to notice ([`GHOST`]).
#[derive(Debug)]
pub(crate) struct Reconnect {
    policy: RetryPolicy,
    random: u64,
    attempts: u32,
    live_since: Option<Instant>,
    dropped: Option<Instant>,
    /// It was on air for long enough to say that its key is good.
    proven: bool,
}

/// Why a connection ended, or did not come about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No connection: name, network, port or time.
    Unreachable(String),
    /// The server is not whom the URL names, or does not speak TLS.
    Untrusted(String),
    /// The server said no.
    Refused {
        /// For instance `NetStream.Publish.BadName`.
        code: String,
        /// The server's words.
        description: String,
        /// True when it believes this key to be on air already.
        busy: bool,
    },
    /// The connection broke, or the server ended it.
    Lost(String),
    /// The application wants another.
    Renewed,
}

/// What to do after a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Try again after this delay; this will be attempt number `attempt` of the outage.
    Retry { delay: Duration, attempt: u32 },
    /// Do not.
    GiveUp,
}

/// How long a server may keep a dead session: nginx-rtmp pings after 60 s and waits 30 s more.
pub(crate) const GHOST: Duration = Duration::from_secs(95);

/// How many attempts a destination gets that never answered.
const FIRST_ATTEMPTS: u32 = 3;

/// How long a connection must be on air for its loss to begin a new outage.
const STABLE: Duration = Duration::from_secs(10);

/// The delay of the second retry; each further one doubles it.
const STEP: Duration = Duration::from_secs(1);

/// No delay is longer.
const LONGEST: Duration = Duration::from_secs(15);

/// How often a busy server is asked again.
const BUSY: Duration = Duration::from_secs(3);

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
        }
    }

    /// The server agreed to the publish.
    pub(crate) const fn live(&mut self, now: Instant) {
        self.live_since = Some(now);
    }

    /// The connection failed: what now?
    pub(crate) fn failed(&mut self, failure: &Failure, now: Instant) -> Verdict {
        let was_live = self.live_since.take();
        let aired = was_live.map(|since| now.saturating_duration_since(since));
        let is_hopeless = self.is_hopeless(failure, aired);
        if let Some(aired) = aired {
            self.dropped = Some(now);
            self.proven |= aired >= STABLE;
            if aired >= STABLE {
                self.attempts = 0;
            }
        }
        if *failure == Failure::Renewed {
            return self.renewed();
        }
        if !self.policy.enabled || is_hopeless {
            return Verdict::GiveUp;
        }
        if self.is_ghost(failure, now) {
            let delay = self.jitter(BUSY);
            return self.retry(delay);
        }
        self.attempts += 1;
        if self.attempts > self.most_attempts() {
            return Verdict::GiveUp;
        }
        let delay = self.delay();
        self.retry(delay)
    }

    /// There is a new way to the server: what failed before it counts for nothing.
    pub(crate) const fn renewed(&mut self) -> Verdict {
        self.attempts = 0;
        self.retry(Duration::ZERO)
    }

    const fn retry(&self, delay: Duration) -> Verdict {
        let attempt = self.attempts.saturating_add(1);
        Verdict::Retry { delay, attempt }
    }

    /// `aired` is how long the connection that failed was on air, if it was.
    fn is_hopeless(&self, failure: &Failure, aired: Option<Duration>) -> bool {
        let is_first = self.dropped.is_none() && aired.is_none();
        let is_short = !self.proven && aired.is_some_and(|aired| aired < STABLE);
        match failure {
            Failure::Refused { busy: true, .. } | Failure::Untrusted(_) => is_first,
            Failure::Refused { .. } => is_first || is_short,
            _ => false,
        }
    }

    fn is_ghost(&self, failure: &Failure, now: Instant) -> bool {
        let recent = |at: Instant| now.saturating_duration_since(at) < GHOST;
        matches!(failure, Failure::Refused { busy: true, .. }) && self.dropped.is_some_and(recent)
    }

    fn most_attempts(&self) -> u32 {
        match self.dropped {
            Some(_) => self.policy.max_attempts,
            None => self.policy.max_attempts.min(FIRST_ATTEMPTS),
        }
    }

    fn delay(&mut self) -> Duration {
        let base = match self.attempts {
            0 | 1 => Duration::from_millis(200),
            n => STEP.saturating_mul(1 << (n - 2).min(8)).min(LONGEST),
        };
        self.jitter(base)
    }

    /// Something between four fifths and six fifths of `base`.
    fn jitter(&mut self, base: Duration) -> Duration {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let percent = u32::try_from(self.random % 41).unwrap_or(0);
        base * (80 + percent) / 100
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(words) | Self::Untrusted(words) | Self::Lost(words) => {
                f.write_str(words)
            }
            Self::Renewed => f.write_str("a new connection was asked for"),
            Self::Refused {
                code, description, ..
            } if description.is_empty() => write!(f, "the server refused: {code}"),
            Self::Refused {
                code, description, ..
            } => write!(f, "the server refused: {code} ({description})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(busy: bool) -> Failure {
        Failure::Refused {
            code: "NetStream.Publish.BadName".into(),
            description: "no".into(),
            busy,
        }
    }

    fn lost() -> Failure {
        Failure::Lost("reset".into())
    }

    fn delay(verdict: &Verdict) -> Duration {
        match verdict {
            Verdict::Retry { delay, .. } => *delay,
            Verdict::GiveUp => panic!("gave up"),
        }
    }

    #[test]
    fn a_refused_key_is_not_tried_twice() {
        let mut reconnect = Reconnect::new(RetryPolicy::default(), 1);
        let now = Instant::now();
        assert_eq!(reconnect.failed(&refused(false), now), Verdict::GiveUp);
        let untrusted = Failure::Untrusted("wrong host".into());
        assert_eq!(reconnect.failed(&untrusted, now), Verdict::GiveUp);
    }

    #[test]
    fn nobody_there_at_first_is_tried_a_few_times() {
        let mut reconnect = Reconnect::new(RetryPolicy::default(), 1);
        let (now, failure) = (Instant::now(), Failure::Unreachable("no".into()));
        for _ in 0..FIRST_ATTEMPTS {
            delay(&reconnect.failed(&failure, now));
        }
        assert_eq!(reconnect.failed(&failure, now), Verdict::GiveUp);
    }

    #[test]
    fn after_a_drop_the_first_retry_is_fast_and_the_rest_back_off() {
        let mut reconnect = Reconnect::new(RetryPolicy::default(), 7);
        let now = Instant::now();
        reconnect.live(now);
        let first = delay(&reconnect.failed(&lost(), now + STABLE));
        assert!(first < Duration::from_millis(300), "{first:?}");
        let delays: Vec<_> = (0..8)
            .map(|_| delay(&reconnect.failed(&lost(), now + STABLE)))
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
            delay(&reconnect.failed(&refused(false), now + STABLE));
        }
        let late = reconnect.failed(&refused(false), now + STABLE);
        assert_eq!(late, Verdict::GiveUp);
    }

    #[test]
    fn a_key_refused_right_after_the_start_is_not_tried_again() {
        let mut reconnect = Reconnect::new(RetryPolicy::default(), 1);
        let now = Instant::now();
        reconnect.live(now);
        let moment = now + Duration::from_millis(50);
        assert_eq!(reconnect.failed(&refused(false), moment), Verdict::GiveUp);
        let mut proven = Reconnect::new(RetryPolicy::default(), 1);
        proven.live(now);
        delay(&proven.failed(&lost(), now + STABLE));
        proven.live(now + STABLE);
        delay(&proven.failed(&refused(false), now + STABLE));
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
        now += delay(&reconnect.failed(&lost(), now));
        let until = now + Duration::from_secs(90);
        while now < until {
            now += delay(&reconnect.failed(&refused(true), now));
        }
        now += GHOST;
        assert_eq!(reconnect.failed(&refused(true), now), Verdict::GiveUp);
    }

    #[test]
    fn a_server_that_accepts_and_drops_at_once_still_meets_the_back_off() {
        let mut reconnect = Reconnect::new(RetryPolicy::default(), 1);
        let mut now = Instant::now();
        for _ in 0..6 {
            reconnect.live(now);
            now += delay(&reconnect.failed(&lost(), now));
        }
        reconnect.live(now);
        assert!(delay(&reconnect.failed(&lost(), now)) > Duration::from_secs(10));
        reconnect.live(now);
        assert!(delay(&reconnect.failed(&lost(), now + STABLE)) < STEP);
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
        assert_eq!(reconnect.failed(&Failure::Renewed, now), at_once);
        let mut reconnect = Reconnect::new(RetryPolicy::default(), 1);
        reconnect.live(now);
        assert_eq!(reconnect.failed(&Failure::Renewed, now), at_once);
        // The server may still hold the old connection.
        delay(&reconnect.failed(&refused(true), now));
        for _ in 0..8 {
            delay(&reconnect.failed(&lost(), now));
        }
        assert_eq!(reconnect.failed(&Failure::Renewed, now), at_once);
        assert!(delay(&reconnect.failed(&lost(), now)) < STEP);
    }

    #[test]
    fn never_means_never() {
        let mut reconnect = Reconnect::new(RetryPolicy::NEVER, 1);
        let now = Instant::now();
        reconnect.live(now);
        assert_eq!(reconnect.failed(&lost(), now), Verdict::GiveUp);
    }
}
