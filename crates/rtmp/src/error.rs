use crate::UrlError;
use crate::publisher::Stage;

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
    #[error("the peer broke the protocol: {what} (at byte {at})")]
    PeerMisbehaved {
        /// What the peer did.
        what: &'static str,
        /// The byte offset in the handshake or in the chunks the peer sent.
        at: u64,
    },
    /// The peer asked for more memory than it is allowed.
    #[error("the peer exceeds the limit of {limit} {what} (at byte {at})")]
    LimitExceeded {
        /// What is limited, with its unit.
        what: &'static str,
        /// How much of it is allowed.
        limit: usize,
        /// The byte offset in the handshake or in the chunks the peer sent.
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
    /// The server wants to know who publishes, and no credentials were given.
    #[error("the server wants a user name and a password: {description}")]
    CredentialsNeeded {
        /// The server's own words.
        description: String,
    },
    /// The server does not take the credentials given.
    #[error("the server does not accept this user name and password: {description}")]
    CredentialsRejected {
        /// The server's own words.
        description: String,
    },
    /// The server sends us to where we do not go.
    #[error("the server redirects to {target}, but {why}")]
    Redirected {
        /// Where to, without the key.
        target: String,
        /// Why not.
        why: &'static str,
    },
    /// The server says which video codecs it takes, and ours is none of them.
    #[error("the server does not take {codec} video: it takes {takes}; H.264 works everywhere")]
    CodecRefused {
        /// Ours, by its `FourCC`.
        codec: String,
        /// The server's, by theirs.
        takes: String,
    },
    /// The server closed the connection without a word.
    #[error(
        "the server closed the connection {}; a common cause: {}",
        when(*.during), .during.common_cause()
    )]
    Closed {
        /// How far we had come.
        during: Stage,
    },
    /// The caller asked for something the protocol or the present state does not allow.
    #[error("misuse: {what}")]
    Misuse {
        /// What was asked.
        what: &'static str,
    },
}

/// What the server interrupted.
fn when(during: Stage) -> String {
    match during {
        Stage::Live => "in the middle of the stream".to_owned(),
        other => format!("while we waited for {}", other.awaited()),
    }
}

impl Error {
    /// Whether the server refused because the stream name is in use, perhaps by our own ghost.
    ///
    /// nginx-rtmp and others have a code for it; some only have words.
    pub fn is_already_publishing(&self) -> bool {
        let Self::Refused { code, description } = self else {
            return false;
        };
        let description = description.to_ascii_lowercase();
        code == "NetStream.Publish.BadName"
            || [
                "already publish",
                "stream is busy",
                "stream busy",
                "already in use",
            ]
            .iter()
            .any(|words| description.contains(words))
    }

    pub(crate) const fn invalid(what: &'static str, at: usize) -> Self {
        Self::Invalid { what, at }
    }

    pub(crate) const fn peer(what: &'static str, at: u64) -> Self {
        Self::PeerMisbehaved { what, at }
    }
}
