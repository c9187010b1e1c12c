/// Why packets cannot be written as MP4.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The decoder configuration is broken.
    #[error(transparent)]
    Media(#[from] onair_media::Error),
    /// It does not fit into an MP4.
    #[error("{0}")]
    Mux(String),
}

impl From<shiguredo_mp4::mux::MuxError> for Error {
    fn from(error: shiguredo_mp4::mux::MuxError) -> Self {
        Self::Mux(error.to_string())
    }
}

impl From<shiguredo_mp4::Error> for Error {
    fn from(error: shiguredo_mp4::Error) -> Self {
        Self::Mux(error.to_string())
    }
}
