use std::time::{Duration, Instant};

use onair_media::{Bitrate, FrameRate, Size, Timestamp};

use super::super::{PictureLadder, PictureSample};
use super::{Adaptive, LinkSample, RateAdvice, RateLaw};

const MIN: Bitrate = Bitrate::kbps(150);
const MOST: Bitrate = Bitrate::kbps(4000);

/// An encoder that makes what it is asked for, and a line before it without a round trip.
struct Broadcast {
    law: Adaptive,
    sample: LinkSample,
    advice: RateAdvice,
    acked: u64,
    /// The percentage of the rate asked for that the picture takes.
    takes: u64,
    tells_acked: bool,
}

impl Broadcast {
    fn new() -> Self {
        let sample = LinkSample {
            at: Instant::now() + Duration::from_secs(60),
            queue_age: Duration::ZERO,
            queued: 0,
            pending: 0,
            written: 0,
            unsent: None,
            unacked: None,
            late: None,
            delivery: None,
            rtt: Some(Duration::from_millis(1)),
            min_rtt: None,
            encoded: 0,
            asked: MOST,
            most: MOST,
            audio: Bitrate::kbps(128),
        };
        Self {
            law: Adaptive::new(MIN),
            sample,
            advice: RateAdvice::default(),
            acked: 0,
            takes: 100,
            tells_acked: true,
        }
    }

    /// Broadcasts for so long over a line of so many kilobits per second; gives the rate then.
    fn run(&mut self, seconds: u64, kbps: u64) -> u64 {
        for _ in 0..seconds * 100 {
            self.step(kbps * 10 / 8);
        }
        self.kbps()
    }

    fn step(&mut self, carries: u64) {
        self.sample.at += Duration::from_millis(10);
        let asked = self.advice.bitrate.map_or(1500, Bitrate::as_kbps);
        let bytes = self.takes * asked / 80;
        self.sample.encoded += bytes;
        self.sample.queued += bytes + 160;
        // The kernel takes as much as may be on the line, or 16 KiB.
        let on_line = self.sample.written - self.acked;
        let most = self.advice.in_flight.unwrap_or(16 * 1024);
        let written = self.sample.queued.min(most.saturating_sub(on_line));
        self.sample.queued -= written;
        self.sample.written += written;
        self.acked += carries.min(self.sample.written - self.acked);
        self.sample.unacked = self.tells_acked.then_some(self.sample.written - self.acked);
        self.advice = self.law.update(&self.sample);
    }

    fn kbps(&self) -> u64 {
        self.advice.bitrate.unwrap().as_kbps()
    }
}

#[test]
fn it_begins_low_rises_to_the_users_rate_and_knows_no_limit_then() {
    let mut broadcast = Broadcast::new();
    broadcast.step(2500);
    assert_eq!(broadcast.kbps(), 1500);
    assert_eq!(broadcast.run(3, 20_000), 4000);
    assert_eq!(broadcast.advice.carries, None);
    assert_eq!(Adaptive::start(MIN), MIN);
}

#[test]
fn it_falls_at_once_says_what_the_line_carries_and_comes_back() {
    let mut broadcast = Broadcast::new();
    broadcast.run(5, 20_000);
    assert!(broadcast.run(1, 1000) < 900);
    let carries = broadcast.advice.carries.unwrap().as_kbps();
    assert!((850..=1150).contains(&carries), "{carries}");
    let slow = broadcast.run(10, 1000);
    assert!((700..=900).contains(&slow), "{slow}");
    assert_eq!(broadcast.run(5, 20_000), 4000);
}

#[test]
fn a_static_picture_lowers_nothing_and_proves_nothing() {
    let mut broadcast = Broadcast::new();
    broadcast.takes = 5;
    assert_eq!(broadcast.run(30, 2000), 1500);
    assert_eq!(broadcast.advice.carries, None);
}

