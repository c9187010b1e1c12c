//! A path that comes and goes every three seconds for ten minutes, in virtual time.

use std::time::{Duration, Instant};

use onair_media::{Kind, Packet};

use crate::config::Limits;
use crate::failure::Cause;
use crate::handover::{Action, Handover, OnAir, Progress};
use crate::queue::{Overflow, PacketQueue};
use crate::reconnect::{Reconnect, Verdict};
use crate::samples::{audio, video};
use crate::{Failure, FailureStage, Fault, RetryPolicy};

const LENGTH: i64 = 600_000;
const HALF: i64 = 3000;

/// How much a kernel takes while nothing arrives.
const IN_FLIGHT: usize = 64 * 1024;

/// How long the path stays up at first: a key that was good for ten seconds is good.
const FIRST: i64 = 15_000;

const fn is_up(ms: i64) -> bool {
    ms < FIRST || ms / HALF % 2 == 0
}

/// When the path last came up.
const fn up_since(ms: i64) -> i64 {
    ms - ms % HALF
}

/// What is on its way on a connection, and when it gets there.
#[derive(Default)]
struct Connection {
    in_flight: Vec<Packet>,
    arrived: u64,
}

/// A source, its queue, and what the far end has.
struct Show {
    start: Instant,
    queue: PacketQueue,
    pushed: Vec<Packet>,
    received: Vec<Packet>,
    wants_keyframe: bool,
    most_held: usize,
}

impl Show {
    fn new() -> Self {
        let mut queue = PacketQueue::new(Limits::REALTIME, Overflow::Shed, true);
        queue.live();
        Self {
            start: Instant::now(),
            queue,
            pushed: Vec::new(),
            received: Vec::new(),
            wants_keyframe: true,
            most_held: 0,
        }
    }

    fn now(&self, ms: i64) -> Instant {
        self.start + Duration::from_millis(ms.unsigned_abs())
    }

    /// 25 pictures a second with a keyframe every two seconds, and audio.
    fn produce(&mut self, ms: i64) {
        if ms % 20 == 0 {
            self.push(audio(ms), ms);
        }
        if ms % 40 == 0 {
            let is_due = std::mem::take(&mut self.wants_keyframe) || ms % 2000 == 0;
            self.push(video(ms, is_due), ms);
        }
        self.most_held = self.most_held.max(self.queue.payload());
    }

    fn push(&mut self, packet: Packet, ms: i64) {
        self.pushed.push(packet.clone());
        self.queue.push(packet, self.now(ms));
    }

    /// A connection takes what it can; on a path that is up it arrives.
    fn carry(&mut self, on: &mut Connection, arrives: bool, ms: i64) {
        if arrives {
            on.arrived += on.in_flight.len() as u64;
            self.received.append(&mut on.in_flight);
        }
        let held =
            |on: &Connection| -> usize { on.in_flight.iter().map(|p| p.payload.len()).sum() };
        while held(on) < IN_FLIGHT
            && let Some(packet) = self.queue.pop(self.now(ms))
        {
            on.in_flight.push(packet);
        }
    }

    /// A connection begins: it needs a keyframe.
    fn begin(&mut self) {
        self.queue.away();
        self.wants_keyframe |= !self.queue.is_ready();
    }

