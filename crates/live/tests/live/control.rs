//! The controls of a running broadcast, and a source that is a device.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::support::{Behaviour, Heard, Peer, Script, finish, gop, send_until_live, wait_for};
use bytes::Bytes;
use onair::av::capture::{FrameInlet, LiveFrames, live_audio, live_frames};
use onair::av::clock::Clock;
use onair::av::encode::VideoSettings;
use onair::av::{I420, Surface, VideoFrame};
use onair::flv::{Tag, TagKind, file, metadata};
use onair::media::h264::{AvcDecoderConfig, Sps};
use onair::media::{Bitrate, FrameRate, Size};
use onair::rate::LimitedBy;
use onair::{Broadcast, Destination, Event, RetryPolicy, State};

const SIZE: Size = Size::new(320, 180);

/// A camera that takes a picture when told to.
struct Camera {
    inlet: FrameInlet,
    clock: Clock,
    random: u64,
}

impl Camera {
    fn new() -> (Self, LiveFrames) {
        let clock = Clock::starting_at(Instant::now());
        let (inlet, pictures) = live_frames(SIZE, FrameRate::new(30, 1).unwrap(), clock);
        let camera = Self {
            inlet,
            clock,
            random: 1,
        };
        (camera, pictures)
    }

    /// A picture of noise, which is hard to encode.
    fn shoot(&mut self, size: Size) {
        let data = (0..I420::len_of(size)).map(|_| self.noise()).collect();
        self.inlet.push(VideoFrame {
            surface: Surface::I420(I420::new(size, data).unwrap()),
            timestamp: self.clock.now(),
        });
    }

    fn noise(&mut self) -> u8 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random.to_be_bytes()[0]
    }
}

/// The next picture to arrive, and what came before it.
fn picture(peer: &Peer, before: &mut Vec<Tag>) -> Tag {
    loop {
        if let (_, Heard::Tag(tag)) = peer.next() {
            before.push(tag.clone());
            if tag.kind == TagKind::Video && !tag.is_sequence_header() {
                return tag;
            }
        }
    }
}

#[test]
fn a_keyframe_that_is_asked_for_is_the_next_picture() {
    let peer = Peer::start([Behaviour::Accept]);
    let (mut camera, pictures) = Camera::new();
    let settings = VideoSettings {
        keyframe_interval: Duration::from_secs(3600),
        ..VideoSettings::new(SIZE, FrameRate::new(30, 1).unwrap())
    };
    let builder = Broadcast::builder().video(pictures).to(peer.url());
    let broadcast = builder.video_settings(settings).start().unwrap();
    let mut next = || {
        camera.shoot(SIZE);
        picture(&peer, &mut Vec::new()).is_keyframe()
    };
    assert!(next());
    // The one that the connection asked for may come second.
    next();
    assert!((0..5).all(|_| !next()));
    broadcast.request_keyframe();
    assert!(next());
    assert!(!next());
}

#[test]
fn a_bitrate_that_is_set_is_what_the_next_pictures_have() {
    let peer = Peer::start([Behaviour::Accept]);
    let (mut camera, pictures) = Camera::new();
    let settings = VideoSettings {
        bitrate: Bitrate::kbps(8000),
        ..VideoSettings::new(SIZE, FrameRate::new(30, 1).unwrap())
    };
    let builder = Broadcast::builder().video(pictures).to(peer.url());
    let builder = builder.video_settings(settings).adapt(None);
    let broadcast = builder.start().unwrap();
    let mut bytes = |pictures: usize| {
        let sizes = (0..pictures).map(|_| {
            camera.shoot(SIZE);
            picture(&peer, &mut Vec::new()).payload.len()
        });
        sizes.sum::<usize>()
    };
    bytes(10);
    let before = bytes(20);
    broadcast.set_video_bitrate(Bitrate::kbps(300));
    bytes(10);
    let after = bytes(20);
    assert!(after * 2 < before, "{before} bytes, then {after}");
    broadcast.set_video_bitrate(Bitrate::bps(0));
    bytes(1);
    let is_told = |event: &Event| matches!(event, Event::Warning { message, .. } if message.contains("bitrate of zero"));
    wait_for(&broadcast, is_told);
    bytes(1);
    let limit = broadcast.stats().encoder.video.unwrap().bitrate.unwrap();
    let (asked, by) = (limit.bitrate.as_bps(), limit.limited_by);
    assert_eq!((asked, by), (300_000, LimitedBy::User), "as it was");
}

