use std::collections::HashSet;
use std::future::{pending, poll_fn};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use onair_media::Timestamp;
use onair_rtmp::Url;
use onair_rtmp::publisher::{Config, Flight, Why};

use crate::failure::{Cause, Failure, FailureStage};
use crate::feed::Feed;
use crate::hub::Hub;
use crate::line::Line;
use crate::output::rtmp::failure::failure;
use crate::output::rtmp::session::{Ended, Ending, Place, Session};
use crate::output::transport;
use crate::program::Program;
use crate::queue::PacketQueue;
use crate::reconnect::{Reconnect, Verdict};
use crate::renewal::Renewals;
use crate::{Event, Fault, Pace, State};

/// One destination's whole story: connections, one after the other.
pub(crate) struct Campaign {
    pub(crate) index: usize,
    pub(crate) hub: Arc<Hub>,
    pub(crate) line: Arc<Line>,
    pub(crate) program: Arc<Program>,
    pub(crate) pace: Pace,
    /// Where a server asked us to connect instead, until that fails.
    pub(crate) detour: Option<Url>,
    pub(crate) renewals: Renewals,
}

/// How many connections one attempt may need: a fall-back, redirects, rounds of authentication.
const MOST_ROUNDS: usize = 12;

/// How long a connection that is being made may still take when the source has ended.
const GRACE: Duration = Duration::from_secs(2);

/// The hosts that took the patient order and not the first flight, for as long as the process lives.
static PATIENT_HOSTS: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

impl Campaign {
    /// Runs to its end.
    pub(crate) async fn run(mut self) {
        let result = self.attempts().await;
        let mut status = self.line.status();
        status.state = match result {
            Ok(()) => State::Ended,
            Err(_) => State::Failed,
        };
        status.failure = result.as_ref().err().cloned();
        drop(status);
        self.line.feed().with(PacketQueue::abandon);
        self.hub.tell_gaps(self.index, self.line.feed());
        self.line.feed().close();
        self.hub.tell(Event::DestinationEnded {
            destination: self.index,
            failure: result.err(),
        });
    }

