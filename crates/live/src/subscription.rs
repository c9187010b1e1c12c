//! A broadcast's packets for others in this program, such as a preview.

use std::future::poll_fn;
use std::sync::{Arc, Weak};
use std::time::Duration;

use onair_media::Packet;

use crate::config::Limits;
use crate::fanout::Fanout;
use crate::queue::{Overflow, PacketQueue};
use crate::shared_queue::{SharedQueue, Taken};

/// Hands out a broadcast's packets: see [`Broadcast::subscriber`](crate::Broadcast::subscriber).
/// It does not keep the broadcast going.
#[derive(Clone, Debug)]
pub struct Subscriber {
    fanout: Weak<Fanout>,
    has_video: bool,
}

/// A broadcast's packets from the next keyframe on. The broadcast never waits for who reads them:
/// one that is too slow loses whole GOP tails, as at a slow line. Dropping it ends it.
#[derive(Debug)]
pub struct Subscription {
    queue: Arc<SharedQueue>,
    has_begun: bool,
}

/// Longer than services let keyframes be apart; reading is a matter of this machine alone.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(5),
    bytes: 16 * 1024 * 1024,
};

/// How many bytes are taken at once.
const BATCH: usize = 256 * 1024;

impl Subscriber {
    pub(crate) fn new(fanout: &Arc<Fanout>, has_video: bool) -> Self {
        Self {
            fanout: Arc::downgrade(fanout),
            has_video,
        }
    }

    /// The packets from now on; `None` if the broadcast is over. Until somebody asks, this costs
    /// nothing.
    pub fn subscribe(&self) -> Option<Subscription> {
        let fanout = self.fanout.upgrade()?;
        let mut queue = PacketQueue::new(LIMITS, Overflow::Shed, self.has_video);
        // Until it begins, what comes before a keyframe is of no use to anybody.
        queue.away();
        let queue = Arc::new(SharedQueue::new(queue));
        fanout.subscribe(&queue).then_some(Subscription {
            queue,
            has_begun: false,
        })
    }
}

impl Subscription {
    /// Waits for packets and adds them to `packets`; false when the broadcast has ended.
    pub async fn next(&mut self, packets: &mut Vec<Packet>) -> bool {
        let taken = poll_fn(|cx| self.queue.poll_take(cx, BATCH, packets)).await;
        if !std::mem::replace(&mut self.has_begun, true) {
            self.queue.with(|queue| queue.live());
        }
        taken == Taken::Some
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::samples::{audio, video};

    fn subscriber(fanout: &Arc<Fanout>) -> Subscriber {
        Subscriber::new(fanout, true)
    }

    fn waiting(subscription: &mut Subscription) -> Vec<i64> {
        let mut packets = Vec::new();
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let _ = std::pin::pin!(subscription.next(&mut packets)).poll(&mut context);
        packets
            .iter()
            .map(|packet| packet.dts.as_millis())
            .collect()
    }

    #[test]
    fn it_begins_at_a_keyframe_and_ends_with_the_broadcast() {
        let fanout = Arc::new(Fanout::new(Vec::new(), None));
        let mut subscription = subscriber(&fanout).subscribe().unwrap();
        fanout.publish(&mut vec![
            video(0, false),
            audio(10),
            video(40, true),
            audio(50),
        ]);
        assert_eq!(waiting(&mut subscription), [40, 50]);
        fanout.finish();
        let mut packets = Vec::new();
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let next = std::pin::pin!(subscription.next(&mut packets)).poll(&mut context);
        assert_eq!(next, std::task::Poll::Ready(false));
        assert!(subscriber(&fanout).subscribe().is_none(), "it is over");
    }

    #[test]
    fn who_reads_nothing_loses_pictures_and_holds_nobody_up() {
        let fanout = Arc::new(Fanout::new(Vec::new(), None));
        let mut subscription = subscriber(&fanout).subscribe().unwrap();
        let began = Instant::now();
        for index in 0..1000 {
            fanout.publish(&mut vec![video(index * 40, index % 50 == 0)]);
        }
        assert!(began.elapsed() < Duration::from_secs(5));
        assert!(
            waiting(&mut subscription).len() <= 200,
            "five seconds and a GOP"
        );
    }

    #[test]
    fn one_that_is_gone_is_forgotten() {
        let fanout = Arc::new(Fanout::new(Vec::new(), None));
        let subscription = subscriber(&fanout).subscribe().unwrap();
        let queue = Arc::downgrade(&subscription.queue);
        drop(subscription);
        fanout.publish(&mut vec![video(0, true)]);
        assert_eq!(queue.strong_count(), 0);
    }
}
