//! Who sends a request: a stranger, a viewer, or the owner.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Instant;

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::time::sleep;

use super::Web;
use super::serve::Connection;
use crate::guesses::ANSWER_DELAY;

/// What a request says about its sender.
///
/// The owner has the token of the go-live link, `Authorization: Bearer TOKEN`. The key to play is
/// given the same way, or as `?key=KEY` if a page cannot set headers.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) connection: Option<Connection>,
    bearer: Option<String>,
    key: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rank {
    Viewer,
    Owner,
}

/// Why a request is denied, in words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Denied(pub(super) String);

#[derive(Default, Deserialize)]
struct Params {
    key: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Asker {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let header = parts.headers.get(AUTHORIZATION);
        let header = header.and_then(|value| value.to_str().ok());
        let bearer = header.and_then(|value| value.strip_prefix("Bearer "));
        let params = Query::<Params>::try_from_uri(&parts.uri);
        Ok(Self {
            connection: parts.extensions.get().cloned(),
            bearer: bearer.map(|bearer| bearer.trim().to_owned()),
            key: params.ok().and_then(|Query(params)| params.key),
        })
    }
}

impl Asker {
    /// Who it is, as far as it can prove.
    pub(super) async fn admit(&self, web: &Web) -> Result<Rank, Denied> {
        let claimed = self.bearer.as_deref().or(self.key.as_deref());
        let is_free = !web.keys.are_required_to_play();
        let Some(claimed) = claimed.filter(|_| !is_free || self.bearer.is_some()) else {
            let missing =
                "watching here needs a key: open the page with #key=KEY behind its address";
            return if is_free {
                Ok(Rank::Viewer)
            } else {
                Err(Denied(missing.to_owned()))
            };
        };
        let unknown = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        let connection = self.connection.as_ref();
        let (from, now) = (
            connection.map_or(unknown, |known| known.peer.ip()),
            Instant::now(),
        );
        // Behind a proxy all share one address: others' guesses must not lock the owner out.
        if web.is_token(claimed) {
            return Ok(Rank::Owner);
        }
        if let Err(wait) = web.guesses.check(from, now) {
            sleep(ANSWER_DELAY).await;
            return Err(Denied(wait.to_string()));
        }
        if !is_free && web.keys.check_play_key(claimed).is_ok() {
            return Ok(Rank::Viewer);
        }
        web.guesses.wrong(from, claimed, now);
        Err(Denied("this key is not known here".to_owned()))
    }
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        (StatusCode::UNAUTHORIZED, self.0).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RegistryConfig, StreamRegistry, Token};

    #[tokio::test(start_paused = true)]
    async fn the_owner_is_known_while_its_address_has_to_wait_for_what_others_guess() {
        let token = Token::random().unwrap();
        let web = Web::new(StreamRegistry::new(RegistryConfig::default())).token(token.clone());
        let ask = |bearer: &str| Asker {
            connection: None,
            bearer: Some(bearer.to_owned()),
            key: None,
        };
        let unknown = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        let guess = |key: u8| web.guesses.wrong(unknown, &key.to_string(), Instant::now());
        (0..20).for_each(guess);
        let Denied(words) = ask("another").admit(&web).await.unwrap_err();
        assert!(words.starts_with("too many wrong keys"), "{words}");
        assert_eq!(ask(token.expose()).admit(&web).await, Ok(Rank::Owner));
    }
}
