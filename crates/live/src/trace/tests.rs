use std::io::{self, Write};

use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use onair_media::{Bitrate, FrameRate, Size, Timestamp};

use super::recorder::MAX_BYTES;
use super::*;
use crate::config::Limits;
use crate::failover::{Ingest, Step};
use crate::failure::Cause;
use crate::handover::OnAir;
use crate::queue::{Overflow, PacketQueue};
use crate::rate::{AudioSample, Holder, LinkSample, PictureSample};
use crate::reconnect::Verdict;
use crate::samples::{audio, video};
use crate::{Event, Failure, FailureStage, Fault, Gap, RetryPolicy};

/// A disk that can be read again.
#[derive(Clone, Debug, Default)]
struct Disk(Arc<Mutex<Vec<u8>>>);

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Disk {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// What a trace of these calls reads.
fn traced(calls: impl FnOnce(&Trace)) -> String {
    let disk = Disk::default();
    let trace = Trace::write_to(disk.clone(), MAX_BYTES).unwrap();
    calls(&trace);
    assert_eq!(trace.finish(), None);
    disk.text()
}

fn read(text: &str) -> Replay {
    replay(text.as_bytes())
}

/// A few calls of each machine.
fn of_all(trace: &Trace) {
    let now = Instant::now();
    let at = |millis: u64| now + Duration::from_millis(millis);
    a_law(trace, now);
    let mut arbiter = Traced::arbiter(trace);
    arbiter.begin(Bitrate::kbps(4000), Some(Bitrate::kbps(150)));
    arbiter.follow(0, Some(Bitrate::kbps(900)), at(10));
    let change = arbiter.change(at(20)).unwrap();
    arbiter.applied(change);
    for millis in 21..40 {
        assert_eq!(arbiter.change(at(millis)), None);
    }
    arbiter.wish(Holder::Thermal, Some(Bitrate::kbps(900)));
    arbiter.change(at(50));
    a_picture(trace, now);
    an_audio(trace, now);
    let mut reconnect = Traced::reconnect(trace, 0, RetryPolicy::default(), 7);
    reconnect.live(at(100));
    let failure = Failure::new(FailureStage::Live, Fault::Stalled, "s3cret").because(Cause::Lost);
    reconnect.failed(failure, at(20_000));
    reconnect.renewed();
    a_failover(trace, now);
    a_handover(trace, now);
    a_queue(trace, now);
    trace.left_out(2000, 1000);
    trace.network_changed();
    trace.ordered(Order::Reconnect);
    trace.told(&Event::Dropped {
        destination: 0,
        frames: 3,
        gap: Gap {
            from: Timestamp::ZERO,
            to: Timestamp::from_millis(120),
        },
    });
}

fn a_law(trace: &Trace, now: Instant) {
    let mut law = Traced::law(trace, Some(0), Some(Bitrate::kbps(150)));
    for turn in 0..50_u64 {
        law.update(&LinkSample {
            at: now + Duration::from_millis(turn * 10),
            queue_age: Duration::ZERO,
            queued: turn,
            pending: 0,
            written: turn * 5000,
            unsent: Some(0),
            unacked: Some(turn * 1000),
            late: None,
            delivery: None,
            rtt: Some(Duration::from_millis(20)),
            min_rtt: None,
            encoded: turn * 5000,
            asked: Bitrate::kbps(4000),
            most: Bitrate::kbps(4000),
            audio: Bitrate::kbps(128),
        });
    }
}

fn a_picture(trace: &Trace, now: Instant) {
    let size = Size::new(1280, 720);
    let mut ladder = Traced::ladder(trace, size, FrameRate::new(30, 1).unwrap(), true);
    for millis in (0..1000).step_by(33) {
        let sample = PictureSample {
            at: Timestamp::from_millis(millis),
            limit: Some(Bitrate::kbps(300)),
            wanted: Bitrate::kbps(4000),
            is_full: false,
            takes_sizes: true,
        };
        ladder.update(&sample, now);
    }
    assert_eq!(ladder.step().size, Size::new(640, 360));
}

fn an_audio(trace: &Trace, now: Instant) {
    let mut ladder = Traced::audio(trace, Bitrate::kbps(128));
    for millis in (0..10_000).step_by(33) {
        let sample = AudioSample {
            at: Timestamp::from_millis(millis),
            carries: Some(Bitrate::kbps(30)),
            least_video: Bitrate::kbps(150),
            is_behind: false,
        };
        ladder.update(&sample, now);
    }
    assert!(ladder.step().bitrate < Bitrate::kbps(128));
}

fn a_failover(trace: &Trace, now: Instant) {
    let mut failover = Traced::failover(trace, 0, RetryPolicy::default());
    let retry = Verdict::Retry {
        delay: Duration::from_secs(1),
        attempt: 4,
    };
    failover.failed(retry, None, now);
    failover.live(Ingest::Backup, now);
    let mut turns = (0..200).map(|turn| now + Duration::from_millis(turn * 200));
    while failover.deadline().is_some() {
        let now = turns.next().unwrap();
        if failover.poll(now) == Some(Step::Probe) {
            failover.probed(true, now);
        }
    }
    failover.return_failed(now);
    assert_eq!(failover.next_of_stalled(), Ingest::Backup);
    failover.moves_again();
    let refusal = Failure::new(FailureStage::Publish, Fault::KeyRejected, "s3cret");
    let refused = Verdict::GiveUp(refusal.because(Cause::Rejected));
    failover.failed(refused, None, now);
    failover.renewed();
}

fn a_handover(trace: &Trace, now: Instant) {
    let on_air = OnAir {
        is_stalled: true,
        is_at_keyframe: false,
        is_alone: false,
        is_elsewhere: false,
    };
    let mut progress = Traced::progress(trace, Some(0));
    let mut handover = Traced::handover(trace, Some(0), true);
    for turn in 0..10_u64 {
        let now = now + Duration::from_millis(turn * 200);
        progress.look(true, 7, || turn > 4, now);
        handover.poll(on_air, now);
    }
    assert!(progress.is_stalled());
    handover.connected(now);
    handover.poll(on_air, now);
    handover.failed(now);
    handover.want(now);
    handover.forget_wish(now);
}

fn a_queue(trace: &Trace, now: Instant) {
    let queue = PacketQueue::new(Limits::REALTIME, Overflow::Shed, true).with_audio_first();
    let mut queue = TracedQueue::from(queue).traced(trace, 0);
    queue.live();
    for turn in 0..100_i64 {
        queue.push(video(turn * 40, turn % 50 == 0), now);
        queue.push(audio(turn * 40 + 20), now);
    }
    let first = queue.pop(now).unwrap();
    queue.lose(std::slice::from_ref(&first));
    queue.away();
    queue.restore(vec![first], now);
    while queue.pop(now).is_some() {}
    queue.abandon();
    queue.miss(&audio(9000));
    queue.reopen();
    queue.end();
}

#[test]
fn every_machine_decides_again_as_it_did() {
    let text = traced(of_all);
    let replay = read(&text);
    assert!(replay.is_same(), "{replay:?}");
    assert_eq!(replay.lines, text.lines().count() as u64);
    let mut decided: Vec<_> = replay.decisions.iter().map(|(name, _)| *name).collect();
    decided.sort_unstable();
    let all = [
        "arbiter",
        "audio",
        "failover",
        "handover",
        "picture",
        "progress",
        "queue",
        "rate",
        "reconnect",
    ];
    assert_eq!(decided, all);
    assert_eq!((replay.left_out, replay.missed), (1, 0));
    assert!(replay.dropped[0] > 30, "{:?}", replay.dropped);
    assert!(!text.contains("s3cret"), "a failure's words stay out");
    let mut same = Vec::new();
    again(text.as_bytes(), &mut same).unwrap();
    assert_eq!(String::from_utf8(same).unwrap(), text);
}

#[test]
fn what_is_asked_all_the_time_and_not_answered_is_noted_once() {
    let text = traced(of_all);
    let count = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!(count(r#"{"arbiter"#), 8);
    assert_eq!(count(r#"{"picture"#), 4);
    assert!(count(r#"{"audio"#) < 10, "{}", count(r#"{"audio"#));
}

#[test]
fn another_decision_is_found_in_its_line() {
    let text = traced(of_all);
    for (was, is) in [
        (r#""bitrate":1500000"#, r#""bitrate":1500001"#),
        (
            r#"{"set":[{"line":0},900000]}"#,
            r#"{"set":["user",900000]}"#,
        ),
        (r#""size":[640,360]"#, r#""size":[960,540]"#),
        (r#""attempt":2"#, r#""attempt":3"#),
        (r#"},"connect"]"#, r#"},"drop"]"#),
        (r#""dropped":[1,0]"#, r#""dropped":[2,0]"#),
    ] {
        let line = text.lines().position(|line| line.contains(was)).expect(was);
        let replay = read(&text.replacen(was, is, 1));
        let difference = replay.difference.expect(was);
        assert_eq!(difference.line, line as u64 + 1);
        assert!(difference.recorded.contains(is) && difference.now.contains(was));
        assert_eq!(replay.differences, 1);
    }
}

#[test]
fn a_file_that_is_cut_says_where() {
    let text = traced(of_all);
    let ends: Vec<_> = text.match_indices('\n').map(|(at, _)| at + 1).collect();
    for length in (0..text.len()).step_by(101) {
        let replay = read(&text[..length]);
        let whole = ends.iter().filter(|end| **end <= length).count() as u64;
        match replay.error {
            Some(Error::NoTrace) => assert_eq!(whole, 0),
            Some(Error::Cut { line }) => assert_eq!(line, whole),
            other => panic!("{other:?} after {length} bytes"),
        }
        assert_eq!(replay.differences, 0);
    }
    let more = read(&format!("{text}\n"));
    assert!(
        matches!(more.error, Some(Error::Damaged { .. })),
        "{more:?}"
    );
}

#[test]
fn a_changed_byte_is_an_error_or_a_difference_and_never_a_panic() {
    let text = traced(of_all);
    for at in (0..text.len()).step_by(97) {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1 << (at % 7);
        let _any = replay(&bytes[..]);
    }
}

#[test]
fn what_no_program_wrote_is_refused_with_its_line() {
    let text = traced(|_| {});
    let with = |line: &str| {
        let mut lines: Vec<_> = text.lines().collect();
        lines.insert(1, line);
        read(&(lines.join("\n") + "\n")).error
    };
    let new = r#"{"new":{"size":[9999999,1],"rate":[30,1],"takes_sizes":true}}"#;
    for line in [
        r#"{"rate":[1,7,{"sample":{"queue_age":0,"queued":0,"pending":0,"written":0,"unsent":null,"unacked":null,"late":null,"delivery":null,"rtt":null,"min_rtt":null,"encoded":0,"asked":0,"most":0,"audio":0}},null]}"#,
        r#"{"progress":[18446744073709551615,0,{"new":{"destination":0}},null]}"#,
        r#"{"frame":[1,5,5]}"#,
        &format!(r#"{{"picture":[0,0,{new},null]}}"#),
        r#"{"audio":[0,0,{"new":{"bitrate":18446744073709551615}},null]}"#,
    ] {
        let error = with(line);
        assert!(
            matches!(error, Some(Error::Impossible { line: 2, .. })),
            "{error:?}"
        );
    }
    for line in [
        "",
        "{}",
        "[1]",
        r#"{"rate":[]}"#,
        r#"{"told":[1,"shouted"]}"#,
    ] {
        let error = with(line);
        assert!(
            matches!(error, Some(Error::Damaged { line: 2, .. })),
            "{error:?}"
        );
    }
    let other = text.replacen(r#""onair_trace":1"#, r#""onair_trace":2"#, 1);
    assert!(matches!(
        read(&other).error,
        Some(Error::OtherFormat { format: 2 })
    ));
}

/// A disk that takes nothing until somebody lets it.
struct Stuck(mpsc::Receiver<()>, Disk);

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _let_go = self.0.recv();
        self.1.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn nobody_waits_for_a_disk_and_what_it_misses_is_counted() {
    let (let_go, held) = mpsc::channel();
    let disk = Disk::default();
    let trace = Trace::write_to(Stuck(held, disk.clone()), MAX_BYTES).unwrap();
    for _ in 0..500 {
        a_law(&trace, Instant::now());
    }
    drop(let_go);
    let said = trace.finish().expect("a complaint");
    let replay = read(&disk.text());
    assert!(replay.is_same(), "{replay:?}");
    assert!(replay.missed > 0 && replay.lines > 8000, "{replay:?}");
    assert!(said.contains(&replay.missed.to_string()), "{said}");
}

#[test]
fn a_file_has_an_end_to_its_size_and_is_still_read() {
    let disk = Disk::default();
    let trace = Trace::write_to(disk.clone(), 20_000).unwrap();
    for _ in 0..10 {
        of_all(&trace);
    }
    trace.finish().expect("a complaint");
    let text = disk.text();
    let replay = read(&text);
    assert!(text.len() < 21_000, "{}", text.len());
    assert!(replay.is_same() && replay.missed > 1000, "{replay:?}");
}

#[test]
fn a_fingerprint_is_the_same_each_time() {
    assert_eq!(law_fingerprint(), law_fingerprint());
}
