//! Relays that stay on air while their publisher is away.

use std::time::Duration;

use onair::media::{Kind, Packet};
use onair_receiver::{Event, HoldSettings, HoldSlate, RelayTarget};

use crate::encoder::Encoder;
use crate::player::Player;
use crate::setup::{Fixture, Media};

fn holding(there: &Fixture, limit: Duration) -> Fixture {
    let to: RelayTarget = format!("rtmp://{}/live/out", there.address())
        .parse()
        .unwrap();
    let slate = HoldSlate::None;
    Fixture::with(|builder| builder.relay(to).hold(HoldSettings { limit, slate }))
}

/// A stream whose pictures are NAL units: IDR slices, and others.
fn stream(pictures: std::ops::Range<i64>) -> Vec<Packet> {
    let mut packets = Media::new().stream(pictures, 10);
    for packet in packets.iter_mut().filter(|p| p.kind() == Kind::Video) {
        let kind = if packet.keyframe { 0x65 } else { 0x41 };
        let mut unit = vec![0, 0, 0, 101, kind];
        unit.resize(105, 7);
        packet.payload = unit.into();
    }
    packets
}

const LONG: Duration = Duration::from_secs(600);

fn held(fixture: &mut Fixture) -> bool {
    fixture.wait(|event| match event {
        Event::RelayHeld { is_gone, limit, .. } => {
            assert_eq!(limit, LONG);
            Some(is_gone)
        }
        _ => None,
    })
}

fn back(fixture: &mut Fixture) {
    fixture.wait(|event| matches!(event, Event::RelayBack { .. }).then_some(()));
}

/// What a viewer got in one session: all in order, without a hole.
fn check(packets: &[Packet]) {
    for kind in [Kind::Video, Kind::Audio] {
        let times: Vec<_> = packets.iter().filter(|p| p.kind() == kind).collect();
        for pair in times.windows(2) {
            assert!(pair[0].dts < pair[1].dts, "{pair:?}");
            let longest = if kind == Kind::Video { 1900 } else { 50 };
            let gap = pair[1].dts.since(pair[0].dts);
            assert!(gap <= Duration::from_millis(longest), "{kind:?}: {gap:?}");
        }
    }
}

#[test]
fn a_publisher_that_lost_its_connection_comes_back_into_the_same_session_there() {
    let mut there = Fixture::new();
    let mut fixture = holding(&there, LONG);
    let mut first = Encoder::live(fixture.address(), "cam");
    let sent = stream(0..40);
    first.send_all(&sent[..2]);
    there.wait_for_publisher();
    let mut player = Player::play(there.address(), "out");
    first.send_all(&sent[2..]);
    let mut got = player.packets(80);
    assert_eq!(got, sent);
    drop(first);
    assert!(held(&mut fixture));
    let streams = fixture.receiver.registry().streams();
    let info = streams[0].held.as_ref().expect("it is held");
    assert!(
        info.remaining_s > 590.0 && info.remaining_s <= 600.0,
        "{info:?}"
    );
    let mut second = Encoder::live(fixture.address(), "cam");
    let again = stream(3..60);
    second.send_all(&again);
    back(&mut fixture);
    second.finish();
    got.extend(player.rest().0);
    check(&got);
    // The first pictures of the second one lean on what nobody has.
    let entry = &again[14..];
    let end = &got[got.len() - entry.len()..];
    let shift = end[0].dts.nanos_from(entry[0].dts);
    for (got, sent) in end.iter().zip(entry) {
        assert_eq!(
            (got.dts, &got.payload),
            (sent.dts.offset(shift), &sent.payload)
        );
    }
    assert!(fixture.receiver.registry().streams().is_empty());
    let mut sessions = 0;
    there.wait(|event| match event {
        Event::Published { .. } | Event::Interrupted { .. } => {
            sessions += 1;
            None
        }
        Event::Unpublished { .. } => Some(()),
        _ => None,
    });
    assert_eq!(
        sessions, 0,
        "no other session, and this one was not interrupted"
    );
}

#[test]
fn a_stream_that_is_ended_ends_its_relay_at_once() {
    let mut there = Fixture::new();
    let fixture = holding(&there, LONG);
    let mut encoder = Encoder::live(fixture.address(), "cam");
    encoder.send_all(&stream(0..40));
    there.wait_for_publisher();
    encoder.finish();
    there.wait(|event| matches!(event, Event::Unpublished { .. }).then_some(()));
}

#[test]
fn a_publisher_that_does_not_come_back_ends_the_relay_after_the_time_given() {
    let mut there = Fixture::new();
    let mut fixture = holding(&there, Duration::from_millis(700));
    let mut encoder = Encoder::live(fixture.address(), "cam");
    encoder.send_all(&stream(0..40));
    there.wait_for_publisher();
    drop(encoder);
    let after = fixture.wait(|event| match event {
        Event::RelayNotBack { after, .. } => Some(after),
        _ => None,
    });
    assert!((650..3000).contains(&after.as_millis()), "{after:?}");
    there.wait(|event| matches!(event, Event::Unpublished { .. }).then_some(()));
}

#[test]
fn a_publisher_that_sends_nothing_is_held_and_may_be_replaced() {
    let mut there = Fixture::new();
    let mut fixture = holding(&there, LONG);
    let mut stalled = Encoder::live(fixture.address(), "cam");
    stalled.send_all(&stream(0..40));
    there.wait_for_publisher();
    let busy = Encoder::publish(fixture.address(), "cam");
    assert!(busy.is_err(), "it is there");
    assert!(!held(&mut fixture));
    let mut other = Encoder::live(fixture.address(), "cam");
    other.send_all(&stream(0..60));
    back(&mut fixture);
    // The one that was replaced learns of it when it sends again.
    stalled.send_all(&stream(40..41));
    stalled.wait_for_end();
    other.finish();
    there.wait(|event| match event {
        Event::Unpublished { .. } => Some(()),
        Event::Published { .. } | Event::Interrupted { .. } => panic!("{event:?}"),
        _ => None,
    });
}
