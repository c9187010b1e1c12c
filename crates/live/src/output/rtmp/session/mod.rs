mod close;
mod delivery;
mod flow;
mod handing_over;
mod line;
mod packets;
mod timing;

use std::future::pending;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use onair_media::Packet;
use onair_net::Pump;
use onair_rtmp::publisher::{Config, End, Event as Said, Retry, Step};
use onair_rtmp::{Error, Publisher, Url};

use self::delivery::Delivery;
pub(super) use self::flow::READ;
use self::handing_over::Pause;
use self::line::Line;
use self::packets::Packets;
use crate::handover::Progress;
use crate::kernel::ways;
use crate::output::SessionContext;
use crate::output::stream::Stream;
use crate::trace::Traced;
use crate::{Event, Failure, HandoverReason};

/// One connection's life, driven by a [`Publisher`].
///
/// Packets leave the queue only once the kernel has taken all before them, so that late ones can
/// still be shed.
pub(super) struct Session {
    pump: Pump<Box<dyn Stream>, Publisher>,
    context: SessionContext,
    /// Where it publishes, without the key.
    address: String,
    packets: Packets,
    delivery: Delivery,
    phase: Phase,
    /// Another connection is wanted, by the server or the application.
    moving: Option<Move>,
    /// Whether packets are left to another session.
    pause: Pause,
    /// Another session is on air: this one only ends.
    is_retired: bool,
    progress: Traced<Progress>,
    /// It goes the way that the system chooses.
    is_usual: bool,
    /// When to see again whether anything arrives.
    next_look: Instant,
    /// How many bytes the kernel took.
    written: u64,
    /// Nothing more can be written; what the server said before is still read.
    broken: Option<Failure>,
    /// How it will end; the rest is still to be written.
    end_reason: Option<EndReason>,
    line: Line,
    /// When to look at the connection again.
    tick: Instant,
    stopping: Option<Wish>,
    renewing: Option<Wish>,
    /// The address from which the system reaches the server, and news that it may be another.
    source: Option<IpAddr>,
    rerouting: Option<Wish>,
}

/// Resolves when somebody wants it.
type Wish = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A session's view of the wish for another connection.
fn renewal(context: &SessionContext) -> Wish {
    let mut renewals = context.renewals.clone();
    Box::pin(async move { renewals.asked().await })
}

/// A session's view of news of the ways to the network.
fn news(context: &SessionContext) -> Wish {
    let mut news = context.fanout.routes().subscribe();
    Box::pin(async move {
        if news.changed().await.is_err() {
            pending().await
        }
    })
}

/// How far a session has come.
#[derive(Debug)]
enum Phase {
    /// The server has not agreed to the publish yet.
    Opening {
        /// The server's name for itself.
        server: Option<String>,
        has_source_ended: bool,
    },
    /// On air.
    Live,
    /// The farewell is said, whether on air or before.
    Closing { was_live: bool },
}

/// The wish for another connection.
#[derive(Clone, Debug)]
pub(super) struct Move {
    /// Where to, if not to the same address as this one.
    pub(super) to: Option<Url>,
    pub(super) why: HandoverReason,
}

/// How a session ended, and what it leaves behind.
#[derive(Debug)]
pub(super) struct SessionEnd {
    pub(super) reason: EndReason,
    /// The server agreed to the publish.
    pub(super) was_live: bool,
    /// Packets for the next connection: no server has taken them.
    pub(super) left: Vec<Packet>,
    /// Packets that a server was sent, without their payloads, and that did not arrive.
    pub(super) lost: Vec<Packet>,
}

/// How a session ended.
#[derive(Debug)]
pub(super) enum EndReason {
    /// As asked, farewell and all.
    Finished,
    /// The machine wants another connection.
    Retry(Box<Retry>),
    /// The conversation failed at this step.
    Failed(Error, Step),
    /// The connection did, or the application wants another.
    Lost(Failure),
}

/// How often the kernel is asked and the application told.
const TICK: Duration = Duration::from_millis(500);

/// How long the farewell may take once nobody waits any longer.
const LAST_WORDS: Duration = Duration::from_millis(200);

impl Phase {
    const fn is_live(&self) -> bool {
        matches!(self, Self::Live | Self::Closing { was_live: true })
    }

    const fn is_closing(&self) -> bool {
        matches!(self, Self::Closing { .. })
    }
}

