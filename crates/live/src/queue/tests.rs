use super::held::OVERHEAD;
use super::shed::ALLOWANCE;
use super::*;
use crate::samples::{audio, video};

const LIMITS: Limits = Limits {
    time: Duration::from_millis(1000),
    bytes: 1_000_000,
};

/// How the line stands.
#[derive(Clone, Copy, Debug)]
enum Phase {
    First,
    Live,
    Away,
}

fn gap(from: i64, to: i64) -> Gap {
    let [from, to] = [from, to].map(Timestamp::from_millis);
    Gap { from, to }
}

fn queue(phase: Phase) -> PacketQueue {
    let mut queue = PacketQueue::new(LIMITS, Overflow::Shed, true);
    match phase {
        Phase::First => {}
        Phase::Live => queue.live(),
        Phase::Away => {
            queue.live();
            queue.away();
        }
    }
    queue
}

/// 25 pictures a second and audio every 20 ms, a keyframe every `gop` pictures.
fn feed(queue: &mut PacketQueue, frames: std::ops::Range<i64>, gop: i64, now: Instant) {
    for index in frames {
        queue.push(video(index * 40, index % gop == 0), now);
        queue.push(audio(index * 40), now);
        queue.push(audio(index * 40 + 20), now);
    }
}

fn drain(queue: &mut PacketQueue) -> (Vec<i64>, Vec<i64>) {
    let now = Instant::now();
    let packets: Vec<_> = std::iter::from_fn(|| queue.pop(now)).collect();
    let of = |kind| {
        let own = packets.iter().filter(move |packet| packet.kind() == kind);
        own.map(|packet| packet.dts.as_millis()).collect()
    };
    (of(Kind::Video), of(Kind::Audio))
}

#[test]
fn what_fits_goes_through_in_order() {
    let (mut queue, now) = (queue(Phase::Live), Instant::now());
    feed(&mut queue, 0..20, 10, now);
    let (video, audio) = drain(&mut queue);
    assert_eq!(video, (0..20).map(|i| i * 40).collect::<Vec<_>>());
    assert_eq!(audio.len(), 40);
    assert_eq!(queue.tally().video.keyframes, Some(2));
    assert_eq!(queue.tally().gaps, []);
    assert_eq!(queue.held.bytes(), 0);
}

#[test]
fn a_stall_sheds_gop_tails_and_never_audio() {
    let (mut queue, now) = (queue(Phase::Live), Instant::now());
    feed(&mut queue, 0..1, 50, now);
    assert!(queue.pop(now).is_some());
    feed(&mut queue, 1..250, 50, now);
    queue.end();
    let (video, audio) = drain(&mut queue);
    assert_eq!(audio, (0..500).map(|i| i * 20).collect::<Vec<_>>());
    let newest: Vec<_> = (200..226).map(|i| i * 40).collect();
    assert_eq!(video, newest, "the beginning of the newest GOP is left");
    let tally = queue.tally();
    assert_eq!(tally.audio.dropped, 0);
    assert_eq!(tally.video.lost, 0, "there was a connection all along");
    assert_eq!(tally.video.frames + tally.video.dropped, 250);
    assert_eq!(tally.gaps.len(), 2, "{:?}", tally.gaps);
    assert_eq!(tally.gaps[0], gap(40, 8000));
}

#[test]
fn a_short_lag_costs_the_tail_of_one_gop() {
    let (mut queue, now) = (queue(Phase::Live), Instant::now());
    feed(&mut queue, 0..30, 50, now);
    let (sent, _) = drain(&mut queue);
    assert_eq!(sent.len(), 26, "what fits in the limit: {sent:?}");
    feed(&mut queue, 30..50, 50, now);
    assert!(queue.needs_keyframe(), "and none comes by itself yet");
    feed(&mut queue, 50..60, 50, now);
    assert!(!queue.needs_keyframe());
    let (sent, audio) = drain(&mut queue);
    assert_eq!(
        sent.first(),
        Some(&2000),
        "the next picture is the next IDR"
    );
    assert_eq!(audio.len(), 60);
    assert_eq!(queue.tally().gaps, [gap(1040, 2000)]);
    assert_eq!(queue.take_news(), [(gap(1040, 2000), 24)]);
}

