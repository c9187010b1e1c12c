use std::time::Duration;

use onair::rate::{LinkSample, RateAdvice, RateLaw};
use onair_media::Bitrate;

use super::window::Window;

/// Moblin's law as RTMP uses it (`AdaptiveBitrateSrtFight.swift`): packets in flight and the round
/// trip, each smoothed slowly and quickly, every 200 ms.
///
/// Simplified: TCP's acknowledgements stand for the server's, which come more rarely; what it takes
/// off when its clamp is hit is left out, and so is the pause between two cuts for one reason.
#[derive(Debug, Default)]
pub struct Moblin {
    /// The rate without spikes, in kilobits per second.
    ceiling: Option<f64>,
    written: Window,
    acked: Window,
    smooth_packets: f64,
    fast_packets: f64,
    average_rtt: f64,
    fast_rtt: f64,
}

const INTERVAL: Duration = Duration::from_millis(200);
const PACKET: f64 = 1400.0;
const START: f64 = 1000.0;
const LEAST: f64 = 50.0;
/// More packets than this are too many.
const MANY: f64 = 100.0;
/// Fewer than this may grow.
const IN_FLIGHT: f64 = 200.0;
const RTT: f64 = 500.0;
const AVERAGE_RTT_MOST: f64 = 450.0;
const STEP: f64 = 100.0;
const CUT_LEAST: f64 = 250.0;

/// Follows what is higher by one share and what is lower by another.
fn follow(smooth: &mut f64, value: f64, up: f64, down: f64) {
    let share = if value > *smooth { up } else { down };
    *smooth += (value - *smooth) * share;
}

impl Moblin {
    fn note(&mut self, sample: &LinkSample) -> (f64, f64) {
        let acked = sample.acked().unwrap_or(sample.written);
        self.written
            .push(sample.at, sample.written, Duration::from_secs(30));
        self.acked.push(sample.at, acked, Duration::from_secs(1));
        let packets = (sample.written - acked) as f64 / PACKET;
        let base = sample.rtt.unwrap_or_default();
        let rtt = 1000.0 * self.written.age_of(acked).max(base).as_secs_f64();
        follow(&mut self.smooth_packets, packets, 0.03, 0.10);
        follow(&mut self.fast_packets, packets, 0.33, 0.33);
        follow(&mut self.average_rtt, rtt.min(AVERAGE_RTT_MOST), 0.04, 0.40);
        follow(&mut self.fast_rtt, rtt, 0.10, 0.30);
        (packets, rtt)
    }

    fn spike(&self) -> f64 {
        self.fast_packets - self.smooth_packets
    }

    /// The rate without spikes.
    fn next(&self, ceiling: f64, (packets, rtt): (f64, f64)) -> f64 {
        let cut = |share: f64| (ceiling * share).min(ceiling - CUT_LEAST);
        let spare = (IN_FLIGHT - self.spike().max(0.0)).max(0.0) / IN_FLIGHT;
        let is_calm =
            self.fast_rtt <= self.average_rtt + 15.0 && packets - self.smooth_packets < 10.0;
        if self.smooth_packets > MANY || self.average_rtt > RTT || rtt > self.average_rtt + RTT {
            cut(0.9)
        } else if self.spike() > 200.0 {
            cut(0.95)
        } else if self.smooth_packets < IN_FLIGHT && is_calm {
            ceiling + STEP * spare
        } else {
            ceiling
        }
    }
}

impl RateLaw for Moblin {
    fn interval(&self) -> Option<Duration> {
        Some(INTERVAL)
    }

    fn update(&mut self, sample: &LinkSample) -> RateAdvice {
        let seen = self.note(sample);
        let most = sample.most.as_kbps() as f64;
        let transport = self.acked.rate().as_kbps() as f64;
        let cap = (transport + 1000.0).max(1.7 * transport).min(most);
        let next = self.next(self.ceiling.unwrap_or(START), seen);
        let ceiling = next.min(cap).max(LEAST);
        self.ceiling = Some(ceiling);
        let spike = self.spike();
        let rate = if spike > 400.0 {
            LEAST
        } else if spike > 40.0 {
            (ceiling * (200.0 - spike).max(0.0) / 200.0).max(LEAST)
        } else {
            ceiling
        };
        RateAdvice {
            bitrate: Some(Bitrate::kbps(rate as u64)),
            ..RateAdvice::default()
        }
    }
}
