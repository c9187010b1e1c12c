use std::fmt;
use std::time::Duration;

use onair_media::{Bitrate, Config, Kind, Packet, Timestamp};

use crate::{Damage, Error, Refused};

/// A media file or stream, read packet by packet.
///
/// Times are the container's own: they start wherever the file starts, and can
/// be negative where an edit list or B-frame reordering puts them there.
pub trait PacketSource: Send {
    /// Which container this is.
    fn container(&self) -> Container;

    /// The tracks whose packets come out: at most one of each kind.
    fn tracks(&self) -> &[Track];

    /// What was left out or looked odd, in words for a person.
    fn notes(&self) -> &[String];

    /// The next packet: decode order within a track, the tracks interleaved by
    /// decoding time. `None` at the end. After an error, `None`.
    fn next_packet(&mut self) -> Result<Option<Packet>, Error>;

    /// How long the whole lasts, where the container says so.
    fn duration(&self) -> Option<Duration>;

    /// What of it could not be read so far, counted by the track.
    fn damage(&self) -> Damage;
}

/// One track of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// How it is coded, at its beginning.
    pub config: Config,
    /// Degrees to turn the picture clockwise for viewing: 90, 180 or 270.
    pub rotation: Option<u16>,
    /// When its first packet is shown or heard, where known beforehand.
    pub start: Option<Timestamp>,
    /// How long it lasts, where the container says so.
    pub duration: Option<Duration>,
    /// Its mean bitrate, where the container says so or can be asked.
    pub bitrate: Option<Bitrate>,
    /// What is odd about it, in words for a person.
    pub notes: Vec<String>,
}

impl Track {
    /// A track of which only the coding is known.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            rotation: None,
            start: None,
            duration: None,
            bitrate: None,
            notes: Vec::new(),
        }
    }

    /// Whether it is video or audio.
    pub const fn kind(&self) -> Kind {
        self.config.kind()
    }
}

/// The containers that can be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Container {
    /// MP4 or fragmented MP4 (ISO/IEC 14496-12, -14).
    Mp4,
    /// QuickTime movie.
    QuickTime,
    /// Flash Video (FLV 10.1, annex E).
    Flv,
    /// MPEG-2 transport stream (ISO/IEC 13818-1).
    Ts,
    /// Matroska or WebM (RFC 9559).
    Matroska,
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mp4 => "MP4",
            Self::QuickTime => "QuickTime",
            Self::Flv => "FLV",
            Self::Ts => "MPEG-TS",
            Self::Matroska => "Matroska",
        })
    }
}

/// The containers that need no seeking and so can come through a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Flash Video.
    Flv,
    /// MPEG-2 transport stream.
    Ts,
}

/// The tracks picked out of those a container offers: the first usable one of
/// each kind.
pub(crate) struct Chosen<T> {
    usable: Vec<(T, Track)>,
    refused: Vec<Refused>,
    broken: Vec<(Kind, Error)>,
    notes: Vec<String>,
}

/// Why a track that is offered cannot be read.
pub(crate) enum Unusable {
    /// It is coded in another way.
    Refused(Refused),
    /// What describes it is not understood.
    Broken(Error),
}

impl From<Error> for Unusable {
    fn from(error: Error) -> Self {
        Self::Broken(error)
    }
}

impl<T> Default for Chosen<T> {
    fn default() -> Self {
        Self {
            usable: Vec::new(),
            refused: Vec::new(),
            broken: Vec::new(),
            notes: Vec::new(),
        }
    }
}

impl<T> Chosen<T> {
    /// Offers the next track, or why it cannot be read.
    pub(crate) fn offer(&mut self, kind: Kind, track: Result<(T, Track), Unusable>) {
        let taken = self.usable.iter().any(|(_, track)| track.kind() == kind);
        match track {
            Ok(_) if taken => self.notes.push(format!("another {} track", name(kind))),
            Ok(found) => self.usable.push(found),
            Err(Unusable::Refused(refused)) => self.refused.push(refused),
            Err(Unusable::Broken(error)) => self.broken.push((kind, error)),
        }
    }

    /// The chosen tracks, the first of each kind of which none is usable, and
    /// what is to be said about the others. Where all of a kind are broken, that
    /// is an error.
    pub(crate) fn finish(self, container: Container) -> Result<Picked<T>, Error> {
        let left_out = |note: &String| format!("{note} is left out");
        let mut notes: Vec<_> = self.notes.iter().map(left_out).collect();
        let has = |kind| self.usable.iter().any(|(_, track)| track.kind() == kind);
        let mut refused: Vec<Refused> = Vec::new();
        for track in self.refused {
            if has(track.kind) || refused.iter().any(|other| other.kind == track.kind) {
                let (kind, codec) = (name(track.kind), track.codec);
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
            notes.push(format!("another {} track is left out: {error}", name(kind)));
        }
        if self.usable.is_empty() && refused.is_empty() {
            return Err(Error::NoTracks { container });
        }
        Ok(Picked {
            tracks: self.usable,
            refused,
            notes,
        })
    }
}

/// The chosen tracks, those of which there is none to choose, and notes about the rest.
pub(crate) struct Picked<T> {
    pub(crate) tracks: Vec<(T, Track)>,
    pub(crate) refused: Vec<Refused>,
    pub(crate) notes: Vec<String>,
}

pub(crate) const fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Video => "video",
        Kind::Audio => "audio",
    }
}
