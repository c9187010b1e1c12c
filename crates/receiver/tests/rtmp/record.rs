//! Recordings.

use std::path::{Path, PathBuf};

use onair::Address;
use onair::Destination;
use onair::media::{Kind, Packet, Timestamp, Tracks, VideoCodec, VideoTrack};
use onair_receiver::{Error, Event, Receiver, Recording, Unrecorded, tls};

use crate::encoder::Encoder;
use crate::player::Player;
use crate::setup::{Fixture, Media};

/// A directory that is removed afterwards.
pub(crate) struct Directory(pub(crate) PathBuf);

impl Directory {
    pub(crate) fn new(name: &str) -> Self {
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

/// The packets of a file that may end anywhere.
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

/// Waits for a recording to be closed.
pub(crate) fn recorded(fixture: &mut Fixture) -> Recording {
    fixture.wait(|event| match event {
        Event::Recorded { recording, .. } => Some(recording),
        _ => None,
    })
}

#[test]
fn a_recording_has_every_picture_and_frame_of_sound() {
    let directory = Directory::new("whole");
    let mut fixture = Fixture::with(|builder| builder.record(&directory.0));
    let sent = Media::new().stream(0..60, 25);
    let mut encoder = Encoder::live(fixture.address(), "cam");
    encoder.send_all(&sent);
    encoder.finish();
    let recording = recorded(&mut fixture);
    assert_eq!((recording.frames, recording.dropped), (60, 0));
    assert_eq!((recording.audio_frames, recording.dropped_audio), (60, 0));
    assert_eq!(recording.duration.as_millis(), 59 * 40 + 20);
    assert_eq!(
        recording.bytes,
        std::fs::metadata(&recording.path).unwrap().len()
    );
    assert_eq!(recording.failure, None);
    let got = read(&recording.path);
    assert_eq!(got.len(), 120);
    assert_eq!(pictures(&got), pictures(&sent));
}

#[test]
fn a_recording_can_be_read_at_any_time_but_for_its_last_fragment() {
    let directory = Directory::new("killed");
    let mut fixture = Fixture::with(|builder| builder.record(&directory.0));
    let media = Media::new();
    let mut encoder = Encoder::live(fixture.address(), "cam");
    fixture.wait_for_publisher();
    let mut player = Player::play(fixture.address(), "cam");
    let sent = media.stream(0..60, 25);
    encoder.send_all(&sent);
    player.packets(120);
    let path = fixture.wait(|event| match event {
        Event::Recording { path, .. } => Some(path),
        _ => None,
    });
    // Nothing tells when the recorder's thread has written, but it does, and the file only grows.
    let mut got = Vec::new();
    while pictures(&got).len() < 50 {
        got = read_so_far(&path);
    }
    assert_eq!(pictures(&got), pictures(&sent)[..50]);
}

#[test]
fn a_change_of_configuration_begins_another_file() {
    let directory = Directory::new("change");
    let mut fixture = Fixture::with(|builder| builder.record(&directory.0));
    let media = Media::new();
    let mut encoder = Encoder::live(fixture.address(), "cam");
    encoder.send_all(&media.stream(0..20, 5));
    encoder.send_all(&smaller(media.stream(20..40, 5)));
    encoder.finish();
    for _ in 0..2 {
        let recording = recorded(&mut fixture);
        assert_eq!(recording.frames, 20);
        assert_eq!(pictures(&read(&recording.path)).len(), 20);
    }
}

/// The same packets, with another picture size in their configuration.
fn smaller(mut packets: Vec<Packet>) -> Vec<Packet> {
    let sets = |set: &'static [u8]| [bytes::Bytes::from_static(set)];
    let sps: &[u8] = &[
        0x67, 0x42, 0xC0, 0x0D, 0xDA, 0x05, 0x07, 0xE8, 0x06, 0xD0, 0xA1, 0x35,
    ];
    let config = onair::media::VideoConfig::from_parameter_sets(&sets(sps), &sets(&[0x68, 0xCE]));
    let config = onair::media::Config::Video(config.unwrap().into());
    let pictures = packets.iter_mut();
    for packet in pictures.filter(|packet| packet.kind() == Kind::Video) {
        packet.config = config.clone();
    }
    packets
}

#[test]
fn a_publisher_that_takes_over_with_other_audio_is_recorded_from_its_first_keyframe() {
    let directory = Directory::new("takes-over");
    let mut fixture = Fixture::with(|builder| builder.record(&directory.0));
    let media = Media::new();
    let mut encoder = Encoder::live(fixture.address(), "cam");
    encoder.send_all(&media.stream(0..20, 5));
    // As a held relay gives it: pictures and silence first, then audio of its own.
    let mut next = smaller(media.stream(20..40, 20));
    let audio = onair::media::AudioConfig::aac(bytes::Bytes::from_static(&[0x12, 0x10]));
    let audio = onair::media::Config::Audio(audio.unwrap().into());
    let own = next
        .iter_mut()
        .filter(|packet| packet.kind() == Kind::Audio);
    own.skip(3).for_each(|packet| packet.config = audio.clone());
    encoder.send_all(&next);
    encoder.finish();
    assert_eq!(recorded(&mut fixture).frames, 20);
    let recording = recorded(&mut fixture);
    assert_eq!((recording.frames, recording.audio_frames), (20, 17));
}

#[test]
fn a_change_before_there_is_a_file_is_said() {
    let directory = Directory::new("early");
    let mut fixture = Fixture::with(|builder| builder.record(&directory.0));
    let media = Media::new();
    let mut encoder = Encoder::live(fixture.address(), "cam");
    encoder.send_all(&media.stream(0..5, 5));
    encoder.send_all(&smaller(media.stream(5..40, 5)));
    encoder.finish();
    let reason = fixture.wait(|event| match event {
        Event::NotRecorded { reason, .. } => Some(reason),
        Event::Recorded { .. } => panic!("what is missing was not said"),
        _ => None,
    });
    assert_eq!(reason, Unrecorded::Changed);
    assert_eq!(recorded(&mut fixture).frames, 35);
}

#[test]
fn a_recording_that_fails_is_reported_and_the_stream_goes_on() {
    let directory = Directory::new("fails");
    let mut fixture = Fixture::with(|builder| builder.record(&directory.0));
    std::fs::remove_dir_all(&directory.0).unwrap();
    let media = Media::new();
    let mut encoder = Encoder::live(fixture.address(), "cam");
    fixture.wait_for_publisher();
    let mut player = Player::play(fixture.address(), "cam");
    encoder.send_all(&media.stream(0..20, 5));
    let recording = recorded(&mut fixture);
    assert_eq!((recording.frames, recording.bytes), (0, 0));
    let failure = recording.failure.unwrap();
    assert!(failure.contains("No such file"), "{failure}");
    encoder.send_all(&media.stream(20..30, 5));
    assert_eq!(player.packets(60).len(), 60);
}

#[test]
fn a_burst_is_recorded_to_the_last_frame() {
    let directory = Directory::new("burst");
    let mut fixture = Fixture::with(|builder| builder.record(&directory.0));
    // 100 s at once, 26 MB: without a recording's own place in the stream only 3 s would be left.
    let sent = Media::new().stream(0..2500, 50);
    let mut encoder = Encoder::live(fixture.address(), "cam");
    encoder.send_all(&sent);
    encoder.finish();
    let recording = recorded(&mut fixture);
    assert_eq!((recording.frames, recording.dropped), (2500, 0));
    assert_eq!((recording.audio_frames, recording.dropped_audio), (2500, 0));
    assert_eq!(pictures(&read(&recording.path)), pictures(&sent));
}

#[test]
fn a_recording_is_no_viewer() {
    let directory = Directory::new("viewer");
    let fixture = Fixture::with(|builder| builder.record(&directory.0));
    let _encoder = Encoder::live(fixture.address(), "cam");
    assert_eq!(fixture.receiver.registry().streams()[0].viewers, 0);
}

#[test]
fn a_publisher_that_comes_and_goes_does_not_fill_a_directory() {
    let directory = Directory::new("flood");
    let mut fixture = Fixture::with(|builder| builder.record(&directory.0));
    let media = Media::new();
    for _ in 0..12 {
        let mut encoder = Encoder::live(fixture.address(), "cam");
        encoder.send_all(&media.stream(0..20, 5));
        encoder.finish();
        fixture.wait(|event| match event {
            Event::Recorded { .. } | Event::NotRecorded { .. } => Some(()),
            _ => None,
        });
    }
    assert_eq!(std::fs::read_dir(&directory.0).unwrap().count(), 8);
}

#[test]
fn a_stream_too_short_to_be_one_makes_no_file_and_it_is_said() {
    let directory = Directory::new("short");
    let mut fixture = Fixture::with(|builder| builder.record(&directory.0));
    let mut encoder = Encoder::live(fixture.address(), "cam");
    encoder.send_all(&Media::new().stream(0..5, 5));
    encoder.finish();
    let reason = fixture.wait(|event| match event {
        Event::NotRecorded { reason, .. } => Some(reason),
        _ => None,
    });
    assert_eq!(reason, Unrecorded::TooShort);
    assert_eq!(std::fs::read_dir(&directory.0).unwrap().count(), 0);
}

#[test]
fn a_disk_with_less_than_is_kept_free_is_not_recorded_to() {
    let directory = Directory::new("space");
    let keep = |builder: onair_receiver::Builder| builder.keep_free(u64::MAX);
    let mut fixture = Fixture::with(|builder| keep(builder.record(&directory.0)));
    let mut encoder = Encoder::live(fixture.address(), "cam");
    encoder.send_all(&Media::new().stream(0..20, 5));
    let failure = recorded(&mut fixture).failure.unwrap();
    assert!(failure.contains("kept free"), "{failure}");
    assert_eq!(std::fs::read_dir(&directory.0).unwrap().count(), 0);
}

/// Announced video for some seconds, and audio from a time on that was not announced.
fn late_audio(seconds: i64, from: i64) -> (Tracks, Vec<Packet>) {
    let video = VideoTrack {
        codec: Some(VideoCodec::H264),
        ..VideoTrack::default()
    };
    let tracks = Tracks {
        video: vec![video],
        ..Tracks::default()
    };
    let from = Timestamp::from_millis(from);
    let mut packets = Media::new().stream(0..25 * seconds, 25);
    packets.retain(|packet| packet.kind() == Kind::Video || packet.dts >= from);
    (tracks, packets)
}

#[test]
fn a_track_that_starts_late_and_that_no_metadata_promised_is_in_the_same_file() {
    let directory = Directory::new("late");
    let mut fixture = Fixture::with(|builder| builder.record(&directory.0));
    let mut encoder = Encoder::live(fixture.address(), "cam");
    let (tracks, sent) = late_audio(4, 2000);
    encoder.describe(&tracks);
    encoder.send_all(&sent);
    encoder.finish();
    let recording = recorded(&mut fixture);
    assert_eq!((recording.frames, recording.audio_frames), (100, 50));
    assert_eq!(read(&recording.path).len(), sent.len());
}

#[test]
fn a_track_that_starts_later_than_it_is_waited_for_begins_another_file_with_all_tracks() {
    let directory = Directory::new("later");
    let mut fixture = Fixture::with(|builder| builder.record(&directory.0));
    let mut encoder = Encoder::live(fixture.address(), "cam");
    let (tracks, sent) = late_audio(6, 4000);
    encoder.describe(&tracks);
    encoder.send_all(&sent[..100]);
    // If it were announced before the file has begun, the file would wait for it.
    fixture.wait(|event| matches!(event, Event::Recording { .. }).then_some(()));
    encoder.send_all(&sent[100..]);
    encoder.finish();
    let [first, second] = [(); 2].map(|()| recorded(&mut fixture));
    assert_eq!((first.frames, first.audio_frames), (101, 0));
    // Up to the next keyframe, pictures without the earlier ones are useless.
    assert_eq!((second.frames, second.audio_frames), (25, 50));
    let read = [first, second].map(|recording| read(&recording.path).len());
    assert_eq!(read, [101, 75]);
}

#[test]
fn rtmps_is_rtmp_with_a_certificate() {
    let directory = Directory::new("authority");
    let authority = tls::Authority::open(&directory.0).unwrap();
    let config = authority.server(&["localhost".to_owned()]).unwrap();
    let free = ([127, 0, 0, 1], 0).into();
    let mut target = Fixture::with(|builder| builder.tls(config).listen_tls(free));
    let secure = target.receiver.rtmp_addresses()[1].port();
    let url: Address = format!("rtmps://localhost:{secure}/live/out")
        .parse()
        .unwrap();
    let ca = directory.0.join("trusted.pem");
    std::fs::write(&ca, authority.certificate()).unwrap();
    let mut destination = Destination::new(url);
    destination.tls.ca = Some(ca);
    let fixture = Fixture::with(|builder| builder.relay(destination));
    let media = Media::new();
    let mut encoder = Encoder::live(fixture.address(), "cam");
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
