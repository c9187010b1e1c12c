use onair_media::Kind;

use crate::codec::kind_name;
use crate::{Container, Error, Refused, Track};

/// The tracks chosen: the first usable one of each kind.
pub(crate) struct TrackSelection<T> {
    usable: Vec<(T, Track)>,
    refused: Vec<Refused>,
    broken: Vec<(Kind, Error)>,
    notes: Vec<String>,
}

/// Why a track cannot be read.
pub(crate) enum Unusable {
    /// Its codec cannot be sent.
    Refused(Refused),
    /// Its description is not understood.
    Broken(Error),
}

impl From<Error> for Unusable {
    fn from(error: Error) -> Self {
        Self::Broken(error)
    }
}

impl<T> Default for TrackSelection<T> {
    fn default() -> Self {
        Self {
            usable: Vec::new(),
            refused: Vec::new(),
            broken: Vec::new(),
            notes: Vec::new(),
        }
    }
}

impl<T> TrackSelection<T> {
    /// Offers the next track, or why it cannot be read.
    pub(crate) fn offer(&mut self, kind: Kind, track: Result<(T, Track), Unusable>) {
        let taken = self.usable.iter().any(|(_, track)| track.kind() == kind);
        match track {
            Ok(_) if taken => self
                .notes
                .push(format!("another {} track", kind_name(kind))),
            Ok(found) => self.usable.push(found),
            Err(Unusable::Refused(refused)) => self.refused.push(refused),
            Err(Unusable::Broken(error)) => self.broken.push((kind, error)),
        }
    }

    /// The chosen tracks, the refused ones of kinds that have no usable one, and notes about the
    /// others. It is an error when all tracks of a kind are broken.
    pub(crate) fn finish(self, container: Container) -> Result<SelectedTracks<T>, Error> {
        let left_out = |note: &String| format!("{note} is left out");
        let mut notes: Vec<_> = self.notes.iter().map(left_out).collect();
        let has = |kind| self.usable.iter().any(|(_, track)| track.kind() == kind);
        let mut refused: Vec<Refused> = Vec::new();
        for track in self.refused {
            if has(track.kind) || refused.iter().any(|other| other.kind == track.kind) {
                let (kind, codec) = (kind_name(track.kind), track.codec);
                notes.push(format!("another {kind} track, {codec}, is left out"));
            } else {
                refused.push(track);
            }
        }
        refused.sort_by_key(|track| track.kind);
        for (kind, error) in self.broken {
            if !has(kind) && !refused.iter().any(|track| track.kind == kind) {
                return Err(error);
            }
            notes.push(format!(
                "another {} track is left out: {error}",
                kind_name(kind)
            ));
        }
        if self.usable.is_empty() && refused.is_empty() {
            return Err(Error::NoTracks { container });
        }
        Ok(SelectedTracks {
            tracks: self.usable,
            refused,
            notes,
        })
    }
}

/// The chosen tracks, the refused ones, and notes about the rest.
pub(crate) struct SelectedTracks<T> {
    pub(crate) tracks: Vec<(T, Track)>,
    pub(crate) refused: Vec<Refused>,
    pub(crate) notes: Vec<String>,
}
