//! One connection after the other, without a break between them where that can be: does what
//! [`Handover`] decides.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use onair_net::Timer;
use onair_rtmp::Url;
use onair_rtmp::publisher::Config;

use super::connect::{answers, connect};
use super::session::{EndReason, Move, Session, SessionEnd};
use super::{MAX_ROUNDS, RtmpOutput, failure, hosts, random};
use crate::failover::{Ingest, Step};
use crate::failure::Cause;
use crate::handover::{Action, Handover, OnAir};
use crate::output::SessionContext;
use crate::output::stream::Stream;
use crate::output::transport::Ways;
use crate::trace::{Traced, TracedQueue};
use crate::{Failure, HandoverReason};

/// The session on air, the one that is to follow it, and the one that it followed.
pub(super) struct Succession<'a> {
    output: &'a RtmpOutput,
    context: SessionContext,
    on_air: Session,
    successor: Successor<'a>,
    /// Of the session on air, and of its successor.
    configs: (Config, Config),
    handover: Traced<Handover>,
    /// Where the server wants the next connection, if not where this one is.
    detour: Option<Url>,
    /// Why another connection is wanted, if it is not for a stall.
    wish: Option<HandoverReason>,
    /// A successor has been begun for it.
    has_tried: bool,
    /// Which of the destination's addresses the successor is for.
    heading: Ingest,
    /// Asks the first address whether it answers, while the backup is on air.
    probing: Option<Probing<'a>>,
    /// How many connections the successor has needed.
    rounds: usize,
    /// It says its last words.
    leaving: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// The session on air ends first, and then the next begins on what is open already.
    is_breaking: bool,
    timer: Timer,
}

/// The next connection, open, for when the one before has ended properly.
pub(super) struct Moved {
    pub(super) stream: Box<dyn Stream>,
    pub(super) config: Config,
    pub(super) why: HandoverReason,
}

enum Successor<'a> {
    None,
    Connecting(Connecting<'a>),
    Ready(Box<dyn Stream>),
    Publishing(Box<Session>),
}

type Probing<'a> = Pin<Box<dyn Future<Output = bool> + Send + 'a>>;

type Connecting<'a> = Pin<Box<dyn Future<Output = Result<Box<dyn Stream>, Failure>> + Send + 'a>>;

/// How long a session may take to end while another is on air.
const LEAVE: Duration = Duration::from_secs(5);

impl<'a> Succession<'a> {
    pub(super) fn new(
        output: &'a RtmpOutput,
        stream: Box<dyn Stream>,
        config: Config,
        mut context: SessionContext,
    ) -> Self {
        let on_air = Session::new(stream, config.clone(), context.clone());
        context.until = None;
        Self {
            output,
            on_air,
            handover: handover(&context),
            heading: context.ingest,
            probing: None,
            context,
            successor: Successor::None,
            configs: (config.clone(), config),
            detour: None,
            wish: None,
            has_tried: false,
            rounds: 0,
            leaving: None,
            is_breaking: false,
            timer: Timer::new(Instant::now()),
        }
    }

