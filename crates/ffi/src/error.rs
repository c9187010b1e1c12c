/// Why something could not be done, in a sentence for people. What goes wrong later is an event.
#[derive(Debug, thiserror::Error, uniffi::Error)]
#[uniffi(flat_error)]
#[non_exhaustive]
pub enum OnairError {
    /// The URL, key or credentials of a destination make no sense.
    #[error("destination {number}: {reason}")]
    Destination {
        /// Counts from 1.
        number: usize,
        /// What is wrong with it; never the key.
        reason: String,
    },
    /// The configuration contradicts itself, or is beyond what is possible.
    #[error("{0}")]
    Config(String),
    /// This device lacks it, or the system does not let us have it.
    #[error("{0}")]
    Unavailable(String),
    /// The engine could not start.
    #[error(transparent)]
    Start(#[from] onair::Error),
}
