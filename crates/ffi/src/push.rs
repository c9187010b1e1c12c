#[cfg(target_vendor = "apple")]
mod screen;

#[cfg(not(target_vendor = "apple"))]
use std::time::Instant;

use onair::av::apple::{PixelBuffer, SampleBuffer, audio_samples};
#[cfg(target_vendor = "apple")]
use onair::av::capture::apple::host_clock;
use onair::av::clock::{Clock, HostClock};
use onair::av::{Surface, VideoFrame};

use crate::feed::Feed;

#[cfg(target_vendor = "apple")]
pub(crate) use screen::screen;

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
#[derive(Clone, Debug)]
pub(crate) struct Apple {
    host: HostClock,
    #[cfg(target_vendor = "apple")]
    screen: screen::Shared,
}

impl Apple {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            host: host_clock(clock),
            #[cfg(target_vendor = "apple")]
            screen: screen::Shared::default(),
        }
    }
}

/// A simulated host's time begins when a feed does.
#[cfg(not(target_vendor = "apple"))]
fn host_clock(clock: Clock) -> HostClock {
    HostClock::anchored(clock, Instant::now(), 0)
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
