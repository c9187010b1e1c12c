use std::io;
use std::sync::Arc;

use crate::codec::kind_name;
use crate::refused::{Refused, conversion};

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
    /// The first bytes belong to no container this crate reads.
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
    /// Tracks are coded in a way RTMP does not carry.
    #[error("{}, which cannot be sent untouched; this makes a file that can be:\n  {command}", named(.refused))]
    Codec {
        /// The first track of each kind that has none to send.
        refused: Vec<Refused>,
        /// A command that converts `INPUT` into an `OUTPUT.mp4` that can be sent.
        command: String,
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

    /// For refused tracks; `kept` says which kinds can stay, video first.
    pub(crate) fn codec(refused: Vec<Refused>, kept: [bool; 2]) -> Self {
        let command = conversion(&refused, kept).to_string();
        Self::Codec { refused, command }
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

fn named(refused: &[Refused]) -> String {
    let name = |track: &Refused| format!("the {} track is {}", kind_name(track.kind), track.codec);
    let names: Vec<_> = refused.iter().map(name).collect();
    names.join(" and ")
}
