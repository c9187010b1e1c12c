//! What a broadcast shows and plays while a device gives nothing. Pure machines: time is an
//! argument.

use std::time::Duration;

use onair_media::Timestamp;

mod frame_fallback;
mod gap_fill;

pub(crate) use frame_fallback::FrameFallback;
pub use frame_fallback::FrameTally;
pub use gap_fill::AudioTally;
pub(crate) use gap_fill::GapFill;

/// What a machine has now.
#[derive(Debug)]
pub(crate) enum Next<T> {
    /// This.
    Give(T),
    /// Nothing until this time, unless something comes.
    Wait(Timestamp),
    /// Nothing ever again.
    Over,
}

/// A device's timestamp, unless it lies so far ahead that its clock must be wrong: believing it
/// would make everything after it late.
fn believable(stamp: Timestamp, now: Timestamp) -> Timestamp {
    if stamp > now + FURTHEST_AHEAD {
        tracing::debug!(%stamp, %now, "a device stamped the future");
        now
    } else {
        stamp
    }
}

/// Clocks tied to each other differ by much less.
const FURTHEST_AHEAD: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use crate::fuzz;

    #[test]
    fn whatever_happens_frames_and_audio_go_on() {
        let mut seed: u32 = 1;
        let mut noise = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed.to_be_bytes()[0]
        };
        for length in [14, 280, 1400] {
            for _ in 0..20 {
                let data: Vec<u8> = (0..length).map(|_| noise()).collect();
                fuzz::frame_fallback(&data);
                fuzz::gap_fill(&data);
            }
        }
    }
}
