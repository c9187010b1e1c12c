//! A kernel that lies, from its struct to the law that follows the line.

use std::time::{Duration, Instant};

use onair_media::Bitrate;

use super::rate::{judge, nothing};
use crate::kernel::forged;
use crate::rate::{Adaptive, RateLaw};

/// Each eleven bytes are a time that passes, bytes that were written, and what `TCP_INFO` says then:
/// whatever it is, no more is on the way than was written, and the law keeps within its limits.
pub fn kernel(data: &[u8]) {
    let min = Bitrate::kbps(150);
    let (mut law, mut sample) = (Adaptive::new(min), nothing());
    let began = Instant::now();
    for says in data.as_chunks::<11>().0.iter().take(2000) {
        let [passed, more, scale, numbers @ ..] = *says;
        sample.at = began.max(sample.at) + Duration::from_millis(u64::from(passed));
        let more = u64::from(more) << (scale % 48);
        sample.written = sample.written.saturating_add(more);
        let link = forged(numbers.map(any), sample.written);
        assert!(link.under_way() <= sample.written, "{link:?}");
        sample.unsent = link.unsent;
        sample.unacked = link.unacked;
        sample.delivery = link.delivery_bps.map(Bitrate::bps);
        sample.rtt = link.rtt;
        sample.min_rtt = link.min_rtt;
        judge(law.update(&sample), &sample, min);
    }
}

/// Zero, all sizes of number, and all there is.
fn any(byte: u8) -> u64 {
    let whole = u64::from(byte).wrapping_mul(0x0101_0101_0101_0101);
    whole.checked_shr(u32::from(byte) % 65).unwrap_or(0)
}
