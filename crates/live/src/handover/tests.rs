use super::*;

const WELL: OnAir = OnAir {
    is_stalled: false,
    is_at_keyframe: false,
    is_alone: false,
    is_elsewhere: false,
};

const STALLED: OnAir = OnAir {
    is_stalled: true,
    ..WELL
};

const AT_KEYFRAME: OnAir = OnAir {
    is_at_keyframe: true,
    ..WELL
};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Looks every 200 ms at a line on which something arrives at the given times; gives when it stalls
/// for the first time.
fn stall(arrivals: &[u64], until: u64) -> Option<u64> {
    let (mut progress, start) = (Progress::default(), Instant::now());
    (0..=until / 200).map(|look| look * 200).find(|at| {
        let arrived = arrivals.iter().filter(|arrival| *arrival <= at).count();
        progress.look(true, arrived as u64, || false, start + ms(*at));
        progress.is_stalled()
    })
}

#[test]
fn silence_is_noticed_within_a_second_and_a_half() {
    for last in 1000..1200 {
        let noticed = stall(&[100, 500, last], 10_000).expect("it is noticed");
        assert!(
            (1100..=1500).contains(&(noticed - last)),
            "{last}: {noticed}"
        );
    }
}

#[test]
fn a_slow_line_is_no_dead_one() {
    // 30 kbit/s carry a segment of 1448 bytes in 386 ms.
    let slow: Vec<u64> = (1..100).map(|segment| segment * 386).collect();
    assert_eq!(stall(&slow, 30_000), None);
}

#[test]
fn nothing_out_is_no_stall_however_long() {
    let (mut progress, start) = (Progress::default(), Instant::now());
    for look in 0..50 {
        progress.look(false, 7, || false, start + LOOK * look);
        assert!(!progress.is_stalled() && !progress.is_out());
    }
    progress.look(true, 7, || false, start + LOOK * 50);
    assert!(!progress.is_stalled() && progress.is_out());
}

#[test]
fn who_slept_for_twenty_seconds_asks_the_line_before_it_calls_it_dead() {
    let (mut progress, start) = (Progress::default(), Instant::now());
    progress.look(true, 7, || false, start);
    let awake = start + ms(20_000);
    progress.look(true, 7, || false, awake);
    assert!(!progress.is_stalled());
    (1..=5).for_each(|look| progress.look(true, 7, || false, awake + LOOK * look));
    assert!(!progress.is_stalled());
    progress.look(true, 7, || false, awake + LOOK * 6);
    assert!(progress.is_stalled());
}

#[test]
fn a_line_that_moves_again_first_keeps_the_stream_and_nothing_is_published() {
    let (mut handover, now) = (Handover::new(true), Instant::now());
    assert_eq!(handover.poll(WELL, now), None);
    assert_eq!(handover.poll(STALLED, now), Some(Action::Connect));
    assert_eq!(handover.poll(STALLED, now), None);
    assert_eq!(handover.poll(WELL, now), Some(Action::Drop));
    assert_eq!(handover.poll(WELL, now), None);
    assert_eq!(handover.poll(STALLED, now), Some(Action::Connect));
    handover.connected();
    assert_eq!(handover.poll(WELL, now), Some(Action::Drop));
}

#[test]
fn a_broadcast_that_is_not_to_reconnect_stays_on_its_line() {
    let (mut handover, now) = (Handover::new(false), Instant::now());
    assert_eq!(handover.poll(STALLED, now), None);
    assert_eq!(handover.deadline(STALLED), None);
    handover.want();
    assert_eq!(handover.poll(STALLED, now), Some(Action::Connect));
    handover.connected();
    assert_eq!(handover.poll(STALLED, now), Some(Action::Publish));
}

#[test]
fn on_a_stalled_line_a_successor_publishes_at_once_and_is_asked_for_again_and_again() {
    let (mut handover, start) = (Handover::new(true), Instant::now());
    assert_eq!(handover.poll(STALLED, start), Some(Action::Connect));
    let late = handover.deadline(STALLED).expect("it is late some time");
    assert_eq!(late, start + ATTEMPT);
    assert_eq!(handover.poll(STALLED, late), Some(Action::Connect));
    handover.connected();
    assert_eq!(handover.poll(STALLED, late), Some(Action::Publish));
    assert_eq!(
        handover.poll(STALLED, late + ANSWER),
        None,
        "the old one is not ended"
    );
    assert_eq!(handover.poll(STALLED, late + ATTEMPT), Some(Action::Drop));
    let mut now = late + ATTEMPT;
    for _ in 0..20 {
        assert_eq!(handover.poll(STALLED, now), None);
        let next = handover.deadline(STALLED).expect("it is tried again");
        assert!(next - now <= MAX_STALLED_DELAY, "{:?}", next - now);
        now = next;
        assert_eq!(handover.poll(STALLED, now), Some(Action::Connect));
        handover.failed(now);
    }
}

