use std::time::{Duration, Instant};

use onair::rate::{LinkSample, RateAdvice, RateLaw};
use onair_media::Bitrate;

use super::window::Window;

/// OBS with dynamic bitrate (`rtmp-stream.c`): what waits for 200 ms brings the rate down to what
/// was sent in the last one or two seconds, in steps of 100 kbit/s; every four seconds a tenth more.
///
/// Simplified: the window is 1.5 s; the age of the oldest packet stands for that of the oldest
/// that is no keyframe; an estimate above the rate leaves it as it is.
#[derive(Debug, Default)]
pub struct Obs {
    sent: Window,
    rate: Option<u64>,
    raised: Option<Instant>,
}

const WINDOW: Duration = Duration::from_millis(1500);
const LATE: Duration = Duration::from_millis(200);
const RAISE_EVERY: Duration = Duration::from_secs(4);
const LEAST: u64 = 50;

impl RateLaw for Obs {
    fn interval(&self) -> Option<Duration> {
        Some(Duration::from_millis(100))
    }

    fn update(&mut self, sample: &LinkSample) -> RateAdvice {
        let most = sample.most.as_kbps();
        let rate = self.rate.unwrap_or(most);
        self.sent.push(sample.at, sample.written, WINDOW);
        let raised = *self.raised.get_or_insert(sample.at);
        let sent = self
            .sent
            .rate()
            .as_kbps()
            .saturating_sub(sample.audio.as_kbps());
        let estimate = (sent / 100 * 100).max(LEAST);
        let is_low = sample.queue_age >= LATE && estimate < rate;
        let next = if is_low {
            estimate
        } else if sample.at - raised >= RAISE_EVERY {
            (rate + most / 10).min(most)
        } else {
            rate
        };
        if next != rate || sample.at - raised >= RAISE_EVERY {
            self.raised = Some(sample.at);
        }
        self.rate = Some(next);
        RateAdvice {
            bitrate: Some(Bitrate::kbps(next)),
            ..RateAdvice::default()
        }
    }
}
