use std::time::Duration;

use onair::demux::{Container, Damage, Error, PacketSource, Track};
use onair::media::{Packet, Probed, Tracks};

use crate::probe::{self, RELAY};
use crate::{Item, Viewer};

/// Tells a person something about the relay.
pub(super) type Tell = Box<dyn Fn(String) + Send>;

/// A stream as a broadcast reads media.
pub(super) struct Source {
    viewer: Viewer,
    /// Pictures lost before they were read, as far as that was told.
    lost: u64,
    tell: Tell,
    tracks: Vec<Track>,
    /// What its publisher says of it.
    said: Tracks,
    /// What came while the tracks were found out, last first.
    held: Vec<Packet>,
}

impl Source {
    /// Waits until it is known what the stream has; `None` when it ends before.
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
            held,
        }
    }
}

impl Source {
    /// What its publisher says of it.
    pub(super) const fn said(&self) -> &Tracks {
        &self.said
    }

    /// What the line could not take in time waits in the stream's memory, and that is finite.
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
                Some(Item::Metadata(_)) => {}
                Some(Item::Ended) | None => return Ok(None),
            }
        }
    }

    fn duration(&self) -> Option<Duration> {
        None
    }

    fn damage(&self) -> Damage {
        Damage::default()
    }
}
