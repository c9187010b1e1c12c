//! Core Media's clocks in nanoseconds.

use objc2_core_media::{CMClock, CMSyncConvertTime, CMTime, CMTimeFlags, CMTimeRoundingMethod};

/// The host's time.
pub(super) fn now() -> i64 {
    let host = host();
    // SAFETY: a live clock.
    nanos(unsafe { host.time() }).unwrap_or(0)
}

/// `time` (in nanoseconds, on `clock`) as the host's clock would show it; `None` where the clocks
/// have no relation.
pub(super) fn on_host(time: i64, clock: &CMClock) -> Option<i64> {
    let (time, host) = (from_nanos(time), host());
    // SAFETY: both are clocks, as the function wants them.
    nanos(unsafe { CMSyncConvertTime(time, clock.as_ref(), host.as_ref()) })
}

fn host() -> objc2_core_foundation::CFRetained<CMClock> {
    // SAFETY: takes nothing; the clock it gives is never freed.
    unsafe { CMClock::host_time_clock() }
}

const fn from_nanos(value: i64) -> CMTime {
    CMTime {
        value,
        timescale: NANOS_PER_SECOND,
        flags: CMTimeFlags::Valid,
        epoch: 0,
    }
}

fn nanos(time: CMTime) -> Option<i64> {
    let nearest = CMTimeRoundingMethod::RoundHalfAwayFromZero;
    // SAFETY: plain numbers; what is no time comes back as none.
    let time = unsafe { time.convert_scale(NANOS_PER_SECOND, nearest) };
    let flags = time.flags;
    let is_number =
        flags.contains(CMTimeFlags::Valid) && !flags.intersects(CMTimeFlags::ImpliedValueFlagsMask);
    is_number.then_some(time.value)
}

const NANOS_PER_SECOND: i32 = 1_000_000_000;
