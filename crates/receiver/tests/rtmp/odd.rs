//! Publishers of unknown codecs, and with odd rhythms.

use std::time::Duration;

use bytes::Bytes;
use onair::flv::{Tag, TagKind};
use onair::rtmp::Error;
use onair_receiver::{Event, Limits};

use crate::encoder::Encoder;
use crate::player::Player;
use crate::setup::{Fixture, Media};

/// Enhanced RTMP: coded frames of AV1, and of Opus.
fn av1(timestamp: u32) -> Tag {
    let body = [&[0x91][..], b"av01", &[7; 4000]].concat();
    Tag::from_body(TagKind::Video, timestamp, Bytes::from(body))
}

fn opus(timestamp: u32) -> Tag {
    let body = [&[0x91][..], b"Opus", &[7; 4000]].concat();
    Tag::from_body(TagKind::Audio, timestamp, Bytes::from(body))
}

fn left_out(fixture: &mut Fixture) -> (String, String) {
    fixture.wait(|event| match event {
        Event::LeftOut { name, what } => Some((name.to_string(), what)),
        _ => None,
    })
}

#[test]
fn what_is_left_out_is_told_once_for_each_thing_and_names_the_stream() {
    let mut fixture = Fixture::new();
    let media = Media::new();
    let mut encoder = Encoder::live(fixture.address(), "cam");
    encoder.send(&media.picture(0, true, 500));
    for time in 0..10 {
        encoder.send_tag(&av1(time));
        encoder.send_tag(&opus(time));
    }
    let (video, audio) = (left_out(&mut fixture), left_out(&mut fixture));
    assert_eq!((&*video.0, &*audio.0), ("live/cam", "live/cam"));
    assert!(video.1.contains("av01") && audio.1.contains("Opus"));
    let told = &fixture.receiver.registry().streams()[0].left_out;
    assert_eq!(*told, [video.1, audio.1]);
    // What the receiver understands goes on.
    let mut player = Player::play(fixture.address(), "cam");
    encoder.send(&media.picture(40, false, 500));
    assert_eq!(player.packets(2).len(), 2);
}

#[test]
fn a_publisher_of_nothing_that_is_understood_is_turned_down_in_words() {
    let mut limits = Limits::default();
    limits.useless_timeout = Duration::ZERO;
    let mut fixture = Fixture::with(|builder| builder.limits(limits));
    let mut encoder = Encoder::live(fixture.address(), "cam");
    for time in 0..4 {
        encoder.send_tag(&av1(time));
        encoder.send_tag(&opus(time));
    }
    let Error::Refused { code, description } = encoder.refusal() else {
        panic!("another end");
    };
    assert_eq!(code, "NetStream.Publish.Rejected");
    assert!(description.contains("av01") && description.contains("Opus"));
    fixture.wait(|event| matches!(event, Event::Unpublished { .. }).then_some(()));
    assert_eq!(fixture.receiver.registry().streams(), []);
}

#[test]
fn a_publisher_of_keyframes_alone_and_one_that_leaves_out_frames_are_known() {
    let fixture = Fixture::new();
    let media = Media::new();
    let mut keyframes = Encoder::live(fixture.address(), "keyframes");
    let mut gaps = Encoder::live(fixture.address(), "gaps");
    let mut players = ["keyframes", "gaps"].map(|key| Player::play(fixture.address(), key));
    let sent = media.stream(0..60, 60);
    for packet in &sent[..] {
        let at = packet.dts.as_millis();
        keyframes.send(&media.picture(at, true, 100));
        let is_left_out = (1000..1200).contains(&at);
        if !is_left_out && at % 40 == 0 {
            gaps.send(&media.picture(at, at == 0, 100));
        }
    }
    players[0].packets(120);
    players[1].packets(55);
    let streams = fixture.receiver.registry().streams();
    let video = |index: usize| streams[index].video.as_ref().unwrap();
    assert!(streams[0].name.as_str() == "live/gaps" && !video(0).keyframes_only);
    assert_eq!(video(0).missing_frames, 5);
    assert!(video(1).keyframes_only && video(1).missing_frames == 0);
}