    /// Runs until no session is left, or the next one has to begin after the end of this one.
    pub(super) async fn run(mut self) -> (SessionEnd, Option<Moved>) {
        let reason = poll_fn(|cx| self.poll(cx)).await;
        let why = self.why();
        let ended = self.on_air.finish(reason).await;
        if let EndReason::Finished = ended.reason
            && let Some(leaving) = self.leaving
        {
            leaving.await;
        }
        let moved = match self.successor {
            Successor::Ready(stream) if self.is_breaking => Some(Moved {
                stream,
                config: self.configs.1,
                why,
            }),
            _ => None,
        };
        (ended, moved)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<EndReason> {
        loop {
            let now = Instant::now();
            self.leaving
                .take_if(|leaving| leaving.as_mut().poll(cx).is_ready());
            if let Poll::Ready(reason) = self.on_air.poll(cx) {
                match std::mem::replace(&mut self.successor, Successor::None) {
                    Successor::Publishing(session) => {
                        let old = self.replace(*session);
                        if !matches!(reason, EndReason::Finished) {
                            self.context.lose(&old.into_lost());
                        }
                        continue;
                    }
                    other => self.successor = other,
                }
                return Poll::Ready(reason);
            }
            self.take_wish(now);
            let has_progress = self.poll_successor(cx, now)
                || self.watch_first(cx, now)
                || self.act(now)
                || self.poll_timer(cx);
            if !has_progress {
                return Poll::Pending;
            }
        }
    }

    fn take_wish(&mut self, now: Instant) {
        if let Some(Move { to, why }) = self.on_air.take_wish() {
            self.detour = to;
            self.wish = Some(why);
            self.has_tried = false;
            self.context.handle.renewal().fulfil();
            self.handover.want(now);
        }
    }

    /// True when the successor got further.
    fn poll_successor(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        match &mut self.successor {
            Successor::None | Successor::Ready(_) => return false,
            Successor::Connecting(connecting) => match connecting.as_mut().poll(cx) {
                Poll::Pending => return false,
                Poll::Ready(Ok(stream)) => self.connected(stream, now),
                Poll::Ready(Err(failure)) => self.failed(&failure, now),
            },
            Successor::Publishing(session) => match session.poll(cx) {
                Poll::Pending if !session.is_live() => return false,
                Poll::Pending => self.succeed(now),
                Poll::Ready(reason) => self.ended(reason, now),
            },
        }
        true
    }

    fn act(&mut self, now: Instant) -> bool {
        if self.is_breaking || !self.on_air.is_live() {
            return false;
        }
        let Some(action) = self.handover.poll(self.state(), now) else {
            return false;
        };
        tracing::debug!(?action, "handover");
        match action {
            Action::Connect => self.begin(now),
            Action::Drop => {
                self.drop_successor();
                self.end_return(now);
                if !self.on_air.is_stalled() {
                    self.context.handle.failover().moves_again();
                }
            }
            Action::Publish => self.publish(),
            Action::BreakFirst => {
                self.is_breaking = true;
                let unsent = self.on_air.leave_unsent();
                self.context.restore(unsent);
                self.on_air.say_farewell(now);
            }
            Action::EndOld => self.succeed(now),
        }
        true
    }

    fn state(&self) -> OnAir {
        OnAir {
            is_stalled: self.on_air.is_stalled(),
            is_at_keyframe: self.on_air.is_paused(),
            is_alone: hosts::WITHOUT_TAKEOVER.know(&self.configs.1.url),
            is_elsewhere: self.is_elsewhere(),
        }
    }

    /// Whether the successor is made at the destination's other address.
    fn is_elsewhere(&self) -> bool {
        self.heading != self.context.ingest
    }

    fn why(&self) -> HandoverReason {
        self.wish.unwrap_or(HandoverReason::Stalled)
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> bool {
        if self.is_breaking || !self.on_air.is_live() {
            return false;
        }
        let deadline = self.handover.deadline(self.state());
        let watch = self.context.handle.failover().deadline();
        let deadline = deadline.into_iter().chain(watch).min();
        deadline.is_some_and(|at| self.timer.poll(at, cx))
    }

    /// Begins to make a successor.
    fn begin(&mut self, now: Instant) {
        self.heading = match self.wish {
            Some(HandoverReason::Recovered) => Ingest::First,
            Some(HandoverReason::Asked) if !self.has_tried => Ingest::First,
            _ if self.on_air.is_stalled() => self.context.handle.failover().next_of_stalled(),
            _ => self.context.ingest,
        };
        self.has_tried = true;
        let url = match self.is_elsewhere() {
            true => self.output.url(self.heading),
            false => self.detour.as_ref().unwrap_or(&self.configs.0.url),
        };
        self.configs.1 = self.output.config(url, &self.context);
        self.rounds = 0;
        self.connect(now);
    }

    fn connect(&mut self, now: Instant) {
        self.context.began = now;
        let (url, pace) = (self.configs.1.url.clone(), self.context.pace);
        let trust = &self.output.trust;
        let ways = match self.on_air.is_stalled() {
            true => Ways::All,
            false => Ways::Usual,
        };
        let connecting = Box::pin(async move { connect(&url, trust, pace, ways).await });
        self.successor = Successor::Connecting(connecting);
    }

    fn connected(&mut self, stream: Box<dyn Stream>, now: Instant) {
        self.successor = Successor::Ready(stream);
        self.handover.connected(now);
        if self.handover.awaits_keyframe() {
            self.on_air.pause(false);
            self.context.fanout.ask_keyframe();
        }
    }

    /// The old connection's packets are the successor's from now on.
    fn publish(&mut self) {
        let Successor::Ready(stream) = std::mem::replace(&mut self.successor, Successor::None)
        else {
            return;
        };
        let is_stalled = self.on_air.is_stalled();
        self.on_air.pause(true);
        let unsent = self.on_air.leave_unsent();
        if !unsent.is_empty() {
            self.context.restore(unsent);
        }
        let queue = self.context.queue();
        if is_stalled {
            queue.with(TracedQueue::away);
        }
        if !queue.with(|queue| queue.is_ready()) {
            self.context.fanout.ask_keyframe();
        }
        let mut context = self.context.clone();
        context.takes_over = Some(self.why());
        context.ingest = self.heading;
        let session = Session::new(stream, self.configs.1.clone(), context);
        self.successor = Successor::Publishing(Box::new(session));
    }

    /// The successor is on air, or nothing else will be: the old session ends.
    fn succeed(&mut self, now: Instant) {
        if let Successor::Publishing(session) =
            std::mem::replace(&mut self.successor, Successor::None)
        {
            let mut old = self.replace(*session);
            if old.is_stalled() {
                self.context.lose(&old.into_lost());
                return;
            }
            old.retire(now);
            let context = self.context.clone();
            self.leaving = Some(Box::pin(async move {
                context.lose(&old.leave(LEAVE).await);
            }));
        }
    }

    /// Gives the old session.
    fn replace(&mut self, session: Session) -> Session {
        self.configs.0 = self.configs.1.clone();
        self.handover = handover(&self.context);
        self.detour = None;
        self.wish = None;
        self.context.ingest = self.heading;
        self.probing = None;
        std::mem::replace(&mut self.on_air, session)
    }

    /// The successor's conversation ended before it was on air.
    fn ended(&mut self, reason: EndReason, now: Instant) {
        let Successor::Publishing(session) =
            std::mem::replace(&mut self.successor, Successor::None)
        else {
            return;
        };
        self.context.restore(session.abandon());
        let failure = match reason {
            EndReason::Retry(retry) if self.rounds < MAX_ROUNDS => {
                self.rounds += 1;
                self.configs.1 = retry.config;
                self.configs.1.seed = random();
                self.handover.again(now);
                return self.connect(now);
            }
            EndReason::Failed(error, step) => failure(&error, step, self.configs.1.video_codec),
            EndReason::Lost(failure) => failure,
            EndReason::Retry(_) | EndReason::Finished => Failure::renewed(),
        };
        self.failed(&failure, now);
    }

    fn failed(&mut self, failure: &Failure, now: Instant) {
        tracing::debug!(%failure, "no handover");
        self.drop_successor();
        self.detour = None;
        self.handover.failed(now);
        self.end_return(now);
        let is_busy = matches!(failure.cause, Cause::Busy { .. });
        if is_busy && !self.is_elsewhere() && !self.on_air.is_stalled() {
            hosts::WITHOUT_TAKEOVER.remember(&self.configs.1.url);
            self.handover.want(now);
        }
    }

    /// Asks, while the backup is on air, whether the first address answers, and lets it take over.
    fn watch_first(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let mut failover = self.context.handle.failover();
        if self.is_breaking || !self.on_air.is_live() {
            return false;
        }
        if let Some(probing) = &mut self.probing {
            let Poll::Ready(has_answered) = probing.as_mut().poll(cx) else {
                return false;
            };
            self.probing = None;
            failover.probed(has_answered, now);
        }
        match failover.poll(now) {
            None => return false,
            Some(Step::Probe) => {
                let (url, trust) = (self.output.url(Ingest::First), &self.output.trust);
                let config = self.output.config(url, &self.context);
                self.probing = Some(Box::pin(answers(config, trust)));
            }
            Some(Step::Return) if self.wish.is_some() => failover.return_failed(now),
            Some(Step::Return) => {
                self.wish = Some(HandoverReason::Recovered);
                self.handover.want(now);
            }
        }
        true
    }

    /// The first address does not take over yet.
    fn end_return(&mut self, now: Instant) {
        if self
            .wish
            .take_if(|why| *why == HandoverReason::Recovered)
            .is_some()
        {
            self.handover.forget_wish(now);
            self.context.handle.failover().return_failed(now);
        }
    }

    /// Forgets the successor: the old session goes on with what it has left.
    fn drop_successor(&mut self) {
        let before = std::mem::replace(&mut self.successor, Successor::None);
        if let Successor::Publishing(session) = before {
            self.context.restore(session.abandon());
        }
        if self.on_air.is_paused() {
            self.context.queue().with(TracedQueue::live);
        }
        self.on_air.resume();
    }
}

fn handover(context: &SessionContext) -> Traced<Handover> {
    let leaves_stalls = context.handle.retry().enabled;
    Traced::handover(context.fanout.trace(), context.destination, leaves_stalls)
}
