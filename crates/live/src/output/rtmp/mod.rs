//! RTMP, plain and inside TLS: everything that only it knows.

mod address;
mod connect;
mod failure;
mod handover;
mod hosts;
pub(crate) mod playback;
mod services;
mod session;

use std::net::SocketAddr;
use std::time::Duration;

use onair_rtmp::publisher::{Config, Flight, Retry, Step, Timeouts, Why};
use onair_rtmp::{Scheme, Url};

use self::address::endpoint;
use self::connect::connect_elsewhere;
pub use self::failure::failure;
use self::failure::lost;
use self::handover::{Moved, Succession};
use self::session::{EndReason, SessionEnd};
use super::stream::Stream;
use super::tls::Trust;
use super::transport::{Opened, Ways};
use super::{Attempt, Credentials, Output, Protocol, SessionContext, random};
use crate::failover::Ingest;
use crate::{Destination, Error, Failure, FailureStage, Fault};

/// RTMP, plain and inside TLS.
pub(crate) const PROTOCOL: Protocol = Protocol {
    schemes: &["rtmp", "rtmps"],
    refused: &["rtmpt", "rtmpts", "rtmpe", "rtmpte", "rtmfp"],
    parse: |text| endpoint(text.parse()),
    parse_apart: |server, key| endpoint(Url::from_server(server, key)),
    join: |server, key| endpoint(Url::from_tc_url(server, key)),
};

/// Publishes to one server.
#[derive(Debug)]
struct RtmpOutput {
    url: Url,
    backup: Option<Url>,
    credentials: Option<Credentials>,
    pipelines: bool,
    trust: Trust,
    is_insecure: bool,
    /// How long a handshake may take where there are other addresses.
    handshake: Duration,
}

/// How long a handshake may take where there are other addresses.
const HANDSHAKE: Duration = Duration::from_secs(3);

/// How many connections one attempt may need: a fallback, redirects, rounds of authentication.
const MAX_ROUNDS: usize = 12;

impl RtmpOutput {
    fn new(url: &Url, destination: &Destination) -> Result<Self, Error> {
        let backup = backup(destination)?;
        let is_secure = |url: &Url| url.scheme() == Scheme::Rtmps;
        let is_any_secure = is_secure(url) || backup.as_ref().is_some_and(is_secure);
        Ok(Self {
            url: url.clone(),
            backup,
            credentials: destination.credentials.clone(),
            pipelines: destination.pipelining,
            is_insecure: destination.tls.insecure,
            handshake: HANDSHAKE,
            trust: Trust::new(&destination.tls, is_any_secure)?,
        })
    }

    /// Makes one connection, or several if the machine or the server asks for more.
    async fn attempt(&self, mut context: SessionContext) -> Result<(), Failure> {
        let mut next = Next {
            config: self.config(self.url(context.ingest), &context),
            pipelined: None,
            stream: None,
            tried: None,
            avoid: Vec::new(),
        };
        for _ in 0..MAX_ROUNDS {
            let Some((ended, moved)) = self.connection(&mut next, &mut context).await? else {
                return Ok(());
            };
            if ended.was_live
                && let Some(url) = next.pipelined.take()
            {
                hosts::WITHOUT_PIPELINING.remember(&url);
            }
            if ended.was_live {
                context.takes_over = None;
            }
            context.lose(&ended.lost);
            context.restore(ended.left);
            match ended.reason {
                EndReason::Finished if let Some(moved) = moved => {
                    context.begin_again();
                    context.takes_over = Some(moved.why);
                    next.config = moved.config;
                    next.stream = Some(moved.stream);
                }
                EndReason::Finished => return Ok(()),
                EndReason::Retry(retry) => next.retry(*retry),
                EndReason::Failed(error, Step::Handshake) if let Some(tried) = next.tried => {
                    tracing::debug!(%error, %tried, "another address");
                    next.avoid.push(tried);
                }
                EndReason::Failed(error, step) => {
                    return Err(failure(&error, step, next.config.video_codec));
                }
                EndReason::Lost(failure) => return Err(lost(failure, next.config.video_codec)),
            }
        }
        let words = "the server asked for one connection after another";
        let stage = FailureStage::Negotiate;
        Err(Failure::new(stage, Fault::ServerMisbehaved, words))
    }

    /// One connection and those that take over from it; `None` when the broadcast was stopped
    /// before there was one.
    async fn connection(
        &self,
        next: &mut Next,
        context: &mut SessionContext,
    ) -> Result<Option<(SessionEnd, Option<Moved>)>, Failure> {
        let stream = match next.stream.take() {
            Some(stream) => stream,
            None => {
                let (url, pace) = (&next.config.url, context.pace);
                let connecting =
                    connect_elsewhere(url, &self.trust, pace, Ways::Usual, &next.avoid);
                let Some(opened) = context.connect(connecting).await? else {
                    return Ok(None);
                };
                next.opened(&opened, self.handshake);
                opened.stream
            }
        };
        let succession = Succession::new(self, stream, next.config.clone(), context.clone());
        Ok(Some(succession.run().await))
    }

    /// One of the destination's addresses.
    fn url(&self, ingest: Ingest) -> &Url {
        match ingest {
            Ingest::First => &self.url,
            Ingest::Backup => self.backup.as_ref().unwrap_or(&self.url),
        }
    }

    fn config(&self, url: &Url, context: &SessionContext) -> Config {
        let mut config = Config::new(url.clone());
        if let Some(credentials) = &self.credentials {
            config.credentials = Some(credentials.clone());
        }
        if !self.pipelines || hosts::WITHOUT_PIPELINING.know(url) {
            config.flight = Flight::Classic;
        }
        config.reconnect_requests = true;
        config.video_codec = context.program.tracks.video_codec();
        config.seed = random();
        config
    }
}

impl Output for RtmpOutput {
    fn run(&self, context: SessionContext) -> Attempt<'_> {
        Box::pin(self.attempt(context))
    }

    fn is_insecure(&self) -> bool {
        self.is_insecure
    }
}

/// A destination's second address.
fn backup(destination: &Destination) -> Result<Option<Url>, Error> {
    let other = "a backup address has the protocol of the address that it stands in for";
    let Some(backup) = &destination.backup else {
        return Ok(None);
    };
    let url = backup.of::<Url>().ok_or(Error::Misuse(other))?;
    Ok(Some(url.clone()))
}

/// The next connection.
struct Next {
    config: Config,
    /// The URL whose server, it seems, could not cope with pipelined commands.
    pipelined: Option<Url>,
    /// It is open already.
    stream: Option<Box<dyn Stream>>,
    /// Where it goes, if there are other addresses.
    tried: Option<SocketAddr>,
    /// Where nothing that answered spoke RTMP.
    avoid: Vec<SocketAddr>,
}

impl Next {
    /// A server that does not speak is given less time if there is another.
    fn opened(&mut self, opened: &Opened, handshake: Duration) {
        let ends = opened.stream.ends().filter(|_| opened.has_others);
        self.tried = ends.map(|(_, peer)| peer);
        self.config.timeouts.handshake = match self.tried {
            Some(_) => handshake,
            None => Timeouts::default().handshake,
        };
    }

    fn retry(&mut self, retry: Retry) {
        tracing::debug!(why = %retry.why, "another connection");
        if retry.why == Why::ClassicOrder {
            self.pipelined = Some(self.config.url.clone());
        }
        self.config = retry.config;
        self.config.seed = random();
    }
}

#[cfg(test)]
mod tests;