#[test]
fn with_the_next_idr_in_the_queue_the_lateness_goes() {
    let (mut queue, now) = (queue(Phase::Live), Instant::now());
    feed(&mut queue, 0..10, 20, now);
    for _ in 0..15 {
        queue.pop(now);
    }
    feed(&mut queue, 10..40, 20, now);
    let (sent, _) = drain(&mut queue);
    assert_eq!(sent.first(), Some(&800));
    assert_eq!(sent.len(), 20);
}

#[test]
fn bytes_are_a_limit_too() {
    let limits = Limits {
        bytes: 10 * (1000 + OVERHEAD),
        ..LIMITS
    };
    let (mut queue, now) = (
        PacketQueue::new(limits, Overflow::Shed, true),
        Instant::now(),
    );
    queue.live();
    for index in 0..20 {
        queue.push(video(index, index == 0), now);
    }
    assert_eq!(drain(&mut queue).0.len(), 10);
}

#[test]
fn a_flood_of_audio_whose_clock_stands_is_bounded_in_every_phase() {
    let began = Instant::now();
    for (overflow, phase, has_video) in [Overflow::Shed, Overflow::ShedLate]
        .into_iter()
        .flat_map(|overflow| {
            [Phase::First, Phase::Live, Phase::Away].map(|phase| (overflow, phase))
        })
        .flat_map(|(overflow, phase)| [false, true].map(|has_video| (overflow, phase, has_video)))
    {
        let mut queue = PacketQueue::new(LIMITS, overflow, has_video);
        let begun = false;
        queue.consumer = match phase {
            Phase::First => Consumer::First { begun },
            Phase::Live => Consumer::Live { begun, grace: None },
            Phase::Away => Consumer::Away { begun },
        };
        if has_video {
            (0..3).for_each(|index| queue.push(video(index, index == 0), began));
        }
        queue.push(audio(0), began);
        let mut one = audio(0);
        one.payload = one.payload.slice(..1);
        for _ in 0..20_000 {
            queue.push(one.clone(), began + LIMITS.time);
            assert!(queue.held.bytes() <= LIMITS.bytes, "{overflow:?} {phase:?}");
        }
        let held = queue.held.len();
        assert!(
            held * OVERHEAD <= LIMITS.bytes,
            "{held} {overflow:?} {phase:?}"
        );
        assert!(queue.tally().audio.dropped >= 15_000);
    }
}

#[test]
fn any_number_of_gops_goes_at_once() {
    let limits = Limits {
        bytes: usize::MAX,
        ..LIMITS
    };
    let (mut queue, now) = (
        PacketQueue::new(limits, Overflow::ShedLate, true),
        Instant::now(),
    );
    queue.live();
    let mut one = video(0, true);
    one.payload = one.payload.slice(..1);
    (0..200_000).for_each(|_| queue.push(one.clone(), now));
    queue.push(audio(0), now);
    queue.look(now + LIMITS.time * 10);
    assert_eq!(queue.held.len(), 2, "the last IDR picture and the audio");
    assert_eq!(queue.tally().video.dropped, 199_999);
}

#[test]
fn a_queue_that_holds_sheds_nothing() {
    let limits = Limits {
        bytes: 10_000,
        time: Duration::MAX,
    };
    let (mut queue, now) = (
        PacketQueue::new(limits, Overflow::Hold, true),
        Instant::now(),
    );
    feed(&mut queue, 0..9, 50, now);
    assert!(queue.is_full(now) && !queue.has_room());
    feed(&mut queue, 9..40, 50, now);
    let (video, audio) = drain(&mut queue);
    assert_eq!((video.len(), audio.len()), (40, 80));
    assert!(!queue.is_full(now) && queue.has_room());
}

