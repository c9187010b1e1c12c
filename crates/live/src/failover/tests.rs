use super::*;
use crate::{FailureStage, Fault};

const RETRY: Duration = Duration::from_millis(200);

fn failure(cause: Cause) -> Failure {
    Failure::new(FailureStage::Connect, Fault::Unreachable, "no").because(cause)
}

fn retry() -> Verdict {
    Verdict::Retry {
        delay: RETRY,
        attempt: 2,
    }
}

fn refused(words: &str) -> Verdict {
    let failure = Failure::new(FailureStage::Publish, Fault::KeyRejected, words);
    Verdict::GiveUp(failure.because(Cause::Rejected))
}

fn delay(verdict: &Verdict) -> Duration {
    match verdict {
        Verdict::Retry { delay, .. } => *delay,
        Verdict::GiveUp(failure) => panic!("gave up: {failure}"),
    }
}

fn two() -> Failover {
    Failover::new(true, RetryPolicy::default())
}

/// With the backup on air from `now` on.
fn on_backup(now: Instant) -> Failover {
    let mut failover = two();
    failover.failed(retry(), None);
    failover.live(Ingest::Backup, now);
    failover
}

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Lets time pass, in steps of a second, for so long; the first address answers while `answers`
/// says so. Gives when it is to take over, if it is.
fn returns(
    failover: &mut Failover,
    start: Instant,
    seconds: u64,
    answers: impl Fn(u64) -> bool,
) -> (Option<u64>, u32) {
    let mut probes = 0;
    for second in 0..seconds {
        let now = start + s(second);
        while let Some(step) = failover.poll(now) {
            if step == Step::Return {
                return (Some(second), probes);
            }
            probes += 1;
            failover.probed(answers(second), now);
        }
    }
    (None, probes)
}

#[test]
fn with_one_address_nothing_changes() {
    let mut failover = Failover::new(false, RetryPolicy::default());
    for verdict in [retry(), refused("no such key")] {
        assert_eq!(failover.failed(verdict.clone(), None), verdict);
        assert_eq!(failover.current(), Ingest::First);
    }
    failover.live(Ingest::First, Instant::now());
    assert_eq!((failover.limit(), failover.deadline()), (None, None));
    assert_eq!(failover.next_of_stalled(), Ingest::First);
    assert_eq!(failover.next_of_stalled(), Ingest::First);
}

#[test]
fn the_backup_is_tried_at_once_and_then_they_take_turns() {
    let mut failover = two();
    assert_eq!(
        failover.failed(retry(), None),
        Verdict::Retry {
            delay: Duration::ZERO,
            attempt: 2
        }
    );
    assert_eq!(failover.current(), Ingest::Backup);
    for expected in [Ingest::First, Ingest::Backup, Ingest::First] {
        assert_eq!(delay(&failover.failed(retry(), None)), RETRY);
        assert_eq!(failover.current(), expected);
    }
}

#[test]
fn an_address_that_was_on_air_is_tried_once_more_and_one_that_was_barely_is_not() {
    for (aired, next) in [(9, Ingest::Backup), (10, Ingest::First)] {
        let mut failover = two();
        failover.live(Ingest::First, Instant::now());
        failover.failed(retry(), Some(s(aired)));
        assert_eq!(failover.current(), next, "{aired}");
    }
    let mut failover = two();
    failover.live(Ingest::First, Instant::now());
    failover.failed(retry(), Some(s(100)));
    assert_eq!(delay(&failover.failed(retry(), None)), Duration::ZERO);
    assert_eq!(failover.current(), Ingest::Backup);
}

#[test]
fn what_the_first_address_said_is_the_last_word_when_both_refuse() {
    let mut failover = two();
    assert_eq!(
        delay(&failover.failed(refused("no such key"), None)),
        Duration::ZERO
    );
    let last = failover.failed(refused("nor here"), None);
    assert_eq!(last, refused("no such key"));
}

#[test]
fn an_address_that_has_refused_is_left_alone() {
    let mut failover = two();
    failover.failed(refused("no such key"), None);
    for _ in 0..5 {
        assert_eq!(failover.failed(retry(), None), retry());
        assert_eq!(
            (failover.current(), failover.limit()),
            (Ingest::Backup, None)
        );
    }
    let now = Instant::now();
    failover.live(Ingest::Backup, now);
    assert_eq!(returns(&mut failover, now, 3600, |_| true), (None, 0));
    assert_eq!(failover.next_of_stalled(), Ingest::Backup);
    assert_eq!(failover.next_of_stalled(), Ingest::Backup);
    failover.renewed();
    failover.failed(retry(), None);
    assert_eq!(failover.current(), Ingest::First, "that is forgiven");
}

