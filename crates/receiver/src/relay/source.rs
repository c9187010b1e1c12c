use std::time::{Duration, Instant};

use onair::demux::{Container, Damage, Error, PacketSource, Track};
use onair::media::{Packet, Probed, Tracks};

use super::hold::{Hold, HoldEvent, HoldSettings};
use crate::probe::{self, RELAY};
use crate::registry::Wait;
use crate::{Item, Viewer};

/// Something that happens to a relay's stream.
pub(super) enum News {
    /// In words.
    Words(String),
    Hold(HoldEvent),
    /// It ended while it was held, after this long.
    NotBack(Duration),
}

/// Reports news.
pub(super) type Tell = Box<dyn Fn(News) + Send>;

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
    /// Keeps it going while its publisher is away.
    hold: Option<Hold>,
}

impl Source {
    /// Waits until the stream's tracks are known; `None` if it ends before.
    pub(super) fn open(
        mut viewer: Viewer,
        hold: Option<&HoldSettings>,
        tell: Tell,
    ) -> Option<Self> {
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
        let hold = hold.map(|settings| Hold::new(settings.slate.clone()));
        Some(Self {
            hold,
            ..Self::new(viewer, found, said, tell)
        })
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
            hold: None,
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
            (self.tell)(News::Words(format!("{news} pictures lost: {why}")));
        }
    }

    /// The packet that is ready, from the hold if there is one.
    fn ready(&mut self) -> Option<Packet> {
        let Some(hold) = &mut self.hold else {
            return self.held.pop();
        };
        while let Some(event) = hold.poll_event() {
            (self.tell)(News::Hold(event));
        }
        hold.poll_packet()
    }

    /// The next item; `None` when time passed or something happened to the publisher.
    fn wait(&mut self) -> Option<Item> {
        if let Some(packet) = self.held.pop() {
            return Some(Item::Packet(packet));
        }
        let presence = self.viewer.presence();
        let deadline = self.hold.as_ref().and_then(|hold| hold.deadline(presence));
        let next = self.viewer.blocking_wait(presence, deadline);
        self.tell_lost();
        match next {
            Some(Wait::Item(item)) => Some(item),
            Some(Wait::Nothing) => None,
            None => Some(Item::Ended),
        }
    }

    fn take(&mut self, packet: Packet) {
        match &mut self.hold {
            Some(hold) => {
                let publisher = self.viewer.presence().publisher;
                hold.handle_packet(packet, publisher, Instant::now());
            }
            None => self.held.push(packet),
        }
    }

    /// Looks at the publisher, and does what is due.
    fn look(&mut self) {
        if let Some(hold) = &mut self.hold {
            let now = Instant::now();
            hold.handle_presence(self.viewer.presence(), now);
            hold.handle_timeout(now);
        }
    }

    fn tell_end(&self) {
        if let Some(since) = self.hold.as_ref().and_then(Hold::away_since) {
            (self.tell)(News::NotBack(since.elapsed()));
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
        loop {
            if let Some(packet) = self.ready() {
                return Ok(Some(packet));
            }
            match self.wait() {
                Some(Item::Packet(packet)) => self.take(packet),
                Some(Item::Metadata(tracks)) => self.news = Some(Tracks::clone(&tracks)),
                Some(Item::Ended) => {
                    self.tell_end();
                    return Ok(None);
                }
                None => self.look(),
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