impl Session {
    pub(super) fn new(stream: Box<dyn Stream>, config: Config, context: SessionContext) -> Self {
        let now = Instant::now();
        let ends = stream.ends();
        let source = ends.and_then(|(_, peer)| ways::source(peer));
        Self {
            address: config.url.to_string(),
            pump: Pump::new(stream, Publisher::new(config, now), now),
            packets: Packets::default(),
            delivery: Delivery::default(),
            phase: Phase::Opening {
                server: None,
                has_source_ended: false,
            },
            moving: None,
            pause: Pause::No,
            is_retired: false,
            progress: Traced::progress(context.fanout.trace(), context.destination),
            is_usual: ends.map(|(local, _)| local.ip()) == source,
            source,
            rerouting: Some(news(&context)),
            next_look: now,
            written: 0,
            broken: None,
            end_reason: None,
            line: Line::new(&context, now),
            tick: now + TICK,
            stopping: Some(Box::pin(context.handle.leaving().asked())),
            renewing: Some(renewal(&context)),
            context,
        }
    }

    /// Closes the connection, if its end was a good one.
    pub(super) async fn finish(mut self, mut reason: EndReason) -> SessionEnd {
        if let EndReason::Finished = reason
            && let Err(failure) = self.close().await
        {
            reason = EndReason::Lost(failure);
        }
        self.context.tell_gaps();
        let was_live = self.phase.is_live();
        let is_whole = matches!(reason, EndReason::Finished);
        let lost = match was_live && !is_whole {
            true => self.give_up(),
            false => Vec::new(),
        };
        SessionEnd {
            reason,
            was_live,
            left: self.packets.left(),
            lost,
        }
    }

    /// One turn; how it ends, once.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<EndReason> {
        loop {
            let now = Instant::now();
            while let Some(said) = self.pump.next_event(now) {
                self.handle_event(said, now);
            }
            self.poll_write(cx, now);
            self.watch_progress(now);
            let is_unwritten = self.pump.unwritten() > 0;
            let waits =
                |reason: &mut EndReason| matches!(reason, EndReason::Finished) && is_unwritten;
            if let Some(reason) = self.end_reason.take_if(|reason| !waits(reason)) {
                return Poll::Ready(reason);
            }
            let progress = self.poll_read(cx, now)
                || self.poll_queue(cx, now)
                || self.poll_stop(cx)
                || self.poll_renewal(cx)
                || self.poll_routes(cx)
                || self.watch_line(now)
                || self.poll_timer(cx, now);
            if !progress {
                return Poll::Pending;
            }
        }
    }

    fn handle_event(&mut self, said: Said, now: Instant) {
        match said {
            Said::Connected { server: name } => {
                if let Phase::Opening { server, .. } = &mut self.phase {
                    *server = name;
                }
            }
            Said::Publishing => self.go_live(now),
            Said::Status {
                level,
                code,
                description,
            } => tracing::debug!(level, code, description, "the server says"),
            Said::ReconnectRequested { url, description } => {
                let why = HandoverReason::ServerAsked;
                if self.moving.replace(Move { to: url, why }).is_none() {
                    self.context.tell(|destination| Event::ReconnectRequested {
                        destination,
                        description,
                    });
                }
            }
            Said::Closed(End::Finished) => self.end(EndReason::Finished),
            Said::Closed(End::Retry(retry)) => self.end(EndReason::Retry(retry)),
            // The kernel knows better what has arrived.
            Said::Acknowledged { .. } => {}
        }
    }

    /// Only the first reason counts.
    fn end(&mut self, reason: EndReason) {
        self.end_reason.get_or_insert(reason);
    }

    fn go_live(&mut self, now: Instant) {
        let Phase::Opening {
            server,
            has_source_ended,
        } = &mut self.phase
        else {
            return;
        };
        let (server, has_source_ended) = (server.take(), *has_source_ended);
        self.phase = Phase::Live;
        self.packets.confirm();
        let link = self.pump.stream().link();
        self.context.go_live(&self.address, server, link, now);
        self.look_at_route();
        if has_source_ended {
            self.say_farewell(now);
        }
    }

    /// Notes the machine's verdict on an input.
    fn check(&mut self, result: Result<(), Error>) {
        if let Err(error) = result
            && self.end_reason.is_none()
        {
            let is_close = matches!(error, Error::Closed { .. });
            self.end_reason = Some(match self.broken.take() {
                Some(failure) if is_close && self.phase.is_live() => EndReason::Lost(failure),
                _ => EndReason::Failed(error, self.pump.machine.reached()),
            });
        }
    }
}
