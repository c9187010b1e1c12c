use crate::UrlError;

/// Why an RTMP conversation went wrong, sorted by whose fault it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The caller's URL cannot be published to.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// Bytes that cannot be what they claim to be.
    #[error("{what} (at byte {at})")]
    Invalid {
        /// What is wrong, with the structure's name first.
        what: &'static str,
        /// The byte offset inside the structure.
        at: usize,
    },
    /// The peer broke the protocol: nothing it sends from here on can be understood.
    #[error("the peer broke the protocol: {what} (at byte {at} of the connection)")]
    PeerMisbehaved {
        /// What the peer did.
        what: &'static str,
        /// The byte offset in what the peer sent.
        at: u64,
    },
    /// The peer asked for more memory than it is allowed.
    #[error("the peer exceeds the limit of {limit} {what} (at byte {at} of the connection)")]
    LimitExceeded {
        /// What is limited, with its unit.
        what: &'static str,
        /// How much of it is allowed.
        limit: usize,
        /// The byte offset in what the peer sent.
        at: u64,
    },
    /// The server said no.
    #[error("the server refused: {code}: {description}")]
    Refused {
        /// The status code, as in `NetStream.Publish.BadName`.
        code: String,
        /// The server's own words.
        description: String,
    },
    /// The peer did not answer in time.
    #[error("timed out waiting for {waiting_for}")]
    TimedOut {
        /// What did not come.
        waiting_for: &'static str,
    },
    /// The peer closed the connection.
    #[error("the peer closed the connection while {during}")]
    Closed {
        /// What was going on.
        during: &'static str,
    },
    /// The caller asked for something the protocol or the present state does not allow.
    #[error("misuse: {what}")]
    Misuse {
        /// What was asked.
        what: &'static str,
    },
}

impl Error {
    /// Whether the server refused because the stream name is in use, perhaps by our own ghost.
    pub fn is_already_publishing(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == "NetStream.Publish.BadName")
    }

    pub(crate) const fn invalid(what: &'static str, at: usize) -> Self {
        Self::Invalid { what, at }
    }

    pub(crate) const fn peer(what: &'static str, at: u64) -> Self {
        Self::PeerMisbehaved { what, at }
    }
}
