use std::collections::VecDeque;
use std::time::{Duration, Instant};

use onair_media::Bitrate;

/// How much came in the last seconds. Pure: time is an argument.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter {
    began: Option<Instant>,
    /// Only a few: packets within one [`BUCKET`] are added up.
    buckets: VecDeque<Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    began: Instant,
    packets: u32,
    bytes: u64,
}

/// What a [`Meter`] shows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Reading {
    /// Packets a second.
    pub(crate) packets: f64,
    pub(crate) bitrate: Bitrate,
}

/// How far back it looks.
const WINDOW: Duration = Duration::from_secs(3);

const BUCKET: Duration = Duration::from_millis(100);

/// Rates over a shorter time mean nothing.
const SHORTEST: Duration = Duration::from_millis(500);

impl Meter {
    /// A packet came.
    pub(crate) fn add(&mut self, bytes: usize, now: Instant) {
        self.began.get_or_insert(now);
        self.forget(now);
        let is_current =
            |bucket: &&mut Bucket| now.saturating_duration_since(bucket.began) < BUCKET;
        match self.buckets.back_mut().filter(is_current) {
            Some(bucket) => {
                bucket.packets = bucket.packets.saturating_add(1);
                bucket.bytes += bytes as u64;
            }
            None => self.buckets.push_back(Bucket {
                began: now,
                packets: 1,
                bytes: bytes as u64,
            }),
        }
    }

    /// The rates up to `now`; zero before they mean anything.
    pub(crate) fn read(&mut self, now: Instant) -> Reading {
        self.forget(now);
        let age = self.began.map(|began| now.saturating_duration_since(began));
        let Some(time) = age.filter(|age| *age >= SHORTEST) else {
            return Reading::default();
        };
        let time = time.min(WINDOW);
        let packets: u32 = self.buckets.iter().map(|bucket| bucket.packets).sum();
        let bytes = self.buckets.iter().map(|bucket| bucket.bytes).sum();
        Reading {
            packets: f64::from(packets) / time.as_secs_f64(),
            bitrate: Bitrate::of(bytes, time),
        }
    }

    fn forget(&mut self, now: Instant) {
        let is_old = |bucket: &mut Bucket| now.saturating_duration_since(bucket.began) >= WINDOW;
        while self.buckets.pop_front_if(is_old).is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(meter: &mut Meter, now: Instant) -> (f64, u64) {
        let reading = meter.read(now);
        (reading.packets, reading.bitrate.as_bps() / 1000)
    }

    #[test]
    fn a_steady_stream_shows_its_rates_and_a_pause_lowers_them() {
        let (mut meter, began) = (Meter::default(), Instant::now());
        let at = |millis: u64| began + Duration::from_millis(millis);
        for index in 0..500 {
            meter.add(5000, at(index * 20));
        }
        let (fps, kbps) = read(&mut meter, at(10_000));
        assert!((48.0..=50.5).contains(&fps), "{fps}");
        assert!((1920..=2020).contains(&kbps), "{kbps}");
        let (fps, _) = read(&mut meter, at(11_500));
        assert!((23.0..=25.0).contains(&fps), "{fps}, but for a bucket");
        assert_eq!(read(&mut meter, at(13_000)), (0.0, 0));
    }

    #[test]
    fn the_beginning_is_not_stretched_over_the_window() {
        let (mut meter, began) = (Meter::default(), Instant::now());
        assert_eq!(read(&mut meter, began), (0.0, 0));
        for index in 0..30 {
            meter.add(100, began + Duration::from_millis(index * 33));
        }
        assert_eq!(
            read(&mut meter, began + Duration::from_millis(400)),
            (0.0, 0)
        );
        let (fps, _) = read(&mut meter, began + Duration::from_secs(1));
        assert!((29.0..=31.0).contains(&fps), "{fps}");
    }

    #[test]
    fn it_stays_small_at_any_speed() {
        let (mut meter, began) = (Meter::default(), Instant::now());
        for index in 0..1_000_000_u64 {
            meter.add(1, began + Duration::from_micros(index * 10));
        }
        assert!(meter.buckets.len() <= 31, "{}", meter.buckets.len());
    }
}
