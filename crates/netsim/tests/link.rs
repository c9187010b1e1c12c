//! The link keeps TCP's promises whatever the network does.

use std::time::{Duration, Instant};

use onair_netsim::{Arrival, Duplex, End, Link, Noise, Profile, Side, epoch};

const MS: Duration = Duration::from_millis(1);

fn drain(link: &mut Link, now: Instant) -> Vec<u8> {
    std::iter::from_fn(|| link.poll(now)).flatten().collect()
}

#[test]
fn bytes_arrive_after_serialisation_and_delay() {
    let start = epoch();
    let rate = vec![(start, 8_000_000)];
    let profile = Profile {
        delay: 20 * MS,
        rate,
        ..Profile::default()
    };
    let mut link = Link::new(7, profile);
    assert_eq!(link.send(start, &[1; 1000]), 1000);
    assert_eq!(link.send(start, &[2; 1000]), 1000);
    assert_eq!(link.next_time(), Some(start + 21 * MS));
    assert_eq!(link.poll(start + 21 * MS - Duration::from_nanos(1)), None);
    assert_eq!(link.poll(start + 21 * MS), Some(vec![1; 1000]));
    assert_eq!(link.poll(start + 21 * MS), None);
    assert_eq!(link.next_time(), Some(start + 22 * MS));
    assert_eq!(link.poll(start + 22 * MS), Some(vec![2; 1000]));
    assert_eq!(link.next_time(), None);
}

#[test]
fn chopped_bytes_stay_in_order_and_a_seed_repeats_itself() {
    let start = epoch();
    let mut data = vec![0; 20_000];
    Noise::new(3).fill(&mut data);
    let pieces = |seed| {
        let mut link = Link::new(
            seed,
            Profile {
                chop: 1..=97,
                ..Profile::default()
            },
        );
        assert_eq!(link.send(start, &data), data.len());
        std::iter::from_fn(|| link.poll(start)).collect::<Vec<_>>()
    };
    let first = pieces(5);
    assert_eq!(first.concat(), data);
    assert!(first.iter().all(|piece| (1..=97).contains(&piece.len())));
    assert!(first.len() > 20_000 / 97);
    assert_eq!(first, pieces(5));
    assert_ne!(first, pieces(6));
}

#[test]
fn a_full_link_takes_no_more_until_the_receiver_reads() {
    let start = epoch();
    let mut link = Link::new(
        1,
        Profile {
            buffer: 1500,
            ..Profile::default()
        },
    );
    assert_eq!(link.send(start, &[0; 4000]), 1500);
    assert_eq!((link.room(), link.send(start, &[0])), (0, 0));
    assert_eq!(link.poll(start).map(|piece| piece.len()), Some(1460));
    assert_eq!(link.room(), 1460);
}

#[test]
fn unsent_bytes_drain_at_the_line_rate() {
    let start = epoch();
    let rate = vec![(start, 8_000)]; // a byte a millisecond
    let mut link = Link::new(
        1,
        Profile {
            rate,
            chop: 1..=1,
            ..Profile::default()
        },
    );
    link.send(start, &[0; 100]);
    assert_eq!(link.unsent(start), 100);
    assert_eq!(link.unsent(start + 30 * MS), 70);
    link.set_rate(start + 30 * MS, 80_000);
    assert_eq!(link.unsent(start + 35 * MS), 20);
    assert_eq!(link.unsent(start + 37 * MS), 0);
}

#[test]
fn a_stall_holds_what_has_not_departed_and_nothing_is_lost() {
    let start = epoch();
    let rate = vec![(start, 8_000)];
    let profile = Profile {
        delay: 50 * MS,
        rate,
        chop: 1..=1,
        ..Profile::default()
    };
    let mut link = Link::new(1, profile);
    link.send(start, &[1, 2, 3, 4]);
    link.stall(start + 2 * MS, start + 1000 * MS);
    assert_eq!(drain(&mut link, start + 52 * MS), [1, 2]);
    assert_eq!(link.next_time(), Some(start + 1051 * MS));
    assert_eq!(drain(&mut link, start + 1051 * MS), [3]);
    assert_eq!(drain(&mut link, start + 1052 * MS), [4]);
}

