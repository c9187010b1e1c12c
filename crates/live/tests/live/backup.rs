//! A destination's second address is taken while the first fails, and left when it is back.

use std::net::TcpListener;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use crate::support::{Behaviour, Peer, Script, finish, gop, send_until_live, video, wait_for};
use onair::flv::TagKind;
use onair::media::{Packet, Timestamp};
use onair::{Address, Broadcast, Destination, Event, Fault, HandoverReason, RetryPolicy, State};

fn publish(to: Destination) -> (Broadcast, SyncSender<Packet>) {
    let (script, source) = Script::new();
    let builder = Broadcast::builder().live_media(script).to(to);
    (builder.start().expect("it starts"), source)
}

fn to(first: impl Into<Address>, backup: &Peer) -> Destination {
    Destination::new(first).backup(backup.url())
}

/// Sends GOPs from this one on until there is a handover, and one more; gives it.
fn send_until_handover(
    broadcast: &Broadcast,
    source: &SyncSender<Packet>,
    first: i64,
) -> (String, String, HandoverReason) {
    for index in (first..).step_by(10) {
        gop(index, 10).for_each(|packet| source.send(packet).expect("it is taken"));
        while let Some(event) = broadcast.next_event_within(Duration::from_millis(40)) {
            if let Event::HandedOver { from, to, why, .. } = event {
                gop(index + 10, 10).for_each(|packet| source.send(packet).expect("it is taken"));
                return (from, to, why);
            }
        }
    }
    unreachable!("there are enough numbers")
}