#[test]
fn another_size_goes_on_in_the_same_connection_and_in_the_recording() {
    let small = Size::new(160, 90);
    let path = std::env::temp_dir().join(format!("onair-{}-sizes.flv", std::process::id()));
    let peer = Peer::start([Behaviour::Accept]);
    let (mut camera, pictures) = Camera::new();
    let builder = Broadcast::builder().video(pictures).to(peer.url());
    let broadcast = builder.record(&path).start().unwrap();
    let mut sent = Vec::new();
    for size in [SIZE, SIZE, small, small] {
        camera.shoot(size);
        picture(&peer, &mut sent);
    }
    camera.inlet.end();
    let (_, report) = finish(&broadcast);
    assert_eq!(sizes(&sent), [SIZE, small]);
    let told: Vec<_> = sent
        .iter()
        .filter_map(|tag| metadata::from_tag(tag).unwrap()?.video[0].size)
        .collect();
    assert_eq!(told, [SIZE, small]);
    let header = sent.iter().rposition(Tag::is_sequence_header).unwrap();
    assert!(sent[header + 1].is_keyframe());
    assert!(sent.is_sorted_by_key(|tag| tag.timestamp));
    assert_eq!(sizes(&recorded(&path)), [SIZE, small]);
    assert_eq!(report.destinations[0].connects, 1);
    std::fs::remove_file(path).unwrap();
}

fn recorded(path: &std::path::Path) -> Vec<Tag> {
    let mut parser = file::Parser::new();
    parser.push(Bytes::from(std::fs::read(path).unwrap()));
    std::iter::from_fn(|| parser.next().unwrap()).collect()
}

/// The sizes in the sequence headers.
fn sizes(tags: &[Tag]) -> Vec<Size> {
    let headers = tags.iter().filter(|tag| tag.is_sequence_header());
    let records = headers.map(|tag| AvcDecoderConfig::parse(&tag.payload).unwrap());
    records
        .map(|record| Sps::parse(&record.sps[0]).unwrap().size)
        .collect()
}

#[test]
fn a_device_that_gives_nothing_is_on_air_with_a_slate_and_silence() {
    let peer = Peer::start([Behaviour::Accept]);
    let (camera, pictures) = Camera::new();
    let (_microphone, audio) = live_audio(48_000, 2, camera.clock);
    let slate = Surface::I420(I420::black(SIZE));
    camera.inlet.slate(Some(slate));
    let builder = Broadcast::builder().video(pictures).audio(audio);
    let broadcast = builder.to(peer.url()).start().unwrap();
    let mut heard = Vec::new();
    loop {
        picture(&peer, &mut heard);
        let told = broadcast.stats().capture;
        let has_repeated = told.video.is_some_and(|video| video.repeated >= 3);
        let silence = told.audio.map(|audio| audio.silence);
        if has_repeated && silence >= Some(Duration::from_millis(500)) {
            break;
        }
    }
    broadcast.stop();
    let (_, report) = finish(&broadcast);
    let capture = report.capture.expect("a device");
    let video = capture.video.expect("its frames");
    assert!(video.repeated >= 3, "{video:?}");
    let audio = capture.audio.expect("its audio");
    assert!(audio.silence >= Duration::from_millis(500), "{audio:?}");
    let of = |kind| heard.iter().filter(move |tag| tag.kind == kind);
    let times: Vec<_> = of(TagKind::Video).map(|tag| tag.timestamp).collect();
    assert!(times.is_sorted(), "{times:?}");
    let audio = of(TagKind::Audio).filter(|tag| !tag.is_sequence_header());
    let times: Vec<_> = audio.map(|tag| tag.timestamp).collect();
    assert!(times.len() > 10, "{times:?}");
    for pair in times.windows(2) {
        assert!((21..=22).contains(&(pair[1] - pair[0])), "{times:?}");
    }
}

