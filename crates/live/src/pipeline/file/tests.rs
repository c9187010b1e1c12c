use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use onair_demux::{Container, Damage, Error, Track};

use super::*;
use crate::RetryPolicy;
use crate::config::Limits;
use crate::output::OutputHandle;
use crate::queue::{Overflow, PacketQueue};
use crate::samples::{audio, video};

/// How much the files play.
const LENGTH: i64 = 10_000;

/// Milliseconds since the beginning, and the times of the packets that left then.
type Departures = Vec<(i64, Vec<i64>)>;

/// Time that passes only while somebody sleeps.
struct VirtualClock<'a> {
    fanout: &'a Fanout,
    began: Instant,
    now: Mutex<Instant>,
    wake_ups: AtomicUsize,
    departures: Mutex<Departures>,
}

impl Clock for VirtualClock<'_> {
    fn now(&self) -> Instant {
        *self.now.lock().unwrap()
    }

    fn sleep_until(&self, then: Instant) -> bool {
        self.note();
        *self.now.lock().unwrap() = then;
        self.wake_ups.fetch_add(1, Ordering::Relaxed);
        true
    }
}

impl VirtualClock<'_> {
    /// Notes what has left since the last time.
    fn note(&self) {
        let now = self.now();
        let packets: Vec<i64> = self.fanout.outputs()[0].queue().with(|queue| {
            let pop = || queue.pop(now).map(|packet| packet.dts.as_millis());
            std::iter::from_fn(pop).collect()
        });
        if !packets.is_empty() {
            let millis = i64::try_from((now - self.began).as_millis()).unwrap();
            self.departures.lock().unwrap().push((millis, packets));
        }
    }
}

/// A source that never waits.
struct Packets<'a> {
    left: VecDeque<Packet>,
    clock: &'a VirtualClock<'a>,
}

impl PacketSource for Packets<'_> {
    fn container(&self) -> Option<Container> {
        None
    }

    fn tracks(&self) -> &[Track] {
        &[]
    }

    fn notes(&self) -> &[String] {
        &[]
    }

    fn next_packet(&mut self) -> Result<Option<Packet>, Error> {
        self.clock.note();
        Ok(self.left.pop_front())
    }

    fn take_description(&mut self) -> Option<Tracks> {
        None
    }

    fn duration(&self) -> Option<Duration> {
        None
    }

    fn damage(&self) -> Damage {
        Damage::default()
    }
}

/// 25 pictures and 50 packets of audio a second: when which of them left, and how often the reader
/// woke up.
fn read(is_live: bool) -> (Departures, usize) {
    let queue = PacketQueue::new(Limits::RECORDING, Overflow::Shed, true);
    let output = OutputHandle::server("here".to_owned(), RetryPolicy::NEVER, queue);
    let fanout = Fanout::new(vec![Arc::new(output)], None);
    let began = Instant::now();
    let clock = VirtualClock {
        fanout: &fanout,
        began,
        now: Mutex::new(began),
        wake_ups: AtomicUsize::new(0),
        departures: Mutex::default(),
    };
    let pictures = (0..LENGTH).step_by(40);
    let packets = pictures.flat_map(|at| [video(at, at == 0), audio(at), audio(at + 20)]);
    let mut media = Packets {
        left: packets.collect(),
        clock: &clock,
    };
    let schedule = Schedule {
        began,
        pace: Pace::Realtime,
        duration: None,
    };
    let said = watch::Sender::default();
    let mut reader = Reader::new(&fanout, &clock, &said, schedule, is_live);
    reader.run(&mut media).unwrap();
    reader.flush();
    clock.note();
    let departures = std::mem::take(&mut *clock.departures.lock().unwrap());
    (departures, clock.wake_ups.load(Ordering::Relaxed))
}

fn count(departures: &[(i64, Vec<i64>)]) -> usize {
    departures.iter().map(|(_, packets)| packets.len()).sum()
}

#[test]
fn what_is_due_soon_leaves_with_what_is_due_and_nothing_late() {
    let (departures, wake_ups) = read(false);
    assert_eq!(count(&departures), 750);
    let slack = i64::try_from(SLACK.as_millis()).unwrap();
    for (now, packets) in &departures {
        let is_in_time = |dts: &i64| (*now..=now + slack).contains(dts);
        assert!(packets.iter().all(is_in_time), "{packets:?} left at {now}");
    }
    // The first leaves by itself: nobody waited for it.
    let most = usize::try_from(LENGTH / slack).unwrap() + 2;
    assert!(wake_ups <= most && departures.len() <= most, "{wake_ups}");
}

#[test]
fn what_is_live_leaves_at_once() {
    let (departures, wake_ups) = read(true);
    assert_eq!((count(&departures), departures.len()), (750, 750));
    assert_eq!(wake_ups, 0);
}
