//! Where an application's own camera and microphone put what they give.
//!
//! The C interface cannot hold a Rust reference, so it holds a number: what the number stands for
//! is in one table, and is taken out when the broadcast stops. A number is never used twice, so
//! that pushing too late is answered with "no such feed" and can do no harm.

use onair::av::capture::{AudioInlet, FrameInlet};
use onair::av::clock::Clock;

use crate::table::{Entry, Table};

/// The ends at which pictures and sound go in. Clones are the same feed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Feed {
    /// Where pictures go, if they are wanted.
    pub pictures: Option<FrameInlet>,
    /// Where sound goes, if it is wanted.
    pub audio: Option<AudioInlet>,
    /// What their times are on.
    pub clock: Clock,
    #[cfg(apple_media)]
    pub(crate) apple: crate::apple::Apple,
}

impl Feed {
    /// What a number stands for, as long as its broadcast runs.
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