/// The case seen: the encoder makes 85 of 420 kbit/s of a picture that was made small in a fall, and the
/// line carries 6 Mbit/s again. Nothing fills it, so nothing is measured.
#[test]
fn an_easy_picture_gets_a_rate_back_at_which_it_is_as_large_as_before() {
    let mut broadcast = Broadcast::new();
    broadcast.run(5, 20_000);
    let low = broadcast.run(20, 580);
    assert!((330..=460).contains(&low), "{low}");
    broadcast.takes = 20;
    let rate = FrameRate::new(30, 1).unwrap();
    let mut ladder = PictureLadder::new(Size::new(1280, 720), rate, true);
    let mut sizes = Vec::new();
    for frame in 0..30 * 30 {
        for _ in 0..3 {
            broadcast.step(6000 * 10 / 8);
        }
        let sample = PictureSample {
            at: Timestamp::ZERO + rate.time_of(frame),
            limit: broadcast.advice.bitrate,
            wanted: MOST,
            is_full: broadcast.sample.backlog() > broadcast.advice.skip_above.unwrap(),
            takes_sizes: true,
        };
        sizes.extend(ladder.update(&sample).map(|step| step.size.height));
    }
    assert_eq!(sizes, [540, 720]);
    let kbps = broadcast.kbps();
    assert!((1450..=1500).contains(&kbps), "a beginning's: {kbps}");
}

#[test]
fn a_server_that_acknowledges_nothing_gets_the_least_and_frames_are_skipped() {
    let mut broadcast = Broadcast::new();
    broadcast.run(2, 20_000);
    assert_eq!(broadcast.run(2, 0), MIN.as_kbps());
    assert!(broadcast.sample.backlog() > broadcast.advice.skip_above.unwrap());
}

#[test]
fn where_the_kernel_tells_nothing_it_goes_by_what_the_kernel_takes() {
    let mut broadcast = Broadcast::new();
    broadcast.tells_acked = false;
    assert_eq!(broadcast.run(5, 20_000), 4000);
    broadcast.run(5, 1000);
    let slow = broadcast.run(5, 1000);
    assert!((600..=1000).contains(&slow), "{slow}");
    assert_eq!(broadcast.advice.in_flight, None);
    assert_eq!(broadcast.run(5, 20_000), 4000);
}

#[test]
fn a_machine_that_slept_goes_on_as_it_was() {
    let mut broadcast = Broadcast::new();
    broadcast.run(5, 20_000);
    broadcast.sample.at += Duration::from_secs(20);
    broadcast.step(0);
    assert_eq!(broadcast.kbps(), 4000);
    assert_eq!(broadcast.run(2, 20_000), 4000);
    // Other counts are another connection's.
    (broadcast.sample.written, broadcast.acked) = (0, 0);
    assert_eq!(broadcast.run(2, 20_000), 4000);
}

#[test]
fn the_users_rate_is_never_exceeded_and_followed_at_once() {
    let mut broadcast = Broadcast::new();
    broadcast.run(5, 20_000);
    broadcast.sample.most = Bitrate::kbps(1000);
    broadcast.step(25_000);
    assert_eq!(broadcast.kbps(), 1000);
    broadcast.sample.most = Bitrate::kbps(100);
    broadcast.step(25_000);
    assert_eq!(broadcast.kbps(), 100, "less than the law's least");
    broadcast.sample.most = MOST;
    assert_eq!(broadcast.run(4, 20_000), 4000);
    broadcast.sample.most = Bitrate::bps(0);
    broadcast.step(25_000);
    assert_eq!(broadcast.advice.bitrate, None, "nothing is encoded");
}

#[test]
fn the_least_depends_on_the_size() {
    let kbps = |width, height| Adaptive::min_for(Size::new(width, height)).as_kbps();
    assert_eq!(kbps(1280, 720), 153);
    assert_eq!(kbps(1920, 1080), 345);
    assert_eq!((kbps(320, 240), kbps(3840, 2160)), (80, 400));
    assert_eq!(kbps(u32::MAX, u32::MAX), 400);
}
