use std::time::Duration;

use onair_media::{Packet, Tracks};

use crate::interleave::Interleave;
use crate::{Container, Damage, Error, Opened, PacketSource, Refused, Track};

/// Reads one file format: all that differs from one to the next.
pub(crate) trait Reader: Send + 'static {
    /// Reads on a little: what that gives goes to `out`, and so does the end, which is final.
    fn step(&mut self, out: &mut Output);

    /// What could not be read so far, counted by the track.
    fn damage(&self) -> Damage;
}

/// What a reader has found.
pub(crate) struct Output {
    pub(crate) tracks: Vec<Track>,
    /// What was left out or looked odd, in words for a person.
    pub(crate) notes: Vec<String>,
    /// How long the whole lasts, where the container says so.
    pub(crate) duration: Option<Duration>,
    interleave: Interleave,
    /// What ended the input, until it is told.
    failure: Option<Error>,
    ended: bool,
}

impl Output {
    /// Packets that come track by track are put into one order.
    pub(crate) fn new() -> Self {
        Self::through(Interleave::new())
    }

    /// Packets leave in the order in which they come.
    pub(crate) fn in_order() -> Self {
        Self::through(Interleave::in_order())
    }

    fn through(interleave: Interleave) -> Self {
        Self {
            tracks: Vec::new(),
            notes: Vec::new(),
            duration: None,
            interleave,
            failure: None,
            ended: false,
        }
    }

    /// The next packet of its track.
    pub(crate) fn push(&mut self, packet: Packet) {
        self.interleave.push(packet);
    }

    /// No packet follows. A failure is told after the last one.
    pub(crate) fn end(&mut self, failure: Option<Error>) {
        self.interleave.end();
        self.failure = failure;
        self.ended = true;
    }

    pub(crate) const fn has_ended(&self) -> bool {
        self.ended
    }
}

/// A reader that has found its tracks, as a source of packets; those that cannot be sent are named.
/// Where there are none of either, that is an error.
pub(crate) fn opened(
    container: Container,
    reader: impl Reader,
    mut out: Output,
    refused: Vec<Refused>,
) -> Result<Opened, Error> {
    if out.tracks.is_empty() && refused.is_empty() {
        let failure = out.failure.take();
        return Err(failure.unwrap_or(Error::NoTracks { container }));
    }
    Ok(Opened {
        media: source(Some(container), reader, out),
        refused,
    })
}

/// A reader that has found its tracks, as a source of packets.
pub(crate) fn source(
    container: Option<Container>,
    reader: impl Reader,
    mut out: Output,
) -> Box<dyn PacketSource> {
    out.interleave.expect(out.tracks.len());
    Box::new(Source {
        container,
        reader,
        out,
    })
}

struct Source<R> {
    container: Option<Container>,
    reader: R,
    out: Output,
}

impl<R: Reader> PacketSource for Source<R> {
    fn container(&self) -> Option<Container> {
        self.container
    }

    fn tracks(&self) -> &[Track] {
        &self.out.tracks
    }

    fn notes(&self) -> &[String] {
        &self.out.notes
    }

    fn next_packet(&mut self) -> Result<Option<Packet>, Error> {
        loop {
            if let Some(packet) = self.out.interleave.pop() {
                return Ok(Some(packet));
            }
            if self.out.ended {
                return self.out.failure.take().map_or(Ok(None), Err);
            }
            self.reader.step(&mut self.out);
        }
    }

    fn take_description(&mut self) -> Option<Tracks> {
        None
    }

    fn duration(&self) -> Option<Duration> {
        self.out.duration
    }

    fn damage(&self) -> Damage {
        self.reader.damage()
    }
}
