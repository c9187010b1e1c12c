//! Destinations that come, go and come back while the others are on air.

use std::net::TcpListener;
use std::time::Duration;

use crate::support::{
    Behaviour, Heard, Peer, Script, finish, gop, place, publish_live_script, wait_for,
};
use onair::flv::TagKind;
use onair::media::Timestamp;
use onair::{Broadcast, Destination, Event, Outcome, Pace, RetryPolicy, State};

fn is_live(number: usize) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::Live { destination, .. } if *destination == number)
}

fn has_ended(number: usize) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::DestinationEnded { destination, .. } if *destination == number)
}

/// Waits until something with this time, in milliseconds, has arrived.
fn wait_until(peer: &Peer, kind: TagKind, millis: i64) {
    loop {
        let (_, heard) = peer.next();
        if let Heard::Tag(tag) = &heard
            && tag.kind == kind
            && tag.payload.len() >= 8
        {
            let tail = tag.payload[tag.payload.len() - 8..].try_into().unwrap();
            if Timestamp::from_nanos(i64::from_be_bytes(tail)) >= Timestamp::from_millis(millis) {
                return;
            }
        }
    }
}

#[test]
fn one_that_was_given_up_is_tried_again_while_the_other_goes_on() {
    let fickle = Peer::start([
        Behaviour::Refuse("NetStream.Publish.Denied", "not yet"),
        Behaviour::Accept,
    ]);
    let steady = Peer::start([Behaviour::Accept]);
    let (script, source) = Script::new();
    let broadcast = Broadcast::builder()
        .live_media(script)
        .to(fickle.url())
        .to(steady.url())
        .start()
        .unwrap();
    gop(0, 10).for_each(|packet| source.send(packet).unwrap());
    wait_for(&broadcast, has_ended(0));
    gop(10, 10).for_each(|packet| source.send(packet).unwrap());
    wait_until(&steady, TagKind::Audio, 19 * 40);
    assert!(!broadcast.retry(2), "there is none of this number");
    assert!(broadcast.retry(0));
    wait_for(&broadcast, |event| {
        matches!(event, Event::Connecting { destination: 0, .. })
    });
    gop(20, 10).for_each(|packet| source.send(packet).unwrap());
    wait_for(&broadcast, is_live(0));
    drop(source);
    let (_, report) = finish(&broadcast);
    assert_eq!(report.outcome, Outcome::Finished);
    assert!(report.ok);
    let [fickle, steady] = &report.destinations[..] else {
        panic!("{:?}", report.destinations)
    };
    assert_eq!((fickle.state, &fickle.failure), (State::Ended, &None));
    assert_eq!((fickle.video.frames, steady.video.frames), (10, 30));
    assert_eq!(fickle.video.frames + fickle.video.dropped, 30);
    let [gap] = fickle.gaps[..] else {
        panic!("{:?}", fickle.gaps)
    };
    assert_eq!((gap.from.as_millis(), gap.to.as_millis()), (0, 20 * 40));
}

#[test]
fn what_is_over_is_not_tried_again() {
    let peer = Peer::start([Behaviour::Accept]);
    let broadcast = Broadcast::builder()
        .media(Script::of(gop(0, 5)))
        .pace(Pace::Max)
        .to(peer.url())
        .start()
        .unwrap();
    finish(&broadcast);
    assert!(!broadcast.retry(0));
    assert!(broadcast.add(peer.url()).is_err());
}

#[test]
fn one_can_come_late_and_leave_early() {
    let (first, second) = (
        Peer::start([Behaviour::Accept]),
        Peer::start([Behaviour::Accept]),
    );
    let (broadcast, source) = publish_live_script(&first);
    gop(0, 10).for_each(|packet| source.send(packet).unwrap());
    wait_for(&broadcast, is_live(0));
    wait_until(&first, TagKind::Audio, 9 * 40);
    assert_eq!(broadcast.add(second.url()).unwrap(), 1);
    gop(10, 10).for_each(|packet| source.send(packet).unwrap());
    wait_for(&broadcast, is_live(1));
    wait_until(&second, TagKind::Audio, 19 * 40);
    assert!(broadcast.remove(0));
    wait_for(&broadcast, has_ended(0));
    assert!(first.published().ended, "it was taken down properly");
    gop(20, 10).for_each(|packet| source.send(packet).unwrap());
    wait_until(&second, TagKind::Audio, 29 * 40);
    drop(source);
    let (_, report) = finish(&broadcast);
    assert!(report.ok);
    let frames: Vec<_> = report.destinations.iter().map(|d| d.video.frames).collect();
    assert_eq!(frames, [20, 20]);
    assert_eq!(report.destinations[1].gaps, []);
}

#[test]
fn a_recording_goes_on_when_the_last_destination_is_given_up() {
    let path = place("alone.flv");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url: onair::rtmp::Url = format!("rtmp://127.0.0.1:{port}/live/key").parse().unwrap();
    let mut destination = Destination::new(url);
    destination.retry = RetryPolicy::NEVER;
    let (script, source) = Script::new();
    let broadcast = Broadcast::builder()
        .live_media(script)
        .record(&path)
        .to(destination)
        .start()
        .unwrap();
    gop(0, 10).for_each(|packet| source.send(packet).unwrap());
    wait_for(&broadcast, has_ended(0));
    gop(10, 10).for_each(|packet| source.send(packet).unwrap());
    drop(source);
    let (_, report) = finish(&broadcast);
    assert_eq!((report.outcome, report.ok), (Outcome::Failed, false));
    let recording = report.recording.unwrap();
    assert_eq!((recording.path, recording.error), (path.clone(), None));
    assert_eq!(recording.bytes, std::fs::metadata(&path).unwrap().len());
    let length = recording.duration;
    assert_eq!(length, Duration::from_millis(19 * 40));
    std::fs::remove_file(path).unwrap();
}

#[test]
fn the_report_names_what_failed_beside_what_did_not() {
    let bad = Peer::start([Behaviour::Refuse("NetStream.Publish.Denied", "go away")]);
    let good = Peer::start([Behaviour::Accept]);
    let broadcast = Broadcast::builder()
        .media(Script::of(gop(0, 20)))
        .pace(Pace::Max)
        .to(bad.url())
        .to(good.url())
        .start()
        .unwrap();
    let (_, report) = finish(&broadcast);
    assert_eq!(
        report.reason,
        "end of input, but 1 of 2 destinations failed"
    );
    assert!(!report.ok);
}

#[test]
fn whoever_waits_for_an_event_keeps_nobody_from_asking() {
    let peer = Peer::start([Behaviour::Accept]);
    let (broadcast, source) = publish_live_script(&peer);
    gop(0, 1).for_each(|packet| source.send(packet).unwrap());
    wait_for(&broadcast, is_live(0));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| broadcast.next_event().is_some());
        // With a waiting thread or before it: this returns.
        (0..1000).for_each(|_| {
            std::thread::yield_now();
            assert!(broadcast.try_event().is_none());
        });
        drop(source);
        assert!(waiting.join().unwrap());
    });
}
