use std::time::Duration;

use onair_media::{Packet, Tracks};

use crate::interleave::Interleave;
use crate::{Container, Damage, Error, Opened, PacketSource, Refused, Track};

/// Reads one file format.
pub(crate) trait Reader: Send + 'static {
    /// Reads on a little and puts what it finds into `out`, the end included.
    fn step(&mut self, out: &mut Output);

    /// What could not be read so far, by track.
    fn damage(&self) -> Damage;
}

/// What a reader has found.
pub(crate) struct Output {
    pub(crate) tracks: Vec<Track>,
    /// What was left out or looked odd, in words for people.
    pub(crate) notes: Vec<String>,
    /// Its duration, where the container says so.
    pub(crate) duration: Option<Duration>,
    interleave: Interleave,
    /// The error that ended the input, until it is returned.
    failure: Option<Error>,
    ended: bool,
}

impl Output {
    /// For packets that come track by track: they are put into one order.
    pub(crate) fn new() -> Self {
        Self::through(Interleave::new())
    }

    /// For packets that come in order already.
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

    /// No packet follows. A failure is returned after the last one.
    pub(crate) fn end(&mut self, failure: Option<Error>) {
        self.interleave.end();
        self.failure = failure;
        self.ended = true;
    }

    pub(crate) const fn has_ended(&self) -> bool {
        self.ended
    }
}

/// A source of packets from a reader that has found its tracks, and the tracks that cannot be sent.
/// It is an error to have neither.
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

/// A source of packets from a reader that has found its tracks.
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
