use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use super::*;
use crate::registry::RegistryConfig;
use crate::registry::memory::RingBytes;
use onair_samples::video_packet;

#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A ring of 400 pictures of 1000 bytes and 40 ms, half of which no output has read.
fn ring() -> Ring {
    let config = RegistryConfig {
        stream_bytes: 500_000,
        ..RegistryConfig::default()
    };
    let mut ring = Ring::new(&config, RingBytes::default());
    ring.keep_for(Some(0));
    (0..400).for_each(|i| ring.push(video_packet(i * 40, i % 50 == 0, 1000)));
    ring
}

fn may_send(backlog: &mut Backlog, ring: &Ring, now: Instant) -> bool {
    let cx = Context::from_waker(Waker::noop());
    backlog.poll_room(ring, &cx, now).is_ready()
}

#[test]
fn a_publisher_that_is_ahead_waits_until_the_outputs_have_read() {
    let (mut ring, mut backlog, now) = (ring(), Backlog::default(), Instant::now());
    backlog.begin(Timestamp::ZERO, now);
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let polled = backlog.poll_room(&ring, &Context::from_waker(&waker), now);
    assert!(polled.is_pending());
    ring.keep_for(Some(50));
    backlog.read(&ring);
    assert_eq!(
        bell.0.load(Ordering::Relaxed),
        0,
        "more than half is unread"
    );
    ring.keep_for(Some(300));
    backlog.read(&ring);
    assert_eq!(bell.0.load(Ordering::Relaxed), 1);
    assert!(may_send(&mut backlog, &ring, now));
}

#[test]
fn a_publisher_in_real_time_waits_for_nobody() {
    let (ring, mut backlog, now) = (ring(), Backlog::default(), Instant::now());
    backlog.begin(Timestamp::ZERO, now);
    let in_time = now + Duration::from_secs(15);
    assert!(may_send(&mut backlog, &ring, in_time));
}

#[test]
fn an_output_that_reads_nothing_is_not_waited_for_for_ever() {
    let (mut ring, mut backlog, now) = (ring(), Backlog::default(), Instant::now());
    backlog.begin(Timestamp::ZERO, now);
    assert!(!may_send(&mut backlog, &ring, now));
    assert!(!may_send(&mut backlog, &ring, now + STUCK / 2));
    assert!(may_send(&mut backlog, &ring, now + STUCK));
    ring.keep_for(Some(1));
    assert!(
        !may_send(&mut backlog, &ring, now + STUCK),
        "it reads again"
    );
}
