//! Sixty days on air, in virtual time: half a second of each hour, and some around the moments at
//! which a time on the wire outgrows its field.

use std::time::{Duration, Instant};

use onair_flv::{Demuxed, Demuxer, Muxer};
use onair_media::{Kind, Packet, Timestamp};
use onair_rtmp::publisher::Config;
use onair_rtmp::server::{self, Event};
use onair_rtmp::{Input, Machine, Output, Publisher, Server};

use crate::config::Limits;
use crate::failure::Cause;
use crate::program::{ENCODER_LAG, Program};
use crate::queue::{Overflow, PacketQueue};
use crate::rate::{Adaptive, LinkSample, RateLaw};
use crate::reconnect::{Reconnect, Verdict};
use crate::samples::{audio, video};
use crate::{Failure, FailureStage, Fault, RetryPolicy};

const HOUR: i64 = 3_600_000;
const DAYS: i64 = 60;

/// Where a time in milliseconds begins to need another field, or none is left: the chunk header's,
/// a sign's, and all 32 bits.
const EDGES: [i64; 3] = [0x00FF_FFFF, 1 << 31, 1 << 32];

/// When there is media.
fn bursts() -> Vec<i64> {
    let edges = EDGES.map(|edge| edge - 260);
    let hours = (0..DAYS * 24).map(|hour| hour * HOUR);
    let mut bursts: Vec<_> = hours.chain(edges).collect();
    bursts.sort_unstable();
    bursts
}

/// Half a second of media: pictures are shown two frames after they are decoded.
fn burst(at: i64) -> Vec<Packet> {
    let pictures = (0..12).map(|index| {
        let mut picture = video(at + index * 40, index == 0);
        picture.pts = picture.dts + Duration::from_millis(80);
        picture.payload.truncate(100);
        picture
    });
    let mut packets: Vec<_> = pictures
        .chain((0..23).map(|index| audio(at + index * 21)))
        .collect();
    packets.sort_by_key(|packet| packet.dts);
    packets
}

/// A connection between machines, without a line.
struct Session {
    publisher: Publisher,
    server: Server,
    muxer: Option<Muxer>,
    demuxer: Demuxer,
    /// The media time at which wire time began.
    origin: Timestamp,
    /// The latest time of each track.
    latest: [Option<Timestamp>; 2],
    arrived: usize,
}

impl Session {
    fn new(now: Instant) -> Self {
        let url = "rtmp://live.example/app/key".parse().unwrap();
        let mut session = Self {
            publisher: Publisher::new(Config::new(url), now),
            server: Server::new(server::Config::default(), now),
            muxer: None,
            demuxer: Demuxer::new(),
            origin: Timestamp::ZERO,
            latest: [None; 2],
            arrived: 0,
        };
        session.talk(now);
        session
    }

    /// Sends what a queue gives; gives what arrives.
    fn send(&mut self, queue: &mut PacketQueue, program: &Program, now: Instant) -> Vec<Packet> {
        let mut arrived = Vec::new();
        while let Some(packet) = queue.pop(now) {
            let muxer = self.muxer.get_or_insert_with(|| {
                self.origin = packet.dts - program.lag;
                program.muxer(&packet)
            });
            for tag in muxer.mux(&packet) {
                assert!(self.publisher.ready(), "it is on air");
                self.publisher.send(&tag).unwrap();
            }
            arrived.extend(self.talk(now));
        }
        arrived
    }

    /// Carries everything over.
    fn talk(&mut self, now: Instant) -> Vec<Packet> {
        let mut arrived = Vec::new();
        loop {
            let (to_server, due) = self.said();
            if due.is_some_and(|at| at <= now) {
                self.publisher.handle_input(Input::Timeout(now)).unwrap();
            }
            let input = match to_server.is_empty() {
                true => Input::Timeout(now),
                false => Input::Receive(now, &to_server),
            };
            self.server.handle_input(input).unwrap();
            let (to_publisher, media) = self.answered();
            arrived.extend(media);
            if to_server.is_empty() && to_publisher.is_empty() {
                return arrived;
            }
            if !to_publisher.is_empty() {
                let input = Input::Receive(now, &to_publisher);
                self.publisher.handle_input(input).unwrap();
            }
        }
    }

    fn said(&mut self) -> (Vec<u8>, Option<Instant>) {
        let mut bytes = Vec::new();
        loop {
            match self.publisher.poll_output() {
                Output::Transmit(slices) => bytes.extend(slices.pieces().flatten()),
                Output::Event(_) => {}
                Output::Timeout(at) => return (bytes, Some(at)),
            }
        }
    }

    fn answered(&mut self) -> (Vec<u8>, Vec<Packet>) {
        let (mut bytes, mut packets) = (Vec::new(), Vec::new());
        loop {
            match self.server.poll_output() {
                Output::Transmit(slices) => bytes.extend(slices.pieces().flatten()),
                Output::Event(Event::Publish { stream, .. }) => self.server.accept(stream),
                Output::Event(Event::Media { tag, .. }) => {
                    if let Demuxed::Packet(packet) = self.demuxer.demux(&tag).unwrap() {
                        packets.push(packet);
                    }
                }
                Output::Event(Event::Closed) => panic!("the server is gone"),
                Output::Event(_) => {}
                Output::Timeout(_) => return (bytes, packets),
            }
        }
    }

