mod flow;
mod part;
mod watch;

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use onair_flv::{Muxer, Tag};
use onair_media::{Packet, Tracks};
use onair_net::Pump;
use onair_rtmp::publisher::{self, End, Retry, Stage};
use onair_rtmp::{Error, Publisher, Url};

use crate::failure::Failure;
use crate::hub::Hub;
use crate::line::Line;
use crate::output::transport::Stream;
use crate::program::Program;
use crate::queue::PacketQueue;
use crate::rate::{self, Follower};
use crate::renewal::Renewals;
use crate::{Event, Pace, State};

/// One connection's life: does what a [`Publisher`] says.
///
/// Packets leave the queue only when the kernel has taken all before them, so
/// what is late can still be shed.
pub(crate) struct Session<'a> {
    pump: Pump<Box<dyn Stream>, Publisher>,
    place: Place<'a>,
    /// Since the first packet.
    muxer: Option<Muxer>,
    /// Taken from the queue, not yet given to the publisher.
    batch: VecDeque<Packet>,
    /// Of packets already taken, what the first flight had no room for.
    owed: VecDeque<Tag>,
    /// Given to the publisher before the server agreed to the publish.
    unconfirmed: Vec<Packet>,
    /// What was said last of the stream.
    described: Option<Tracks>,
    live: Option<Instant>,
    phase: Phase,
    moving: Option<Option<Url>>,
    broken: Option<Failure>,
    ending: Option<Ending>,
    server: Option<String>,
    congested: bool,
    rate: Follower,
    tick: Instant,
    stopping: Option<Wish<'a>>,
    renewing: Option<Wish<'a>>,
}

/// Resolves when somebody has it.
type Wish<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Whose session it is.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) index: usize,
    pub(crate) hub: &'a Hub,
    pub(crate) line: &'a Line,
    pub(crate) program: &'a Program,
    pub(crate) pace: Pace,
    /// When the attempt began that this connection belongs to.
    pub(crate) began: Instant,
}

/// How a session stands towards its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Sending what comes.
    Sending,
    /// The source ended before the server agreed to the publish.
    Waiting,
    /// The farewell is said.
    Closing,
}

/// How a session ended, and what it leaves behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) how: Ending,
    /// Packets that did not arrive.
    pub(crate) left: Vec<Packet>,
    /// Since when the stream was on air, if it was.
    pub(crate) live: Option<Instant>,
}

/// How a session ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// As asked, farewell and all.
    Finished,
    /// The machine wants another connection.
    Retry(Box<Retry>),
    /// The server asked us to connect anew, there or to the same place.
    Moved(Option<Url>),
    /// The application wants another connection.
    Renewed,
    /// The conversation failed, when it had come so far.
    Failed(Error, Stage),
    /// The connection broke.
    Lost(Failure),
}

/// How often the kernel is asked and the application told.
const TICK: Duration = Duration::from_millis(500);

/// What the farewell may take once nobody waits any longer.
const LAST_WORDS: Duration = Duration::from_millis(200);

impl<'a> Session<'a> {
    pub(crate) fn new(
        stream: Box<dyn Stream>,
        config: publisher::Config,
        place: Place<'a>,
        mut renewals: Renewals,
    ) -> Self {
        let now = Instant::now();
        Self {
            pump: Pump::new(stream, Publisher::new(config, now), now),
            place,
            muxer: None,
            batch: VecDeque::new(),
            owed: VecDeque::new(),
            unconfirmed: Vec::new(),
            described: None,
            live: None,
            phase: Phase::Sending,
            moving: None,
            broken: None,
            ending: None,
            server: None,
            congested: false,
            rate: Follower::new(rate::law(), now),
            tick: now + TICK,
            stopping: Some(Box::pin(place.line.leaving().asked())),
            renewing: Some(Box::pin(async move { renewals.asked().await })),
        }
    }

    /// Runs to its end.
    pub(crate) async fn run(mut self) -> Ended {
        let mut how = poll_fn(|cx| self.poll(cx)).await;
        if let Ending::Finished = how {
            let lost = self.part().await;
            how = match (lost, self.moving.take()) {
                (Some(failure), _) => Ending::Lost(failure),
                (None, Some(url)) => Ending::Moved(url),
                (None, None) => Ending::Finished,
            };
        }
        let line = self.place.line;
        self.place.hub.tell_gaps(self.place.index, line.feed());
        self.wish(None);
        let mut left = self.unconfirmed;
        left.extend(self.batch);
        Ended {
            how,
            left,
            live: self.live,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        loop {
            let now = Instant::now();
            while let Some(event) = self.pump.next_event(now) {
                self.handle_event(event, now);
            }
            self.poll_write(cx, now);
            match self.ending.take() {
                Some(Ending::Finished) if self.pump.unwritten() > 0 => {
                    self.ending = Some(Ending::Finished);
                }
                Some(ending) => return Poll::Ready(ending),
                None => {}
            }
            let progress = self.poll_read(cx, now)
                || self.poll_feed(cx, now)
                || self.poll_stop(cx)
                || self.poll_renewal(cx)
                || self.poll_timer(cx, now);
            if !progress {
                return Poll::Pending;
            }
        }
    }

    fn handle_event(&mut self, event: publisher::Event, now: Instant) {
        match event {
            publisher::Event::Connected { server } => self.server = server,
            publisher::Event::Publishing => self.go_live(now),
            publisher::Event::Status {
                level,
                code,
                description,
            } => tracing::debug!(level, code, description, "the server says"),
            publisher::Event::ReconnectRequested { url, description } => {
                let destination = self.place.index;
                let is_news = self.moving.replace(url).is_none();
                if is_news {
                    self.place.hub.tell(Event::ReconnectRequested {
                        destination,
                        description,
                    });
                }
            }
            publisher::Event::Closed(End::Finished) => self.end(Ending::Finished),
            publisher::Event::Closed(End::Retry(retry)) => self.end(Ending::Retry(retry)),
            _ => {}
        }
    }

    /// The first end counts.
    fn end(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
    }

    fn go_live(&mut self, now: Instant) {
        self.live = Some(now);
        self.unconfirmed = Vec::new();
        self.place.line.feed().with(PacketQueue::live);
        let mut status = self.place.line.status();
        status.state = State::Live;
        status.connects += 1;
        status.link = self.pump.stream().link();
        drop(status);
        self.place.hub.tell(Event::Live {
            destination: self.place.index,
            after: now - self.place.began,
            server: self.server.take(),
        });
        if self.phase == Phase::Waiting {
            self.say_farewell(now);
        }
    }

    /// Notes what the machine, which was in `stage`, made of an input.
    fn check(&mut self, result: Result<(), Error>, stage: Stage) {
        if let Err(error) = result
            && self.ending.is_none()
        {
            let is_close = matches!(error, Error::Closed { .. });
            self.ending = Some(match self.broken.take() {
                Some(failure) if is_close && self.live.is_some() => Ending::Lost(failure),
                _ => Ending::Failed(error, stage),
            });
        }
    }
}
