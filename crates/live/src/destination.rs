use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::time::{Duration, Instant};

use onair_media::Timestamp;
use tokio::sync::watch;

use crate::failure::{Cause, Failure, FailureStage};
use crate::kernel::ways;
use crate::output::{Output, OutputHandle, SessionContext, random};
use crate::reconnect::{Reconnect, Verdict};
use crate::shared_queue::SharedQueue;
use crate::trace::{Traced, TracedQueue};
use crate::{Event, Fault, HandoverReason, Pace, State};

/// A destination's whole life: one attempt after the other.
pub(crate) struct DestinationTask {
    index: usize,
    output: Arc<dyn Output>,
    /// What each attempt gets.
    context: SessionContext,
}

/// How long a connection may still take to come about once the source has ended.
const GRACE: Duration = Duration::from_secs(2);

impl DestinationTask {
    pub(crate) fn new(index: usize, output: Arc<dyn Output>, context: SessionContext) -> Self {
        Self {
            index,
            output,
            context,
        }
    }

    /// Runs to its end.
    pub(crate) async fn run(mut self) {
        let result = self.attempts().await;
        let handle = &self.context.handle;
        handle.finish(result.clone());
        handle.queue().with(TracedQueue::abandon);
        self.context.tell_gaps();
        handle.queue().close();
        self.context.fanout.tell(Event::DestinationEnded {
            destination: self.index,
            failure: result.err(),
        });
    }

    async fn attempts(&mut self) -> Result<(), Failure> {
        let handle = self.context.handle.clone();
        let trace = self.context.fanout.trace();
        let mut reconnects =
            [0, 1].map(|_| Traced::reconnect(trace, self.index, handle.retry(), random()));
        let mut number = 1;
        loop {
            self.context.fanout.tell(Event::Connecting {
                destination: self.index,
                attempt: number,
            });
            let (was_over, pace) = (self.is_over(), self.context.pace);
            let attempted = tokio::select! {
                result = self.attempt() => result,
                () = too_late(&handle, pace) => return Err(ended_off_air(&handle)),
            };
            let Err((failure, live_since)) = attempted else {
                return Ok(());
            };
            self.tell_refusal(&failure);
            let reconnect = &mut reconnects[handle.failover().current() as usize];
            match self.judge(reconnect, &failure, live_since, Instant::now()) {
                Verdict::GiveUp(failure) => return Err(failure),
                // Another connection would publish nothing, over what the server has recorded.
                Verdict::Retry { .. } if self.is_sent() => return Err(failure),
                // A stream that is over gets one more attempt, not half an hour of them.
                Verdict::Retry { .. } if was_over && failure.cause != Cause::Renewed => {
                    return Err(failure);
                }
                Verdict::Retry { delay, attempt } => {
                    number = match self.wait(&failure, attempt, delay).await {
                        Waited::Enough => attempt,
                        Waited::Renewed => {
                            reconnects.iter_mut().for_each(Traced::<Reconnect>::renewed);
                            handle.failover().renewed();
                            1
                        }
                        Waited::Stopped => return Ok(()),
                    };
                    if self.is_sent() {
                        return Err(failure);
                    }
                }
            }
        }
    }

    /// A failure comes with since when the connection that failed was on air, if it was.
    async fn attempt(&mut self) -> Result<(), (Failure, Option<Instant>)> {
        let handle = self.context.handle.clone();
        let mut context = self.context.clone();
        context.began = Instant::now();
        {
            let failover = handle.failover();
            context.ingest = failover.current();
            context.until = failover.limit().map(|limit| context.began + limit);
            context.takes_over = failover.has_moved().then_some(HandoverReason::Failed);
        }
        let result = self.output.run(context).await;
        self.context.forget_line();
        let live_since = handle.status().live_since.take();
        if let Err(failure) = &result
            && failure.cause == Cause::Renewed
        {
            self.context.renewals.seen();
        }
        result.map_err(|failure| (failure, live_since))
    }

    /// What to do about a failure, and at which address.
    fn judge(
        &self,
        reconnect: &mut Traced<Reconnect>,
        failure: &Failure,
        live_since: Option<Instant>,
        now: Instant,
    ) -> Verdict {
        if let Some(since) = live_since {
            reconnect.live(since);
        }
        let verdict = reconnect.failed(failure.clone(), now);
        let mut failover = self.context.handle.failover();
        if failure.cause == Cause::Renewed {
            failover.renewed();
            return verdict;
        }
        let aired = live_since.map(|since| now.saturating_duration_since(since));
        failover.failed(verdict, aired, now)
    }

    /// Whether a live source has given its last packet.
    fn is_over(&self) -> bool {
        let queue = self.context.queue();
        self.context.pace == Pace::Realtime && queue.with(|queue| queue.has_ended())
    }

    /// Whether the source ended by itself and all of it was sent.
    fn is_sent(&self) -> bool {
        let is_stopped = self.context.handle.leaving().is_asked();
        let queue = self.context.queue();
        !is_stopped && queue.with(|queue| queue.is_over_and_empty())
    }

    fn tell_refusal(&self, failure: &Failure) {
        if failure.refusal.is_some() {
            self.context.fanout.tell(Event::Refused {
                destination: self.index,
                failure: failure.clone(),
            });
        }
    }

    /// Waits before the next attempt.
    async fn wait(&mut self, failure: &Failure, attempt: u32, delay: Duration) -> Waited {
        let handle = self.context.handle.clone();
        let at = handle.queue().with(|queue| {
            queue.away();
            queue.last_taken()
        });
        if handle.status().connects > 0 {
            handle.set_state(State::Reconnecting);
        }
        self.context.fanout.tell(Event::Reconnecting {
            destination: self.index,
            failure: failure.clone(),
            at: at.unwrap_or(Timestamp::ZERO),
            attempt,
            delay,
        });
        tokio::select! {
            () = tokio::time::sleep(delay) => Waited::Enough,
            () = source_ended(handle.queue(), self.context.pace) => Waited::Enough,
            () = self.context.renewals.asked() => Waited::Renewed,
            () = another_way(self.context.fanout.routes().subscribe()) => Waited::Renewed,
            () = handle.leaving().asked() => Waited::Stopped,
        }
    }
}

/// Why a wait is over.
enum Waited {
    Enough,
    /// A connection is wanted at once.
    Renewed,
    Stopped,
}

/// Resolves when the source will give nothing more that is worth another attempt. At full speed the
/// whole file waits to be sent.
async fn source_ended(queue: &SharedQueue, pace: Pace) {
    match pace {
        Pace::Realtime => poll_fn(|cx| queue.poll_ended(cx)).await,
        Pace::Max => pending().await,
    }
}

/// Resolves when the system has found another way to the network.
async fn another_way(mut news: watch::Receiver<()>) {
    let before = ways::sources();
    while news.changed().await.is_ok() {
        let now = ways::sources();
        if now != before && now != [None; 2] {
            return;
        }
    }
    pending().await
}

/// Resolves when the source ended a while ago and no server has agreed to a publish since.
async fn too_late(handle: &OutputHandle, pace: Pace) {
    source_ended(handle.queue(), pace).await;
    tokio::time::sleep(GRACE).await;
    if handle.status().state == State::Live {
        pending::<()>().await;
    }
}

fn ended_off_air(handle: &OutputHandle) -> Failure {
    let seconds = GRACE.as_secs();
    let words = match handle.status().connects {
        0 => format!(
            "never on air: {seconds} s after the end of the source the server had not agreed"
        ),
        _ => format!("off air at the end: {seconds} s later the server had not agreed again"),
    };
    Failure::new(FailureStage::Publish, Fault::TimedOut, words)
}
