use std::sync::Arc;
use std::time::{Duration, Instant};

use onair_media::{Bitrate, Packet};

use super::OutputHandle;
use super::handle::Line;
use crate::failover::Ingest;
use crate::fanout::Fanout;
use crate::kernel::Link;
use crate::program::Program;
use crate::rate::{Holder, LinkSample, RateAdvice, RateLaw, Telling};
use crate::renewal::Renewals;
use crate::shared_queue::SharedQueue;
use crate::trace::{Traced, TracedQueue};
use crate::{Event, Failure, FailureStage, Fault, HandoverReason, Pace, State};

/// What an output works with during one attempt, and how it reports.
#[derive(Clone, Debug)]
pub(crate) struct SessionContext {
    /// The number by which events name the destination; a recording has none.
    pub(crate) destination: Option<usize>,
    pub(crate) fanout: Arc<Fanout>,
    pub(crate) handle: Arc<OutputHandle>,
    pub(crate) program: Arc<Program>,
    pub(crate) pace: Pace,
    pub(crate) renewals: Renewals,
    /// When the attempt began, or the connection that the server asked for instead.
    pub(crate) began: Instant,
    /// Congestion was told, and is not over.
    pub(crate) is_congested: bool,
    /// What was told of the limit that the line sets.
    pub(crate) limit: Telling,
    /// Why the next connection takes over from one that was on air, if it does.
    pub(crate) takes_over: Option<HandoverReason>,
    /// Which of the destination's addresses it is for.
    pub(crate) ingest: Ingest,
    /// When an attempt that is not on air is given up for another address.
    pub(crate) until: Option<Instant>,
}

/// More queued media than this is congestion; less than a quarter of it is recovery.
const CONGESTION: Duration = Duration::from_millis(600);

impl SessionContext {
    /// Where the packets come from.
    pub(crate) fn queue(&self) -> &SharedQueue {
        self.handle.queue()
    }

    /// Waits for a connection, unless another one is asked for first, or the end, which gives
    /// `None`.
    ///
    /// It will begin at an IDR picture: if there is none, the encoder has to make one.
    pub(crate) async fn connect<T>(
        &mut self,
        connecting: impl Future<Output = Result<T, Failure>>,
    ) -> Result<Option<T>, Failure> {
        if !self.queue().with(|queue| queue.is_ready()) {
            self.fanout.ask_keyframe();
        }
        tokio::select! {
            connected = connecting => connected.map(Some),
            () = self.handle.leaving().asked() => Ok(None),
            () = self.renewals.asked() => Err(Failure::renewed()),
            () = reached(self.until) => Err(took_too_long(FailureStage::Connect)),
        }
    }

    /// The server at `address` takes the stream from now on.
    pub(crate) fn go_live(&self, address: &str, server: Option<String>, link: Link, now: Instant) {
        self.queue().with(TracedQueue::live);
        self.handle.failover().live(self.ingest, now);
        let before = self.handle.status().go_live(address, link, now);
        self.tell(|destination| Event::Live {
            destination,
            after: now.saturating_duration_since(self.began),
            server,
        });
        if let Some(why) = self.takes_over {
            self.tell_handover(before, address.to_owned(), why);
        }
    }

    fn tell_handover(&self, before: String, to: String, why: HandoverReason) {
        let from = self.handle.or_name(before);
        let mut status = self.handle.status();
        status.handovers += 1;
        status.last_handover = Some(why);
        drop(status);
        self.tell(|destination| Event::HandedOver {
            destination,
            from,
            to,
            why,
        });
    }

    /// The kernel took `bytes`.
    pub(crate) fn sent(&self, bytes: usize, now: Instant) {
        self.handle.status().sent(bytes, now);
    }

    /// Notes the state of the connection, and tells the application what is new.
    pub(crate) fn look(&mut self, link: Link, is_live: bool) {
        self.handle.status().link = link;
        self.tell_gaps();
        let queued = self.queue().with(|queue| queue.span());
        let is_late = is_live && self.pace == Pace::Realtime && queued > CONGESTION;
        if is_late && !self.is_congested {
            self.tell(|destination| Event::Congested {
                destination,
                queued,
            });
        }
        self.is_congested = is_late || self.is_congested && queued > CONGESTION / 4;
    }

