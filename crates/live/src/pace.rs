use std::time::{Duration, Instant};

use onair_media::Timestamp;

/// Real time for media that has none: when each packet is due.
///
/// The first packet anchors media time to the clock; every later one is
/// measured from that anchor, so that no sleep, however inexact, ever adds up.
///
/// Media later than [`GAVE_UP`] is not caught up with: after a suspended
/// machine or a stalled disk the rest would all be due at once, and shed.
/// Real time goes on from there.
#[derive(Debug, Default)]
pub(crate) struct Pacer {
    anchor: Option<(Instant, Timestamp)>,
}

impl Pacer {
    /// When the packet at `dts` is due; the first is due now. The past means: at once.
    pub(crate) fn due(&mut self, dts: Timestamp, now: Instant) -> Instant {
        let (began, origin) = *self.anchor.get_or_insert((now, dts));
        let due = began.checked_add(dts.since(origin)).unwrap_or(now);
        if now.saturating_duration_since(due) > GAVE_UP && dts >= origin {
            self.anchor = Some((now, dts));
            return now;
        }
        due
    }
}

/// More lateness than a queue would bear.
const GAVE_UP: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn the_first_packet_is_due_at_once_and_the_rest_by_its_clock() {
        let (mut pacer, start) = (Pacer::default(), Instant::now());
        assert_eq!(pacer.due(Timestamp::from_millis(7000), start), start);
        let late = start + ms(900);
        assert_eq!(
            pacer.due(Timestamp::from_millis(7040), late),
            start + ms(40)
        );
    }

    #[test]
    fn late_wake_ups_do_not_add_up() {
        let (mut pacer, start) = (Pacer::default(), Instant::now());
        let mut now = start;
        for index in 0..10_000 {
            let due = pacer.due(Timestamp::from_millis(index * 33), now);
            now = due + ms(3);
        }
        assert_eq!(now, start + ms(9999 * 33 + 3));
    }

    #[test]
    fn a_minute_asleep_is_not_caught_up_with() {
        let (mut pacer, start) = (Pacer::default(), Instant::now());
        pacer.due(Timestamp::ZERO, start);
        let awake = start + ms(60_000);
        assert_eq!(pacer.due(Timestamp::from_millis(33), awake), awake);
        let next = pacer.due(Timestamp::from_millis(66), awake);
        assert_eq!(next, awake + ms(33));
    }

    #[test]
    fn media_before_the_anchor_is_due_at_once() {
        let (mut pacer, start) = (Pacer::default(), Instant::now());
        pacer.due(Timestamp::from_millis(100), start);
        assert_eq!(pacer.due(Timestamp::from_millis(60), start), start);
    }
}