    /// What nobody got is in the gaps, and each gap has something that nobody got.
    fn check(mut self, rest: &Connection, least: usize) {
        self.queue.lose(&rest.in_flight);
        self.queue.end();
        self.queue.abandon();
        let tally = self.queue.tally();
        let is_video = |packet: &&Packet| packet.kind() == Kind::Video;
        let got: Vec<_> = self
            .received
            .iter()
            .filter(is_video)
            .map(|p| p.dts)
            .collect();
        assert!(
            got.windows(2).all(|two| two[0] < two[1]),
            "in order, and once"
        );
        let missing = self.pushed.iter().filter(is_video).map(|p| p.dts);
        let missing: Vec<_> = missing
            .filter(|dts| got.binary_search(dts).is_err())
            .collect();
        assert_eq!(tally.video.dropped, missing.len() as u64);
        for dts in &missing {
            let is_listed = tally
                .gaps
                .iter()
                .any(|gap| gap.from <= *dts && *dts <= gap.to);
            assert!(is_listed, "{dts:?} is in no gap");
        }
        for gap in &tally.gaps {
            // Where all of an old connection arrived after all, its gap is the step to the next frame.
            let is_step = gap.to.since(gap.from) <= Duration::from_millis(40);
            let mut inside = missing
                .iter()
                .filter(|dts| gap.from <= **dts && **dts <= gap.to);
            assert!(inside.next().is_some() || is_step, "{gap:?} lacks nothing");
        }
        assert!(tally.gaps.len() <= 150, "{} gaps", tally.gaps.len());
        assert!(self.most_held < 1024 * 1024, "{} bytes", self.most_held);
        let share = got.len() * 100 / (got.len() + missing.len());
        println!(
            "{share} % arrived, {} gaps, at most {} bytes held",
            tally.gaps.len(),
            self.most_held
        );
        assert!(share >= least, "{share} %");
    }
}

/// The same noise in every run (xorshift64).
struct Noise(u64);

impl Noise {
    fn up_to(&mut self, most: u64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most).cast_signed()
    }
}

/// How far the other connection is.
enum Successor {
    None,
    /// It answers once the path has been up for so long.
    Connecting(i64),
    Ready,
    Publishing(i64),
}

#[test]
fn handovers_on_a_path_that_flaps_lose_what_they_list_and_hold_no_more_for_it() {
    for seed in 1..=3 {
        handovers(Noise(seed));
    }
}

fn handovers(mut noise: Noise) {
    let mut show = Show::new();
    let (mut on_air, mut successor) = (Connection::default(), Successor::None);
    let (mut progress, mut handover) = (Progress::default(), Handover::new(true));
    let (mut returns, mut taken_over) = (0, 0);
    for ms in (0..LENGTH).step_by(10) {
        let now = show.now(ms);
        show.produce(ms);
        // The kernel sends again within a second.
        if ms % (2 * HALF) == 0 {
            returns = ms + noise.up_to(1000);
        }
        let is_paused = matches!(successor, Successor::Publishing(_));
        if !is_paused {
            show.carry(&mut on_air, is_up(ms) && ms >= returns, ms);
        } else if is_up(ms) && ms >= returns {
            on_air.arrived += on_air.in_flight.len() as u64;
            show.received.append(&mut on_air.in_flight);
        }
        if ms % 200 == 0 {
            progress.look(!on_air.in_flight.is_empty(), on_air.arrived, || false, now);
        }
        let up_for = if is_up(ms) { ms - up_since(ms) } else { -1 };
        match successor {
            Successor::Connecting(after) if up_for >= after => {
                handover.connected();
                successor = Successor::Ready;
            }
            Successor::Publishing(after) if up_for >= after => {
                show.queue.lose(&std::mem::take(&mut on_air.in_flight));
                show.queue.live();
                on_air = Connection::default();
                (progress, handover) = (Progress::default(), Handover::new(true));
                successor = Successor::None;
                taken_over += 1;
            }
            _ => {}
        }
        let stands = OnAir {
            is_stalled: progress.is_stalled(),
            is_at_keyframe: false,
            is_alone: false,
            is_elsewhere: false,
        };
        match handover.poll(stands, now) {
            None => {}
            Some(Action::Connect) => successor = Successor::Connecting(noise.up_to(300)),
            Some(Action::Publish) => {
                show.begin();
                successor = Successor::Publishing(up_for.max(0) + 50);
            }
            Some(Action::Drop) => {
                if let Successor::Publishing(_) = successor {
                    show.queue.live();
                }
                successor = Successor::None;
            }
            Some(action) => panic!("{action:?} while nobody wanted it"),
        }
    }
    assert!(taken_over > 10, "{taken_over}");
    show.check(&on_air, 40);
}