#[test]
fn a_full_queue_that_holds_does_not_wait_for_an_idr_picture_that_has_no_room() {
    let limits = Limits {
        bytes: 10_000,
        time: Duration::MAX,
    };
    let (mut queue, now) = (
        PacketQueue::new(limits, Overflow::Hold, true),
        Instant::now(),
    );
    (1..12).for_each(|index| queue.push(video(index, false), now));
    assert!(queue.is_full(now));
    assert_eq!(queue.pop(now), None);
    assert!(!queue.is_full(now), "what nobody can decode is gone");
    queue.push(video(50, true), now);
    assert_eq!(drain(&mut queue).0, [50]);
}

#[test]
fn the_first_connection_begins_at_the_beginning_even_when_it_takes_a_while() {
    let (mut queue, now) = (queue(Phase::First), Instant::now());
    feed(&mut queue, 0..90, 50, now);
    let (video, _) = drain(&mut queue);
    assert_eq!(video.len(), 90);
}

#[test]
fn a_connection_waits_for_an_idr_picture() {
    let (mut queue, now) = (queue(Phase::First), Instant::now());
    queue.push(audio(0), now);
    queue.push(video(10, false), now);
    assert!(!queue.is_ready());
    assert_eq!(queue.pop(now), None);
    queue.push(video(50, true), now);
    let (video, audio) = drain(&mut queue);
    assert_eq!((video, audio), (vec![50], vec![0]));
}

#[test]
fn audio_does_not_wait_for_video_for_ever() {
    let (mut queue, now) = (queue(Phase::First), Instant::now());
    (0..60).for_each(|index| queue.push(audio(index * 20), now));
    assert_eq!(drain(&mut queue).1.len(), 60);
}

#[test]
fn while_away_the_queue_keeps_the_newest_gop_and_the_gap_is_told() {
    let (mut queue, now) = (queue(Phase::Live), Instant::now());
    feed(&mut queue, 0..10, 50, now);
    drain(&mut queue);
    queue.away();
    feed(&mut queue, 10..140, 50, now);
    queue.live();
    let (video, audio) = drain(&mut queue);
    assert_eq!(video.first(), Some(&4000));
    assert_eq!(audio.first(), Some(&4000));
    assert_eq!(video.len(), 40);
    let to_ms = 4000;
    assert_eq!(queue.tally().gaps, [gap(380, to_ms)]);
    assert!(queue.tally().audio.dropped > 0, "and not hidden");
    let tally = queue.tally();
    assert_eq!(
        tally.video.lost, tally.video.dropped,
        "the line was not too slow"
    );
    assert_eq!(tally.audio.lost, tally.audio.dropped);
}

#[test]
fn a_long_gop_while_away_is_given_up_in_the_end() {
    let (mut queue, now) = (queue(Phase::Live), Instant::now());
    queue.away();
    feed(&mut queue, 0..500, 1000, now);
    assert!(queue.span() <= LIMITS.time * ALLOWANCE);
    queue.push(video(500 * 40, true), now);
    assert_eq!(drain(&mut queue).0, [20_000]);
}

#[test]
fn what_did_not_arrive_is_sent_again() {
    let (mut queue, now) = (queue(Phase::First), Instant::now());
    feed(&mut queue, 0..3, 50, now);
    let sent: Vec<_> = (0..5).map(|_| queue.pop(now).unwrap()).collect();
    queue.away();
    queue.restore(sent, now);
    let (video, audio) = drain(&mut queue);
    assert_eq!((video.len(), audio.len()), (3, 6));
    let tally = queue.tally();
    assert_eq!((tally.video.frames, tally.audio.frames), (3, 6));
    assert_eq!(tally.gaps, []);
}

#[test]
fn audio_alone_has_gaps_of_its_own() {
    let (mut queue, now) = (
        PacketQueue::new(LIMITS, Overflow::Shed, false),
        Instant::now(),
    );
    queue.live();
    queue.push(audio(0), now);
    drain(&mut queue);
    queue.away();
    (1..200).for_each(|index| queue.push(audio(index * 20), now));
    let (_, audio) = drain(&mut queue);
    assert!(audio.len() <= 201);
    assert_eq!(queue.tally().gaps.len(), 1);
}

