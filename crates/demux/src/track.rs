use std::time::Duration;

use onair_media::{Bitrate, Config, Kind, Timestamp};

/// One track of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// How it is coded, at its beginning.
    pub config: Config,
    /// Degrees to turn video clockwise for viewing: 90, 180 or 270.
    pub rotation: Option<u16>,
    /// When its first packet is shown or heard, where known beforehand.
    pub start: Option<Timestamp>,
    /// How long it lasts, where the container says so.
    pub duration: Option<Duration>,
    /// Its mean bitrate, where the container says so or it can be worked out.
    pub bitrate: Option<Bitrate>,
    /// What is odd about it, in words for people.
    pub notes: Vec<String>,
}

impl Track {
    /// A track whose configuration alone is known.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            rotation: None,
            start: None,
            duration: None,
            bitrate: None,
            notes: Vec::new(),
        }
    }

    /// Whether it is video or audio.
    pub const fn kind(&self) -> Kind {
        self.config.kind()
    }
}
