use std::time::Duration;

use onair_media::{Kind, Packet, Probed, Timestamp, TrackProbe, Tracks};

use super::file::Open;
use super::space::Space;
use super::{Recording, Recordings, Unrecorded};
use crate::probe::{self, RECORDER};
use crate::{Event, Item, StreamName, Viewer};

/// Records one stream into one file after the other.
pub(super) struct Recorder {
    name: StreamName,
    recordings: Recordings,
    viewer: Viewer,
    probe: TrackProbe,
    /// The tracks, until there is enough media for a file.
    begun: Option<Begun>,
    open: Option<Open>,
    /// A refusal to begin a file was reported.
    is_refused: bool,
    /// A beginning left out was reported.
    has_left_out: bool,
    /// How many lost frames were reported with earlier files.
    told: (u64, u64),
}

/// A stream's tracks and first packets, and how much media that is.
#[derive(Debug)]
struct Begun {
    probed: Probed,
    origin: Timestamp,
    last: Timestamp,
    bytes: usize,
}

/// Less media than this makes no file.
const SHORTEST: Duration = Duration::from_millis(500);

impl Recorder {
    pub(super) fn new(viewer: Viewer, recordings: Recordings) -> Self {
        Self {
            name: viewer.name().clone(),
            probe: TrackProbe::new(RECORDER, recordings.max_bytes()),
            recordings,
            viewer,
            begun: None,
            open: None,
            is_refused: false,
            has_left_out: false,
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
                let pushed = open.push(&packet, self.recordings.max_bytes());
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

    /// Holds packets until the tracks are known and there is enough media for a file.
    fn wait(&mut self, packet: Packet) -> Result<(), Recording> {
        let begun = match self.begun.take() {
            Some(mut begun) if fits(&begun.probed.tracks, &packet) => {
                begun.push(packet);
                Some(begun)
            }
            Some(begun) => {
                // The tracks changed before there was a file.
                self.leave_out();
                self.probe_all(begun.rest_for(packet))
            }
            None => self.probe_all(vec![packet]),
        };
        match begun {
            Some(begun) if begun.is_enough(self.recordings.max_bytes()) => self.begin(begun.probed),
            begun => {
                self.begun = begun;
                Ok(())
            }
        }
    }

    /// Finds out the tracks that these packets, after those before, are of.
    fn probe_all(&mut self, packets: Vec<Packet>) -> Option<Begun> {
        let mut begun: Option<Begun> = None;
        for packet in packets {
            match &mut begun {
                Some(begun) => begun.push(packet),
                None => {
                    let probed = probe::push(&mut self.probe, &self.viewer, packet);
                    begun = probed.map(Begun::new);
                }
            }
        }
        begun
    }

    fn begin(&mut self, probed: Probed) -> Result<(), Recording> {
        if let Err(reason) = self.recordings.permit(&self.viewer) {
            self.refuse(reason);
            tracing::debug!(name = %self.name, packets = probed.packets.len(), "not recorded");
            return Ok(());
        }
        (self.is_refused, self.has_left_out) = (false, false);
        let shared = &self.recordings.0;
        let space = Space::new(&shared.directory, shared.keep_free);
        let open = Open::begin(&self.name, &shared.directory, space, &probed)?;
        shared.events.tell(Event::Recording {
            name: self.name.clone(),
            path: open.path().to_owned(),
        });
        self.open = Some(open);
        Ok(())
    }

    /// Reported once, until a file has begun again.
    fn refuse(&mut self, reason: Unrecorded) {
        if !std::mem::replace(&mut self.is_refused, true) {
            self.recordings.refuse(&self.name, reason);
        }
    }

    /// Also reported once until a file has begun again: a stream may change with every frame.
    fn leave_out(&mut self) {
        if !std::mem::replace(&mut self.has_left_out, true) {
            self.recordings.refuse(&self.name, Unrecorded::Changed);
        }
    }

    fn end(&mut self) -> Result<(), Recording> {
        if let Some(open) = self.open.take() {
            self.close(open);
        }
        let rest = || self.probe.finish().map(Begun::new);
        match self.begun.take().or_else(rest) {
            Some(begun) if begun.is_enough(self.recordings.max_bytes()) => {
                self.begin(begun.probed)?
            }
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

/// Whether a packet belongs to these tracks.
fn fits(tracks: &Tracks, packet: &Packet) -> bool {
    tracks.configs().any(|own| own.same(&packet.config))
}

impl Begun {
    fn new(probed: Probed) -> Self {
        let times = probed.packets.iter().map(|packet| packet.dts);
        Self {
            origin: probed.origin(),
            last: times.max().unwrap_or_default(),
            bytes: probed.packets.iter().map(Packet::weight).sum(),
            probed,
        }
    }

    fn push(&mut self, packet: Packet) {
        self.origin = self.origin.min(packet.dts.min(packet.pts));
        self.last = self.last.max(packet.dts);
        self.bytes += packet.weight();
        self.probed.packets.push(packet);
    }

    /// What is left for another file when this packet has changed a track. Its keyframe is kept where
    /// the audio has changed: a publisher that takes over changes both, and its next may be far.
    fn rest_for(self, changed: Packet) -> Vec<Packet> {
        let is_of_audio = changed.kind() == Kind::Audio;
        let packets = self.probed.packets.into_iter();
        let kept = packets.filter(|packet| is_of_audio && packet.kind() == Kind::Video);
        kept.chain([changed]).collect()
    }

    /// Whether there is enough for a file.
    fn is_enough(&self, max_bytes: usize) -> bool {
        self.last.since(self.origin) >= SHORTEST || self.bytes >= max_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::super::MAX_BYTES;
    use super::*;
    use onair_samples::video_packet;

    #[test]
    fn frames_of_a_byte_whose_clock_stands_are_not_held_without_end() {
        let probed = Probed {
            tracks: Tracks::default(),
            packets: vec![video_packet(0, true, 1)],
        };
        let mut begun = Begun::new(probed);
        while !begun.is_enough(MAX_BYTES) {
            begun.push(video_packet(0, false, 1));
        }
        assert!(begun.probed.packets.len() * size_of::<Packet>() <= MAX_BYTES);
        let again = Begun::new(begun.probed);
        assert_eq!((again.bytes, again.origin), (begun.bytes, begun.origin));
    }
}