    /// Whether nothing was on its way when last noted, and nothing remains to be told.
    pub(crate) fn is_calm(&self) -> bool {
        let link = self.handle.status().link;
        link.under_way() == 0 && self.queue().with(|queue| queue.is_quiet())
    }

    /// The line as a law sees it, with `pending` bytes taken off the queue that the kernel has not.
    pub(crate) fn sample(&self, link: Link, pending: usize, now: Instant) -> LinkSample {
        let (asked, most) = self.fanout.asked();
        let (encoded, audio) = self.fanout.notes().encoded(now);
        let waiting = |queue: &mut TracedQueue| (queue.age(now), queue.payload());
        let (queue_age, queued) = self.queue().with(waiting);
        LinkSample {
            at: now,
            queue_age,
            queued: queued as u64,
            pending: pending as u64,
            written: link.written,
            unsent: link.unsent,
            unacked: link.unacked,
            late: None,
            delivery: link.delivery_bps.map(Bitrate::bps),
            rtt: link.rtt,
            min_rtt: link.min_rtt,
            encoded,
            asked,
            most,
            audio,
        }
    }

    /// The law that a new connection's line is followed by.
    pub(crate) fn law(&self) -> Box<dyn RateLaw> {
        let min = self.fanout.rate().min();
        Traced::law(self.fanout.trace(), self.destination, min)
    }

    /// Has the encoder, and what comes before it, obey the law of this destination's line, unless
    /// that is far behind the lines of all others.
    pub(crate) fn obey(&mut self, mut advice: RateAdvice, sample: &LinkSample) {
        let Some(destination) = self.destination else {
            return;
        };
        let (wish, now) = (advice.bitrate, sample.at);
        let is_left_behind = !self.fanout.rate().follow(destination, wish, now);
        let event = match is_left_behind {
            true => None,
            false => self.limit.update(destination, advice, sample.most, now),
        };
        event.into_iter().for_each(|event| self.fanout.tell(event));
        advice.skip_above = advice.skip_above.filter(|_| !is_left_behind);
        let line = Line {
            advice,
            on_the_way: sample.backlog() - sample.queued,
            is_left_behind,
        };
        let before = std::mem::replace(&mut self.handle.status().line, line);
        if before.is_left_behind != is_left_behind {
            self.tell_left_behind(is_left_behind);
        }
    }

    fn tell_left_behind(&self, is_left_behind: bool) {
        let words = match is_left_behind {
            true => "its line carries far less than the others: video is no longer lowered for it",
            false => "its line keeps up again",
        };
        self.warn(words.to_owned());
    }

    /// The connection is gone, and what was known of its line with it.
    pub(crate) fn forget_line(&self) {
        self.handle.status().line = Line::default();
        if let Some(destination) = self.destination {
            self.fanout.rate().wish(Holder::Line(destination), None);
        }
    }

    /// Counts packets that a server was sent and that did not arrive.
    pub(crate) fn lose(&self, packets: &[Packet]) {
        if !packets.is_empty() {
            self.queue().with(|queue| queue.lose(packets));
        }
    }

    /// Puts back packets that were taken and did not arrive.
    pub(crate) fn restore(&self, packets: Vec<Packet>) {
        self.queue()
            .with(|queue| queue.restore(packets, Instant::now()));
    }

    /// The server asked for another connection: what follows is an attempt of its own.
    pub(crate) fn begin_again(&mut self) {
        self.handle.set_state(State::Reconnecting);
        self.began = Instant::now();
    }

    /// Tells the application something about this destination.
    pub(crate) fn tell(&self, event: impl FnOnce(usize) -> Event) {
        if let Some(destination) = self.destination {
            self.fanout.tell(event(destination));
        }
    }

    /// As [`tell`](Self::tell), in words.
    pub(crate) fn warn(&self, words: String) {
        self.fanout.warn(self.destination, words);
    }

    /// Tells the gaps closed since the last time.
    pub(crate) fn tell_gaps(&self) {
        if let Some(destination) = self.destination {
            self.fanout.tell_gaps(destination, self.queue());
        }
    }
}

/// Resolves at a time, if there is one.
async fn reached(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// A server was not given longer, because there is another address.
pub(crate) fn took_too_long(stage: FailureStage) -> Failure {
    let words = "the server took too long, and there is another address";
    Failure::new(stage, Fault::TimedOut, words)
}
