//! Publishers: admitted, refused, replaced, cut off.

use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

use onair::rtmp::Error;
use onair_receiver::{Event, Keys, Limits, RegistryConfig};

use crate::encoder::Encoder;
use crate::player::Player;
use crate::setup::{Fixture, Media};

fn keys() -> Keys {
    let mut keys = Keys::none();
    keys.add("cam", &"sesame".into()).unwrap();
    keys
}

fn refusal(result: Result<Encoder, Error>) -> (String, String) {
    match result {
        Err(Error::Refused { code, description }) => (code, description),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("granted"),
    }
}

#[test]
fn a_player_gets_exactly_what_was_published() {
    let mut fixture = Fixture::new();
    let sent = Media::new().stream(0..100, 25);
    let mut encoder = Encoder::live(fixture.address(), "cam");
    fixture.wait_for_publisher();
    let mut player = Player::play(fixture.address(), "cam");
    let mut got = Vec::new();
    for packet in &sent {
        encoder.send(packet);
        got.push(player.packet().unwrap());
    }
    encoder.finish();
    let (rest, said) = player.rest();
    assert_eq!((got, rest), (sent, Vec::new()));
    assert_eq!(said.last().unwrap().0, "NetStream.Play.UnpublishNotify");
}

#[test]
fn a_wrong_key_is_refused_in_words_and_the_right_one_is_not_shown_to_anybody() {
    let mut fixture = Fixture::with(|builder| builder.keys(keys()));
    let (code, words) = refusal(Encoder::publish(fixture.address(), "sesam"));
    assert_eq!(code, "NetStream.Publish.Denied");
    assert_eq!(words, "this stream key is not known here");
    let why = fixture.wait(|event| match event {
        Event::Refused { why, .. } => Some(why),
        _ => None,
    });
    assert_eq!(why, words);
    let _encoder = Encoder::live(fixture.address(), "sesame");
    let name = fixture.wait(|event| {
        assert!(!format!("{event:?}").contains("sesame"));
        match event {
            Event::Published { name, .. } => Some(name),
            _ => None,
        }
    });
    assert_eq!(name.as_str(), "live/cam");
    let info = format!("{:?}", fixture.receiver.registry().streams());
    assert!(
        info.contains("live/cam") && !info.contains("sesame"),
        "{info}"
    );
}

#[test]
fn the_second_publisher_of_a_key_is_told_that_it_is_busy() {
    let mut fixture = Fixture::new();
    let media = Media::new();
    let mut first = Encoder::live(fixture.address(), "cam");
    fixture.wait_for_publisher();
    let mut player = Player::play(fixture.address(), "cam");
    let (code, words) = refusal(Encoder::publish(fixture.address(), "cam"));
    assert_eq!(code, "NetStream.Publish.BadName");
    // Our publisher hides its key in what it is told.
    assert_eq!(words, "somebody is publishing to live/*** already");
    first.send(&media.picture(0, true, 100));
    assert!(player.packet().unwrap().keyframe);
}

#[test]
fn with_takeover_the_second_publisher_goes_on_and_the_viewer_stays() {
    let registry = {
        let mut registry = RegistryConfig::default();
        registry.takeover = true;
        registry
    };
    let mut fixture = Fixture::with(|builder| builder.registry(registry));
    let media = Media::new();
    let mut first = Encoder::live(fixture.address(), "cam");
    fixture.wait_for_publisher();
    let mut player = Player::play(fixture.address(), "cam");
    first.send_all(&media.stream(0..10, 5));
    let before = player.packets(20);
    let mut second = Encoder::live(fixture.address(), "cam");
    second.send_all(&media.stream(0..10, 5));
    let after = player.packets(20);
    assert!(after[0].is_video_keyframe());
    assert!(after[0].dts > before[19].dts);
    first.send(&media.picture(400, true, 10));
    first.wait_for_end();
    second.finish();
    assert_eq!(player.rest().0, []);
}

#[test]
fn a_publisher_that_vanishes_may_come_back_to_its_viewers() {
    let mut fixture = Fixture::new();
    let media = Media::new();
    let mut encoder = Encoder::live(fixture.address(), "cam");
    fixture.wait_for_publisher();
    let mut player = Player::play(fixture.address(), "cam");
    encoder.send_all(&media.stream(0..10, 5));
    player.packets(20);
    drop(encoder);
    fixture.wait(|event| matches!(event, Event::Interrupted { .. }).then_some(()));
    let mut again = Encoder::live(fixture.address(), "cam");
    again.send_all(&media.stream(0..10, 5));
    assert_eq!(player.packets(20).len(), 20);
}

