use std::time::Duration;

use onair::demux::{Container, Damage, Error, PacketSource, Track};
use onair::media::{Config, Packet, Probed};

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
    /// What came while the tracks were found out, last first.
    held: Vec<Packet>,
}

impl Source {
    /// Waits until it is known what the stream has; `None` when it ends before.
    pub(super) fn open(mut viewer: Viewer, tell: Tell) -> Option<Self> {
        let mut probe = probe::new(RELAY);
        let found = loop {
            match viewer.blocking_next()? {
                Item::Packet(packet) => {
                    if let Some(tracks) = probe::push(&mut probe, &viewer, packet) {
                        break tracks;
                    }
                }
                Item::Metadata(_) => {}
                Item::Ended => break probe.finish()?,
            }
        };
        Some(Self::new(viewer, found, tell))
    }

    fn new(viewer: Viewer, found: Probed, tell: Tell) -> Self {
        let video = found.video.map(Config::Video);
        let audio = found.audio.map(Config::Audio);
        let mut held = found.packets;
        held.reverse();
        Self {
            viewer,
            lost: 0,
            tell,
            tracks: video.into_iter().chain(audio).map(Track::new).collect(),
            held,
        }
    }
}

impl Source {
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
