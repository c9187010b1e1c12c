#[cfg(target_vendor = "apple")]
mod screen;

use onair::av::apple::{PixelBuffer, SampleBuffer, audio_samples};
use onair::av::{Surface, VideoFrame};

use crate::feed::Feed;

#[cfg(target_vendor = "apple")]
pub(crate) use screen::screen;

/// The result of a push, as `include/onair.h` numbers it.
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

/// Takes the frame of a camera's sample.
pub(crate) fn video(feed: u64, sample: Option<&SampleBuffer>) -> Pushed {
    let Some(host) = sample.and_then(time) else {
        return why_not(feed, sample);
    };
    pixels(feed, sample.and_then(SampleBuffer::image_buffer), host)
}

/// Takes a frame captured at `host`, in nanoseconds of the host's clock.
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

/// Takes the audio of a microphone's sample.
pub(crate) fn audio(feed: u64, sample: Option<&SampleBuffer>) -> Pushed {
    let (Some(sample), Some(host)) = (sample, sample.and_then(time)) else {
        return why_not(feed, sample);
    };
    let Some(feed) = Feed::of(feed) else {
        return Pushed::NoFeed;
    };
    let Some(inlet) = &feed.audio else {
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

/// Why a sample cannot be used: it is none, or has no time.
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
