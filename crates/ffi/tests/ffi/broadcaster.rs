//! A broadcast of what the application pushes.

use std::sync::Arc;

use onair::av::{AudioSamples, I420, Surface, VideoFrame};
use onair::media::{Kind, Size};
use onair_ffi::feed::Feed;
use onair_ffi::{Broadcaster, DestinationState, Event, Outcome};

use crate::support::{KEY, Server, packet, rest, until, wait};

fn push(feed: &Feed) {
    let timestamp = feed.clock.now();
    let pictures = feed.pictures.as_ref().unwrap();
    pictures.push(VideoFrame {
        surface: Surface::I420(I420::black(Size::new(64, 48))),
        timestamp,
    });
    feed.audio.as_ref().unwrap().push(AudioSamples {
        samples: vec![0.25; 4800].into(),
        channels: 1,
        sample_rate: 48_000,
        timestamp,
    });
}

#[test]
fn what_is_pushed_arrives_at_the_server() {
    let server = Server::start();
    let broadcaster = Broadcaster::start(&server.config()).unwrap();
    push(&Feed::of(broadcaster.feed_handle()).unwrap());
    let mut viewer = server.watch();
    packet(&mut viewer, |packet| {
        packet.kind() == Kind::Video && packet.keyframe
    });
    packet(&mut viewer, |packet| packet.kind() == Kind::Audio);
}

#[test]
fn events_come_in_order_and_end() {
    let server = Server::start();
    let broadcaster = Broadcaster::start(&server.config()).unwrap();
    let events = broadcaster.events();
    let began = until(&events, |event| matches!(event, Event::Live { .. }));
    let first = Event::Connecting {
        destination: 0,
        attempt: 1,
    };
    assert_eq!(began.first(), Some(&first), "{began:?}");
    broadcaster.stop();
    let ended = rest(&events);
    let Some(Event::Ended { report }) = ended.last() else {
        panic!("no report: {ended:?}");
    };
    assert_eq!(report.outcome, Outcome::Stopped, "{}", report.reason);
    assert_eq!(report.destinations[0].state, DestinationState::Ended);
    assert_eq!(report.destinations[0].connects, 1);
    assert_eq!(wait(events.next()), None, "nothing follows the end");
}

#[test]
fn stats_count_what_went_out_and_name_the_encoders() {
    let server = Server::start();
    let broadcaster = Broadcaster::start(&server.config()).unwrap();
    let feed = Feed::of(broadcaster.feed_handle()).unwrap();
    push(&feed);
    let mut viewer = server.watch();
    packet(&mut viewer, |packet| packet.kind() == Kind::Video);
    // The first flight's pictures may arrive before the server's answer does.
    let is_live = |event: &Event| matches!(event, Event::Live { .. });
    until(&broadcaster.events(), is_live);
    let stats = broadcaster.stats();
    let destination = &stats.destinations[0];
    assert_eq!(destination.so_far.state, DestinationState::Live);
    assert!(destination.so_far.bytes > 3000, "{destination:?}");
    assert!(destination.so_far.video.frames > 0, "{destination:?}");
    assert!(!stats.video.unwrap().name.is_empty());
    assert!(!stats.audio.unwrap().name.is_empty());
    assert!(stats.video_capture.is_some() && stats.audio_capture.is_some());
}

#[test]
fn dropping_a_broadcaster_ends_it_even_while_somebody_awaits_its_events() {
    let server = Server::start();
    let broadcaster = Broadcaster::start(&server.config()).unwrap();
    let events = broadcaster.events();
    until(&events, |event| matches!(event, Event::Live { .. }));
    drop(broadcaster);
    let ended = rest(&events);
    assert!(
        matches!(ended.last(), Some(Event::Ended { .. })),
        "{ended:?}"
    );
}

#[test]
fn a_feed_is_gone_once_its_broadcast_is_stopped_and_its_number_never_comes_back() {
    let server = Server::start();
    let first = Broadcaster::start(&server.config()).unwrap();
    let handle = first.feed_handle();
    assert!(handle != 0 && Feed::of(handle).is_some());
    first.stop();
    first.stop();
    assert!(Feed::of(handle).is_none());
    let second = Broadcaster::start(&server.config()).unwrap();
    assert!(second.feed_handle() > handle);
    assert!(Feed::of(handle).is_none());
    let handle = second.feed_handle();
    drop(second);
    assert!(Feed::of(handle).is_none());
}

#[test]
fn pushing_at_a_feed_that_outlived_its_broadcast_does_nothing() {
    let server = Server::start();
    let broadcaster = Broadcaster::start(&server.config()).unwrap();
    let feed = Feed::of(broadcaster.feed_handle()).unwrap();
    let events = broadcaster.events();
    drop(broadcaster);
    push(&feed);
    assert!(matches!(rest(&events).last(), Some(Event::Ended { .. })));
}

#[test]
fn a_broadcast_can_be_driven_from_many_threads_at_once() {
    let server = Server::start();
    let broadcaster = Broadcaster::start(&server.config()).unwrap();
    std::thread::scope(|scope| {
        for index in 0..4 {
            let broadcaster = Arc::clone(&broadcaster);
            scope.spawn(move || {
                broadcaster.mute(index % 2 == 0);
                broadcaster.stats();
                broadcaster.stop();
            });
        }
    });
    assert!(matches!(
        rest(&broadcaster.events()).last(),
        Some(Event::Ended { .. })
    ));
}

#[test]
fn a_change_of_network_connects_anew() {
    let server = Server::start();
    let broadcaster = Broadcaster::start(&server.config()).unwrap();
    let events = broadcaster.events();
    until(&events, |event| matches!(event, Event::Live { .. }));
    broadcaster.network_changed();
    until(&events, |event| matches!(event, Event::Live { .. }));
    let stats = broadcaster.stats();
    assert_eq!(stats.destinations[0].so_far.connects, 2);
}

#[test]
fn a_bitrate_that_no_encoder_would_take_is_refused_at_once() {
    let server = Server::start();
    let broadcaster = Broadcaster::start(&server.config()).unwrap();
    broadcaster.set_video_bitrate(300_000).unwrap();
    for bits in [0, 9_999, u64::MAX] {
        let refused = broadcaster.set_video_bitrate(bits).unwrap_err();
        assert!(refused.to_string().contains("200 million will do"));
    }
}

#[test]
fn a_server_that_is_not_there_is_an_event_and_shows_no_key() {
    let server = Server::start();
    let config = server.config();
    drop(server);
    let broadcaster = Broadcaster::start(&config).unwrap();
    let events = broadcaster.events();
    let seen = until(&events, |event| matches!(event, Event::Reconnecting { .. }));
    let all = format!(
        "{seen:?} {:?} {config:?} {broadcaster:?}",
        broadcaster.stats()
    );
    assert!(!all.contains(KEY), "{all}");
}
