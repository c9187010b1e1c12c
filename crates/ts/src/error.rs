use onair_media::{AudioCodec, Kind, VideoCodec};

/// Why a packet cannot be written as MPEG-TS. Nothing of it was written, and the stream may go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The payload or its decoder configuration is broken, or AAC that ADTS cannot carry.
    #[error(transparent)]
    Media(#[from] onair_media::Error),
    /// A video codec that this crate does not write.
    #[error("MPEG-TS is written with H.264 only, and this is {0}")]
    Video(VideoCodec),
    /// An audio codec that this crate does not write.
    #[error("MPEG-TS is written with AAC only, and this is {0:?}")]
    Audio(AudioCodec),
    /// A packet of a track that the stream does not have.
    #[error("the stream was begun without a track of this kind: {0:?}")]
    NoTrack(Kind),
    /// A stream without tracks.
    #[error("a stream needs a track")]
    NoTracks,
}
