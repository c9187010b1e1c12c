//! One connection takes over from another.

use std::time::{Duration, Instant};

use crate::support::{
    Behaviour, Peer, Script, audio, finish, gop, publish_live_script, publish_script,
    send_until_live, video, wait_for,
};
use crate::trust::SelfSigned;
use onair::flv::TagKind;
use onair::media::Timestamp;
use onair::{Broadcast, Destination, Event, HandoverReason, State};

#[test]
fn where_a_second_publisher_is_refused_the_first_ends_first_and_nothing_is_lost() {
    let peer = Peer::start([Behaviour::TakeOne]);
    let (broadcast, source) = publish_live_script(&peer);
    let mut sent = send_until_live(&broadcast, &source, 0);
    for _ in 0..2 {
        broadcast.reconnect_now();
        sent = send_until_live(&broadcast, &source, sent);
    }
    drop(source);
    let published: Vec<_> = (0..4).map(|_| peer.published()).collect();
    let (_, report) = finish(&broadcast);
    let destination = &report.destinations[0];
    assert_eq!((destination.connects, destination.state), (3, State::Ended));
    let told = (destination.handovers, destination.last_handover);
    assert_eq!(told, (2, Some(HandoverReason::Asked)));
    assert_eq!(
        (destination.video.dropped, &destination.gaps[..]),
        (0, &[][..])
    );
    // Only the first handover had to find out.
    let refused = published.iter().filter(|one| !one.ended).count();
    assert_eq!(refused, 1, "{published:?}");
    let pictures = published.iter().filter(|one| one.ended);
    let pictures: Vec<_> = pictures.flat_map(|one| one.media(TagKind::Video)).collect();
    let expected = (0..sent).map(|index| Timestamp::from_millis(index * 40));
    assert!(pictures.iter().map(|picture| picture.2).eq(expected));
}

#[test]
fn a_line_that_takes_nothing_any_more_is_left_within_two_seconds() {
    let peer = Peer::start([Behaviour::Stall, Behaviour::Accept]);
    let (broadcast, source) = publish_script(&peer);
    gop(0, 1).for_each(|packet| source.send(packet).unwrap());
    wait_for(&broadcast, |event| matches!(event, Event::Live { .. }));
    let began = Instant::now();
    // More than two kernels hold.
    for index in 1..600 {
        let at = Timestamp::from_nanos(index * 100_000);
        source.send(video(at, index % 20 == 0, 65_536)).unwrap();
    }
    let told = wait_for(&broadcast, |event| {
        matches!(event, Event::Live { .. } | Event::Reconnecting { .. })
    });
    assert!(matches!(told, Event::Live { .. }), "{told:?}");
    let after = began.elapsed();
    assert!(after < Duration::from_secs(2), "{after:?}");
    let told = broadcast.next_event();
    let Some(Event::HandedOver { from, to, why, .. }) = told else {
        panic!("{told:?}");
    };
    assert_eq!((&from, why), (&to, HandoverReason::Stalled));
    assert!(!from.contains("secret"), "{from}");
    drop(source);
    peer.resume();
    let (_, report) = finish(&broadcast);
    let destination = &report.destinations[0];
    assert_eq!((destination.connects, destination.handovers), (2, 1));
    assert_eq!((&destination.url, &destination.address), (&from, &to));
    assert!(report.ok, "{report:?}");
}

/// Sends small packets through a line that soon takes nothing any more, until another connection has
/// taken over; gives what both servers got, by the number of pictures and of audio packets, and the
/// report's count of the same.
fn counts(peer: &Peer, to: Destination) -> ([usize; 2], [u64; 2]) {
    let (script, source) = Script::new();
    let broadcast = Broadcast::builder().media(script).to(to).start().unwrap();
    gop(0, 1).for_each(|packet| source.send(packet).unwrap());
    wait_for(&broadcast, |event| matches!(event, Event::Live { .. }));
    // More than two kernels hold.
    for index in 1..5000 {
        let at = Timestamp::from_nanos(index * 100_000);
        let packets = [video(at, index % 50 == 0, 9000), audio(at)];
        for packet in packets {
            source.send(packet).unwrap();
        }
    }
    wait_for(&broadcast, |event| {
        matches!(event, Event::HandedOver { .. })
    });
    drop(source);
    peer.resume();
    let published = [peer.published(), peer.published()];
    let (_, report) = finish(&broadcast);
    let of = |kind| published.iter().map(|one| one.media(kind).len()).sum();
    let destination = &report.destinations[0];
    let counted = [destination.video.frames, destination.audio.frames];
    ([of(TagKind::Video), of(TagKind::Audio)], counted)
}

#[test]
fn what_a_server_got_before_it_stopped_reading_is_what_the_report_counts() {
    let behaviours = [Behaviour::Stall, Behaviour::Accept];
    let peer = Peer::start(behaviours.clone());
    let (got, counted) = counts(&peer, peer.url().into());
    assert_eq!(got.map(|count| count as u64), counted);
    let own = SelfSigned::new("exact");
    let peer = Peer::start_tls_with(own.server(), behaviours);
    let mut to = Destination::new(peer.url_at("localhost"));
    to.tls = own.tls();
    let (got, counted) = counts(&peer, to);
    assert_eq!(got.map(|count| count as u64), counted, "inside TLS");
}
