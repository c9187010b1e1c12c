use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::feed::Feed;
use crate::kernel::Link;
use crate::meter::Meter;
use crate::output::tls::Trust;
use crate::renewal::Renewal;
use crate::stop::Stop;
use crate::{Destination, DestinationReport, DestinationStats, State};

/// What is known about one destination's connection, for everybody to look at.
#[derive(Debug)]
pub(crate) struct Line {
    destination: Destination,
    /// Without the key.
    url: String,
    tls: Trust,
    feed: Feed,
    leaving: Stop,
    renewal: Renewal,
    status: Mutex<Status>,
}

/// The changing part.
#[derive(Clone, Debug, Default)]
pub(crate) struct Status {
    pub(crate) state: State,
    pub(crate) connects: u64,
    pub(crate) bytes: u64,
    sent: Meter,
    pub(crate) link: Link,
    pub(crate) failure: Option<Failure>,
}

impl Line {
    pub(crate) fn new(destination: Destination, tls: Trust, feed: Feed) -> Self {
        Self {
            url: destination.url.to_string(),
            destination,
            tls,
            feed,
            leaving: Stop::new(),
            renewal: Renewal::new(),
            status: Mutex::default(),
        }
    }

    pub(crate) const fn destination(&self) -> &Destination {
        &self.destination
    }

    pub(crate) const fn tls(&self) -> &Trust {
        &self.tls
    }

    pub(crate) const fn feed(&self) -> &Feed {
        &self.feed
    }

    /// The wish that this destination's stream ends.
    pub(crate) const fn leaving(&self) -> &Stop {
        &self.leaving
    }

    /// The wish for a new connection.
    pub(crate) const fn renewal(&self) -> &Renewal {
        &self.renewal
    }

    /// Takes the stream down properly, before `deadline`.
    pub(crate) fn leave(&self, deadline: Instant) {
        self.leaving.ask();
        self.feed.end(Some(deadline));
    }

    /// What has ended begins again.
    pub(crate) fn revive(&self) {
        self.leaving.take_back();
        self.feed.reopen();
        let mut status = self.status();
        status.failure = None;
        status.state = match status.connects {
            0 => State::Connecting,
            _ => State::Reconnecting,
        };
    }

    pub(crate) fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_state(&self, state: State) {
        self.status().state = state;
    }

    pub(crate) fn report(&self) -> DestinationReport {
        let status = self.status().clone();
        let tally = self.feed.with(|queue| queue.tally().clone());
        let mut video = tally.video;
        video.keyframes.get_or_insert(0);
        DestinationReport {
            url: self.url.clone(),
            state: status.state,
            connects: status.connects,
            bytes: status.bytes,
            video,
            audio: tally.audio,
            rtt_ms: status.link.rtt.map(millis),
            queue_ms: tally.delays.summary(),
            gaps: tally.gaps,
            failure: status.failure,
        }
    }

    pub(crate) fn stats(&self, now: Instant) -> DestinationStats {
        let (bitrate_bps, link) = {
            let mut status = self.status();
            (status.sent.read(now).bitrate.as_bps(), status.link)
        };
        DestinationStats {
            so_far: self.report(),
            bitrate_bps,
            delivery_bps: link.delivery_bps,
            unsent_bytes: link.unsent,
            queued_ms: millis(self.feed.with(|queue| queue.span())),
        }
    }
}

impl Status {
    /// The kernel took so many bytes.
    pub(crate) fn sent(&mut self, bytes: usize, now: Instant) {
        self.bytes += bytes as u64;
        self.sent.add(bytes, now);
    }
}

fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e5).round() / 100.0
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;
    use crate::config::Limits;
    use crate::hub::Hub;
    use crate::queue::{Overflow, PacketQueue};

    fn line() -> Line {
        let url: onair_rtmp::Url = "rtmp://127.0.0.1/live/key".parse().unwrap();
        let tls = Trust::new(&crate::Tls::default(), url.scheme()).unwrap();
        let feed = Feed::new(PacketQueue::new(Limits::REALTIME, Overflow::Shed, true));
        Line::new(url.into(), tls, feed)
    }

    #[test]
    fn an_end_stays_one_whenever_a_retry_is_asked_for() {
        for ends_by in [Hub::stop, Hub::finish] {
            for _ in 0..500 {
                let hub = Hub::new(vec![Arc::new(line())], None);
                thread::scope(|scope| {
                    scope.spawn(|| hub.revive(0));
                    ends_by(&hub);
                });
                assert!(hub.lines()[0].feed().with(|queue| queue.has_ended()));
                assert!(!hub.revive(0), "it is over");
            }
        }
    }

    #[test]
    fn two_who_look_at_the_rate_see_the_same_however_often_they_look() {
        let line = line();
        let began = Instant::now();
        let at = |millis: u64| began + Duration::from_millis(millis);
        for millis in (0..4000).step_by(40) {
            line.status().sent(5000, at(millis));
            // A monitor that looks all the time.
            line.stats(at(millis));
        }
        let once_a_second = line.stats(at(4000)).bitrate_bps;
        assert!(
            (960_000..=1_010_000).contains(&once_a_second),
            "{once_a_second}"
        );
        assert_eq!(line.stats(at(4000)).bitrate_bps, once_a_second);
    }
}
