use std::sync::PoisonError;

use onair::av::apple::SampleBuffer;
use onair::av::capture::apple::Screen;
use onair::av::device::Inlets;

use super::{Pushed, time, unreadable, why_not};
use crate::feed::Feed;

/// Takes a sample from ReplayKit, of a kind as `RPSampleBufferType` numbers it.
pub(crate) fn screen(feed: u64, sample: Option<&SampleBuffer>, kind: i32) -> Pushed {
    let Some(sample) = sample.filter(|sample| time(sample).is_some()) else {
        return why_not(feed, sample);
    };
    let Some(feed) = Feed::of(feed) else {
        return Pushed::NoFeed;
    };
    let screen = feed.apple.screen.0.lock();
    let mut screen = screen.unwrap_or_else(PoisonError::into_inner);
    let screen = screen.get_or_insert_with(|| Screen::new(inlets(&feed), None));
    let pushed = match kind {
        VIDEO if feed.pictures.is_some() => screen.push_video(sample),
        APP if feed.audio.is_some() => screen.push_app_audio(sample),
        MICROPHONE if feed.audio.is_some() => screen.push_microphone(sample),
        VIDEO | APP | MICROPHONE => return Pushed::NotWanted,
        _ => return Pushed::NotMedia,
    };
    pushed.map_or_else(|error| unreadable(&error), |()| Pushed::Ok)
}

fn inlets(feed: &Feed) -> Inlets {
    Inlets {
        frames: feed.pictures.clone(),
        audio: feed.audio.clone(),
    }
}

// RPBroadcastExtension.h, `RPSampleBufferType`.
const VIDEO: i32 = 1;
const APP: i32 = 2;
const MICROPHONE: i32 = 3;
