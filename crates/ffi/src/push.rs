use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use onair::av::apple::{PixelBuffer, SampleBuffer, audio_samples};
use onair::av::capture::apple::{Screen, host_clock};
use onair::av::clock::{Clock, HostClock};
use onair::av::device::Inlets;
use onair::av::{Surface, VideoFrame};

use crate::feed::Feed;

/// What became of something pushed, as `include/onair.h` numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Pushed {
    Ok = 0,
    NoFeed = -1,
    NotWanted = -2,
    NotMedia = -3,
    NoTime = -4,
    Bug = -100,
}

/// What a feed needs to take Apple's buffers.
#[derive(Clone)]
pub(crate) struct Apple {
    host: HostClock,
    /// Made for the first of a screen's samples.
    screen: Arc<Mutex<Option<Screen>>>,
}

impl Apple {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            host: host_clock(clock),
            screen: Arc::default(),
        }
    }
}

impl fmt::Debug for Apple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.host.fmt(f)
    }
}

/// Takes the picture out of what a camera gave.
pub(crate) fn video(feed: u64, sample: Option<&SampleBuffer>) -> Pushed {
    let Some(host) = sample.and_then(time) else {
        return why_not(feed, sample);
    };
    pixels(feed, sample.and_then(SampleBuffer::image_buffer), host)
}

/// Takes a picture that was taken at `host`, in nanoseconds of the host's clock.
pub(crate) fn pixels(feed: u64, pixels: Option<PixelBuffer>, host: i64) -> Pushed {
    let Some(feed) = Feed::of(feed) else {
        return Pushed::NoFeed;
    };
    let Some(inlet) = &feed.pictures else {
        return Pushed::NotWanted;
    };
    let Some(pixels) = pixels else {
        return Pushed::NotMedia;
    };
    inlet.push(VideoFrame {
        surface: Surface::PixelBuffer(pixels),
        timestamp: feed.apple.host.timestamp(host),
    });
    Pushed::Ok
}

/// Takes the sound out of what a microphone gave.
pub(crate) fn audio(feed: u64, sample: Option<&SampleBuffer>) -> Pushed {
    let (Some(sample), Some(host)) = (sample, sample.and_then(time)) else {
        return why_not(feed, sample);
    };
    let Some(feed) = Feed::of(feed) else {
        return Pushed::NoFeed;
    };
    let Some(inlet) = &feed.sound else {
        return Pushed::NotWanted;
    };
    match audio_samples(sample, feed.apple.host.timestamp(host)) {
        Ok(samples) => inlet.push(samples),
        Err(error) => return unreadable(&error),
    }
    Pushed::Ok
}

/// Takes what ReplayKit gives, of a kind as `RPSampleBufferType` numbers it.
pub(crate) fn screen(feed: u64, sample: Option<&SampleBuffer>, kind: i32) -> Pushed {
    let Some(sample) = sample.filter(|sample| time(sample).is_some()) else {
        return why_not(feed, sample);
    };
    let Some(feed) = Feed::of(feed) else {
        return Pushed::NoFeed;
    };
    let screen = feed.apple.screen.lock();
    let mut screen = screen.unwrap_or_else(PoisonError::into_inner);
    let screen = screen.get_or_insert_with(|| Screen::new(inlets(&feed), None));
    let pushed = match kind {
        VIDEO if feed.pictures.is_some() => screen.push_video(sample),
        APP if feed.sound.is_some() => screen.push_app_sound(sample),
        MICROPHONE if feed.sound.is_some() => screen.push_microphone(sample),
        VIDEO | APP | MICROPHONE => return Pushed::NotWanted,
        _ => return Pushed::NotMedia,
    };
    pushed.map_or_else(|error| unreadable(&error), |()| Pushed::Ok)
}

fn time(sample: &SampleBuffer) -> Option<i64> {
    sample.presentation_time().nanos()
}

/// Why nothing came of a sample that is none, or has no time.
fn why_not(feed: u64, sample: Option<&SampleBuffer>) -> Pushed {
    match (Feed::of(feed), sample) {
        (None, _) => Pushed::NoFeed,
        (_, None) => Pushed::NotMedia,
        (_, Some(_)) => Pushed::NoTime,
    }
}

fn unreadable(error: &onair::av::Error) -> Pushed {
    tracing::debug!(%error, "a sample that cannot be read");
    Pushed::NotMedia
}

fn inlets(feed: &Feed) -> Inlets {
    Inlets {
        pictures: feed.pictures.clone(),
        sound: feed.sound.clone(),
    }
}

// RPBroadcastExtension.h, `RPSampleBufferType`.
const VIDEO: i32 = 1;
const APP: i32 = 2;
const MICROPHONE: i32 = 3;
