use std::time::Duration;

use onair::rate::{LinkSample, RateAdvice, RateLaw};
use onair_media::Bitrate;

/// HaishinKit's law (`HKStreamBitRateStrategy.swift`), each second: a queue that grew twice running
/// brings the rate down to what was sent; fifteen good seconds bring a tenth more.
///
/// As it is meant: what it ships computes the cut and does not apply it. Simplified: what was sent
/// is never nothing, so that the frame rate, which it lowers then, stays.
#[derive(Debug, Default)]
pub struct HaishinKit {
    rate: Option<u64>,
    queued: [u64; 3],
    written: u64,
    good: u32,
}

const GOOD: u32 = 15;

impl RateLaw for HaishinKit {
    fn interval(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }

    fn update(&mut self, sample: &LinkSample) -> RateAdvice {
        let most = sample.most.as_kbps();
        let rate = self.rate.unwrap_or(most);
        let waits = sample.queued + sample.pending + sample.unsent.unwrap_or(0);
        self.queued = [self.queued[1], self.queued[2], waits];
        let sent = 8 * (sample.written - self.written) / 1000;
        self.written = sample.written;
        let is_short = self.queued[0] < self.queued[1] && self.queued[1] < self.queued[2];
        self.good = if is_short { 0 } else { self.good + 1 };
        let next = if is_short {
            let target = sent.saturating_sub(sample.audio.as_kbps());
            target.clamp(most / 10, rate.max(most / 10))
        } else if self.good >= GOOD {
            self.good = 0;
            (rate + most / 10).min(most)
        } else {
            rate
        };
        self.rate = Some(next);
        RateAdvice {
            bitrate: Some(Bitrate::kbps(next)),
            ..RateAdvice::default()
        }
    }
}