/// The next handover: from where, to where, and why.
fn handover(broadcast: &Broadcast) -> (String, String, HandoverReason) {
    match wait_for(broadcast, |event| matches!(event, Event::HandedOver { .. })) {
        Event::HandedOver { from, to, why, .. } => (from, to, why),
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn a_server_that_refuses_or_is_not_there_or_drops_the_stream_is_replaced_by_the_backup() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let nobody = format!("rtmp://{nobody}/live/secret-key").parse().unwrap();
    let refuses = Peer::start([Behaviour::Refuse("NetStream.Publish.Denied", "no")]);
    let drops = Peer::start([Behaviour::CloseAfter(1)]);
    for first in [nobody, refuses.url(), drops.url()] {
        let backup = Peer::start([Behaviour::Accept]);
        let (broadcast, source) = publish(to(first.clone(), &backup));
        let (from, address, why) = send_until_handover(&broadcast, &source, 0);
        let printed = [&from, &address].map(|text| text.ends_with("/live/***"));
        assert_eq!((printed, why), ([true; 2], HandoverReason::Failed));
        assert_eq!(from, first.to_string());
        drop(source);
        let published = backup.published();
        let (events, report) = finish(&broadcast);
        let told = format!("{events:?} {report:?}");
        assert!(!told.contains("secret"), "{told}");
        assert!(published.ended && !published.media(TagKind::Video).is_empty());
        let destination = &report.destinations[0];
        assert_eq!((&destination.url, &destination.address), (&from, &address));
        assert_eq!((destination.state, report.ok), (State::Ended, true));
    }
}

#[test]
fn where_both_refuse_the_first_has_the_last_word() {
    let refuse = |words| Peer::start([Behaviour::Refuse("NetStream.Publish.Denied", words)]);
    let (first, backup) = (refuse("no such key"), refuse("nor here"));
    let (broadcast, source) = publish(to(first.url(), &backup));
    gop(0, 10).for_each(|packet| source.send(packet).unwrap());
    let (_, report) = finish(&broadcast);
    let failure = report.destinations[0].failure.clone().unwrap();
    assert_eq!(failure.fault, Fault::KeyRejected);
    assert!(failure.to_string().contains("no such key"), "{failure}");
}

#[test]
fn without_retries_the_backup_is_tried_once() {
    let refuse = || Peer::start([Behaviour::Refuse("NetConnection.Connect.Rejected", "full")]);
    let (first, backup) = (refuse(), refuse());
    let mut destination = to(first.url(), &backup);
    destination.retry = RetryPolicy::NEVER;
    let (broadcast, source) = publish(destination);
    gop(0, 10).for_each(|packet| source.send(packet).unwrap());
    let (events, _) = finish(&broadcast);
    let tried = |event: &&Event| matches!(event, Event::Connecting { .. });
    assert_eq!(events.iter().filter(tried).count(), 2, "{events:?}");
}

#[test]
fn a_server_that_takes_nothing_any_more_is_left_for_the_backup() {
    let refuse = Behaviour::Refuse("NetStream.Publish.Denied", "not now");
    let (first, backup) = (
        Peer::start([Behaviour::Stall, refuse]),
        Peer::start([Behaviour::Accept]),
    );
    let (broadcast, source) = publish(to(first.url(), &backup));
    gop(0, 1).for_each(|packet| source.send(packet).unwrap());
    wait_for(&broadcast, |event| matches!(event, Event::Live { .. }));
    // More than two kernels hold.
    for index in 1..600 {
        let at = Timestamp::from_nanos(index * 100_000);
        source.send(video(at, index % 20 == 0, 65_536)).unwrap();
    }
    let (from, to, why) = handover(&broadcast);
    assert_ne!(from, to);
    assert_eq!(why, HandoverReason::Stalled);
    drop(source);
    first.resume();
    let (_, report) = finish(&broadcast);
    assert_eq!(report.destinations[0].address, to);
}

#[test]
fn the_backup_is_left_without_a_break_once_the_first_takes_the_stream() {
    // The first airing is over at once, and the second is not.
    let first = Peer::start([Behaviour::CloseAfter(1), Behaviour::Accept]);
    let backup = Peer::start([Behaviour::Accept]);
    let (broadcast, source) = publish(to(first.url(), &backup));
    gop(0, 10).for_each(|packet| source.send(packet).unwrap());
    let (home, away, _) = handover(&broadcast);
    broadcast.reconnect_now();
    let sent = send_until_live(&broadcast, &source, 10);
    let (from, to, why) = handover(&broadcast);
    assert_eq!((from, to, why), (away, home, HandoverReason::Asked));
    drop(source);
    let (_, last) = (first.published(), first.published());
    let between = backup.published();
    finish(&broadcast);
    assert!(between.ended, "the stream at the backup is closed properly");
    let pictures = [&between, &last].map(|one| one.media(TagKind::Video));
    let shown: Vec<_> = pictures.concat().iter().map(|picture| picture.2).collect();
    let missing = shown
        .windows(2)
        .find(|two| two[1].as_millis() - two[0].as_millis() != 40);
    assert_eq!(missing, None, "{shown:?}");
    assert_eq!(shown.last().map(|at| at.as_millis()), Some((sent - 1) * 40));
}

#[test]
fn a_first_address_that_does_not_take_the_stream_costs_the_backup_nothing() {
    let refuse = Behaviour::Refuse("NetStream.Publish.BadName", "Already publishing");
    let first = Peer::start([Behaviour::CloseAfter(1), refuse]);
    let backup = Peer::start([Behaviour::Accept]);
    let (broadcast, source) = publish(to(first.url(), &backup));
    gop(0, 10).for_each(|packet| source.send(packet).unwrap());
    let (_, away, _) = handover(&broadcast);
    broadcast.reconnect_now();
    // The first refuses, and then the backup is asked for another connection.
    let sent = send_until_live(&broadcast, &source, 10);
    let (from, to, _) = handover(&broadcast);
    assert_eq!((&from, &to), (&away, &away));
    drop(source);
    let pictures = [backup.published(), backup.published()].map(|one| one.media(TagKind::Video));
    finish(&broadcast);
    let mut shown: Vec<_> = pictures.concat().iter().map(|picture| picture.2).collect();
    // Either connection may have been closed first.
    shown.sort_unstable();
    let missing = shown
        .windows(2)
        .find(|two| two[1].as_millis() - two[0].as_millis() != 40);
    assert_eq!(missing, None, "{shown:?}");
    assert_eq!(shown.last().map(|at| at.as_millis()), Some((sent - 1) * 40));
}