#[test]
fn a_dead_line_delivers_once_it_revives() {
    let start = epoch();
    let mut link = Link::new(
        1,
        Profile {
            rate: vec![(start, 0)],
            ..Profile::default()
        },
    );
    assert_eq!(link.send(start, b"x"), 1);
    assert_eq!(
        (link.next_time(), link.poll(start + 9999 * MS)),
        (None, None)
    );
    link.set_rate(start + 10 * MS, 8_000);
    assert_eq!(link.next_time(), Some(start + 11 * MS));
}

#[test]
fn a_close_follows_the_bytes_and_is_told_once() {
    let start = epoch();
    let mut link = Link::new(
        1,
        Profile {
            delay: 5 * MS,
            ..Profile::default()
        },
    );
    link.send(start, b"bye");
    link.close(start);
    assert_eq!((link.send(start, b"more"), link.room()), (0, 0));
    let due = start + 5 * MS;
    assert_eq!((link.poll_end(start), link.poll_end(due)), (None, None));
    assert_eq!(link.poll(due), Some(b"bye".to_vec()));
    assert_eq!(
        (link.poll(due), link.poll_end(due)),
        (None, Some(End::Closed))
    );
    assert_eq!((link.poll_end(due), link.next_time()), (None, None));
}

#[test]
fn a_reset_loses_what_is_under_way() {
    let start = epoch();
    let mut link = Link::new(
        1,
        Profile {
            delay: 5 * MS,
            ..Profile::default()
        },
    );
    link.send(start, b"lost");
    link.reset(start + MS);
    assert_eq!(link.next_time(), Some(start + 6 * MS));
    assert_eq!(link.poll(start + 6 * MS), None);
    assert_eq!(link.poll_end(start + 6 * MS), Some(End::Reset));
}

#[test]
fn a_half_closed_connection_still_carries_the_other_way() {
    let start = epoch();
    let mut line = Duplex::new(
        9,
        Profile {
            delay: 5 * MS,
            ..Profile::default()
        },
    );
    line.close(Side::Client, start);
    assert_eq!(line.next_time(), Some((start + 5 * MS, Side::Server)));
    let due = start + 5 * MS;
    let closed = Arrival::End(End::Closed);
    assert_eq!(line.poll(due), Some((Side::Server, closed)));
    assert_eq!(line.send(Side::Server, due, b"late"), 4);
    assert_eq!(line.next_time(), Some((start + 10 * MS, Side::Client)));
    let late = Arrival::Bytes(b"late".to_vec());
    assert_eq!(line.poll(start + 10 * MS), Some((Side::Client, late)));
}

#[test]
fn whatever_the_line_does_the_bytes_are_the_same() {
    let start = epoch();
    for seed in 0..50 {
        let mut noise = Noise::new(seed);
        let rate = (0..4_u32).map(|n| (start + n * 40 * MS, noise.next_u64() % 900_000 + 9_000));
        let profile = Profile {
            delay: 13 * MS,
            rate: rate.collect(),
            chop: 1..=300,
            buffer: 700,
        };
        let mut link = Link::new(seed, profile);
        link.stall(start + 10 * MS, start + 60 * MS);
        let mut data = vec![0; 5_000];
        noise.fill(&mut data);
        assert_eq!(carry(&mut link, &data, start), data, "seed {seed}");
    }
}

/// Sends `data` as the link takes it; what arrives.
fn carry(link: &mut Link, data: &[u8], start: Instant) -> Vec<u8> {
    let (mut now, mut sent, mut received) = (start, 0, Vec::new());
    loop {
        sent += link.send(now, &data[sent..]);
        let Some(due) = link.next_time() else {
            return received;
        };
        assert!(due >= now, "time runs forward");
        now = due;
        received.extend(drain(link, now));
    }
}