#[test]
fn audio_nobody_could_hear_goes_with_its_pictures_before_the_first_connection() {
    let (mut queue, now) = (queue(Phase::First), Instant::now());
    feed(&mut queue, 0..500, 50, now);
    let (video, audio) = drain(&mut queue);
    assert!(video[0] > 0 && video[0] == audio[0], "{video:?} {audio:?}");
    let limit = LIMITS.time * ALLOWANCE;
    assert!(Timestamp::from_millis(500 * 40).since(Timestamp::from_millis(audio[0])) <= limit * 2);
}

#[test]
fn audio_stays_once_the_first_flight_has_begun() {
    let (mut queue, now) = (queue(Phase::First), Instant::now());
    feed(&mut queue, 0..1, 50, now);
    assert!(queue.pop(now).is_some());
    feed(&mut queue, 1..500, 50, now);
    let (_, audio) = drain(&mut queue);
    assert_eq!(audio.len(), 1000);
}

#[test]
fn an_outage_that_never_ends_is_a_gap_too() {
    let (mut queue, now) = (queue(Phase::Live), Instant::now());
    feed(&mut queue, 0..10, 50, now);
    drain(&mut queue);
    queue.away();
    feed(&mut queue, 10..60, 50, now);
    queue.abandon();
    let gap = gap(380, 59 * 40 + 20);
    let tally = queue.tally();
    assert_eq!(tally.gaps, [gap]);
    assert_eq!((tally.video.dropped, tally.audio.dropped), (50, 100));
    assert_eq!(queue.held.bytes(), 0);
}

#[test]
fn a_line_lost_for_good_is_a_gap_and_a_show_sent_whole_is_none() {
    let (mut queue, now) = (queue(Phase::Live), Instant::now());
    feed(&mut queue, 0..10, 50, now);
    drain(&mut queue);
    let mut whole = PacketQueue::new(LIMITS, Overflow::Shed, true);
    whole.live();
    feed(&mut whole, 0..10, 50, now);
    drain(&mut whole);
    whole.end();
    whole.abandon();
    assert_eq!(whole.tally().gaps, []);
    queue.push(video(400, false), now);
    queue.abandon();
    let gap = gap(380, 400);
    assert_eq!(queue.tally().gaps, [gap]);
}

#[test]
fn a_connection_that_begins_where_the_last_one_ended_leaves_no_gap() {
    let (mut queue, now) = (queue(Phase::Live), Instant::now());
    queue.push(video(0, true), now);
    drain(&mut queue);
    queue.away();
    queue.push(video(0, true), now);
    drain(&mut queue);
    assert_eq!((queue.tally().gaps.len(), queue.take_news().len()), (0, 0));
}

#[test]
fn a_gap_at_the_end_reaches_to_the_end() {
    let (mut queue, now) = (queue(Phase::Live), Instant::now());
    (0..40).for_each(|index| queue.push(video(index * 40, index == 0), now));
    queue.end();
    let gaps = &queue.tally().gaps;
    assert_eq!(gaps.last().map(|gap| gap.to.as_millis()), Some(39 * 40));
}

#[test]
fn a_server_that_comes_late_gets_what_is_new_and_the_rest_is_one_gap() {
    let (mut queue, now) = (queue(Phase::First), Instant::now());
    feed(&mut queue, 0..10, 50, now);
    queue.away();
    feed(&mut queue, 10..230, 50, now);
    queue.live();
    feed(&mut queue, 230..231, 50, now);
    let (video, audio) = drain(&mut queue);
    assert_eq!((video.len(), video[0], audio[0]), (31, 8000, 8000));
    let gap = gap(0, 8000);
    assert_eq!(queue.tally().gaps, [gap]);
    assert_eq!(queue.take_news(), [(gap, 200)]);
}

fn relay() -> PacketQueue {
    let mut queue = PacketQueue::new(LIMITS, Overflow::ShedLate, true);
    queue.live();
    queue
}

