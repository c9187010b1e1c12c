//! Two machines over one line, in virtual time.

use std::time::{Duration, Instant};

use onair_netsim::{Arrival, Duplex, End, Peer, Profile, Ran, epoch};

const MS: Duration = Duration::from_millis(1);

/// Sends something every so often, and keeps what it receives.
#[derive(Default)]
struct Talker {
    every: Option<Duration>,
    due: Option<Instant>,
    left: u32,
    outbox: Vec<Vec<u8>>,
    heard: Vec<u8>,
    ended: Option<(Instant, End)>,
    asked: u32,
}

impl Talker {
    fn new(now: Instant, every: Duration, times: u32) -> Self {
        Self {
            every: Some(every),
            due: Some(now),
            left: times,
            ..Self::default()
        }
    }
}

impl Peer for Talker {
    fn handle_arrival(&mut self, now: Instant, arrival: Arrival) {
        match arrival {
            Arrival::Bytes(bytes) => self.heard.extend(bytes),
            Arrival::End(end) => self.ended = Some((now, end)),
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.left -= 1;
        self.outbox.push(vec![b'a'; 1000]);
        self.due = self
            .every
            .filter(|_| self.left > 0)
            .map(|every| now + every);
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.due
    }

    fn poll_transmit(&mut self, _: Instant) -> Option<Vec<u8>> {
        self.asked += 1;
        self.outbox.pop()
    }

    fn is_done(&self) -> bool {
        self.due.is_none() && self.outbox.is_empty()
    }
}

#[test]
fn machines_run_until_nothing_is_left_to_do() {
    let start = epoch();
    let mut line = Duplex::new(
        1,
        Profile {
            delay: 7 * MS,
            ..Profile::default()
        },
    );
    let mut client = Talker::new(start, 10 * MS, 3);
    let mut server = Talker::default();
    let ran = line.run(start, start + 1000 * MS, &mut client, &mut server);
    assert_eq!(ran, Ran::Idle(start + 27 * MS));
    assert_eq!(server.heard.len(), 3000);
    assert_eq!(server.ended, Some((start + 27 * MS, End::Closed)));
    assert_eq!(client.ended, Some((start + 7 * MS, End::Closed)));
}

#[test]
fn a_run_stops_where_it_is_told_and_can_go_on() {
    let start = epoch();
    let mut line = Duplex::new(1, Profile::default());
    let (mut client, mut server) = (Talker::new(start, 10 * MS, 5), Talker::default());
    let ran = line.run(start, start + 25 * MS, &mut client, &mut server);
    assert_eq!(
        (ran, server.heard.len()),
        (Ran::Until(start + 25 * MS), 3000)
    );
    let ran = line.run(ran.time(), start + 99 * MS, &mut client, &mut server);
    assert_eq!(
        (ran, server.heard.len()),
        (Ran::Idle(start + 40 * MS), 5000)
    );
}

#[test]
fn a_full_line_holds_the_sender_back() {
    let start = epoch();
    let profile = Profile {
        buffer: 500,
        delay: 5 * MS,
        ..Profile::default()
    };
    let mut line = Duplex::new(1, profile);
    let (mut client, mut server) = (Talker::new(start, MS, 3), Talker::default());
    line.run(start, start + 4 * MS, &mut client, &mut server);
    assert_eq!((client.asked, client.outbox.len()), (1, 2));
    line.run(start + 4 * MS, start + 99 * MS, &mut client, &mut server);
    assert_eq!(server.heard.len(), 3000);
}

#[test]
fn both_sides_hear_of_a_reset() {
    let start = epoch();
    let mut line = Duplex::new(
        1,
        Profile {
            delay: 5 * MS,
            ..Profile::default()
        },
    );
    let mut client = Talker::new(start, 10 * MS, 9);
    let mut server = Talker::new(start, 10 * MS, 9);
    let ran = line.run(start, start + 12 * MS, &mut client, &mut server);
    line.reset(ran.time());
    line.run(ran.time(), start + 500 * MS, &mut client, &mut server);
    let expected = Some((start + 17 * MS, End::Reset));
    assert_eq!((client.ended, server.ended), (expected, expected));
    assert_eq!(server.heard.len(), 1000);
}

#[test]
#[should_panic(expected = "a timeout stays due")]
fn a_timeout_that_never_moves_on_is_found() {
    struct Stuck(Instant);
    impl Peer for Stuck {
        fn handle_arrival(&mut self, _: Instant, _: Arrival) {}
        fn handle_timeout(&mut self, _: Instant) {}
        fn next_timeout(&self) -> Option<Instant> {
            Some(self.0)
        }
        fn poll_transmit(&mut self, _: Instant) -> Option<Vec<u8>> {
            None
        }
        fn is_done(&self) -> bool {
            false
        }
    }
    let start = epoch();
    let (mut client, mut server) = (Stuck(start), Talker::default());
    Duplex::new(1, Profile::default()).run(start, start + MS, &mut client, &mut server);
}
