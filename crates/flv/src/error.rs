use std::borrow::Cow;

/// Why bytes could not be understood as FLV or AMF0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes end before the structure does: more might help.
    #[error("{what}: truncated at byte {at}")]
    Truncated {
        /// The structure being read.
        what: &'static str,
        /// The byte offset at which more was needed.
        at: u64,
    },
    /// The bytes contradict the specification: no more bytes will help.
    #[error("{what} (at byte {at})")]
    Invalid {
        /// What is wrong, with the structure's name first.
        what: &'static str,
        /// The byte offset of the contradiction.
        at: u64,
    },
    /// The sender asks for more than this crate is willing to hold.
    #[error("{what}: over the limit of {limit} (at byte {at})")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// How much would have been accepted.
        limit: usize,
        /// The byte offset at which the limit was passed.
        at: u64,
    },
    /// The bytes are legal, but ask for something this crate does not do.
    #[error("unsupported: {what}")]
    Unsupported {
        /// What is asked for, by its name where it has one.
        what: Cow<'static, str>,
    },
    /// A decoder configuration inside a tag could not be read.
    #[error("sequence header: {0}")]
    SequenceHeader(#[from] onair_media::Error),
}

impl Error {
    pub(crate) fn truncated(what: &'static str, at: impl TryInto<u64>) -> Self {
        Self::Truncated {
            what,
            at: offset(at),
        }
    }

    pub(crate) fn invalid(what: &'static str, at: impl TryInto<u64>) -> Self {
        Self::Invalid {
            what,
            at: offset(at),
        }
    }

    pub(crate) fn unsupported(what: impl Into<Cow<'static, str>>) -> Self {
        Self::Unsupported { what: what.into() }
    }
}

fn offset(at: impl TryInto<u64>) -> u64 {
    at.try_into().unwrap_or(u64::MAX)
}
