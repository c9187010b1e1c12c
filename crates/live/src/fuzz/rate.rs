//! Samples of a line that lies, through the law that follows it.

use std::time::{Duration, Instant};

use onair_media::Bitrate;

use crate::rate::{Adaptive, LinkSample, RateAdvice, RateLaw};

/// Two bytes are time passing, or another thing that the kernel, the encoder or the user says:
/// whatever it is, the advice stays between the law's least and the user's rate.
pub fn rate(data: &[u8]) {
    let Some((min, events)) = data.split_first() else {
        return;
    };
    let min = Bitrate::kbps(u64::from(*min) * 8);
    let mut law = Adaptive::new(min);
    let mut sample = nothing();
    for event in events.as_chunks().0.iter().take(5000) {
        change(&mut sample, *event);
        judge(law.update(&sample), &sample, min);
    }
}

/// Whether advice keeps within its limits.
pub(super) fn judge(advice: RateAdvice, sample: &LinkSample, min: Bitrate) {
    let range = min.min(sample.most)..=sample.most;
    let is_within = advice
        .bitrate
        .is_none_or(|bitrate| range.contains(&bitrate));
    assert!(is_within, "{advice:?} by {sample:?}");
    assert_eq!(advice.bitrate.is_some(), sample.most > Bitrate::bps(0));
    assert_eq!(advice.in_flight.is_some(), sample.unacked.is_some());
    let limits = [
        advice.in_flight,
        advice.skip_above,
        advice.carries.map(Bitrate::as_bps),
    ];
    let is_sane = limits
        .iter()
        .flatten()
        .all(|limit| (1..1 << 60).contains(limit));
    assert!(is_sane, "{advice:?} by {sample:?}");
}

pub(super) fn nothing() -> LinkSample {
    LinkSample {
        at: Instant::now() + Duration::from_secs(60),
        queue_age: Duration::ZERO,
        queued: 0,
        pending: 0,
        written: 0,
        unsent: None,
        unacked: None,
        late: None,
        delivery: None,
        rtt: None,
        min_rtt: None,
        encoded: 0,
        asked: Bitrate::kbps(4000),
        most: Bitrate::kbps(4000),
        audio: Bitrate::kbps(128),
    }
}

fn change(sample: &mut LinkSample, [what, value]: [u8; 2]) {
    let small = u64::from(value);
    // Zero, powers of two and all there is.
    let any = u64::MAX
        .checked_shl(u32::from(value) % 66)
        .map_or(0, |any| !any);
    match what % 16 {
        0..=3 => sample.at += Duration::from_millis(small % 32),
        4 => sample.at += Duration::from_secs(small),
        5 => {
            sample.at = sample
                .at
                .checked_sub(Duration::from_millis(small))
                .unwrap_or(sample.at)
        }
        6 => sample.written = sample.written.saturating_add(small * 64),
        7 => sample.written = any,
        8 => sample.unacked = (value != 255).then_some(any),
        9 => sample.unacked = (value != 255).then_some(small * 64),
        10 => sample.unsent = (value != 255).then_some(any),
        11 => sample.rtt = (value != 255).then(|| Duration::from_micros(any)),
        12 if value % 4 == 1 => sample.late = Some(Duration::from_micros(any)),
        12 if value % 4 == 2 => sample.late = None,
        12 if value % 4 == 0 => sample.min_rtt = sample.rtt.map(|rtt| rtt / 2),
        12 => sample.encoded = sample.encoded.wrapping_add(any),
        13 => (sample.queued, sample.queue_age) = (any, Duration::from_millis(any)),
        14 => sample.pending = any,
        _ if value % 4 == 0 => sample.audio = Bitrate::bps(any),
        _ => sample.most = Bitrate::kbps(small * 64),
    }
}
