//! Relays: what comes in is published to other servers, untouched, by `onair`.

use std::time::Duration;

use onair::demux::{Container, Damage, Demux, Error, Track};
use onair::media::{Config, Packet, Tracks};
use onair::{Broadcast, Destination};

use crate::event::Events;
use crate::lineup::{describe, lineup};
use crate::{Event, Item, Viewer};

/// Publishes a stream to a server until the stream ends, on the calling thread.
pub(crate) fn relay(viewer: Viewer, destination: Destination, events: &Events) {
    let name = viewer.name().clone();
    let url = destination.url.to_string();
    let tell = |message: String| {
        events.tell(Event::Relay {
            name: name.clone(),
            url: url.clone(),
            message,
        });
    };
    let Some(source) = Source::open(viewer) else {
        return;
    };
    let broadcast = Broadcast::builder()
        .live_media(Box::new(source))
        .to(destination)
        .start();
    match broadcast {
        Ok(broadcast) => follow(&broadcast, tell),
        Err(error) => tell(error.to_string()),
    }
}

fn follow(broadcast: &Broadcast, tell: impl Fn(String)) {
    while let Some(event) = broadcast.next_event() {
        if let Some(words) = in_words(&event) {
            tell(words);
        }
    }
}

/// What a person wants to know of a broadcast.
fn in_words(event: &onair::Event) -> Option<String> {
    use onair::Event as E;
    Some(match event {
        E::Live { after, .. } => format!("on air after {} ms", after.as_millis()),
        E::Refused {
            code, description, ..
        } => format!("refused: {description} ({code})"),
        E::Reconnecting { why, delay, .. } => {
            format!("lost: {why}; trying again in {:.1} s", delay.as_secs_f64())
        }
        E::Dropped { frames, .. } => format!("{frames} pictures dropped: the line is too slow"),
        E::Warning { message, .. } => message.clone(),
        E::DestinationEnded { failure, .. } => match failure {
            Some(why) => format!("given up: {why}"),
            None => "ended".to_owned(),
        },
        _ => return None,
    })
}

/// A stream as a broadcast reads media.
struct Source {
    viewer: Viewer,
    tracks: Vec<Track>,
    /// What came while the tracks were found out, last first.
    held: Vec<Packet>,
}

impl Source {
    /// Waits until it is known what the stream has; `None` when it ends before.
    fn open(mut viewer: Viewer) -> Option<Self> {
        let mut lineup = lineup();
        let found = loop {
            match viewer.blocking_next()? {
                Item::Packet(packet) => {
                    if let Some(tracks) = lineup.push(packet) {
                        break tracks;
                    }
                }
                Item::Metadata(metadata) => describe(&mut lineup, &metadata),
                Item::Ended => break lineup.finish()?,
            }
        };
        Some(Self::new(viewer, found))
    }

    fn new(viewer: Viewer, found: Tracks) -> Self {
        let video = found.video.map(Config::Video);
        let audio = found.audio.map(Config::Audio);
        let mut held = found.packets;
        held.reverse();
        Self {
            viewer,
            tracks: video.into_iter().chain(audio).map(Track::new).collect(),
            held,
        }
    }
}

impl Demux for Source {
    fn container(&self) -> Container {
        Container::Flv
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
            match self.viewer.blocking_next() {
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