#[test]
fn reconnects_on_a_path_that_flaps_go_on_and_every_gap_is_listed() {
    let mut show = Show::new();
    let mut reconnect = Reconnect::new(RetryPolicy::default(), 3);
    let mut on_air = Some(Connection::default());
    let mut next = 0;
    let mut attempts = 0;
    reconnect.live(show.start);
    for ms in (0..LENGTH).step_by(10) {
        let now = show.now(ms);
        show.produce(ms);
        let failure = match &mut on_air {
            // Whoever translates addresses has forgotten the connection.
            Some(connection) if ms % (2 * HALF) == 0 && ms > FIRST => {
                show.queue.lose(&std::mem::take(&mut connection.in_flight));
                Some((Fault::ConnectionBroken, Cause::Dropped))
            }
            Some(connection) => {
                show.carry(connection, is_up(ms), ms);
                None
            }
            None if ms < next => None,
            None if is_up(ms) => {
                reconnect.live(now);
                show.queue.live();
                on_air = Some(Connection::default());
                None
            }
            None => Some((Fault::Unreachable, Cause::Lost)),
        };
        if let Some((fault, cause)) = failure {
            let failure = Failure::new(FailureStage::Live, fault, "").because(cause);
            let Verdict::Retry { delay, .. } = reconnect.failed(failure, now) else {
                panic!("given up after {ms} ms");
            };
            on_air = None;
            attempts += 1;
            next = ms + i64::try_from(delay.as_millis()).unwrap();
            show.begin();
        }
    }
    assert!((90..500).contains(&attempts), "{attempts}");
    show.check(&on_air.unwrap_or_default(), 40);
}

/// A source that counts its samples catches up with the audio of all that time; of pictures there is
/// the newest. The line takes 2 Mbit/s.
#[test]
fn a_program_that_was_suspended_for_twenty_seconds_is_in_the_present_within_two() {
    const BYTES: usize = 2500;
    let (asleep, awake) = (6000, 26_000);
    let (mut show, mut on_air) = (Show::new(), Connection::default());
    let (mut progress, mut handover) = (Progress::default(), Handover::new(true));
    for ms in (0..asleep).step_by(10) {
        show.produce(ms);
        show.carry(&mut on_air, ms < asleep - 100, ms);
        if ms % 200 == 0 {
            progress.look(true, on_air.arrived, || false, show.now(ms));
        }
    }
    for ms in (asleep..awake).step_by(20) {
        let mut late = audio(ms);
        late.payload = vec![0; 347].into();
        show.push(late, awake);
    }
    let (mut present, mut room) = ([None, None], 0);
    for ms in (awake..awake + 4000).step_by(10) {
        let now = show.now(ms);
        show.produce(ms);
        room += BYTES;
        while room >= BYTES
            && let Some(packet) = show.queue.pop(now)
        {
            room = room.saturating_sub(packet.payload.len());
            on_air.arrived += 1;
            let is_present = packet.dts.as_millis() >= ms - 300;
            let kind = usize::from(packet.kind() == Kind::Audio);
            present[kind] = present[kind].or_else(|| is_present.then_some(ms - awake));
        }
        room = room.min(BYTES);
        if ms % 200 == 0 {
            // Nothing was looked at for twenty seconds: that is no stall.
            progress.look(true, on_air.arrived, || false, now);
        }
        let stands = OnAir {
            is_stalled: progress.is_stalled(),
            is_at_keyframe: false,
            is_alone: false,
            is_elsewhere: false,
        };
        assert_eq!(handover.poll(stands, now), None);
    }
    let [video, audio] = present.map(|after| after.expect("it comes to the present"));
    assert!(video <= 2000 && audio <= 2000, "{video} and {audio} ms");
}
