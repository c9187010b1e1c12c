use std::fmt;

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
