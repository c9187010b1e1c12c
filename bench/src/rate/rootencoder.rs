use std::time::Duration;

use onair::rate::{LinkSample, RateAdvice, RateLaw};
use onair_media::Bitrate;

/// RootEncoder's law (`BitrateAdapter.java`): of five seconds' measured rates a running half-and-half
/// mean, from which 0.8 of it is asked for if the queue is a fifth full, and 1.2 if not.
///
/// Simplified: a second of age stands for a fifth of its queue of 400 frames.
#[derive(Debug, Default)]
pub struct RootEncoder {
    rate: Option<u64>,
    written: u64,
    mean: u64,
    samples: u32,
}

const SAMPLES: u32 = 5;
const FULL: Duration = Duration::from_secs(1);

impl RateLaw for RootEncoder {
    fn interval(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }

    fn update(&mut self, sample: &LinkSample) -> RateAdvice {
        let most = sample.most.as_kbps();
        let sent = 8 * (sample.written - self.written) / 1000;
        self.written = sample.written;
        self.mean = u64::midpoint(self.mean, sent);
        self.samples += 1;
        if self.samples == SAMPLES {
            let mean = std::mem::take(&mut self.mean);
            self.samples = 0;
            let is_congested = sample.queue_age >= FULL;
            self.rate = Some(match (mean >= most, is_congested) {
                (true, false) => most,
                (_, true) => mean * 8 / 10,
                (false, false) => (mean * 12 / 10).min(most),
            });
        }
        RateAdvice {
            bitrate: Some(Bitrate::kbps(self.rate.unwrap_or(most))),
            ..RateAdvice::default()
        }
    }
}
