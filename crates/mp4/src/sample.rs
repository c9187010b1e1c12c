use bytes::Bytes;
use onair_media::Config;

use crate::header;

/// An access unit or a frame in a track's ticks.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) config: Config,
    /// When it is decoded.
    pub(crate) time: u64,
    pub(crate) duration: u32,
    /// From decoding to presentation.
    pub(crate) offset: i64,
    pub(crate) keyframe: bool,
    pub(crate) payload: Bytes,
}

impl Sample {
    /// When it is decoded, in nanoseconds after the origin.
    pub(crate) fn start_nanos(&self) -> u64 {
        let timescale = u128::from(header::timescale(&self.config).get());
        let nanos = u128::from(self.time) * 1_000_000_000 / timescale;
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }
}
