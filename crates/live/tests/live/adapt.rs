//! Video that follows a line.

use crate::support::{Behaviour, Heard, Peer, finish, stop_within, wait_for};
use onair::av::capture::{LiveFrames, Tone};
use onair::av::encode::VideoSettings;
use onair::av::{Error, I420, Surface, VideoFrame, VideoSource};
use onair::flv::TagKind;
use onair::media::{Bitrate, FrameRate, Size, Timestamp};
use onair::rate::LimitedBy;
use onair::{Adapt, Broadcast, Destination, Event, Pace, RetryPolicy};
use std::time::Duration;

const SIZE: Size = Size::new(160, 96);
const RATE: FrameRate = FrameRate::new(30, 1).unwrap();
const WANTED: Bitrate = Bitrate::kbps(1000);
const MIN: Bitrate = Bitrate::kbps(120);

/// Noise, of which an encoder makes as much as it may.
#[derive(Default)]
struct Noise {
    frames: i64,
    random: u64,
}

impl VideoSource for Noise {
    fn live_frames(&self) -> Option<&LiveFrames> {
        None
    }

    fn can_run_dry(&self) -> bool {
        false
    }

    fn size(&self) -> Size {
        SIZE
    }

    fn frame_rate(&self) -> FrameRate {
        RATE
    }

    fn next_frame(&mut self) -> Result<Option<VideoFrame>, Error> {
        let data = (0..I420::len_of(SIZE)).map(|_| {
            self.random = self.random.wrapping_mul(0x5851_F42D_4C95_7F2D) + 1;
            self.random.to_be_bytes()[0]
        });
        let data = data.collect();
        self.frames += 1;
        Ok(Some(VideoFrame {
            surface: Surface::I420(I420::new(SIZE, data)?),
            timestamp: Timestamp::from_millis((self.frames - 1) * 1000 / 30),
        }))
    }
}

fn publish(peer: &Peer, adapt: Option<Adapt>) -> Broadcast {
    let settings = VideoSettings {
        bitrate: WANTED,
        ..VideoSettings::new(SIZE, RATE)
    };
    let builder = Broadcast::builder().video(Noise::default());
    let builder = builder.video_settings(settings).audio(Tone::new(48_000, 1));
    builder.adapt(adapt).to(peer.url()).start().unwrap()
}

fn limit(broadcast: &Broadcast) -> (Bitrate, LimitedBy) {
    let video = broadcast.stats().encoder.video.unwrap();
    let limit = video.bitrate.unwrap();
    assert_eq!(limit.wanted, WANTED);
    (limit.bitrate, limit.limited_by)
}

#[test]
fn a_line_that_takes_nothing_lowers_video_and_costs_no_audio_until_it_is_back() {
    let peer = Peer::start([Behaviour::Stall]);
    let broadcast = publish(
        &peer,
        Some(Adapt {
            min: Some(MIN),
            ..Adapt::default()
        }),
    );
    let is_limited = |event: &Event| matches!(event, Event::BitrateLimited { .. });
    let Event::BitrateLimited {
        wanted, carries, ..
    } = wait_for(&broadcast, is_limited)
    else {
        unreachable!("it was waited for");
    };
    assert!(wanted == WANTED && carries < WANTED, "{carries}");
    let (bitrate, by) = limit(&broadcast);
    assert!(
        bitrate < Bitrate::kbps(500) && by == LimitedBy::Line,
        "{bitrate} {by:?} {carries}"
    );
    assert!(broadcast.stats().destinations[0].carries.is_some());
    peer.resume();
    let is_restored = |event: &Event| matches!(event, Event::BitrateRestored { .. });
    wait_for(&broadcast, is_restored);
    assert!(limit(&broadcast).0 > Bitrate::kbps(900));
    let report = stop_within(&broadcast, Duration::from_secs(2));
    let destination = &report.destinations[0];
    assert_eq!((destination.audio.dropped, destination.connects), (0, 1));
    let left_out = report.encoder.video.unwrap().left_out;
    assert!(left_out > 0, "frames were left out before the encoder");
    let published = peer.published();
    for kind in [TagKind::Audio, TagKind::Video] {
        let own = published.tags.iter().filter(|tag| tag.kind == kind);
        assert!(own.map(|tag| tag.timestamp).is_sorted(), "{kind:?}");
    }
}

