//! Relays.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use onair::Address;
use onair::media::{AudioCodec, Bitrate, FrameRate, Property, Tracks, VideoCodec, VideoTrack};
use onair_receiver::{
    Event, Item, Keys, RelayError, RelayFailure, RelayState, RelayTarget, StreamName,
};

use crate::encoder::Encoder;
use crate::player::Player;
use crate::record::{Directory, recorded};
use crate::setup::{Fixture, Media};

fn target(address: SocketAddr, path: &str) -> RelayTarget {
    format!("rtmp://{address}/{path}").parse().unwrap()
}

/// Why a relay fails.
fn failure(fixture: &mut Fixture) -> RelayFailure {
    fixture.wait(|event| match event {
        Event::RelayFailed { failure, .. } => Some(failure),
        _ => None,
    })
}

/// How many threads of this process have a name that begins like this.
#[cfg(target_os = "linux")]
fn threads(name: &str) -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|comm| comm.starts_with(name)).count()
}

#[test]
fn a_relay_publishes_what_comes_in_untouched() {
    let mut target = Fixture::new();
    let url: Address = format!("rtmp://{}/live/out", target.address())
        .parse()
        .unwrap();
    let mut fixture = Fixture::with(|builder| builder.relay(url));
    let media = Media::new();
    let sent = media.stream(0..40, 10);
    let mut encoder = Encoder::live(fixture.address(), "cam");
    encoder.send_all(&sent[..2]);
    target.wait_for_publisher();
    let mut player = Player::play(target.address(), "out");
    encoder.send_all(&sent[2..]);
    assert_eq!(player.packets(80), sent);
    encoder.finish();
    assert_eq!(player.rest().0, []);
    let words = fixture.wait(|event| match event {
        Event::Relay { message, url, .. } => {
            assert!(!url.contains("out"), "{url}");
            Some(message)
        }
        _ => None,
    });
    assert!(words.starts_with("on air"), "{words}");
}

#[test]
fn a_burst_is_relayed_to_the_last_frame() {
    let directory = Directory::new("relayed");
    let mut there = Fixture::with(|builder| builder.record(&directory.0));
    let to = target(there.address(), "live/out");
    let fixture = Fixture::with(|builder| builder.relay(to));
    let mut encoder = Encoder::live(fixture.address(), "cam");
    encoder.send_all(&Media::new().stream(0..2500, 50));
    encoder.finish();
    let recording = recorded(&mut there);
    assert_eq!((recording.frames, recording.audio_frames), (2500, 2500));
}

#[test]
fn streams_that_come_and_go_make_one_relay_to_a_server_that_is_silent_and_it_can_be_stopped() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = target(silent.local_addr().unwrap(), "live/key");
    let mut fixture = Fixture::with(|builder| builder.relay(to));
    for _ in 0..20 {
        let mut encoder = Encoder::live(fixture.address(), "cam");
        encoder.send_all(&Media::new().stream(0..20, 5));
        encoder.finish();
        fixture.wait(|event| matches!(event, Event::Unpublished { .. }).then_some(()));
    }
    #[cfg(target_os = "linux")]
    assert!(threads("onair-relay") <= 4, "{}", threads("onair-relay"));
    let before = Instant::now();
    fixture.receiver.stop();
    assert!(
        before.elapsed() < Duration::from_secs(3),
        "{:?}",
        before.elapsed()
    );
    // No thread left behind keeps the events open.
    while fixture.events.blocking_next().is_some() {}
    assert_eq!(fixture.receiver.relays(), []);
}

#[test]
fn a_url_for_one_stream_is_not_given_to_two_and_the_second_is_told() {
    let mut there = Fixture::new();
    let to = target(there.address(), "live/key");
    let mut fixture = Fixture::with(|builder| builder.relay(to));
    let media = Media::new();
    let mut one = Encoder::live(fixture.address(), "one");
    one.send_all(&media.stream(0..2, 10));
    there.wait_for_publisher();
    let mut two = Encoder::live(fixture.address(), "two");
    two.send_all(&media.stream(0..2, 10));
    let failure = failure(&mut fixture);
    let one = StreamName::new("live", "one").unwrap();
    assert_eq!(failure, RelayFailure::NotBegun(RelayError::Busy(one)));
    assert!(failure.to_string().contains("{stream}"), "{failure}");
    assert_eq!(fixture.receiver.relays().len(), 1);
}

#[test]
fn a_url_with_a_stream_in_it_takes_as_many_as_there_are() {
    let mut there = Fixture::new();
    let to = target(there.address(), "{app}/out-{stream}");
    let fixture = Fixture::with(|builder| builder.relay(to));
    let media = Media::new();
    let mut encoders = ["one", "two"].map(|key| Encoder::live(fixture.address(), key));
    for encoder in &mut encoders {
        encoder.send_all(&media.stream(0..2, 10));
    }
    let mut names: Vec<_> = [0, 1].map(|_| published(&mut there)).into();
    names.sort();
    assert_eq!(names, ["live/out-one", "live/out-two"]);
}

fn published(fixture: &mut Fixture) -> String {
    fixture.wait(|event| match event {
        Event::Published { name, .. } => Some(name.to_string()),
        _ => None,
    })
}

