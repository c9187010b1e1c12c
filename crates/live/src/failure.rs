use std::fmt;

use onair_flv::FourCc;
use onair_rtmp::Error;

use crate::Fault;

/// Why a connection ended, or did not come about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    /// What commonly lies behind it.
    pub(crate) fault: Option<Fault>,
    /// Where the server said no in its protocol's way: its code and its description.
    pub(crate) refusal: Option<(String, String)>,
    words: String,
}

/// What kind of failure it is: what to do about it hangs on this alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// No connection: name, network, port or time.
    Unreachable,
    /// The server is not whom the URL names.
    Untrusted,
    /// The server said no, and would say so again.
    Rejected,
    /// The server believes this key to be on air already; or it may, without having said so: the
    /// code stands for that, and for a key that some servers do not know.
    Busy { is_said: bool },
    /// The server ended the connection, or reset it.
    Dropped,
    /// Anything else that ended a conversation.
    Lost,
    /// The application wants another connection.
    Renewed,
}

impl Failure {
    pub(crate) fn new(cause: Cause, words: impl Into<String>) -> Self {
        Self {
            cause,
            fault: None,
            refusal: None,
            words: words.into(),
        }
    }

    /// With what commonly lies behind it.
    #[must_use]
    pub(crate) const fn of(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    pub(crate) fn unreachable(words: impl Into<String>) -> Self {
        Self::new(Cause::Unreachable, words)
    }

    pub(crate) fn untrusted(words: impl Into<String>) -> Self {
        Self::new(Cause::Untrusted, words)
    }

    pub(crate) fn lost(words: impl Into<String>) -> Self {
        Self::new(Cause::Lost, words)
    }

    pub(crate) fn renewed() -> Self {
        Self::new(Cause::Renewed, "a new connection was asked for")
    }

    /// The line took nothing, or a byte now and then, for so many seconds.
    pub(crate) fn stalled(seconds: u64) -> Self {
        let words = format!("the line took nothing to speak of for {seconds} seconds");
        Self::lost(words).of(Fault::Stalled)
    }

    /// The operating system says that the connection is gone.
    pub(crate) fn broken(error: &std::io::Error) -> Self {
        use std::io::ErrorKind as E;
        let cause = match error.kind() {
            E::ConnectionReset | E::ConnectionAborted | E::BrokenPipe | E::UnexpectedEof => {
                Cause::Dropped
            }
            _ => Cause::Lost,
        };
        Self::new(cause, format!("the connection broke: {error}"))
    }

    /// What the machine says; `codec` is the one that is sent, if not every server knows it.
    pub(crate) fn conversation(error: &Error, codec: Option<FourCc>) -> Self {
        let cause = match error {
            error if error.is_already_publishing() => Cause::Busy {
                is_said: !error.is_final(),
            },
            error if error.is_final() => Cause::Rejected,
            Error::Closed { .. } => Cause::Dropped,
            _ => Cause::Lost,
        };
        let words = match error {
            Error::Refused { code, description } if description.is_empty() => {
                format!("the server refused: {code}")
            }
            Error::Refused { code, description } => {
                format!("the server refused: {code} ({description})")
            }
            Error::Closed { .. } if codec == Some(FourCc::HEVC) => {
                format!("{error}; or that it does not take HEVC, where H.264 would work")
            }
            other => other.to_string(),
        };
        let refusal = match error {
            Error::Refused { code, description } => Some((code.clone(), description.clone())),
            _ => None,
        };
        Self {
            cause,
            fault: Fault::of(error),
            refusal,
            words,
        }
    }

    /// The verdict on a server that took the stream so often and dropped it each time.
    pub(crate) fn accepted_then_dropped(&self, airings: u32, within: u64) -> Self {
        let words = match airings {
            1 => format!(
                "accepted, then dropped within {within} s: the stream key or the service's policy \
                 ({self})"
            ),
            _ => format!(
                "accepted, then dropped, {airings} times within {within} s each: the stream key or \
                 the service's policy (the last time: {self})"
            ),
        };
        Self::new(Cause::Rejected, words).of(Fault::AcceptedThenDropped)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}
