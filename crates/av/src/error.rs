use std::io;

use onair_media::Size;

use crate::device::Kind;

/// Why frames or audio could not be captured or encoded, by whose fault it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request makes no sense.
    #[error("{what}")]
    Invalid {
        /// What is wrong with the request.
        what: String,
    },
    /// The request is sensible, but nothing here can do it.
    #[error("unsupported: {what}")]
    Unsupported {
        /// What is asked for, and what would work.
        what: String,
    },
    /// A frame does not have the size its encoder was opened for.
    #[error("a frame of {got} came to an encoder opened for {expected}")]
    WrongSize {
        /// The size the encoder was opened for.
        expected: Size,
        /// The size that came.
        got: Size,
    },
    /// The bytes being read as raw media contradict their format.
    #[error("{format}: {what}")]
    Malformed {
        /// The format being read.
        format: &'static str,
        /// What is wrong.
        what: String,
    },
    /// Reading raw media failed.
    #[error("reading raw media: {message}")]
    Read {
        /// The kind of I/O error.
        kind: io::ErrorKind,
        /// The error in words.
        message: String,
    },
    /// An encoder or a device failed.
    #[error("{backend}: {what}")]
    Backend {
        /// The encoder's or device's name.
        backend: &'static str,
        /// What it was doing, and its own status code or words.
        what: String,
    },
    /// The user or the system does not let this program use a kind of device.
    #[error("{}", .0.refusal())]
    NotAllowed(Kind),
    /// An encoder was taken away by the system: the app left the screen, the media
    /// services died, the hardware went wrong. Another may open later.
    #[error("{backend}: the encoder was lost: {what}")]
    Lost {
        /// The encoder's name.
        backend: &'static str,
        /// Its own status code and words.
        what: String,
    },
    /// An encoder produced a bitstream that cannot be understood.
    #[error("encoder output: {0}")]
    Media(#[from] onair_media::Error),
}

impl Error {
    pub(crate) fn invalid(what: impl Into<String>) -> Self {
        Self::Invalid { what: what.into() }
    }

    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported { what: what.into() }
    }

    pub(crate) fn backend(backend: &'static str, what: impl Into<String>) -> Self {
        let what = what.into();
        Self::Backend { backend, what }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Read {
            kind: error.kind(),
            message: error.to_string(),
        }
    }
}
