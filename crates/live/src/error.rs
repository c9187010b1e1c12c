use std::path::PathBuf;

use crate::Failure;

/// Why a broadcast could not be started. What goes wrong later arrives as an [`Event`](crate::Event).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The builder was given too little, or things that exclude each other.
    #[error("{0}")]
    Misuse(&'static str),
    /// A file of certificates cannot be used.
    #[error("certificates in {}: {reason}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The recording cannot be begun.
    #[error("cannot record to {}: {reason}", path.display())]
    Recording {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The trace cannot be begun.
    #[error("cannot write a trace to {}: {reason}", path.display())]
    Trace {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A live stream cannot be watched.
    #[error(transparent)]
    Unplayable(#[from] Failure),
    /// An encoder or a source of raw media failed.
    #[error(transparent)]
    Av(#[from] onair_av::Error),
    /// A file or stream of compressed media failed.
    #[error(transparent)]
    Demux(#[from] onair_demux::Error),
    /// The operating system refused a resource, such as a thread or a socket.
    #[error("{what}: {source}")]
    System {
        /// What was asked of it.
        what: &'static str,
        /// Its answer.
        source: std::io::Error,
    },
}