#[test]
fn media_that_comes_faster_than_it_plays_is_not_late() {
    let (mut queue, now) = (relay(), Instant::now());
    feed(&mut queue, 0..2500, 50, now);
    // A line that needs half of real time for it.
    for index in 0..2500 {
        let then = now + Duration::from_millis(index * 20);
        queue.look(then);
        let frame = std::array::from_fn::<_, 3, _>(|_| queue.pop(then));
        assert!(frame.iter().all(Option::is_some), "at {index}");
    }
    assert_eq!(
        (queue.tally().video.frames, queue.tally().gaps.len()),
        (2500, 0)
    );
}

#[test]
fn a_source_that_catches_up_after_a_pause_loses_nothing() {
    let (mut queue, now) = (relay(), Instant::now());
    feed(&mut queue, 0..25, 25, now);
    drain(&mut queue);
    let later = now + Duration::from_secs(6);
    feed(&mut queue, 25..150, 25, later);
    queue.look(later + LIMITS.time);
    assert_eq!(drain(&mut queue).0.len(), 125);
}

#[test]
fn a_source_that_is_ahead_waits_for_room_and_sheds_nothing() {
    let limits = Limits {
        bytes: 10_000,
        ..LIMITS
    };
    let now = Instant::now();
    let mut queue = PacketQueue::new(limits, Overflow::ShedLate, true);
    feed(&mut queue, 0..40, 50, now);
    assert!(queue.is_full(now) && !queue.has_room());
    assert_eq!(drain(&mut queue).0.len(), 40);
    assert!(!queue.is_full(now));
}

#[test]
fn what_is_late_by_the_line_alone_is_shed_as_ever() {
    let (mut queue, now) = (relay(), Instant::now());
    for index in 0..75_u32 {
        let frame = i64::from(index);
        feed(
            &mut queue,
            frame..frame + 1,
            25,
            now + Duration::from_millis(40) * index,
        );
    }
    let tally = queue.tally().clone();
    assert!(tally.video.dropped >= 25, "{tally:?}");
    assert_eq!(tally.audio.dropped, 0);
}

#[test]
fn gaps_that_are_told_begin_at_zero_and_do_not_overlap() {
    let mut tally = Tally::default();
    tally.tell(gap(933, 2000), 32);
    // What was on its way when the line went, and what followed.
    tally.tell(gap(0, 4000), 28);
    tally.tell(gap(1000, 4000), 3);
    tally.tell(gap(5000, 5100), 2);
    let told = [
        (gap(933, 2000), 32),
        (gap(2000, 4000), 28),
        (gap(5000, 5100), 5),
    ];
    assert_eq!(tally.news, told);
}

#[test]
fn audio_before_zero_is_no_gap() {
    let (mut queue, now) = (queue(Phase::First), Instant::now());
    queue.has_video = false;
    queue.count_dropped(&audio(-22));
    queue.push(audio(0), now);
    queue.tally.close_gap(Timestamp::ZERO);
    assert_eq!((queue.tally().gaps.len(), queue.take_news().len()), (0, 0));
}

/// A queue whose line has taken the first picture at `now`, and then half a second of nothing.
fn behind(now: Instant) -> PacketQueue {
    let mut queue = PacketQueue::new(LIMITS, Overflow::Shed, true).with_audio_first();
    queue.live();
    feed(&mut queue, 0..1, 50, now);
    assert!(queue.pop(now).is_some_and(|first| first.keyframe));
    feed(&mut queue, 1..12, 50, now);
    queue
}

/// The kinds and times of the next packets.
fn order(queue: &mut PacketQueue, count: usize, now: Instant) -> Vec<(Kind, i64)> {
    let packets = std::iter::from_fn(|| queue.pop(now)).take(count);
    packets
        .map(|packet| (packet.kind(), packet.dts.as_millis()))
        .collect()
}