#[test]
fn a_line_that_carries_next_to_nothing_gets_audio_alone_and_pictures_again_from_an_idr_frame_on() {
    let peer = Peer::start([Behaviour::Stall]);
    let mut destination = Destination::new(peer.url());
    // No other connection takes over.
    destination.retry = RetryPolicy::NEVER;
    let builder = Broadcast::builder().video(Noise::default());
    let builder = builder
        .audio(Tone::new(48_000, 1))
        .adapt(Some(Adapt::default()));
    let broadcast = builder.to(destination).start().unwrap();
    let is_change = |event: &Event| matches!(event, Event::AudioChanged { .. });
    let Event::AudioChanged {
        bitrate,
        wanted,
        is_alone: true,
        was_alone: false,
        carries: Some(carries),
    } = wait_for(&broadcast, is_change)
    else {
        panic!("audio is not alone")
    };
    assert_eq!((bitrate, wanted), (Bitrate::kbps(48), Bitrate::kbps(128)));
    assert!(carries < Bitrate::kbps(100), "{carries}");
    assert!(broadcast.stats().encoder.audio_alone);
    // Its encoder obeys when the next samples come.
    let limit =
        std::iter::repeat_with(|| broadcast.stats().encoder.audio.unwrap().bitrate.unwrap())
            .inspect(|_| std::thread::yield_now())
            .find(|limit| limit.limited_by == LimitedBy::Line)
            .unwrap();
    assert_eq!((limit.bitrate, limit.wanted), (bitrate, wanted));
    peer.resume();
    let Event::AudioChanged {
        is_alone: false,
        was_alone: true,
        ..
    } = wait_for(&broadcast, is_change)
    else {
        panic!("pictures are not back")
    };
    let report = stop_within(&broadcast, Duration::from_secs(2));
    let destination = &report.destinations[0];
    assert_eq!((destination.audio.dropped, destination.connects), (0, 1));
    assert!(!report.encoder.audio_alone);
    let published = peer.published();
    let video = published
        .tags
        .iter()
        .filter(|tag| tag.kind == TagKind::Video);
    let video: Vec<_> = video.filter(|tag| !tag.is_sequence_header()).collect();
    let paused = |two: &&[&onair::flv::Tag]| two[1].timestamp - two[0].timestamp;
    let pause = video.windows(2).max_by_key(paused).unwrap();
    assert!(paused(&pause) > 1000, "{} ms", paused(&pause));
    assert!(pause[1].is_keyframe());
}

#[test]
fn who_does_not_want_it_keeps_the_bitrate_whatever_the_line_takes() {
    let peer = Peer::start([Behaviour::Stall]);
    let broadcast = publish(&peer, None);
    wait_for(&broadcast, |event| matches!(event, Event::Congested { .. }));
    assert_eq!(limit(&broadcast), (WANTED, LimitedBy::User));
    peer.resume();
    let report = stop_within(&broadcast, Duration::from_secs(2));
    assert_eq!(report.encoder.video.unwrap().left_out, 0);
}

#[test]
fn at_full_speed_nothing_adapts() {
    let peer = Peer::start([Behaviour::Accept]);
    let builder = Broadcast::builder().video(Noise::default()).to(peer.url());
    let builder = builder.pace(Pace::Max).duration(Duration::from_secs(1));
    let broadcast = builder.start().unwrap();
    let (_, report) = finish(&broadcast);
    let video = report.encoder.video.unwrap();
    assert_eq!((video.frames, video.left_out), (30, 0));
    assert_eq!(video.bitrate.unwrap().limited_by, LimitedBy::User);
    while !matches!(peer.next(), (_, Heard::Closed)) {}
}
