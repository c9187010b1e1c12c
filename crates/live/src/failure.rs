use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};

use crate::Fault;

/// Why a connection to a destination ended, or never came about: typed for programs, and in words
/// for people (`Display`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    words: String,
    /// The cause.
    pub fault: Fault,
    /// How far things had come.
    pub stage: FailureStage,
    /// The server's own words, where it said no.
    pub refusal: Option<Refusal>,
    pub(crate) cause: Cause,
}

/// How far a destination had come when something failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureStage {
    /// The host's name was being looked up.
    Resolve,
    /// A connection was being opened.
    Connect,
    /// TLS was being agreed on.
    Tls,
    /// The server was being told who we are and which application we want.
    Negotiate,
    /// The server was being asked to take the stream.
    Publish,
    /// On air; or, for a file, while it was being written.
    Live,
    /// The stream was being taken down; or, for a file, while it was being closed.
    End,
}

/// How a server said no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Its protocol's code, for instance `NetStream.Publish.BadName`.
    pub code: String,
    /// What it wrote beside that.
    pub description: String,
}

/// What another attempt is likely to bring: this alone decides what to do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Cause {
    /// The server cannot prove the identity that the URL demands.
    Untrusted,
    /// The server said no, and would say so again.
    Rejected,
    /// The server believes that this key is on air already. It may not have said so: its code can
    /// also mean a key that it does not know.
    Busy { is_said: bool },
    /// The server ended the connection, or reset it.
    Dropped,
    /// Anything else: it may work the next time.
    Lost,
    /// The application wants another connection.
    Renewed,
}

impl Failure {
    /// A failure that another attempt may mend.
    pub fn new(stage: FailureStage, fault: Fault, words: impl Into<String>) -> Self {
        Self {
            words: words.into(),
            fault,
            stage,
            refusal: None,
            cause: Cause::Lost,
        }
    }

    /// With what another attempt is likely to bring.
    #[must_use]
    pub(crate) const fn because(mut self, cause: Cause) -> Self {
        self.cause = cause;
        self
    }

    /// With more words at the end.
    #[must_use]
    pub(crate) fn adding(mut self, words: &str) -> Self {
        self.words.push_str(words);
        self
    }

    /// The server cannot prove its identity.
    pub(crate) fn untrusted(fault: Fault, words: impl Into<String>) -> Self {
        Self::new(FailureStage::Tls, fault, words).because(Cause::Untrusted)
    }

    /// The application wants another connection.
    pub(crate) fn renewed() -> Self {
        let words = "a new connection was asked for";
        Self::new(FailureStage::Live, Fault::Renewed, words).because(Cause::Renewed)
    }

    /// The line took nothing, or only a byte now and then, for so many seconds.
    pub(crate) fn stalled(stage: FailureStage, seconds: u64) -> Self {
        let words = format!("the line took nothing to speak of for {seconds} seconds");
        Self::new(stage, Fault::Stalled, words)
    }

    /// The operating system reports that the connection is gone.
    pub(crate) fn broken(stage: FailureStage, error: &io::Error) -> Self {
        use io::ErrorKind as E;
        let cause = match error.kind() {
            E::ConnectionReset | E::ConnectionAborted | E::BrokenPipe | E::UnexpectedEof => {
                Cause::Dropped
            }
            _ => Cause::Lost,
        };
        let words = format!("the connection broke: {error}");
        Self::new(stage, Fault::ConnectionBroken, words).because(cause)
    }

    /// The verdict on a server that took the stream this often and dropped it each time.
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
        Self::new(self.stage, Fault::AcceptedThenDropped, words).because(Cause::Rejected)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl std::error::Error for Failure {}
