use std::time::{Duration, Instant};

use onair::rate::{LinkSample, RateAdvice, RateLaw};
use onair_media::Bitrate;

/// StreamPack's law (`SimpleBitrateRegulator.kt`), twice a second: what its queue of ten tags
/// dropped takes off as large a share, and a rate that is used brings 200 kbit/s more.
///
/// Simplified: bytes that were encoded and are nowhere count as dropped, and 130 ms stand for ten
/// tags; the simulator's queue drops tails of GOPs, where StreamPack drops the oldest of any kind.
#[derive(Debug, Default)]
pub struct StreamPack {
    rate: Option<u64>,
    began: Option<Instant>,
    dropped: u64,
    written: u64,
}

const INTERVAL: Duration = Duration::from_millis(500);
const LEAST: u64 = 500;
const STEP: u64 = 200;
const CUT_LEAST: u64 = 100;

impl StreamPack {
    /// Bytes that were produced and neither wait nor were written.
    fn gone(&mut self, sample: &LinkSample) -> u64 {
        let began = *self.began.get_or_insert(sample.at);
        let audio = (sample.audio.as_bps() / 8) as f64 * (sample.at - began).as_secs_f64();
        let produced = sample.encoded + audio as u64;
        produced.saturating_sub(sample.written + sample.queued + sample.pending)
    }
}

impl RateLaw for StreamPack {
    fn interval(&self) -> Option<Duration> {
        Some(INTERVAL)
    }

    fn update(&mut self, sample: &LinkSample) -> RateAdvice {
        let most = sample.most.as_kbps();
        let rate = self.rate.unwrap_or(most);
        let gone = self.gone(sample);
        let dropped = gone.saturating_sub(self.dropped);
        let written = sample.written - self.written;
        (self.dropped, self.written) = (self.dropped.max(gone), sample.written);
        let next = if dropped > 1000 {
            let percent = (100 * dropped)
                .checked_div(written)
                .unwrap_or(85)
                .clamp(20, 85);
            rate.saturating_sub((rate * percent / 100).max(CUT_LEAST))
        } else if 8 * written / 500 > rate * 9 / 10 {
            rate + STEP
        } else {
            rate
        };
        let next = next.clamp(LEAST.min(most), most);
        self.rate = Some(next);
        RateAdvice {
            bitrate: Some(Bitrate::kbps(next)),
            ..RateAdvice::default()
        }
    }
}
