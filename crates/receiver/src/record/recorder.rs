use std::time::Duration;

use onair_media::{Lineup, Packet, Timestamp, Tracks};

use super::file::Open;
use super::space::Space;
use super::{Recording, Recordings, Unrecorded};
use crate::lineup::{self, MOST, RECORDER};
use crate::{Event, Item, StreamName, Viewer};

/// Records one stream into one file after the other.
pub(super) struct Recorder {
    name: StreamName,
    recordings: Recordings,
    viewer: Viewer,
    lineup: Lineup,
    /// The tracks, while there is not enough of them for a file.
    begun: Option<Tracks>,
    open: Option<Open>,
    /// It was said that a file may not begin.
    is_refused: bool,
    /// What of the frames lost was told with an earlier file.
    told: (u64, u64),
}

/// Less media than this makes no file.
const SHORTEST: Duration = Duration::from_millis(500);

impl Recorder {
    pub(super) fn new(viewer: Viewer, recordings: Recordings) -> Self {
        Self {
            name: viewer.name().clone(),
            recordings,
            viewer,
            lineup: lineup::new(RECORDER),
            begun: None,
            open: None,
            is_refused: false,
            told: (0, 0),
        }
    }

    /// Records to the stream's end, or to the first failure.
    pub(super) fn run(mut self) {
        let ended = loop {
            match self.viewer.blocking_next() {
                Some(Item::Packet(packet)) => {
                    if let Err(recording) = self.take(packet) {
                        break Err(recording);
                    }
                }
                Some(Item::Metadata(_)) => {}
                Some(Item::Ended) | None => break self.end(),
            }
        };
        if let Err(failed) = ended {
            self.tell(failed);
        }
    }

    fn take(&mut self, packet: Packet) -> Result<(), Recording> {
        if let Some(mut open) = self.open.take() {
            if open.accepts(&packet) {
                let pushed = open.push(&packet);
                if let Err(error) = pushed {
                    return Err(open.finish(Some(error)));
                }
                self.open = Some(open);
                return Ok(());
            }
            self.close(open);
        }
        self.wait(packet)
    }

    /// Holds what comes until its tracks are known and there is enough for a file.
    fn wait(&mut self, packet: Packet) -> Result<(), Recording> {
        let tracks = match self.begun.take() {
            Some(mut tracks) if fits(&tracks, &packet) => {
                tracks.packets.push(packet);
                Some(tracks)
            }
            Some(tracks) => {
                // It changed before there was a file.
                self.skip(&tracks);
                lineup::push(&mut self.lineup, &self.viewer, packet)
            }
            None => lineup::push(&mut self.lineup, &self.viewer, packet),
        };
        match tracks {
            Some(tracks) if is_enough(&tracks) => self.begin(tracks),
            tracks => {
                self.begun = tracks;
                Ok(())
            }
        }
    }

    fn begin(&mut self, tracks: Tracks) -> Result<(), Recording> {
        if let Err(reason) = self.recordings.permit(&self.viewer) {
            self.refuse(reason);
            self.skip(&tracks);
            return Ok(());
        }
        self.is_refused = false;
        let shared = &self.recordings.0;
        let space = Space::new(&shared.directory, shared.keep_free);
        let open = Open::begin(&self.name, &shared.directory, space, tracks)?;
        shared.events.tell(Event::Recording {
            name: self.name.clone(),
            path: open.path().to_owned(),
        });
        self.open = Some(open);
        Ok(())
    }

    /// Said once until a file has begun again.
    fn refuse(&mut self, reason: Unrecorded) {
        if !std::mem::replace(&mut self.is_refused, true) {
            self.recordings.refuse(&self.name, reason);
        }
    }

    fn skip(&self, tracks: &Tracks) {
        tracing::debug!(name = %self.name, packets = tracks.packets.len(), "not recorded");
    }

    fn end(&mut self) -> Result<(), Recording> {
        if let Some(open) = self.open.take() {
            self.close(open);
        }
        let rest = self.begun.take().or_else(|| self.lineup.finish());
        match rest {
            Some(tracks) if is_enough(&tracks) => self.begin(tracks)?,
            Some(_) => self.refuse(Unrecorded::TooShort),
            None => {}
        }
        if let Some(open) = self.open.take() {
            self.close(open);
        }
        Ok(())
    }

    fn close(&mut self, open: Open) {
        let recording = open.finish(None);
        self.tell(recording);
    }

    fn tell(&mut self, mut recording: Recording) {
        let lost = (self.viewer.dropped(), self.viewer.dropped_audio());
        let told = std::mem::replace(&mut self.told, lost);
        (recording.dropped, recording.dropped_audio) = (lost.0 - told.0, lost.1 - told.1);
        let name = self.name.clone();
        let events = &self.recordings.0.events;
        events.tell(Event::Recorded { name, recording });
    }
}

/// Whether a packet goes on with these tracks.
fn fits(tracks: &Tracks, packet: &Packet) -> bool {
    use onair_media::Config;
    match &packet.config {
        Config::Video(config) => tracks.video.as_ref().is_some_and(|own| own == config),
        Config::Audio(config) => tracks.audio.as_ref().is_some_and(|own| own == config),
    }
}

fn is_enough(tracks: &Tracks) -> bool {
    let last = tracks.packets.iter().map(|packet| packet.dts).max();
    let bytes: usize = tracks
        .packets
        .iter()
        .map(|packet| packet.payload.len())
        .sum();
    last.unwrap_or(Timestamp::ZERO).since(tracks.origin()) >= SHORTEST || bytes >= MOST
}
