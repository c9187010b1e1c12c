//! Where an application's own camera and microphone put their media.
//!
//! The C interface cannot hold a Rust reference, so it holds a number. One table says what the
//! number stands for, until the broadcast stops. A number is never used twice, so pushing too late
//! is answered with "no such feed" and does no harm.

use onair::av::capture::{AudioInlet, FrameInlet};
use onair::av::clock::Clock;

use crate::table::{Entry, Table};

/// The ends at which video and audio go in. Clones are the same feed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Feed {
    /// The inlet for frames, if they are wanted.
    pub pictures: Option<FrameInlet>,
    /// The inlet for audio, if it is wanted.
    pub audio: Option<AudioInlet>,
    /// The clock of their times.
    pub clock: Clock,
    #[cfg(apple_media)]
    pub(crate) apple: crate::apple::Apple,
}

impl Feed {
    /// The feed of a number, as long as its broadcast runs.
    pub fn of(handle: u64) -> Option<Self> {
        FEEDS.get(handle)
    }

    /// A feed that takes nothing yet.
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            pictures: None,
            audio: None,
            clock,
            #[cfg(apple_media)]
            apple: crate::apple::Apple::new(clock),
        }
    }

    /// Gives it a number.
    pub(crate) fn open(self) -> Entry<Self> {
        FEEDS.put(self)
    }

    /// Nothing more will come.
    pub(crate) fn end(&self) {
        self.pictures.iter().for_each(FrameInlet::end);
        self.audio.iter().for_each(AudioInlet::end);
    }
}

static FEEDS: Table<Feed> = Table::new();
