use serde::{Serialize, Serializer};

use super::TargetError;
use crate::StreamName;

/// A relay and its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RelayInfo {
    /// Which stream.
    pub name: StreamName,
    /// Where to, the key redacted.
    pub url: String,
    /// Its state.
    pub state: RelayState,
}

/// The state of a relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RelayState {
    /// Not yet on air.
    Connecting,
    /// On air.
    Live,
    /// Was on air, and will be.
    Reconnecting,
    /// It has ended with its stream.
    Ended,
    /// Given up; see [`Receiver::retry_relays`](crate::Receiver::retry_relays).
    Failed(#[serde(serialize_with = "in_words")] RelayFailure),
}

/// Why a relay is given up, or not begun.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RelayFailure {
    /// It was not begun.
    #[error(transparent)]
    NotBegun(#[from] RelayError),
    /// The broadcast could not be started, for this reason.
    #[error("{0}")]
    NotStarted(String),
    /// The other server failed, or the way to it.
    #[error(transparent)]
    Destination(#[from] onair::Failure),
}

/// Why a stream is not relayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// Another stream goes there.
    #[error(
        "{0} is relayed there already, and two streams would cut each other off: \
         put {{stream}} into the relay's URL, or relay one stream alone"
    )]
    Busy(StreamName),
    /// There may be no more relays.
    #[error("{0} relays are running, and more are not begun")]
    Full(usize),
    /// Its name does not fit into the URL.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The system gives no thread.
    #[error("cannot start a thread: {0}")]
    Thread(String),
}

fn in_words<S: Serializer>(failure: &RelayFailure, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(failure)
}
