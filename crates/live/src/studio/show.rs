use std::path::PathBuf;
use std::time::Duration;

use onair_av::I420;
use onair_av::encode::AudioSettings;
use onair_media::{Bitrate, VideoCodec};

use crate::director::Ladder;
use crate::output::SizeChange;
use crate::{Adapt, Destination};

/// What is in a show, and where it goes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Show {
    /// Where to: at least one.
    pub destinations: Vec<Destination>,
    /// False: audio alone.
    pub has_video: bool,
    /// False: video alone.
    pub has_audio: bool,
    /// How to encode video.
    pub codec: VideoCodec,
    /// Video bitrate; by size and frame rate when `None`.
    pub bitrate: Option<Bitrate>,
    /// How video adapts to what the lines carry; `None`: it does not.
    pub adapt: Option<Adapt>,
    /// How to encode audio.
    pub audio: AudioSettings,
    /// Media time from one keyframe to the next.
    pub keyframe_interval: Duration,
    /// What viewers see while there is no camera.
    pub slate: Slate,
    /// How quality steps down when the phone is hot. Where a destination is known to mind, the
    /// size stays as it is in any case.
    pub ladder: Ladder,
    /// Also write it all to this file.
    pub record: Option<PathBuf>,
}

/// What viewers see while there is no camera.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Slate {
    /// The sign for a pause on a dark ground.
    #[default]
    Pause,
    /// Nothing.
    Black,
    /// This, in the middle of a black frame; cropped if it is too large.
    Image(I420),
}

impl Show {
    /// A show that goes to `destination`.
    pub fn to(destination: impl Into<Destination>) -> Self {
        Self {
            destinations: vec![destination.into()],
            has_video: true,
            has_audio: true,
            codec: VideoCodec::H264,
            bitrate: None,
            adapt: Some(Adapt::default()),
            audio: AudioSettings::default(),
            keyframe_interval: Duration::from_secs(2),
            slate: Slate::default(),
            ladder: Ladder::default(),
            record: None,
        }
    }

    /// The ladder that all its destinations allow.
    pub(super) fn ladder(&self) -> Ladder {
        let is_refused = |to: &Destination| to.size_change() == SizeChange::Refused;
        let minds = self.destinations.iter().any(is_refused);
        Ladder {
            change_size: self.ladder.change_size && !minds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Address;

    fn show(url: &str) -> Show {
        Show::to(url.parse::<Address>().unwrap())
    }

    #[test]
    fn the_size_stays_for_services_that_mind() {
        assert!(show("rtmp://live.example/app/key").ladder().change_size);
        let facebook = "rtmps://live-api-s.Facebook.com:443/rtmp/key";
        assert!(!show(facebook).ladder().change_size);
        let mut both = show("rtmp://notfacebook.com/app/key");
        assert!(both.ladder().change_size);
        both.destinations.extend(show(facebook).destinations);
        assert!(!both.ladder().change_size);
    }
}
