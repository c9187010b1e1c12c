use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use onair_media::Bitrate;

use crate::failover::Failover;
use crate::failure::Failure;
use crate::kernel::Link;
use crate::meter::Meter;
use crate::queue::PacketQueue;
use crate::rate::RateAdvice;
use crate::renewal::Renewal;
use crate::shared_queue::SharedQueue;
use crate::stop::Stop;
use crate::trace::{Trace, Traced};
use crate::{DestinationReport, DestinationStats, HandoverReason, RetryPolicy, State};

/// An output's queue and what is known about the output, for everybody to look at.
#[derive(Debug)]
pub(crate) struct OutputHandle {
    /// Where to, without the key.
    name: String,
    retry: RetryPolicy,
    takes_sizes: bool,
    queue: SharedQueue,
    leaving: Stop,
    renewal: Renewal,
    failover: Mutex<Traced<Failover>>,
    status: Mutex<Status>,
}

/// The changing part.
#[derive(Clone, Debug, Default)]
pub(crate) struct Status {
    pub(crate) state: State,
    /// Where it is on air, or was last, without the key; empty before.
    pub(crate) address: String,
    pub(crate) handovers: u64,
    pub(crate) last_handover: Option<HandoverReason>,
    pub(crate) connects: u64,
    pub(crate) bytes: u64,
    sent: Meter,
    pub(crate) link: Link,
    pub(crate) line: Line,
    pub(crate) failure: Option<Failure>,
    /// When the present attempt went on air, or else the last that did.
    pub(crate) live_since: Option<Instant>,
    /// How much media a file has; `None` before there is any.
    pub(crate) recorded: Option<Duration>,
}

/// What the law of a connection's line said last.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Line {
    pub(crate) advice: RateAdvice,
    /// Bytes that had left the queue and not arrived then.
    pub(crate) on_the_way: u64,
    /// All other lines carry far more: nothing but its queue obeys.
    pub(crate) is_left_behind: bool,
}

impl OutputHandle {
    /// For a file: nothing is tried twice.
    pub(crate) fn file(name: String, queue: PacketQueue) -> Self {
        Self::server(name, RetryPolicy::NEVER, queue)
    }

    /// For a server.
    pub(crate) fn server(name: String, retry: RetryPolicy, queue: PacketQueue) -> Self {
        Self::of(name, retry, SharedQueue::new(queue))
    }

    /// For any output.
    pub(crate) fn of(name: String, retry: RetryPolicy, queue: SharedQueue) -> Self {
        Self {
            name,
            retry,
            takes_sizes: true,
            queue,
            leaving: Stop::new(),
            renewal: Renewal::new(),
            failover: Mutex::new(Failover::new(false, retry).into()),
            status: Mutex::default(),
        }
    }

    /// Whether and how often another attempt follows one that failed.
    pub(crate) const fn retry(&self) -> RetryPolicy {
        self.retry
    }

    /// The same, for a server that may not take pictures of another size in the middle of a stream.
    pub(crate) fn with_sizes(self, takes_sizes: bool) -> Self {
        Self {
            takes_sizes,
            ..self
        }
    }

    /// The same, for one that has a second address.
    pub(crate) fn with_backup(self, trace: &Trace, destination: usize) -> Self {
        Self {
            failover: Mutex::new(Traced::failover(trace, destination, self.retry)),
            ..self
        }
    }

    /// Which of its addresses is used.
    pub(crate) fn failover(&self) -> MutexGuard<'_, Traced<Failover>> {
        self.failover.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether pictures of another size harm nothing here.
    pub(crate) fn takes_sizes(&self) -> bool {
        self.takes_sizes || matches!(self.status().state, State::Ended | State::Failed)
    }

    pub(crate) const fn queue(&self) -> &SharedQueue {
        &self.queue
    }

    /// The wish that this output's stream ends.
    pub(crate) const fn leaving(&self) -> &Stop {
        &self.leaving
    }

    /// The wish for a new connection.
    pub(crate) const fn renewal(&self) -> &Renewal {
        &self.renewal
    }

    /// Ends the stream properly, before `deadline`.
    pub(crate) fn leave(&self, deadline: Instant) {
        self.leaving.ask();
        self.queue.end(Some(deadline));
    }

