use std::process::ExitCode;
use std::{fmt, io};

/// Why the program exits with another status than 0.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// What was asked for is impossible: nothing was attempted, and asking again will not help.
    Usage(String),
    /// It was attempted and failed.
    Failed(String),
    /// The same, and the user knows: it was the answer to what was asked.
    Told,
}

impl Failure {
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::Usage(message.to_string())
    }

    pub(crate) fn failed(message: impl fmt::Display) -> Self {
        Self::Failed(message.to_string())
    }

    /// Numbers that could not be written.
    pub(crate) fn stdout(error: io::Error) -> Self {
        Self::failed(match error.kind() {
            io::ErrorKind::TimedOut => "not all of it was written: nobody reads stdout".to_owned(),
            _ => format!("not all of it was written to stdout: {error}"),
        })
    }

    pub(crate) fn status(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Failed(_) | Self::Told => 1,
            Self::Usage(_) => 2,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Failed(message) => f.write_str(message),
            Self::Told => Ok(()),
        }
    }
}
