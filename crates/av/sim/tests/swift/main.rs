//! The C interface that Swift apps push their buffers through, over simulated frameworks: this
//! tests our handling of references, times and numbers, and nothing of Apple's.
#![cfg(test)]
#![expect(unsafe_code, reason = "the caller's side of a C interface")]

use std::ffi::c_void;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use onair_av::I420;
use onair_av::apple::{PixelBuffer, SampleBuffer};
use onair_av_sim::{Pcm, Sim};
use onair_ffi::c::{onair_push_audio, onair_push_pixels, onair_push_video};
use onair_ffi::{AudioConfig, BroadcastConfig, Broadcaster, Destination, VideoConfig};
use onair_media::Size;

const OK: i32 = 0;
const NO_FEED: i32 = -1;
const NOT_WANTED: i32 = -2;
const NOT_MEDIA: i32 = -3;

const SIZE: Size = Size::new(320, 180);

fn start(video: bool, audio: bool) -> Arc<Broadcaster> {
    let config = BroadcastConfig {
        // Nothing listens there, and nothing has to.
        destinations: vec![Destination {
            url: "rtmp://127.0.0.1:1/live".to_owned(),
            key: Some("KEY".to_owned()),
            user: None,
            password: None,
            backup: None,
        }],
        video: video.then_some(VideoConfig {
            width: SIZE.width,
            height: SIZE.height,
            frame_rate: 30,
            bitrate: None,
            adapts: true,
            min_bitrate: None,
            keyframe_seconds: 2.0,
            codec: None,
        }),
        audio: audio.then_some(AudioConfig {
            sample_rate: 48_000,
            channels: 2,
            bitrate: 128_000,
        }),
        record: None,
    };
    Broadcaster::start(&config).unwrap()
}

/// A tenth of a second of what a microphone gives.
fn pcm() -> Pcm {
    Pcm {
        format: *b"lpcm",
        flags: 4 | 8, // signed, packed
        sample_rate: 48_000.0,
        channels: 2,
        bits: 16,
        bytes_per_frame: 4,
        buffers: vec![vec![1; 4800 * 4]],
    }
}

fn push_video(feed: u64, sample: &SampleBuffer) -> i32 {
    // SAFETY: a live object.
    unsafe { onair_push_video(feed, sample.as_ptr().cast()) }
}

fn push_audio(feed: u64, sample: &SampleBuffer) -> i32 {
    // SAFETY: a live object.
    unsafe { onair_push_audio(feed, sample.as_ptr().cast()) }
}

fn push_pixels(feed: u64, pixels: *const c_void) -> i32 {
    // SAFETY: null, or a live object.
    unsafe { onair_push_pixels(feed, pixels, 0) }
}

/// Lets other threads run until it is so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "{what} did not come"
        );
        thread::yield_now();
    }
}

/// Ends the broadcast and waits until nothing of it is left.
fn end(broadcaster: Arc<Broadcaster>, sim: &Sim) {
    let events = broadcaster.events();
    drop(broadcaster);
    let mut context = Context::from_waker(Waker::noop());
    until("the end", || {
        let next = pin!(events.next());
        matches!(next.poll(&mut context), Poll::Ready(None))
    });
    sim.wait_until_all_is_given_back();
}

#[test]
fn buffers_are_encoded_and_every_reference_is_given_back() {
    let sim = Sim::begin();
    let broadcaster = start(true, true);
    let feed = broadcaster.feed_handle();
    for index in 0..3 {
        let frame = sim.camera_sample(SIZE, index * 33_333_333);
        assert_eq!(push_video(feed, &frame), OK);
        assert_eq!(push_audio(feed, &sim.audio_sample(&pcm())), OK);
    }
    let pixels = PixelBuffer::from_i420(&I420::black(SIZE)).unwrap();
    assert_eq!(push_pixels(feed, pixels.as_ptr().cast()), OK);
    drop(pixels);
    let frames = |stats: onair_ffi::Stats| {
        let frames = |encoder: Option<onair_ffi::EncoderStats>| encoder.map_or(0, |e| e.frames);
        (frames(stats.video), frames(stats.audio))
    };
    until("a packet of each", || {
        let (video, audio) = frames(broadcaster.stats());
        video > 0 && audio > 0
    });
    let stats = broadcaster.stats();
    assert_eq!(stats.video.unwrap().name, "videotoolbox");
    end(broadcaster, &sim);
}

#[test]
fn what_cannot_be_taken_is_answered_with_its_reason() {
    let sim = Sim::begin();
    let broadcaster = start(true, true);
    let feed = broadcaster.feed_handle();
    let (frame, pcm) = (sim.camera_sample(SIZE, 0), sim.audio_sample(&pcm()));
    assert_eq!(push_video(feed, &pcm), NOT_MEDIA);
    assert_eq!(push_audio(feed, &frame), NOT_MEDIA);
    assert_eq!(push_pixels(feed, std::ptr::null()), NOT_MEDIA);
    assert_eq!(push_pixels(feed, frame.as_ptr().cast()), NOT_MEDIA);
    for unknown in [0, feed + 1000, u64::MAX] {
        assert_eq!(push_video(unknown, &frame), NO_FEED);
    }
    broadcaster.stop();
    assert_eq!(push_video(feed, &frame), NO_FEED);
    assert_eq!(push_audio(feed, &pcm), NO_FEED);
    drop((frame, pcm));
    end(broadcaster, &sim);
}

#[test]
fn a_broadcast_of_one_kind_takes_no_other() {
    let sim = Sim::begin();
    let silent = start(true, false);
    assert_eq!(
        push_audio(silent.feed_handle(), &sim.audio_sample(&pcm())),
        NOT_WANTED
    );
    end(silent, &sim);
    let blind = start(false, true);
    assert_eq!(
        push_video(blind.feed_handle(), &sim.camera_sample(SIZE, 0)),
        NOT_WANTED
    );
    end(blind, &sim);
}

#[test]
fn buffers_pushed_from_several_threads_while_it_stops_are_all_given_back() {
    let sim = Sim::begin();
    let broadcaster = start(true, false);
    let feed = broadcaster.feed_handle();
    thread::scope(|scope| {
        for lane in 0..3 {
            let sim = &sim;
            scope.spawn(move || {
                for index in 0..50 {
                    let frame = sim.camera_sample(SIZE, (index * 3 + lane) * 1_000_000);
                    let pushed = push_video(feed, &frame);
                    assert!([OK, NO_FEED].contains(&pushed));
                }
            });
        }
        broadcaster.stop();
    });
    end(broadcaster, &sim);
}
