use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::feed::Feed;
use crate::kernel::Link;
use crate::{DestinationReport, DestinationStats, State};

/// What is known about one destination's connection, for everybody to look at.
#[derive(Debug)]
pub(crate) struct Line {
    url: String,
    feed: Arc<Feed>,
    status: Mutex<Status>,
}

/// The changing part.
#[derive(Clone, Debug, Default)]
pub(crate) struct Status {
    pub(crate) state: State,
    pub(crate) connects: u64,
    pub(crate) bytes: u64,
    pub(crate) link: Link,
    pub(crate) failure: Option<Failure>,
    rate: Rate,
}

impl Line {
    pub(crate) fn new(url: String, feed: Arc<Feed>) -> Self {
        Self {
            url,
            feed,
            status: Mutex::default(),
        }
    }

    pub(crate) fn shared_feed(&self) -> Arc<Feed> {
        self.feed.clone()
    }

    pub(crate) fn feed(&self) -> &Feed {
        &self.feed
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
            error: status.failure.as_ref().map(ToString::to_string),
            fault: status.failure.and_then(|failure| failure.fault),
        }
    }

    pub(crate) fn stats(&self, now: Instant) -> DestinationStats {
        let (bitrate_bps, link) = {
            let mut status = self.status();
            let bytes = status.bytes;
            (status.rate.update(bytes, now), status.link)
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

/// Bytes over the time since the last look.
#[derive(Clone, Debug, Default)]
struct Rate {
    last: Option<(Instant, u64)>,
    bps: u64,
}

impl Rate {
    fn update(&mut self, bytes: u64, now: Instant) -> u64 {
        match self.last {
            Some((then, _)) if now.saturating_duration_since(then) < SHORTEST => {}
            Some((then, before)) => {
                let time = now.saturating_duration_since(then);
                let sent = bytes.saturating_sub(before);
                self.bps = onair_media::Bitrate::of(sent, time).as_bps();
                self.last = Some((now, bytes));
            }
            None => self.last = Some((now, bytes)),
        }
        self.bps
    }
}

/// Rates over less time than this say nothing.
const SHORTEST: Duration = Duration::from_millis(200);

fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e5).round() / 100.0
}
