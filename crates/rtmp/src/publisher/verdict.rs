//! What a failure means: another connection, or the end.

use super::{Config, Flight, Retry, Step, Why};
use crate::auth::{Demand, Method, Round, introduction};
use crate::status::{Meaning, Redirect, Status};
use crate::{Credentials, Error, Scheme, Url};

/// What went wrong.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Setback {
    /// The server said no.
    Refused(Box<Status>),
    /// `createStream` gave another message stream than the first flight assumed.
    OtherStream(u32),
    /// Silence, a close, or a breach of the protocol.
    Error(Error),
}

impl Setback {
    /// The server clearly said no.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(status) if status.meaning() == Meaning::Refused)
    }
}

impl From<Status> for Setback {
    fn from(status: Status) -> Self {
        Self::Refused(Box::new(status))
    }
}

impl From<Error> for Setback {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// How many redirects to follow.
const MAX_HOPS: u8 = 5;

/// Judges a setback: another connection, or an error to report.
///
/// A refusal whose code says that the application, the key or the name is the trouble is final:
/// the classical order would be told the same, a round of waiting later. Whatever a server
/// confused by the first flight could have done as well (closed, fallen silent, answered
/// nonsense, failed in unknown words) is tried once more in the classical order, as long as the
/// server has not agreed to the publish.
pub(super) fn judge(config: &Config, step: Step, setback: Setback) -> Result<Retry, Error> {
    match setback {
        Setback::Refused(status) => judge_refusal(config, step, *status),
        Setback::OtherStream(stream) => {
            tracing::debug!(stream, "the first flight assumed stream 1");
            Ok(in_classic_order(config, None))
        }
        // It has understood the first flight.
        Setback::Error(error @ Error::CodecRefused { .. }) => Err(error),
        Setback::Error(error) => judge_order(config, step, error),
    }
}

/// The URL a server means by `target`, seen from `url`; never from TLS to plain TCP.
pub(super) fn resolve(url: &Url, target: &str) -> Option<Url> {
    let found = url.resolve(target).ok()?;
    (!is_downgrade(url, &found)).then_some(found)
}

fn judge_refusal(config: &Config, step: Step, status: Status) -> Result<Retry, Error> {
    if let Some(redirect) = &status.redirect {
        return follow(config, redirect);
    }
    if let Some(demand) = Demand::parse(&status.description) {
        return authenticate(config, demand, status);
    }
    let is_final = status.meaning() == Meaning::Refused;
    let error = Error::from(status);
    if is_final || error.is_already_publishing() {
        return Err(error);
    }
    judge_order(config, step, error)
}

fn judge_order(config: &Config, step: Step, error: Error) -> Result<Retry, Error> {
    match step {
        Step::Live | Step::Farewell | Step::Closed => Err(error),
        _ if config.flight == Flight::First => Ok(in_classic_order(config, Some(error))),
        Step::Connect if config.is_enhanced() => Ok(in_plain_words(config, error)),
        _ => Err(error),
    }
}

/// The classical order, and none of the Enhanced RTMP keys, which might have been the trouble too.
fn in_classic_order(config: &Config, cause: Option<Error>) -> Retry {
    let mut next = config.next();
    next.flight = Flight::Classic;
    next.speak_plainly();
    Retry {
        config: next,
        why: Why::ClassicOrder,
        cause,
    }
}

fn in_plain_words(config: &Config, error: Error) -> Retry {
    let mut next = config.next();
    next.speak_plainly();
    Retry {
        config: next,
        why: Why::PlainConnect,
        cause: Some(error),
    }
}

fn authenticate(config: &Config, demand: Demand, status: Status) -> Result<Retry, Error> {
    let description = status.description.clone();
    let Some(credentials) = &config.credentials else {
        return Err(Error::CredentialsNeeded { description });
    };
    let round = match (demand, &config.round) {
        (Demand::Unknown(_), _) => return Err(status.into()),
        (Demand::Introduce(method), Round::Unasked) => introduce(method, credentials),
        (Demand::Answer(challenge), Round::Unasked | Round::Introduced { .. }) => {
            let query = challenge.answer(credentials, config.url.app(), config.nonce());
            Round::Answered { query }
        }
        _ => return Err(Error::CredentialsRejected { description }),
    };
    let mut next = config.next();
    // Each round but the last is refused: nothing is gained by speaking ahead.
    next.flight = Flight::Classic;
    next.round = round;
    Ok(Retry {
        config: next,
        why: Why::Authentication,
        cause: Some(status.into()),
    })
}

fn introduce(method: Method, credentials: &Credentials) -> Round {
    Round::Introduced {
        query: introduction(method, &credentials.user),
    }
}

fn follow(config: &Config, redirect: &Redirect) -> Result<Retry, Error> {
    let refuse = |target: String, why| Err(Error::Redirected { target, why });
    let Some(url) = redirected(&config.url, redirect) else {
        return refuse(
            "a place it does not name well".to_owned(),
            "it is no URL to publish to",
        );
    };
    if is_downgrade(&config.url, &url) {
        return refuse(url.to_string(), "that would leave TLS");
    }
    if config.hops >= MAX_HOPS {
        return refuse(url.to_string(), "it is one redirect too many");
    }
    let mut next = config.next();
    next.url = url;
    next.hops += 1;
    next.round = Round::Unasked;
    Ok(Retry {
        config: next,
        why: Why::Redirect,
        cause: None,
    })
}

fn redirected(url: &Url, redirect: &Redirect) -> Option<Url> {
    if redirect.is_whole {
        return redirect.target.parse().ok();
    }
    url.resolve(&redirect.target).ok()
}

fn is_downgrade(from: &Url, to: &Url) -> bool {
    from.scheme() == Scheme::Rtmps && to.scheme() == Scheme::Rtmp
}
