//! Recordings and relays.

use std::path::{Path, PathBuf};

use onair::Destination;
use onair::media::{Kind, Packet};
use onair::rtmp::Url;
use onair_receiver::{Error, Event, Receiver, tls};

use crate::encoder::Encoder;
use crate::player::Player;
use crate::setup::{Media, Stage};

/// A directory that is gone afterwards.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("onair-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

fn read(path: &Path) -> Vec<Packet> {
    let mut demux = onair::demux::open(path).unwrap();
    let next = || demux.next_packet().unwrap();
    std::iter::from_fn(next).collect()
}

/// What a file gives that may end in the middle of anything.
fn read_so_far(path: &Path) -> Vec<Packet> {
    let Ok(mut demux) = onair::demux::open(path) else {
        return Vec::new();
    };
    let next = || demux.next_packet().ok().flatten();
    std::iter::from_fn(next).collect()
}

fn pictures(packets: &[Packet]) -> Vec<(bool, bytes::Bytes)> {
    let video = packets.iter().filter(|packet| packet.kind() == Kind::Video);
    video
        .map(|packet| (packet.keyframe, packet.payload.clone()))
        .collect()
}

#[test]
fn a_recording_has_every_picture_and_frame_of_sound() {
    let directory = Directory::new("whole");
    let mut stage = Stage::with(|builder| builder.record(&directory.0));
    let sent = Media::new().stream(0..60, 25);
    let mut encoder = Encoder::live(stage.address(), "cam");
    encoder.send_all(&sent);
    encoder.finish();
    let (path, frames, dropped) = stage.wait(|event| match event {
        Event::Recorded {
            path,
            frames,
            dropped,
            ..
        } => Some((path, frames, dropped)),
        _ => None,
    });
    assert_eq!((frames, dropped), (60, 0));
    let got = read(&path);
    assert_eq!(got.len(), 120);
    assert_eq!(pictures(&got), pictures(&sent));
}

#[test]
fn a_recording_can_be_read_at_any_time_but_for_its_last_fragment() {
    let directory = Directory::new("killed");
    let mut stage = Stage::with(|builder| builder.record(&directory.0));
    let media = Media::new();
    let mut encoder = Encoder::live(stage.address(), "cam");
    stage.wait_for_publisher();
    let mut player = Player::play(stage.address(), "cam");
    let sent = media.stream(0..60, 25);
    encoder.send_all(&sent);
    player.packets(120);
    let path = stage.wait(|event| match event {
        Event::Recording { path, .. } => Some(path),
        _ => None,
    });
    // Nothing says when the recorder's thread has written, but it does, and the file only grows.
    let mut got = Vec::new();
    while pictures(&got).len() < 50 {
        got = read_so_far(&path);
    }
    assert_eq!(pictures(&got), pictures(&sent)[..50]);
}

#[test]
fn a_change_of_configuration_begins_another_file() {
    let directory = Directory::new("change");
    let mut stage = Stage::with(|builder| builder.record(&directory.0));
    let media = Media::new();
    let mut encoder = Encoder::live(stage.address(), "cam");
    encoder.send_all(&media.stream(0..10, 5));
    let sets = |set: &'static [u8]| [bytes::Bytes::from_static(set)];
    let sps: &[u8] = &[
        0x67, 0x42, 0xC0, 0x0D, 0xDA, 0x05, 0x07, 0xE8, 0x06, 0xD0, 0xA1, 0x35,
    ];
    let config = onair::media::VideoConfig::from_parameter_sets(&sets(sps), &sets(&[0x68, 0xCE]));
    for mut packet in media.stream(10..20, 5) {
        if packet.kind() == Kind::Video {
            packet.config = onair::media::Config::Video(config.clone().unwrap().into());
        }
        encoder.send(&packet);
    }
    encoder.finish();
    for frames in [10, 10] {
        let got = stage.wait(|event| match event {
            Event::Recorded { frames, path, .. } => Some((frames, pictures(&read(&path)).len())),
            _ => None,
        });
        assert_eq!(got, (frames, 10));
    }
}

