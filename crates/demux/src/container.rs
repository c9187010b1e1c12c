use std::fmt;

/// The containers this crate recognises.
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

impl Format {
    /// Each of them once.
    pub const ALL: &[Self] = &[Self::Flv, Self::Ts];

    /// What it is.
    pub const fn container(self) -> Container {
        match self {
            Self::Flv => Container::Flv,
            Self::Ts => Container::Ts,
        }
    }

    /// The name to ask for it by.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flv => "flv",
            Self::Ts => "ts",
        }
    }

    /// Whether a stream with these first bytes looks like it: a handful is enough.
    pub fn is_begun_by(self, start: &[u8]) -> bool {
        match self {
            Self::Flv => start.starts_with(b"FLV\x01"),
            Self::Ts => start.starts_with(&[SYNC_BYTE]),
        }
    }
}

/// With which each packet begins (ISO/IEC 13818-1 §2.4.3.3).
const SYNC_BYTE: u8 = 0x47;
