use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a receiver could not be started. What goes wrong later arrives as an [`Event`](crate::Event).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// A certificate or its key cannot be used.
    #[error("certificate {}: {reason}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The file of the token that lets browsers go live cannot be used.
    #[error("token {}: {reason}", path.display())]
    Token {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The directory for recordings cannot be written to.
    #[error("cannot record to {}: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A stream key cannot be used.
    #[error(transparent)]
    Key(#[from] crate::KeyError),
    /// The operating system refused something.
    #[error("{what}: {source}")]
    System {
        /// What was asked of it.
        what: &'static str,
        /// Its answer.
        source: std::io::Error,
    },
    /// The builder was given too little, or things that exclude each other.
    #[error("{0}")]
    Misuse(&'static str),
}