#[test]
fn a_recording_that_fails_is_reported_and_the_stream_goes_on() {
    let directory = Directory::new("fails");
    let mut stage = Stage::with(|builder| builder.record(&directory.0));
    std::fs::remove_dir_all(&directory.0).unwrap();
    let media = Media::new();
    let mut encoder = Encoder::live(stage.address(), "cam");
    stage.wait_for_publisher();
    let mut player = Player::play(stage.address(), "cam");
    encoder.send_all(&media.stream(0..10, 5));
    stage.wait(|event| matches!(event, Event::RecordingFailed { .. }).then_some(()));
    encoder.send_all(&media.stream(10..20, 5));
    assert_eq!(player.packets(40).len(), 40);
}

#[test]
fn rtmps_is_rtmp_with_a_certificate() {
    let directory = Directory::new("authority");
    let authority = tls::Authority::open(&directory.0).unwrap();
    let config = authority.server(&["localhost".to_owned()]).unwrap();
    let free = ([127, 0, 0, 1], 0).into();
    let mut target = Stage::with(|builder| builder.tls(config).listen_tls(free));
    let secure = target.receiver.rtmp_addresses()[1].port();
    let url: Url = format!("rtmps://localhost:{secure}/live/out")
        .parse()
        .unwrap();
    let ca = directory.0.join("trusted.pem");
    std::fs::write(&ca, authority.certificate()).unwrap();
    let mut destination = Destination::new(url);
    destination.tls.ca = Some(ca);
    let stage = Stage::with(|builder| builder.relay(destination));
    let media = Media::new();
    let mut encoder = Encoder::live(stage.address(), "cam");
    let sent = media.stream(0..2, 10);
    encoder.send_all(&sent);
    target.wait_for_publisher();
    let mut player = Player::play(target.address(), "out");
    assert_eq!(player.packets(4), sent);
}

#[test]
fn rtmps_without_a_certificate_is_refused_before_it_begins() {
    let free = ([127, 0, 0, 1], 0).into();
    let error = Receiver::builder().listen_tls(free).start().unwrap_err();
    assert_eq!(error.to_string(), "rtmps and https need a certificate");
}

#[tokio::test]
async fn a_receiver_starts_and_stops_inside_a_runtime() {
    let free = ([127, 0, 0, 1], 0).into();
    let receiver = Receiver::builder().listen(free).web(free).start().unwrap();
    let (taken, page) = (receiver.rtmp_addresses()[0], receiver.web_addresses()[0]);
    tokio::net::TcpStream::connect(page).await.unwrap();
    let error = Receiver::builder().listen(taken).start().unwrap_err();
    assert!(matches!(error, Error::Listen { address, .. } if address == taken));
    receiver.stop();
    assert!(tokio::net::TcpStream::connect(taken).await.is_err());
}

#[test]
fn a_relay_publishes_what_comes_in_untouched() {
    let mut target = Stage::new();
    let url: Url = format!("rtmp://{}/live/out", target.address())
        .parse()
        .unwrap();
    let mut stage = Stage::with(|builder| builder.relay(url));
    let media = Media::new();
    let sent = media.stream(0..40, 10);
    let mut encoder = Encoder::live(stage.address(), "cam");
    encoder.send_all(&sent[..2]);
    target.wait_for_publisher();
    let mut player = Player::play(target.address(), "out");
    let mut got = player.packets(2);
    // A burst would be shed: a relay is for what comes in real time.
    for packet in &sent[2..] {
        encoder.send(packet);
        got.push(player.packet().unwrap());
    }
    assert_eq!(got, sent);
    encoder.finish();
    assert_eq!(player.rest().0, []);
    let words = stage.wait(|event| match event {
        Event::Relay { message, url, .. } => {
            assert!(!url.contains("out"), "{url}");
            Some(message)
        }
        _ => None,
    });
    assert!(words.starts_with("on air"), "{words}");
}