#[test]
fn a_new_connection_that_is_asked_for_takes_over_at_a_keyframe_and_nothing_is_lost() {
    let peer = Peer::start([Behaviour::Accept]);
    let (script, source) = Script::new();
    let mut destination = Destination::new(peer.url());
    destination.retry = RetryPolicy::NEVER;
    let builder = Broadcast::builder().live_media(script).to(destination);
    let broadcast = builder.start().unwrap();
    gop(0, 10).for_each(|packet| source.send(packet).unwrap());
    wait_for(&broadcast, |event| matches!(event, Event::Live { .. }));
    broadcast.reconnect_now();
    let sent = send_until_live(&broadcast, &source, 10);
    let first = peer.published();
    assert!(first.ended, "the old connection is closed properly");
    drop(source);
    let second = peer.published();
    let (_, report) = finish(&broadcast);
    let pictures = second.media(TagKind::Video);
    assert!(pictures[0].1 && pictures[0].0 == 0);
    assert!(second.ended);
    let shown = first.media(TagKind::Video).len() + pictures.len();
    assert_eq!(i64::try_from(shown), Ok(sent), "each once");
    let destination = &report.destinations[0];
    assert_eq!((destination.connects, destination.state), (2, State::Ended));
    assert_eq!(
        (destination.video.dropped, &destination.gaps[..]),
        (0, &[][..])
    );
}

#[test]
fn a_connection_that_waits_for_its_next_try_is_tried_at_once() {
    let peer = Peer::start([
        Behaviour::CloseAfter(1),
        Behaviour::CloseAfter(0),
        Behaviour::Accept,
    ]);
    let (script, source) = Script::new();
    let builder = Broadcast::builder().live_media(script).to(peer.url());
    let broadcast = builder.start().unwrap();
    gop(0, 10).for_each(|packet| source.send(packet).unwrap());
    let is_off = |event: &Event| matches!(event, Event::Reconnecting { .. });
    wait_for(&broadcast, is_off);
    gop(10, 10).for_each(|packet| source.send(packet).unwrap());
    let is_long = |event: &Event| matches!(event, Event::Reconnecting { delay, .. } if *delay > Duration::from_millis(500));
    let told = wait_for(&broadcast, is_long);
    let Event::Reconnecting { delay, .. } = told else {
        panic!("{told:?}");
    };
    let asked = Instant::now();
    broadcast.reconnect_now();
    let next = broadcast.next_event().unwrap();
    assert!(
        matches!(next, Event::Connecting { attempt: 1, .. }),
        "{next:?}"
    );
    assert!(asked.elapsed() < delay, "{:?}", asked.elapsed());
    wait_for(&broadcast, |event| matches!(event, Event::Live { .. }));
}

#[test]
fn a_connection_that_is_being_made_is_made_anew() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let url: onair::rtmp::Url = format!("rtmp://127.0.0.1:{port}/live/key").parse().unwrap();
    let (script, source) = Script::new();
    let builder = Broadcast::builder().live_media(script).to(url);
    let broadcast = builder.start().unwrap();
    gop(0, 10).for_each(|packet| source.send(packet).unwrap());
    let _first = silent.accept().unwrap();
    broadcast.reconnect_now();
    let _second = silent.accept().unwrap();
    broadcast.stop();
    finish(&broadcast);
}

#[test]
fn the_speed_of_encoding_is_told() {
    let peer = Peer::start([Behaviour::Accept]);
    let (mut camera, pictures) = Camera::new();
    let builder = Broadcast::builder().video(pictures).to(peer.url());
    let broadcast = builder.start().unwrap();
    camera.shoot(SIZE);
    picture(&peer, &mut Vec::new());
    let stats = broadcast.stats();
    let track = stats.encoder.video.unwrap();
    assert!(track.frames >= 1 && track.bitrate.is_some());
}
