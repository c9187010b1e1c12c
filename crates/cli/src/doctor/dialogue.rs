//! Handshake, connect, login, as many connections as they need.

use onair::Fault;
use onair::rtmp::publisher::{Config, Retry, Step as Reached, Why};
use onair::rtmp::{Error, Scheme};

use super::cause::Cause;
use super::diagnosis;
use super::identify::{by_web, tls_port};
use super::report::{Finding, Good, good};
use super::route::{Route, bare, connect, resolve};
use super::session::Session;
use super::world::World;

/// How a server's answer to connect came out.
pub(super) enum Answer<'a> {
    Welcome(Box<Session<'a>>),
    /// It wants to know who we are.
    Challenge(Box<Retry>),
}

pub(super) fn shake_hands<'a>(
    world: &'a dyn World,
    route: &Route,
    config: Config,
) -> Result<Good<Session<'a>>, Finding> {
    let mut session = begin(world, route, config)?;
    match session.until(Reached::Connect) {
        Ok(_) => Ok(good(session, "RTMP, version 3")),
        Err(error) => Err(no_handshake(world, route, &error, &session.heard)),
    }
}

fn begin<'a>(world: &'a dyn World, route: &Route, config: Config) -> Result<Session<'a>, Finding> {
    let opened = route.open(world).map_err(|error| {
        let words = format!("another connection to {}: {error}", route.host);
        Finding::new(Fault::Unreachable, words)
    })?;
    let line = opened.map_err(|failure| Finding::new(failure.fault, failure.to_string()))?;
    Ok(Session::new(world, line, config))
}

/// Goes on until the server has answered connect; a redirect is followed.
pub(super) fn introduce<'a>(
    world: &'a dyn World,
    session: Session<'a>,
) -> Result<Good<Answer<'a>>, Finding> {
    let (mut session, mut way) = (session, Vec::new());
    for _ in 0..ROUNDS {
        let retry = session
            .until(Reached::CreateStream)
            .map_err(|error| diagnosis::of_conversation(&error, session.reached()))?;
        match retry {
            None => {
                let name = session.server.as_deref().unwrap_or("an unnamed server");
                way.push(format!("{name} has the application"));
                return Ok(good(Answer::Welcome(Box::new(session)), way.join(", ")));
            }
            Some(retry) if retry.why == Why::Authentication => {
                way.push("the server asks for a login".to_owned());
                return Ok(good(Answer::Challenge(Box::new(retry)), way.join(", ")));
            }
            Some(retry) => {
                if retry.why == Why::Redirect {
                    way.push(format!("sent on to {}", retry.config.url));
                }
                session = again(world, retry)?;
            }
        }
    }
    Err(endless())
}

/// All rounds of a login.
pub(super) fn log_in<'a>(world: &'a dyn World, retry: Retry) -> Result<Good<Session<'a>>, Finding> {
    let mut retry = retry;
    for _ in 0..ROUNDS {
        let mut session = again(world, retry)?;
        let next = session
            .until(Reached::CreateStream)
            .map_err(|error| diagnosis::of_conversation(&error, session.reached()))?;
        match next {
            None => return Ok(good(session, "name and password are taken")),
            Some(next) => retry = next,
        }
    }
    Err(endless())
}

/// The next connection that a server wants.
fn again<'a>(world: &'a dyn World, retry: Retry) -> Result<Session<'a>, Finding> {
    let url = &retry.config.url;
    let host = bare(url).to_owned();
    let found = resolve(world, &host, url.port())?.value;
    let route = Route {
        to: connect(world, &found, &host)?.value,
        host,
        is_secure: url.scheme() == Scheme::Rtmps,
    };
    begin(world, &route, retry.config)
}

fn no_handshake(world: &dyn World, route: &Route, error: &Error, heard: &[u8]) -> Finding {
    let port = route.port();
    let heard_well = diagnosis::of_handshake(error, heard, port);
    let is_vague = |finding: &Finding| finding.cause == Cause::ClosedAtOnce;
    let found = heard_well.clone().filter(|finding| !is_vague(finding));
    let found = match route.is_secure {
        true => found,
        false => by_web(world, route, found).or_else(|| tls_port(world, route)),
    };
    found
        .or(heard_well)
        .unwrap_or_else(|| diagnosis::of_conversation(error, Reached::Handshake))
}

pub(super) fn endless() -> Finding {
    let words = "the server asked for one connection after another";
    Finding::new(Fault::ServerMisbehaved, words)
}

/// How many connections a login or redirects may need.
const ROUNDS: usize = 12;