#[test]
fn audio_overtakes_video_that_waits_and_nothing_that_goes_at_once() {
    let now = Instant::now();
    let in_order = order(&mut behind(now), 5, now);
    assert!(in_order.is_sorted_by_key(|(_, at)| *at), "{in_order:?}");
    let mut queue = behind(now);
    let late = now + Duration::from_millis(500);
    let first = order(&mut queue, 24, late);
    let audio = (0..24).map(|index| (Kind::Audio, index * 20));
    assert_eq!(first, audio.collect::<Vec<_>>());
    let rest = order(&mut queue, 99, late);
    let video = (1..12).map(|index| (Kind::Video, index * 40));
    assert_eq!(rest, video.collect::<Vec<_>>());
    assert_eq!(queue.tally().gaps, []);
    assert_eq!(queue.held.bytes(), 0);
}

#[test]
fn audio_gets_no_further_ahead_than_a_player_holds() {
    let limits = Limits {
        time: Duration::from_secs(10),
        ..LIMITS
    };
    let now = Instant::now();
    let mut queue = PacketQueue::new(limits, Overflow::Shed, true).with_audio_first();
    queue.live();
    feed(&mut queue, 0..1, 500, now);
    queue.pop(now);
    feed(&mut queue, 1..200, 500, now);
    let sent = order(&mut queue, 999, now + MIN_WAIT);
    let (mut video, mut furthest) = (0, 0);
    for (kind, at) in sent {
        match kind {
            Kind::Video => video = at,
            Kind::Audio => furthest = furthest.max(at - video),
        }
    }
    let step = Duration::from_millis(40);
    let most = MAX_LEAD..=MAX_LEAD + step;
    assert!(most.contains(&Duration::from_millis(furthest.unsigned_abs())));
}

#[test]
fn a_connection_begins_with_a_picture_however_long_that_waited() {
    let now = Instant::now();
    let mut queue = PacketQueue::new(LIMITS, Overflow::Shed, true).with_audio_first();
    feed(&mut queue, 0..12, 50, now);
    let late = now + Duration::from_millis(500);
    assert_eq!(order(&mut queue, 1, late), [(Kind::Video, 0)]);
    queue.live();
    queue.away();
    feed(&mut queue, 12..70, 50, late);
    let begins = order(&mut queue, 1, late + Duration::from_secs(2));
    assert_eq!(begins, [(Kind::Video, 2000)]);
}

#[test]
fn a_gap_begins_where_video_was_left_and_not_where_audio_got_to() {
    let now = Instant::now();
    let mut queue = behind(now);
    let late = now + Duration::from_millis(500);
    assert_eq!(
        order(&mut queue, 24, late).last(),
        Some(&(Kind::Audio, 460))
    );
    let in_order = Some(Timestamp::from_millis(20));
    assert_eq!(queue.last_taken(), in_order);
    queue.away();
    feed(&mut queue, 12..60, 50, late);
    assert_eq!(order(&mut queue, 1, late), [(Kind::Video, 2000)]);
    assert_eq!(queue.tally().gaps, [gap(20, 2000)]);
    assert_eq!(
        queue.tally().audio.dropped,
        76,
        "what came before the picture"
    );
}

#[test]
fn what_was_taken_and_did_not_arrive_is_lost_up_to_where_the_next_connection_began() {
    let (mut queue, now) = (queue(Phase::Live), Instant::now());
    let gop = |first: i64| (first..first + 5).map(move |index| video(index * 40, index == first));
    gop(0).for_each(|packet| queue.push(packet, now));
    queue.live();
    let taken: Vec<_> = std::iter::from_fn(|| queue.pop(now)).collect();
    queue.away();
    gop(5).for_each(|packet| queue.push(packet, now));
    queue.pop(now).expect("the next connection begins");
    queue.live();
    queue.lose(&taken[2..]);
    let tally = queue.tally();
    assert_eq!((tally.video.frames, tally.video.lost), (3, 3));
    let [gap] = tally.gaps[..] else {
        panic!("{:?}", tally.gaps)
    };
    assert_eq!((gap.from.as_millis(), gap.to.as_millis()), (80, 200));
}
