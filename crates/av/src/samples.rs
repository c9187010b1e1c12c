use std::sync::Arc;
use std::time::Duration;

use onair_media::Timestamp;

/// A stretch of audio. The clone is one reference count.
#[derive(Clone, Debug, PartialEq)]
pub struct AudioSamples {
    /// Samples of all channels, interleaved; full scale is -1 to 1.
    pub samples: Arc<[f32]>,
    /// How many channels are interleaved.
    pub channels: u8,
    /// Samples per second in each channel.
    pub sample_rate: u32,
    /// When the first sample was taken, on the broadcast's timeline.
    pub timestamp: Timestamp,
}

impl AudioSamples {
    /// How many samples each channel has.
    pub fn frames(&self) -> usize {
        self.samples.len() / usize::from(self.channels.max(1))
    }

    /// How long the stretch lasts.
    pub fn duration(&self) -> Duration {
        let frames = i64::try_from(self.frames()).unwrap_or(i64::MAX);
        Timestamp::from_ticks(frames, self.sample_rate).since(Timestamp::ZERO)
    }
}