#[test]
fn a_relay_that_was_given_up_can_be_begun_anew_while_its_stream_is_live() {
    let mut keys = Keys::none();
    keys.add("other", &"other".into()).unwrap();
    let there = Fixture::with(|builder| builder.keys(keys));
    let to = target(there.address(), "live/wrong");
    let mut fixture = Fixture::with(|builder| builder.relay(to));
    let mut encoder = Encoder::live(fixture.address(), "cam");
    encoder.send_all(&Media::new().stream(0..2, 10));
    let name = StreamName::new("live", "cam").unwrap();
    for _ in 0..2 {
        let failure = failure(&mut fixture);
        let RelayFailure::Destination(why) = &failure else {
            panic!("{failure:?}");
        };
        let refusal = why.refusal.as_ref().expect("the server's own words");
        assert_eq!(refusal.code, "NetStream.Publish.Denied");
        let stands = loop {
            let relays = fixture.receiver.relays();
            assert_eq!((relays.len(), &relays[0].name), (1, &name));
            if fixture.receiver.retry_relays(&name) == 1 {
                break relays[0].state.clone();
            }
        };
        assert_eq!(stands, RelayState::Failed(failure));
    }
}

#[test]
fn a_relay_passes_on_what_the_publisher_says_of_its_stream() {
    let mut there = Fixture::new();
    let to = target(there.address(), "live/out");
    let fixture = Fixture::with(|builder| builder.relay(to));
    let media = Media::new();
    let mut encoder = Encoder::live(fixture.address(), "cam");
    let said = Tracks {
        video: vec![VideoTrack {
            codec: Some(VideoCodec::H264),
            frame_rate: FrameRate::new(2997, 100),
            bitrate: Some(Bitrate::kbps(2345)),
            ..VideoTrack::default()
        }],
        encoder: "Somebody's encoder 7.1".to_owned(),
        properties: vec![
            ("x-show".to_owned(), Property::Text("Evening".to_owned())),
            ("x-camera".to_owned(), Property::Number(2.0)),
        ],
        ..Tracks::default()
    };
    encoder.describe(&said);
    encoder.send_all(&media.stream(0..10, 10));
    there.wait_for_publisher();
    let name = StreamName::new("live", "out").unwrap();
    let mut viewer = there.receiver.registry().subscribe(&name).unwrap();
    let told = loop {
        match viewer.blocking_next().unwrap() {
            Item::Metadata(told) => break told,
            Item::Packet(_) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(told.encoder, said.encoder);
    assert_eq!(told.properties, said.properties);
    assert_eq!(told.video[0].frame_rate, said.video[0].frame_rate);
    assert_eq!(told.video[0].bitrate, said.video[0].bitrate);
    assert_eq!(told.audio[0].sample_rate, Some(48_000), "as it is");
}

#[test]
fn what_a_publisher_says_later_reaches_a_relays_viewers_and_whoever_joins_late() {
    let mut there = Fixture::new();
    let to = target(there.address(), "live/out");
    let fixture = Fixture::with(|builder| builder.relay(to));
    let media = Media::new();
    let mut encoder = Encoder::live(fixture.address(), "cam");
    let titled = |title: &str| Tracks {
        properties: vec![("title".to_owned(), Property::Text(title.to_owned()))],
        ..Tracks::default()
    };
    let (morning, evening) = (titled("Morning"), titled("Evening"));
    encoder.describe(&morning);
    encoder.send_all(&media.stream(0..10, 10));
    there.wait_for_publisher();
    let name = StreamName::new("live", "out").unwrap();
    let mut viewer = there.receiver.registry().subscribe(&name).unwrap();
    let mut titles = Vec::new();
    while titles.last() != Some(&evening.properties) {
        match viewer.blocking_next().unwrap() {
            Item::Metadata(told) => {
                if titles.is_empty() {
                    encoder.describe(&evening);
                    encoder.send_all(&media.stream(10..20, 10));
                    encoder.describe(&evening);
                    encoder.send_all(&media.stream(20..30, 10));
                }
                titles.push(told.properties.clone());
            }
            Item::Packet(_) => {}
            other => panic!("{other:?}"),
        }
    }
    let mut late = there.receiver.registry().subscribe(&name).unwrap();
    let Some(Item::Metadata(told)) = late.blocking_next() else {
        panic!("metadata comes first");
    };
    assert_eq!(told.properties, evening.properties);
    assert_eq!(titles, [morning.properties, evening.properties]);
}

#[test]
fn a_relay_announces_a_track_that_begins_late() {
    let mut there = Fixture::new();
    let to = target(there.address(), "live/out");
    let fixture = Fixture::with(|builder| builder.relay(to));
    let media = Media::new();
    let mut encoder = Encoder::live(fixture.address(), "cam");
    let pictures: Vec<_> = (0..50)
        .map(|i| media.picture(i * 40, i % 25 == 0, 100))
        .collect();
    encoder.send_all(&pictures);
    there.wait_for_publisher();
    let name = StreamName::new("live", "out").unwrap();
    let mut viewer = there.receiver.registry().subscribe(&name).unwrap();
    let mut announced = Vec::new();
    let mut sent_late = false;
    while announced.len() < 2 {
        match viewer.blocking_next().unwrap() {
            Item::Metadata(metadata) => {
                let audio = metadata.audio.first().and_then(|audio| audio.codec);
                announced.push((metadata.video_codec(), audio));
                announced.dedup();
            }
            Item::Packet(packet) => {
                if packet.dts >= pictures[40].dts && !std::mem::replace(&mut sent_late, true) {
                    encoder.send_all(&media.stream(50..60, 25));
                }
            }
            other => panic!("{other:?}"),
        }
    }
    let (h264, aac) = (Some(VideoCodec::H264), Some(AudioCodec::Aac));
    assert_eq!(announced, [(h264, None), (h264, aac)]);
}