    async fn attempts(&mut self) -> Result<(), Failure> {
        let mut reconnect = Reconnect::new(self.line.destination().retry, random());
        let mut number = 1;
        loop {
            self.hub.tell(Event::Connecting {
                destination: self.index,
                attempt: number,
            });
            let was_over = self.is_over();
            let (line, pace) = (self.line.clone(), self.pace);
            let attempted = tokio::select! {
                result = self.attempt(&mut reconnect) => result,
                () = too_late(&line, pace) => return Err(ended_off_air(&line)),
            };
            let Err(failure) = attempted else {
                return Ok(());
            };
            self.tell_refusal(&failure);
            self.detour = None;
            match reconnect.failed(failure.clone(), Instant::now()) {
                Verdict::GiveUp(failure) => return Err(failure),
                // Another connection would publish nothing, over what the server has recorded.
                Verdict::Retry { .. } if self.is_sent() => return Err(failure),
                // What is over is tried once more, and not for half an hour.
                Verdict::Retry { .. } if was_over && failure.cause != Cause::Renewed => {
                    return Err(failure);
                }
                Verdict::Retry { delay, attempt } => {
                    number = match self.wait(&failure, attempt, delay).await {
                        Waited::Enough => attempt,
                        Waited::Renewed => {
                            reconnect.renewed();
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

    /// One attempt: a connection, or several where the machine asks for more.
    async fn attempt(&mut self, reconnect: &mut Reconnect) -> Result<(), Failure> {
        let mut config = self.config();
        let mut began = Instant::now();
        let mut hasty = None;
        for _ in 0..MOST_ROUNDS {
            self.ask_keyframe();
            let Some(ended) = self.connection(&config, began).await? else {
                return Ok(());
            };
            if let Some(since) = ended.live {
                reconnect.live(since);
                if let Some(url) = hasty.take() {
                    remember(&url);
                }
            }
            let left = ended.left;
            let feed = self.line.feed();
            feed.with(|queue| queue.restore(left, Instant::now()));
            match ended.how {
                Ending::Finished => return Ok(()),
                Ending::Retry(retry) => {
                    tracing::debug!(why = %retry.why, "another connection");
                    if retry.why == Why::PatientOrder {
                        hasty = Some(config.url);
                    }
                    config = retry.config;
                    config.seed = random();
                }
                Ending::Moved(url) => {
                    self.detour = url.or_else(|| self.detour.take());
                    self.line.set_state(State::Reconnecting);
                    config = self.config();
                    began = Instant::now();
                }
                Ending::Renewed => {
                    self.renewals.seen();
                    return Err(Failure::renewed());
                }
                Ending::Failed(error, stage) => {
                    return Err(failure(&error, stage, config.video_codec));
                }
                Ending::Lost(failure) => return Err(failure),
            }
        }
        let words = "the server asked for one connection after another";
        let stage = FailureStage::Negotiate;
        Err(Failure::new(stage, Fault::ServerMisbehaved, words))
    }

    /// One connection; `None` when the broadcast was stopped before there was one.
    async fn connection(
        &mut self,
        config: &Config,
        began: Instant,
    ) -> Result<Option<Ended>, Failure> {
        let stream = tokio::select! {
            stream = transport::connect(&config.url, self.line.tls(), self.pace) => stream?,
            () = self.line.leaving().asked() => return Ok(None),
            () = self.renewals.asked() => return Err(Failure::renewed()),
        };
        let place = Place {
            index: self.index,
            hub: &self.hub,
            line: &self.line,
            program: &self.program,
            pace: self.pace,
            began,
        };
        let session = Session::new(stream, config.clone(), place, self.renewals.clone());
        Ok(Some(session.run().await))
    }

    fn config(&self) -> Config {
        let url = self.detour.as_ref();
        let url = url.unwrap_or_else(|| &self.line.destination().url);
        let mut config = Config::new(url.clone());
        if let Some(credentials) = &self.line.destination().credentials {
            config.credentials = Some(credentials.clone());
        }
        if self.line.destination().patient || is_patient(url) {
            config.flight = Flight::Patient;
        }
        config.video_codec = self.program.tracks.video_codec();
        config.seed = random();
        config
    }

    /// Whether the last of a live source has been given.
    fn is_over(&self) -> bool {
        self.pace == Pace::Realtime && self.line.feed().with(|queue| queue.has_ended())
    }

    /// Whether the source ended by itself and nothing of it is left to send.
    fn is_sent(&self) -> bool {
        let is_stopped = self.line.leaving().is_asked();
        !is_stopped && self.line.feed().with(|queue| queue.is_over_and_empty())
    }

    /// A connection begins at an IDR picture: if there is none, the encoder is to make one.
    fn ask_keyframe(&self) {
        if !self.line.feed().with(|queue| queue.is_ready()) {
            self.hub.ask_keyframe();
        }
    }

    fn tell_refusal(&self, failure: &Failure) {
        if failure.refusal.is_some() {
            self.hub.tell(Event::Refused {
                destination: self.index,
                failure: failure.clone(),
            });
        }
    }

    /// Waits before the next attempt.
    async fn wait(&mut self, failure: &Failure, attempt: u32, delay: Duration) -> Waited {
        let at = self.line.feed().with(|queue| {
            queue.away();
            queue.last_taken()
        });
        if self.line.status().connects > 0 {
            self.line.set_state(State::Reconnecting);
        }
        self.hub.tell(Event::Reconnecting {
            destination: self.index,
            failure: failure.clone(),
            at: at.unwrap_or(Timestamp::ZERO),
            attempt,
            delay,
        });
        tokio::select! {
            () = tokio::time::sleep(delay) => Waited::Enough,
            () = source_ended(self.line.feed(), self.pace) => Waited::Enough,
            () = self.renewals.asked() => Waited::Renewed,
            () = self.line.leaving().asked() => Waited::Stopped,
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

/// Resolves when there is nothing more to come that another attempt could wait for. At full speed
/// the whole file waits.
async fn source_ended(feed: &Feed, pace: Pace) {
    match pace {
        Pace::Realtime => poll_fn(|cx| feed.poll_ended(cx)).await,
        Pace::Max => pending().await,
    }
}

/// Resolves when the source has ended and nobody has agreed to a publish for a while since.
async fn too_late(line: &Line, pace: Pace) {
    source_ended(line.feed(), pace).await;
    tokio::time::sleep(GRACE).await;
    if line.status().state == State::Live {
        pending::<()>().await;
    }
}

fn ended_off_air(line: &Line) -> Failure {
    let seconds = GRACE.as_secs();
    let words = match line.status().connects {
        0 => format!(
            "never on air: {seconds} s after the end of the source the server had not agreed"
        ),
        _ => format!("off air at the end: {seconds} s later the server had not agreed again"),
    };
    Failure::new(FailureStage::Publish, Fault::TimedOut, words)
}

fn host(url: &Url) -> String {
    format!("{}:{}", url.host(), url.port())
}

fn remember(url: &Url) {
    let mut hosts = PATIENT_HOSTS.lock().unwrap_or_else(PoisonError::into_inner);
    hosts.insert(host(url));
}

fn is_patient(url: &Url) -> bool {
    let hosts = PATIENT_HOSTS.lock().unwrap_or_else(PoisonError::into_inner);
    hosts.contains(&host(url))
}

/// Something no other connection has: for nonces and jitter, not for secrets.
fn random() -> u64 {
    RandomState::new().hash_one(Instant::now())
}
