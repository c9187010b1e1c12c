use onair_media::FourCc;

use crate::UrlError;
use crate::publisher::Step;
use crate::status::{Meaning, Status};

/// Why an RTMP conversation went wrong, sorted by whose fault it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// The server redirects us to a target that we refuse.
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
        /// Ours.
        codec: FourCc,
        /// The server's, as it names them.
        takes: String,
    },
    /// The server closed the connection without a word.
    #[error(
        "the server closed the connection {}; a common cause: {}",
        when(*.during), .during.common_cause()
    )]
    Closed {
        /// How far we had come.
        during: Step,
    },
    /// The caller asked for something the protocol or the present state does not allow.
    #[error("misuse: {what}")]
    Misuse {
        /// What was asked.
        what: &'static str,
    },
}

/// What the server interrupted.
fn when(during: Step) -> String {
    match during {
        Step::Live => "in the middle of the stream".to_owned(),
        other => format!("while we waited for {}", other.awaited()),
    }
}

impl Error {
    /// Whether the server refused because the stream name is in use, perhaps by our own last
    /// connection.
    ///
    /// nginx-rtmp and others have a code for it; some only have words.
    pub fn is_already_publishing(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == BAD_NAME) || self.says_busy()
    }

    /// Whether another attempt would fail the same way: the key, the application, the address or
    /// the login is wrong, and not merely the server or the line in a bad state.
    ///
    /// A name that the server says is in use does not count: it may be free in a minute.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Refused { code, .. } => {
                Meaning::of(code) == Meaning::Refused && !self.says_busy()
            }
            Self::Url(_)
            | Self::CredentialsNeeded { .. }
            | Self::CredentialsRejected { .. }
            | Self::Redirected { .. }
            | Self::CodecRefused { .. }
            | Self::Misuse { .. } => true,
            Self::Invalid { .. }
            | Self::PeerMisbehaved { .. }
            | Self::LimitExceeded { .. }
            | Self::TimedOut { .. }
            | Self::Closed { .. } => false,
        }
    }

    /// The server says that the stream's name is in use, and means it: some answer `BadName` to a
    /// key they do not know, but then their description says so.
    fn says_busy(&self) -> bool {
        let Self::Refused { code, description } = self else {
            return false;
        };
        let description = description.to_ascii_lowercase();
        let says = |words: &&str| description.contains(words);
        let is_in_use = ["already", "busy", "in use", "being published"];
        is_in_use.iter().any(says) || code == BAD_NAME && description.is_empty()
    }

    pub(crate) const fn invalid(what: &'static str, at: usize) -> Self {
        Self::Invalid { what, at }
    }

    pub(crate) const fn peer(what: &'static str, at: u64) -> Self {
        Self::PeerMisbehaved { what, at }
    }
}

/// In Adobe's words: somebody else is publishing the stream already.
const BAD_NAME: &str = "NetStream.Publish.BadName";

impl From<Status> for Error {
    /// The refusal, in the server's own words.
    fn from(status: Status) -> Self {
        let or = |text: String, instead: &str| {
            if text.is_empty() {
                instead.to_owned()
            } else {
                text
            }
        };
        Self::Refused {
            code: or(status.code, "_error"),
            description: or(status.description, "no reason given"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str, description: &str) -> Error {
        Error::Refused {
            code: code.to_owned(),
            description: description.to_owned(),
        }
    }

    #[test]
    fn what_another_attempt_cannot_change_is_final_and_the_servers_own_trouble_is_not() {
        for (code, description) in [
            ("NetStream.Publish.Denied", "wrong key"),
            ("NetStream.Publish.BadName", "no such key"),
            ("NetConnection.Connect.InvalidApp", ""),
        ] {
            assert!(
                refused(code, description).is_final(),
                "{code} {description}"
            );
        }
        for (code, description) in [
            ("NetStream.Publish.BadName", "Already publishing"),
            (
                "NetStream.Publish.BadName",
                "somebody is publishing to cam already",
            ),
            ("NetStream.Publish.BadName", ""),
            ("NetConnection.Connect.Failed", "no backend"),
            ("NetConnection.Connect.AppShutdown", ""),
            ("", "bad gateway"),
        ] {
            assert!(
                !refused(code, description).is_final(),
                "{code} {description}"
            );
        }
        assert!(!Error::TimedOut { waiting_for: "it" }.is_final());
    }
}
