use std::time::Duration;

use onair::demux::{Container, Damage, Error, PacketSource, Track};
use onair::media::{Packet, Probed, Tracks};

use crate::probe::{self, RELAY};
use crate::{Item, Viewer};

/// Reports something about the relay in words.
pub(super) type Tell = Box<dyn Fn(String) + Send>;

/// A stream as the media source of a broadcast.
pub(super) struct Source {
    viewer: Viewer,
    /// Frames lost before they were read, as far as reported.
    lost: u64,
    tell: Tell,
    tracks: Vec<Track>,
    /// The publisher's description at first.
    said: Tracks,
    /// A later one that nobody has taken yet.
    news: Option<Tracks>,
    /// Packets that came before the tracks were known, last first.
    held: Vec<Packet>,
}

impl Source {
    /// Waits until the stream's tracks are known; `None` if it ends before.
    pub(super) fn open(mut viewer: Viewer, tell: Tell) -> Option<Self> {
        let mut probe = probe::new(RELAY);
        let mut said = Tracks::default();
        let found = loop {
            match viewer.blocking_next()? {
                Item::Packet(packet) => {
                    if let Some(tracks) = probe::push(&mut probe, &viewer, packet) {
                        break tracks;
                    }
                }
                Item::Metadata(tracks) => said = Tracks::clone(&tracks),
                Item::Ended => break probe.finish()?,
            }
        };
        Some(Self::new(viewer, found, said, tell))
    }

    fn new(viewer: Viewer, found: Probed, said: Tracks, tell: Tell) -> Self {
        let mut held = found.packets;
        held.reverse();
        Self {
            viewer,
            lost: 0,
            tell,
            tracks: found.tracks.configs().map(Track::new).collect(),
            said,
            news: None,
            held,
        }
    }
}

impl Source {
    /// The publisher's description at first.
    pub(super) const fn said(&self) -> &Tracks {
        &self.said
    }

    /// Whatever the line could not take in time waits in the stream's memory, which is finite.
    fn tell_lost(&mut self) {
        let lost = self.viewer.dropped();
        let news = lost - std::mem::replace(&mut self.lost, lost);
        if news > 0 {
            let why = "the line to it takes less than comes in, and no more can wait";
            (self.tell)(format!("{news} pictures lost: {why}"));
        }
    }
}

impl PacketSource for Source {
    fn container(&self) -> Option<Container> {
        None
    }

    fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    fn notes(&self) -> &[String] {
        &[]
    }

    fn next_packet(&mut self) -> Result<Option<Packet>, Error> {
        if let Some(packet) = self.held.pop() {
            return Ok(Some(packet));
        }
        loop {
            let next = self.viewer.blocking_next();
            self.tell_lost();
            match next {
                Some(Item::Packet(packet)) => return Ok(Some(packet)),
                Some(Item::Metadata(tracks)) => self.news = Some(Tracks::clone(&tracks)),
                Some(Item::Ended) | None => return Ok(None),
            }
        }
    }

    fn take_description(&mut self) -> Option<Tracks> {
        self.news.take()
    }

    fn duration(&self) -> Option<Duration> {
        None
    }

    fn damage(&self) -> Damage {
        Damage::default()
    }
}