#[test]
fn streams_whose_publishers_vanished_keep_nobody_out_and_their_end_is_told() {
    let mut registry = RegistryConfig::default();
    registry.streams = 2;
    let mut fixture = Fixture::with(|builder| builder.registry(registry));
    for name in ["one", "two"] {
        drop(Encoder::live(fixture.address(), name));
        fixture.wait(|event| matches!(event, Event::Interrupted { .. }).then_some(()));
    }
    let _third = Encoder::live(fixture.address(), "three");
    let ended = fixture.wait(|event| match event {
        Event::Unpublished { name } => Some(name.to_string()),
        _ => None,
    });
    assert_eq!(ended, "live/one");
    let live: Vec<_> = fixture.receiver.registry().streams();
    let names: Vec<_> = live.iter().map(|stream| stream.name.as_str()).collect();
    assert_eq!(names, ["live/three", "live/two"]);
}

#[test]
fn a_publisher_that_vanishes_for_good_ends_its_stream() {
    let mut limits = Limits::default();
    limits.linger = Duration::from_millis(20);
    let mut fixture = Fixture::with(|builder| builder.limits(limits));
    let encoder = Encoder::live(fixture.address(), "cam");
    fixture.wait_for_publisher();
    let player = Player::play(fixture.address(), "cam");
    drop(encoder);
    fixture.wait(|event| matches!(event, Event::Unpublished { .. }).then_some(()));
    let (_, said) = player.rest();
    assert_eq!(said.last().unwrap().0, "NetStream.Play.UnpublishNotify");
}

#[test]
fn who_says_nothing_and_who_publishes_nothing_is_let_go() {
    let mut limits = Limits::default();
    limits.setup_timeout = Duration::from_millis(50);
    limits.silence_timeout = Duration::from_millis(50);
    limits.linger = Duration::ZERO;
    let mut fixture = Fixture::with(|builder| builder.limits(limits));
    let mut silent = TcpStream::connect(fixture.address()).unwrap();
    assert_eq!(silent.read(&mut [0; 10]).unwrap(), 0);
    let encoder = Encoder::live(fixture.address(), "cam");
    encoder.wait_for_end();
    let why = fixture.wait(|event| match event {
        Event::Interrupted { why, .. } => Some(why),
        _ => None,
    });
    assert_eq!(why, "it publishes, but sends no media");
}

#[test]
fn a_receiver_that_stops_says_farewell_to_everybody() {
    let mut fixture = Fixture::new();
    let encoder = Encoder::live(fixture.address(), "cam");
    fixture.wait_for_publisher();
    let player = Player::play(fixture.address(), "cam");
    let receiver = fixture.receiver;
    let stop = std::thread::spawn(move || receiver.stop());
    encoder.wait_for_end();
    let (_, said) = player.rest();
    assert_eq!(said.last().unwrap().0, "NetStream.Play.UnpublishNotify");
    stop.join().unwrap();
}

#[test]
fn what_the_publisher_says_about_its_stream_reaches_players_and_the_list() {
    let mut fixture = Fixture::new();
    let mut encoder = Encoder::live(fixture.address(), "cam");
    fixture.wait_for_publisher();
    let mut player = Player::play(fixture.address(), "cam");
    encoder.describe(&onair::media::Tracks {
        encoder: "the test".to_owned(),
        ..Default::default()
    });
    encoder.send(&Media::new().picture(0, true, 10));
    player.packet().unwrap();
    assert_eq!(player.metadata[0].encoder, "the test");
    assert_eq!(fixture.receiver.registry().streams()[0].encoder, "the test");
}

#[test]
fn a_publisher_who_says_that_it_ends_may_break_the_connection() {
    let mut fixture = Fixture::new();
    let media = Media::new();
    for round in 0..10 {
        let mut encoder = Encoder::live(fixture.address(), "cam");
        fixture.wait_for_publisher();
        let mut player = Player::play(fixture.address(), "cam");
        encoder.send(&media.picture(0, true, 100_000));
        assert!(player.packet().is_some());
        // As FFmpeg does: the last pictures, FCUnpublish, and a close with answers unread, which
        // resets the connection.
        encoder.send(&media.picture(40, false, 100_000));
        encoder.say_unpublish_and_reset();
        let interrupted = fixture.wait(|event| match event {
            Event::Interrupted { .. } => Some(true),
            Event::Unpublished { .. } => Some(false),
            _ => None,
        });
        assert!(!interrupted, "in round {round}");
        assert_eq!(player.packet().unwrap().payload.len(), 100_000);
        assert!(player.packet().is_none(), "the stream is over");
    }
}