#[test]
fn a_wanted_successor_begins_at_a_keyframe_and_the_old_connection_stays_until_then() {
    let (mut handover, now) = (Handover::new(true), Instant::now());
    handover.want();
    assert_eq!(handover.poll(WELL, now), Some(Action::Connect));
    assert!(!handover.awaits_keyframe());
    handover.connected();
    assert!(handover.awaits_keyframe());
    assert_eq!(handover.poll(WELL, now), None);
    assert_eq!(handover.poll(AT_KEYFRAME, now), Some(Action::Publish));
    assert_eq!(handover.poll(AT_KEYFRAME, now), None);
    let late = handover
        .deadline(AT_KEYFRAME)
        .expect("an answer is awaited");
    assert_eq!(handover.poll(AT_KEYFRAME, late), Some(Action::EndOld));
}

#[test]
fn where_a_second_publisher_is_refused_the_first_ends_first_unless_it_is_dead() {
    let (mut handover, now) = (Handover::new(true), Instant::now());
    let alone = OnAir {
        is_alone: true,
        ..AT_KEYFRAME
    };
    handover.want();
    handover.poll(alone, now);
    handover.connected();
    assert_eq!(handover.poll(alone, now), Some(Action::BreakFirst));
    let dead = OnAir {
        is_stalled: true,
        ..alone
    };
    assert_eq!(handover.poll(dead, now), Some(Action::Publish));
}

#[test]
fn a_wanted_successor_that_fails_is_tried_again_ever_more_rarely_until_it_is_wanted_anew() {
    let (mut handover, mut now) = (Handover::new(true), Instant::now());
    handover.want();
    let mut delays = Vec::new();
    for _ in 0..8 {
        assert_eq!(handover.poll(WELL, now), Some(Action::Connect));
        handover.failed(now);
        assert_eq!(handover.poll(WELL, now), None);
        let next = handover.deadline(WELL).expect("it is tried again");
        delays.push((next - now).as_millis());
        now = next;
    }
    assert_eq!(
        delays,
        [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]
    );
    handover.poll(WELL, now);
    handover.failed(now);
    handover.want();
    assert_eq!(handover.poll(WELL, now), Some(Action::Connect));
}

/// A path that is up and down for three seconds each, for ten minutes: what is done stays bounded,
/// and no connection is given up while it could still recover.
#[test]
fn a_path_that_flaps_every_three_seconds_is_asked_no_more_than_once_a_flap_and_a_second() {
    let (mut handover, mut progress, start) =
        (Handover::new(true), Progress::default(), Instant::now());
    let (mut connects, mut dropped) = (0, 0);
    for look in 0_u32..3000 {
        let now = start + LOOK * look;
        let is_up = (look / 15) % 2 == 0;
        progress.look(
            true,
            if is_up { u64::from(look) } else { u64::MAX },
            || false,
            now,
        );
        let on_air = OnAir {
            is_stalled: progress.is_stalled(),
            ..WELL
        };
        match handover.poll(on_air, now) {
            Some(Action::Connect) => connects += 1,
            Some(Action::Drop) => dropped += 1,
            None => {}
            other => panic!("{other:?} though nothing was connected"),
        }
    }
    // A flap begins one race, which the line's return ends.
    assert_eq!((connects, dropped), (100, 99));
}

#[test]
fn a_line_whose_way_is_gone_is_left_sooner_and_one_that_moves_is_not_asked() {
    let (mut progress, start) = (Progress::default(), Instant::now());
    for look in 0..10 {
        progress.look(
            true,
            look.into(),
            || unreachable!("it moves"),
            start + LOOK * look,
        );
    }
    let noticed = (9..20).find(|look| {
        progress.look(true, 9, || true, start + LOOK * *look);
        progress.is_stalled()
    });
    assert_eq!(noticed, Some(11), "400 ms after the last thing arrived");
}

#[test]
fn another_address_that_does_not_answer_costs_the_present_one_nothing() {
    let (mut handover, start) = (Handover::new(true), Instant::now());
    let elsewhere = OnAir {
        is_elsewhere: true,
        is_alone: true,
        ..AT_KEYFRAME
    };
    handover.want();
    assert_eq!(handover.poll(elsewhere, start), Some(Action::Connect));
    handover.connected();
    // Two servers know nothing of each other.
    assert_eq!(handover.poll(elsewhere, start), Some(Action::Publish));
    assert_eq!(handover.deadline(elsewhere), Some(start + ATTEMPT));
    assert_eq!(handover.poll(elsewhere, start + ANSWER), None);
    let late = handover.poll(elsewhere, start + ATTEMPT);
    assert_eq!(late, Some(Action::Drop));
    handover.forget_wish();
    assert_eq!(handover.poll(elsewhere, start + ms(60_000)), None);
}