    /// An ended output begins again.
    pub(crate) fn revive(&self) {
        self.leaving.take_back();
        self.queue.reopen();
        self.failover().renewed();
        let mut status = self.status();
        status.failure = None;
        status.live_since = None;
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

    /// Nothing more will be sent.
    pub(crate) fn finish(&self, result: Result<(), Failure>) {
        let mut status = self.status();
        status.state = match result {
            Ok(()) => State::Ended,
            Err(_) => State::Failed,
        };
        status.failure = result.err();
    }

    /// How many bytes wait for the line, and how many should at the most, if that is so many that
    /// another frame would only be late.
    pub(crate) fn behind(&self) -> Option<(u64, u64)> {
        let line = self.status().line;
        let limit = line.advice.skip_above?;
        let queued = self.queue.with(|queue| queue.payload()) as u64;
        let waits = line.on_the_way + queued;
        (waits > limit).then_some((waits, limit))
    }

    /// What the line carries of everything, if that is known and anybody else has to obey it.
    pub(crate) fn carries(&self) -> Option<Bitrate> {
        let line = self.status().line;
        line.advice.carries.filter(|_| !line.is_left_behind)
    }

    /// Whether a line that is followed has lost the rest of a GOP, and takes no frame until the next.
    pub(crate) fn needs_keyframe(&self) -> bool {
        let is_followed = self.status().line.advice.skip_above.is_some();
        is_followed && self.queue.with(|queue| queue.needs_keyframe())
    }

    /// An address on air; the destination's own before there is one.
    pub(crate) fn or_name(&self, address: String) -> String {
        match address.is_empty() {
            true => self.name.clone(),
            false => address,
        }
    }

    pub(crate) fn report(&self) -> DestinationReport {
        let status = self.status().clone();
        let tally = self.queue.with(|queue| queue.tally().clone());
        let mut video = tally.video;
        video.keyframes.get_or_insert(0);
        DestinationReport {
            url: self.name.clone(),
            state: status.state,
            address: self.or_name(status.address),
            handovers: status.handovers,
            last_handover: status.last_handover,
            connects: status.connects,
            bytes: status.bytes,
            video,
            audio: tally.audio,
            rtt: status.link.rtt,
            queue_delay: tally.delays.summary(),
            gaps: tally.gaps,
            failure: status.failure,
        }
    }

    pub(crate) fn stats(&self, now: Instant) -> DestinationStats {
        let (bitrate, link, line) = {
            let mut status = self.status();
            (status.sent.read(now).bitrate, status.link, status.line)
        };
        DestinationStats {
            so_far: self.report(),
            bitrate,
            delivery: link.delivery_bps.map(Bitrate::bps),
            carries: line.advice.carries,
            unsent_bytes: link.unsent,
            queued: self.queue.with(|queue| queue.span()),
        }
    }
}

impl Status {
    /// The server at `address` takes the stream from now on; gives the address before.
    pub(crate) fn go_live(&mut self, address: &str, link: Link, now: Instant) -> String {
        self.state = State::Live;
        self.connects += 1;
        self.link = link;
        self.live_since = Some(now);
        std::mem::replace(&mut self.address, address.to_owned())
    }

    /// The kernel took `bytes`.
    pub(crate) fn sent(&mut self, bytes: usize, now: Instant) {
        self.bytes += bytes as u64;
        self.sent.add(bytes, now);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;
    use crate::config::Limits;
    use crate::fanout::Fanout;
    use crate::queue::Overflow;
    use crate::samples::video;
    use crate::trace::TracedQueue;

    fn handle() -> OutputHandle {
        let queue = PacketQueue::new(Limits::REALTIME, Overflow::Shed, true);
        OutputHandle::server("here".to_owned(), RetryPolicy::default(), queue)
    }

    #[test]
    fn an_end_stays_one_whenever_a_retry_is_asked_for() {
        for ends_by in [Fanout::stop, Fanout::finish] {
            for _ in 0..500 {
                let fanout = Fanout::new(vec![Arc::new(handle())], None);
                thread::scope(|scope| {
                    scope.spawn(|| fanout.revive(0));
                    ends_by(&fanout);
                });
                assert!(fanout.outputs()[0].queue().with(|queue| queue.has_ended()));
                assert!(!fanout.revive(0), "it is over");
            }
        }
    }

    #[test]
    fn a_line_that_lost_a_gop_needs_a_keyframe_if_it_is_followed() {
        let fanout = Fanout::new(vec![Arc::new(handle())], None);
        let (handle, now) = (fanout.outputs()[0].clone(), Instant::now());
        let feed = |times: std::ops::Range<i64>, keyframe| {
            let packets = times.map(|index| video(index * 40, keyframe));
            handle.queue().push(packets, now);
        };
        handle.queue().with(TracedQueue::live);
        feed(0..1, true);
        feed(1..200, false);
        assert!(!fanout.needs_keyframe(), "nobody leaves out frames for it");
        handle.status().line.advice.skip_above = Some(1000);
        assert!(fanout.needs_keyframe());
        feed(200..201, true);
        assert!(!fanout.needs_keyframe());
    }

    #[test]
    fn two_who_look_at_the_rate_see_the_same_however_often_they_look() {
        let handle = handle();
        let began = Instant::now();
        let at = |millis: u64| began + Duration::from_millis(millis);
        for millis in (0..4000).step_by(40) {
            handle.status().sent(5000, at(millis));
            // A monitor that looks all the time.
            handle.stats(at(millis));
        }
        let once_a_second = handle.stats(at(4000)).bitrate.as_bps();
        assert!(
            (960_000..=1_010_000).contains(&once_a_second),
            "{once_a_second}"
        );
        assert_eq!(handle.stats(at(4000)).bitrate.as_bps(), once_a_second);
    }
}