#[test]
fn without_retries_each_address_is_tried_once() {
    let mut failover = Failover::new(true, RetryPolicy::NEVER);
    let lost = || Verdict::GiveUp(failure(Cause::Lost));
    assert_eq!(delay(&failover.failed(lost(), None)), Duration::ZERO);
    let now = Instant::now();
    failover.live(Ingest::Backup, now);
    assert_eq!(failover.deadline(), None);
    assert_eq!(failover.failed(lost(), Some(s(60))), lost());
}

#[test]
fn an_address_that_was_given_up_for_a_while_is_used_again() {
    let mut failover = two();
    failover.failed(Verdict::GiveUp(failure(Cause::Lost)), None);
    let now = Instant::now();
    failover.live(Ingest::Backup, now);
    assert_eq!(returns(&mut failover, now, 60, |_| true).0, Some(15));
}

#[test]
fn an_attempt_has_less_time_where_there_is_another_address_and_more_each_time() {
    let mut failover = two();
    let limits = (0..8).map(|_| {
        let limit = failover.limit();
        failover.failed(retry(), None);
        limit.expect("there is another").as_secs()
    });
    assert_eq!(limits.collect::<Vec<_>>(), [3, 3, 6, 6, 12, 12, 12, 12]);
}

#[test]
fn successors_of_a_stalled_connection_take_turns() {
    let mut failover = two();
    failover.live(Ingest::First, Instant::now());
    let next: Vec<_> = (0..3).map(|_| failover.next_of_stalled()).collect();
    assert_eq!(next, [Ingest::First, Ingest::Backup, Ingest::First]);
    failover.moves_again();
    assert_eq!(failover.next_of_stalled(), Ingest::First);
}

#[test]
fn the_first_address_takes_over_once_it_has_answered_twice() {
    let start = Instant::now();
    let mut failover = on_backup(start);
    assert!(!failover.has_moved(), "it is on air");
    let back = |second| second >= 100;
    let (at, probes) = returns(&mut failover, start, 600, back);
    // Asked after 10, 20, 40, 80 and 140 s, and once more.
    assert_eq!((at, probes), (Some(145), 6));
    failover.live(Ingest::First, start + s(146));
    assert_eq!(
        (failover.current(), failover.deadline()),
        (Ingest::First, None)
    );
}

#[test]
fn an_address_that_answers_now_and_then_does_not_take_over() {
    let start = Instant::now();
    let mut failover = on_backup(start);
    let flaps = |second| second % 2 == 0;
    // Asked at even seconds first, and 5 s later.
    assert_eq!(returns(&mut failover, start, 1000, flaps).0, None);
}

#[test]
fn it_is_asked_at_most_once_a_minute_in_the_long_run() {
    let start = Instant::now();
    let (at, probes) = returns(&mut on_backup(start), start, 3600, |_| false);
    assert_eq!(at, None);
    assert!((58..=65).contains(&probes), "{probes}");
}

/// How often the first address takes over within an hour, if it answers and each time lasts so long.
fn returns_within_an_hour(lasts: u64) -> u32 {
    let start = Instant::now();
    let (mut second, mut count) = (0, 0);
    let mut failover = on_backup(start);
    while second < 3600 {
        let (after, _) = returns(&mut failover, start + s(second), 3600, |_| true);
        second += after.expect("it answers");
        count += 1;
        failover.live(Ingest::First, start + s(second));
        second += lasts;
        failover.failed(retry(), Some(s(lasts)));
        failover.live(Ingest::Backup, start + s(second));
    }
    count
}

#[test]
fn two_addresses_never_alternate() {
    assert!(
        returns_within_an_hour(1) <= 9,
        "{}",
        returns_within_an_hour(1)
    );
    assert!(returns_within_an_hour(119) <= 9);
    // What held for long enough was no mistake.
    assert!(returns_within_an_hour(300) >= 11);
}

#[test]
fn a_return_that_is_refused_waits_longer_each_time() {
    let start = Instant::now();
    let mut failover = on_backup(start);
    let mut second = 0;
    let waits = (0..5).map(|_| {
        let (after, _) = returns(&mut failover, start + s(second), 3600, |_| true);
        let after = after.expect("it answers");
        second += after;
        failover.return_failed(start + s(second));
        after
    });
    assert_eq!(waits.collect::<Vec<_>>(), [15, 45, 165, 605, 605]);
}
