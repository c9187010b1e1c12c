/// Why bytes could not be understood as media.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes end before the structure does: more might help.
    #[error("{what}: truncated at byte {at}")]
    Truncated {
        /// The structure being read.
        what: &'static str,
        /// The byte offset at which more was needed.
        at: usize,
    },
    /// The bytes contradict the specification: no more bytes will help.
    #[error("{what} (at byte {at})")]
    Invalid {
        /// What is wrong, with the structure's name first.
        what: &'static str,
        /// The byte offset of the contradiction.
        at: usize,
    },
    /// The bytes are legal, but ask for something this crate does not do.
    #[error("unsupported: {what}")]
    Unsupported {
        /// What is asked for.
        what: &'static str,
    },
}

impl Error {
    /// `what` ends too early, at byte `at`.
    pub const fn truncated(what: &'static str, at: usize) -> Self {
        Self::Truncated { what, at }
    }

    /// `what` is wrong at byte `at`.
    pub const fn invalid(what: &'static str, at: usize) -> Self {
        Self::Invalid { what, at }
    }

    /// `what` is legal but not supported.
    pub const fn unsupported(what: &'static str) -> Self {
        Self::Unsupported { what }
    }
}
