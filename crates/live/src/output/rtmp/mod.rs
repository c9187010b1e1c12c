//! RTMP, plain and inside TLS: everything that only it knows.

mod address;
mod connect;
mod failure;
mod hosts;
pub(crate) mod playback;
mod services;
mod session;

use onair_rtmp::publisher::{Config, Flight, Retry, Why};
use onair_rtmp::{Scheme, Url};

use self::address::endpoint;
use self::connect::connect;
pub use self::failure::failure;
use self::session::{EndReason, Move, Session, SessionEnd};
use super::tls::Trust;
use super::{Attempt, Credentials, Output, Protocol, SessionContext, random};
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
    credentials: Option<Credentials>,
    pipelines: bool,
    trust: Trust,
    is_insecure: bool,
}

/// How many connections one attempt may need: a fallback, redirects, rounds of authentication.
const MAX_ROUNDS: usize = 12;

impl RtmpOutput {
    fn new(url: &Url, destination: &Destination) -> Result<Self, Error> {
        Ok(Self {
            url: url.clone(),
            credentials: destination.credentials.clone(),
            pipelines: destination.pipelining,
            is_insecure: destination.tls.insecure,
            trust: Trust::new(&destination.tls, url.scheme() == Scheme::Rtmps)?,
        })
    }

    /// Makes one connection, or several if the machine or the server asks for more.
    async fn attempt(&self, mut context: SessionContext) -> Result<(), Failure> {
        let mut next = Next {
            config: self.config(&self.url, &context),
            pipelined: None,
            detour: None,
        };
        for _ in 0..MAX_ROUNDS {
            let Some(ended) = self.connection(&next.config, &mut context).await? else {
                return Ok(());
            };
            if ended.was_live
                && let Some(url) = next.pipelined.take()
            {
                hosts::remember(&url);
            }
            context.restore(ended.left);
            match ended.reason {
                EndReason::Finished => return Ok(()),
                EndReason::Retry(retry) => next.retry(*retry),
                EndReason::Moved(to) => {
                    context.begin_again();
                    if let Move::To(url) = to {
                        next.detour = Some(url);
                    }
                    let url = next.detour.as_ref().unwrap_or(&self.url);
                    next.config = self.config(url, &context);
                }
                EndReason::Failed(error, step) => {
                    return Err(failure(&error, step, next.config.video_codec));
                }
                EndReason::Lost(failure) => return Err(failure),
            }
        }
        let words = "the server asked for one connection after another";
        let stage = FailureStage::Negotiate;
        Err(Failure::new(stage, Fault::ServerMisbehaved, words))
    }

    /// One connection; `None` when the broadcast was stopped before there was one.
    async fn connection(
        &self,
        config: &Config,
        context: &mut SessionContext,
    ) -> Result<Option<SessionEnd>, Failure> {
        let connecting = connect(&config.url, &self.trust, context.pace);
        let Some(stream) = context.connect(connecting).await? else {
            return Ok(None);
        };
        let session = Session::new(stream, config.clone(), context.clone());
        Ok(Some(session.run().await))
    }

    fn config(&self, url: &Url, context: &SessionContext) -> Config {
        let mut config = Config::new(url.clone());
        if let Some(credentials) = &self.credentials {
            config.credentials = Some(credentials.clone());
        }
        if !self.pipelines || hosts::want_no_pipelining(url) {
            config.flight = Flight::Classic;
        }
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

/// The next connection.
struct Next {
    config: Config,
    /// The URL whose server, it seems, could not cope with pipelined commands.
    pipelined: Option<Url>,
    /// Where a server asked us to connect instead.
    detour: Option<Url>,
}

impl Next {
    fn retry(&mut self, retry: Retry) {
        tracing::debug!(why = %retry.why, "another connection");
        if retry.why == Why::ClassicOrder {
            self.pipelined = Some(self.config.url.clone());
        }
        self.config = retry.config;
        self.config.seed = random();
    }
}
