//! Viewers: new, slow, absent.

use onair_receiver::{Event, RegistryConfig};

use crate::encoder::Encoder;
use crate::player::Player;
use crate::setup::{Fixture, Media};

#[test]
fn a_viewer_who_comes_late_gets_the_current_gop_first() {
    let mut fixture = Fixture::new();
    let media = Media::new();
    let mut encoder = Encoder::live(fixture.address(), "cam");
    fixture.wait_for_publisher();
    let mut first = Player::play(fixture.address(), "cam");
    let sent = media.stream(0..40, 25);
    encoder.send_all(&sent);
    assert_eq!(first.packets(80).len(), 80);
    let mut late = Player::play(fixture.address(), "cam");
    let got = late.packets(30);
    assert!(got[0].is_video_keyframe());
    let payloads = |packets: &[onair::media::Packet]| -> Vec<_> {
        packets
            .iter()
            .map(|packet| packet.payload.clone())
            .collect()
    };
    assert_eq!(payloads(&got), payloads(&sent[50..]));
}

#[test]
fn nobody_to_watch_is_said_in_words() {
    let fixture = Fixture::new();
    let (packets, said) = Player::ask(fixture.address(), "nothing").rest();
    let expected = (
        "NetStream.Play.StreamNotFound".to_owned(),
        "nobody publishes a stream of this name".to_owned(),
    );
    assert_eq!((packets, said), (Vec::new(), vec![expected]));
}

#[test]
fn a_player_that_takes_other_codecs_only_is_told_so() {
    let mut fixture = Fixture::new();
    let media = Media::hevc();
    let mut encoder = Encoder::live(fixture.address(), "cam");
    fixture.wait_for_publisher();
    // The codec is unknown before the first picture; then the refusal comes.
    let mut early = Player::ask_for(fixture.address(), "cam", &["av01", "vp09"]);
    early.wait_for("NetStream.Play.Start");
    encoder.send(&media.picture(0, true, 100));
    let refused = (
        "NetStream.Play.Failed".to_owned(),
        "the stream's video is hvc1, and this player takes av01, vp09".to_owned(),
    );
    let (packets, said) = early.rest();
    assert!(packets.is_empty());
    assert_eq!(said.last(), Some(&refused));
    let late = Player::ask_for(fixture.address(), "cam", &["av01", "vp09"]);
    assert_eq!(late.rest(), (Vec::new(), vec![refused]));
    for codecs in [&["av01", "hvc1"][..], &["*"], &[]] {
        let mut player = Player::ask_for(fixture.address(), "cam", codecs);
        assert!(player.packet().is_some(), "{codecs:?}");
    }
    // H.264 is in no list.
    encoder.send(&Media::new().picture(40, true, 100));
    let mut player = Player::ask_for(fixture.address(), "cam", &["av01"]);
    assert!(player.packet().is_some());
}

#[test]
fn a_viewer_that_does_not_read_is_cut_to_a_keyframe_and_costs_the_others_nothing() {
    let mut fixture = Fixture::new();
    let media = Media::new();
    let mut encoder = Encoder::live(fixture.address(), "cam");
    fixture.wait_for_publisher();
    let mut good = Player::play(fixture.address(), "cam");
    let mut bad = Player::play(fixture.address(), "cam");
    // More than any kernel buffers, at 10 s a lap.
    for i in 0..1000 {
        encoder.send(&media.picture(i * 40, i % 25 == 0, 60_000));
        assert_eq!(good.packet().unwrap().dts.as_millis(), i * 40);
    }
    let mut times = Vec::new();
    while times.last() != Some(&(999 * 40)) {
        let packet = bad.packet().unwrap();
        let step = packet.dts.as_millis() - times.last().unwrap_or(&-40);
        assert!(
            step == 40 || packet.keyframe,
            "a picture without its keyframe"
        );
        times.push(packet.dts.as_millis());
    }
    assert!(times.len() < 1000);
    encoder.finish();
    drop(bad);
    let lost = 1000 - u64::try_from(times.len()).unwrap();
    let mut dropped = Vec::new();
    while dropped.len() < 2 {
        dropped.push(fixture.wait(|event| match event {
            Event::Stopped { dropped, .. } => Some(dropped),
            _ => None,
        }));
    }
    dropped.sort_unstable();
    assert_eq!(dropped, [0, lost]);
}

#[test]
fn stalled_viewers_pin_no_more_than_their_share_and_who_reads_loses_nothing() {
    let mut registry = RegistryConfig::default();
    registry.memory = 12 << 20;
    let mut fixture = Fixture::with(|builder| builder.registry(registry));
    let media = Media::new();
    let mut encoder = Encoder::live(fixture.address(), "cam");
    fixture.wait_for_publisher();
    let mut good = Player::play(fixture.address(), "cam");
    let stalled: Vec<_> = (0..12)
        .map(|_| Player::play(fixture.address(), "cam"))
        .collect();
    // Seven times 400 kB fit into the connections' quarter; the kernel buffers the first bytes.
    let mut times = 0..10_000;
    while fixture.receiver.registry().streams()[0].viewers > 1 + 7 {
        let at = times.next().expect("the stalled are cut");
        encoder.send(&media.picture(at, true, 400_000));
        assert_eq!(good.packet().unwrap().dts.as_millis(), at);
    }
    drop(stalled);
}