    /// Each packet has its time, to the millisecond, and comes after the one before it.
    fn check(&mut self, sent: &[Packet], arrived: &[Packet]) {
        assert_eq!(arrived.len(), sent.len());
        for (sent, arrived) in sent.iter().zip(arrived) {
            let [dts, pts] =
                [arrived.dts, arrived.pts].map(|time| self.origin + time.since(Timestamp::ZERO));
            assert_eq!(
                (dts, pts, arrived.kind()),
                (sent.dts, sent.pts, sent.kind())
            );
            let latest = &mut self.latest[usize::from(sent.kind() == Kind::Audio)];
            assert!(*latest < Some(dts), "{dts:?} after {latest:?}");
            *latest = Some(dts);
        }
        self.arrived += arrived.len();
    }
}

fn queue() -> PacketQueue {
    let mut queue = PacketQueue::new(Limits::REALTIME, Overflow::Shed, true);
    queue.live();
    queue
}

fn program() -> Program {
    Program {
        lag: ENCODER_LAG,
        ..Program::default()
    }
}

#[test]
fn one_connection_keeps_each_time_past_every_edge_of_the_wires() {
    let (start, program) = (Instant::now(), program());
    let (mut session, mut queue) = (Session::new(start), queue());
    let mut law = Adaptive::new(onair_media::Bitrate::kbps(150));
    let bursts = bursts();
    for at in &bursts {
        let now = start + Duration::from_millis(at.unsigned_abs());
        let sent = burst(*at);
        sent.iter()
            .for_each(|packet| queue.push(packet.clone(), now));
        let arrived = session.send(&mut queue, &program, now);
        session.check(&sent, &arrived);
        look(&mut law, session.arrived, now);
    }
    assert_eq!(session.arrived, bursts.len() * 35);
    assert_eq!(
        (queue.tally().video.dropped, queue.tally().gaps.len()),
        (0, 0)
    );
}

/// Lets a law see what was sent in all this time.
fn look(law: &mut Adaptive, sent: usize, now: Instant) {
    let most = onair_media::Bitrate::kbps(4000);
    let written = sent as u64 * 100_000_000;
    let advice = law.update(&LinkSample {
        at: now,
        queue_age: Duration::ZERO,
        queued: 0,
        pending: 0,
        written,
        unsent: Some(0),
        unacked: Some(0),
        late: None,
        delivery: None,
        rtt: Some(Duration::from_millis(20)),
        min_rtt: Some(Duration::from_millis(20)),
        encoded: written,
        asked: most,
        most,
        audio: onair_media::Bitrate::kbps(128),
    });
    assert!(
        advice.bitrate.is_some_and(|bitrate| bitrate <= most),
        "{advice:?}"
    );
}

#[test]
fn a_connection_a_day_goes_on_with_the_same_timeline_and_every_gap_is_listed() {
    let (start, program) = (Instant::now(), program());
    let mut reconnect = Reconnect::new(RetryPolicy::default(), 1);
    let (mut session, mut queue) = (Session::new(start), queue());
    reconnect.live(start);
    let (mut lost, mut days) = (0, 0);
    for at in bursts() {
        let now = start + Duration::from_millis(at.unsigned_abs());
        let sent = burst(at);
        if at % (24 * HOUR) == 23 * HOUR {
            // The line goes down with a burst on it, and comes back with the next.
            queue.away();
            sent.into_iter().for_each(|packet| queue.push(packet, now));
            let failure = Failure::new(FailureStage::Live, Fault::Stalled, "").because(Cause::Lost);
            let verdict = reconnect.failed(failure, now);
            assert!(
                matches!(verdict, Verdict::Retry { attempt: 2, .. }),
                "{verdict:?}"
            );
            (lost, days) = (lost + 12, days + 1);
            continue;
        }
        sent.iter()
            .for_each(|packet| queue.push(packet.clone(), now));
        if at % (24 * HOUR) == 0 && at > 0 {
            session = Session::new(now);
            reconnect.live(now);
            queue.live();
        }
        let arrived = session.send(&mut queue, &program, now);
        session.check(&sent, &arrived);
    }
    queue.end();
    queue.abandon();
    let tally = queue.tally();
    assert_eq!(
        (days, tally.video.dropped),
        (DAYS, lost),
        "{:?}",
        tally.gaps
    );
    assert_eq!(tally.gaps.len() as i64, DAYS);
    // The last line did not come back.
    let (last, gaps) = tally.gaps.split_last().unwrap();
    assert_eq!(last.to, burst((DAYS * 24 - 1) * HOUR).last().unwrap().dts);
    for (day, gap) in (1..).zip(gaps) {
        let midnight = day * 24 * HOUR;
        assert_eq!(gap.to.as_millis(), midnight);
        assert!((midnight - 2 * HOUR..midnight - HOUR).contains(&gap.from.as_millis()));
    }
}
