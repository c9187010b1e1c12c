use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

/// A closed recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Recording {
    /// The file.
    pub path: PathBuf,
    /// Pictures in it.
    pub frames: u64,
    /// Audio frames in it.
    pub audio_frames: u64,
    /// From its first frame to its last.
    pub duration: Duration,
    /// Its size.
    pub bytes: u64,
    /// Pictures it lacks because the disk was too slow.
    pub dropped: u64,
    /// Audio frames it lacks for the same reason.
    pub dropped_audio: u64,
    /// Why it ended before its stream, in words. Whatever the file has is whole.
    pub failure: Option<String>,
}

/// Why a stream, or its present part, is not recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unrecorded {
    /// There was too little of it for a file.
    #[error("it lasted less than half a second")]
    TooShort,
    /// Its tracks changed before there was enough for a file: what came before is in none.
    #[error("it changed within half a second: its beginning until then is left out")]
    Changed,
    /// A file may not begin now, or cannot.
    #[error("{0}")]
    Refused(String),
}
