//! Where an application's own camera and microphone put what they give.
//!
//! The C interface cannot hold a Rust reference, so it holds a number: what the number stands for
//! is in one table, and is taken out when the broadcast stops. A number is never used twice, so
//! that pushing too late is answered with "no such feed" and can do no harm.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use onair::av::capture::{PictureInlet, SoundInlet};
use onair::av::clock::Clock;

/// The ends at which pictures and sound go in. Clones are the same feed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Feed {
    /// Where pictures go, if they are wanted.
    pub pictures: Option<PictureInlet>,
    /// Where sound goes, if it is wanted.
    pub sound: Option<SoundInlet>,
    /// What their times are on.
    pub clock: Clock,
}

impl Feed {
    /// A feed that takes nothing yet.
    pub(crate) const fn new(clock: Clock) -> Self {
        Self {
            pictures: None,
            sound: None,
            clock,
        }
    }

    /// Nothing more will come.
    pub(crate) fn end(&self) {
        self.pictures.iter().for_each(PictureInlet::end);
        self.sound.iter().for_each(SoundInlet::end);
    }

    /// What a number stands for, as long as its broadcast runs.
    pub fn of(handle: u64) -> Option<Self> {
        let feeds = FEEDS.read().unwrap_or_else(PoisonError::into_inner);
        feeds.open.get(&handle).cloned()
    }
}

/// A feed's place in the table: dropping it closes the feed.
#[derive(Debug)]
pub(crate) struct Place(u64);

impl Place {
    /// Puts a feed in.
    pub(crate) fn of(feed: Feed) -> Self {
        let mut feeds = FEEDS.write().unwrap_or_else(PoisonError::into_inner);
        feeds.last += 1;
        let handle = feeds.last;
        feeds.open.insert(handle, feed);
        Self(handle)
    }

    /// The number; never 0.
    pub(crate) const fn handle(&self) -> u64 {
        self.0
    }

    /// Takes the feed out. Whoever still pushes is told so.
    pub(crate) fn close(&self) {
        let mut feeds = FEEDS.write().unwrap_or_else(PoisonError::into_inner);
        feeds.open.remove(&self.0);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.close();
    }
}

struct Table {
    last: u64,
    open: BTreeMap<u64, Feed>,
}

static FEEDS: RwLock<Table> = RwLock::new(Table {
    last: 0,
    open: BTreeMap::new(),
});
