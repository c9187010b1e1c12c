use std::io;
use std::sync::Arc;

use onair_media::Kind;

/// Why a file or stream could not be read, sorted by whose fault it is.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system failed.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// No container this crate reads begins like this.
    #[error("not a media file onair reads ({found}); it reads mp4, mov, flv, ts and mkv")]
    Unrecognized {
        /// What the first bytes look like.
        found: String,
    },
    /// The input ends in the middle of a structure. What came before was delivered.
    #[error("{what} ends at byte {at}, before it is whole: the file is cut short")]
    Truncated {
        /// The structure cut short.
        what: &'static str,
        /// Byte offset from the start of the input.
        at: u64,
    },
    /// The bytes contradict the container's specification. What came before was delivered.
    #[error("{what}, at byte {at}")]
    Invalid {
        /// What is wrong, with the structure's name first.
        what: &'static str,
        /// Byte offset from the start of the input.
        at: u64,
    },
    /// A track is coded in a way RTMP's classic codecs do not cover.
    #[error("{kind} track is {codec}, which cannot be sent untouched; {advice}", kind = kind_name(*.kind))]
    Codec {
        /// Which kind of track.
        kind: Kind,
        /// The codec's usual name.
        codec: String,
        /// What would work, with a command to run.
        advice: String,
    },
    /// The container holds no video and no audio.
    #[error("{container} holds no video or audio track")]
    NoTracks {
        /// The container.
        container: crate::Container,
    },
}

impl Error {
    pub(crate) fn io(doing: &'static str, source: io::Error) -> Self {
        Self::Io {
            doing,
            source: Arc::new(source),
        }
    }

    pub(crate) const fn truncated(what: &'static str, at: u64) -> Self {
        Self::Truncated { what, at }
    }

    pub(crate) const fn invalid(what: &'static str, at: u64) -> Self {
        Self::Invalid { what, at }
    }

    /// A bitstream's error, placed in the file at `base`.
    pub(crate) fn media(error: &onair_media::Error, base: u64) -> Self {
        match *error {
            onair_media::Error::Truncated { what, at } => Self::truncated(what, base + at as u64),
            onair_media::Error::Invalid { what, at } => Self::invalid(what, base + at as u64),
            onair_media::Error::Unsupported { what } => Self::invalid(what, base),
            _ => Self::invalid("bitstream is not understood", base),
        }
    }
}

const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Video => "the video",
        Kind::Audio => "the audio",
    }
}
