//! Authentication by challenge in `connect`: Adobe's (`authmod=adobe`) and Limelight's (`authmod=llnw`).
//!
//! Neither is in the RTMP specification. A server refuses `connect` with a description that asks
//! for the user's name, then refuses again with a challenge, and each answer travels in the query
//! string of `app` and `tcUrl` on a new connection.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};

use crate::Credentials;

/// How far an authentication that spans connections has come.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) enum Round {
    /// The server has not asked.
    #[default]
    Unasked,
    /// This connection names the user; the server is to answer with a challenge.
    Introduced { query: String },
    /// This connection carries the answer to a challenge.
    Answered { query: String },
}

impl Round {
    /// What to append to `app` and `tcUrl`, without its `?` or `&`.
    pub(crate) fn query(&self) -> Option<&str> {
        match self {
            Self::Unasked => None,
            Self::Introduced { query } | Self::Answered { query } => Some(query),
        }
    }
}

impl fmt::Debug for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unasked => "Unasked",
            Self::Introduced { .. } => "Introduced",
            Self::Answered { .. } => "Answered",
        })
    }
}

/// How the answer to a challenge is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Adobe,
    Limelight,
}

impl Method {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "adobe" => Some(Self::Adobe),
            "llnw" => Some(Self::Limelight),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Adobe => "adobe",
            Self::Limelight => "llnw",
        }
    }
}

/// What the description of a refused `connect` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Demand {
    /// Say who you are.
    Introduce(Method),
    /// Answer this.
    Answer(Challenge),
    /// The answer was wrong, or the user is not known: no use to go on.
    Denied,
    /// A method this crate does not know.
    Unknown(String),
}

/// The parameters of a challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
    method: Method,
    salt: String,
    challenge: String,
    opaque: String,
    nonce: String,
}

impl Demand {
    /// Reads a description such as `[ code=403 need auth; authmod=adobe ]` or
    /// `[ authmod=adobe ] : ?reason=needauth&user=u&salt=s&challenge=c&opaque=o`; servers differ in
    /// their spaces.
    pub(crate) fn parse(description: &str) -> Option<Self> {
        let name = method_name(description)?;
        let Some(method) = Method::parse(name) else {
            return Some(Self::Unknown(name.to_owned()));
        };
        let Some((_, query)) = description.split_once('?') else {
            return Some(Self::Introduce(method));
        };
        let query = query
            .split([' ', ']', '\r', '\n'])
            .next()
            .unwrap_or_default();
        Some(match parameter(query, "reason") {
            "needauth" => Self::Answer(Challenge::parse(method, query)),
            _ => Self::Denied,
        })
    }
}

impl Challenge {
    fn parse(method: Method, query: &str) -> Self {
        let owned = |name| parameter(query, name).to_owned();
        Self {
            method,
            salt: owned("salt"),
            challenge: owned("challenge"),
            opaque: owned("opaque"),
            nonce: owned("nonce"),
        }
    }

    /// The query that answers the challenge for `app`, with `ours` as our own random number.
    pub(crate) fn answer(&self, credentials: &Credentials, app: &str, ours: u32) -> String {
        let ours = format!("{ours:08x}");
        match self.method {
            Method::Adobe => self.answer_adobe(credentials, &ours),
            Method::Limelight => self.answer_limelight(credentials, app, &ours),
        }
    }

    fn answer_adobe(&self, credentials: &Credentials, ours: &str) -> String {
        let salted = base64_md5(&[&credentials.user, &self.salt, credentials.password.expose()]);
        let theirs = if self.opaque.is_empty() {
            &self.challenge
        } else {
            &self.opaque
        };
        let response = base64_md5(&[&salted, theirs, ours]);
        let mut query = introduction(self.method, &credentials.user);
        query += &format!("&challenge={ours}&response={response}");
        if !self.opaque.is_empty() {
            query += &format!("&opaque={}", self.opaque);
        }
        query
    }

    fn answer_limelight(&self, credentials: &Credentials, app: &str, ours: &str) -> String {
        let app = app.split('?').next().unwrap_or_default();
        let instance = if app.contains('/') { "" } else { "/_definst_" };
        let who = hex_md5(&[&credentials.user, ":live:", credentials.password.expose()]);
        let what = hex_md5(&["publish:/", app, instance]);
        let count = "00000001";
        let response = hex_md5(&[
            &who,
            ":",
            &self.nonce,
            ":",
            count,
            ":",
            ours,
            ":auth:",
            &what,
        ]);
        let mut query = introduction(self.method, &credentials.user);
        query += &format!(
            "&nonce={}&cnonce={ours}&nc={count}&response={response}",
            self.nonce
        );
        query
    }
}

/// The query that names the user.
pub(crate) fn introduction(method: Method, user: &str) -> String {
    format!("authmod={}&user={}", method.name(), escape(user))
}

/// The word after `authmod =`.
fn method_name(description: &str) -> Option<&str> {
    let (_, rest) = description.split_once("authmod")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let end = rest
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(rest.len());
    Some(&rest[..end])
}

/// A parameter's value as it stands: Base64 is not percent-encoded here.
fn parameter<'a>(query: &'a str, name: &str) -> &'a str {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .into_iter()
        .find(|(key, _)| *key == name)
        .map_or("", |(_, value)| value)
}

/// Percent-encodes what would end a query parameter.
fn escape(user: &str) -> String {
    user.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out += &format!("%{byte:02X}");
        }
        out
    })
}

fn md5(parts: &[&str]) -> Vec<u8> {
    parts
        .iter()
        .fold(Md5::new(), Md5::chain_update)
        .finalize()
        .to_vec()
}

fn base64_md5(parts: &[&str]) -> String {
    STANDARD.encode(md5(parts))
}

fn hex_md5(parts: &[&str]) -> String {
    md5(parts)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alice() -> Credentials {
        Credentials::new("alice", "sesame")
    }

    fn challenge(description: &str) -> Challenge {
        match Demand::parse(description) {
            Some(Demand::Answer(challenge)) => challenge,
            other => panic!("{other:?}"),
        }
    }

    // The expected answers come from Python's hashlib and base64.

    #[test]
    fn adobes_answer_is_over_the_opaque_value() {
        let asked = "authmod=adobe :?reason=needauth&user=alice&salt=c2FsdA==&challenge=Y2hhbA==&opaque=b3BhcXVl";
        assert_eq!(
            challenge(asked).answer(&alice(), "app", 42),
            "authmod=adobe&user=alice&challenge=0000002a&response=wS+/kl1kcfNCTL6FG65cAA==&opaque=b3BhcXVl"
        );
    }

    #[test]
    fn adobes_answer_is_over_the_challenge_where_nothing_is_opaque() {
        let asked = "authmod=adobe ?reason=needauth&salt=c2FsdA==&challenge=Y2hhbA==";
        assert_eq!(
            challenge(asked).answer(&alice(), "app", 42),
            "authmod=adobe&user=alice&challenge=0000002a&response=bux+bhbONFrmdAvAwsslfQ=="
        );
    }

    #[test]
    fn limelights_answer_adds_an_instance_where_there_is_none() {
        let challenge = challenge("authmod=llnw ?reason=needauth&nonce=bm9uY2U");
        for (app, response) in [
            ("app", "ca5d9c616370a093d182be5872c995cd"),
            ("app?authmod=llnw", "ca5d9c616370a093d182be5872c995cd"),
            ("app/inst", "62f96dbfca5f4eb794bb5c0e0f3cc6f9"),
        ] {
            let query = challenge.answer(&alice(), app, 42);
            let expected = "authmod=llnw&user=alice&nonce=bm9uY2U&cnonce=0000002a&nc=00000001";
            assert_eq!(query, format!("{expected}&response={response}"));
        }
    }

    #[test]
    fn demands_are_read_however_they_are_spaced() {
        for description in [
            "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ",
            "code=403 need auth;authmod=adobe",
            "need auth; authmod = adobe]",
        ] {
            let demand = Demand::parse(description);
            assert_eq!(
                demand,
                Some(Demand::Introduce(Method::Adobe)),
                "{description}"
            );
        }
        assert_eq!(Demand::parse("NetConnection.Connect.Rejected"), None);
        assert_eq!(Demand::parse("authmod"), None);
        let denied = Demand::parse("[ authmod=adobe ] : ?reason=authfailed&opaque=x");
        assert_eq!(denied, Some(Demand::Denied));
        let unknown = Demand::parse("authmod=rot13");
        assert_eq!(unknown, Some(Demand::Unknown("rot13".to_owned())));
    }

    #[test]
    fn a_users_name_cannot_break_out_of_its_parameter() {
        let query = introduction(Method::Adobe, "a&b=c d/\u{e9}");
        assert_eq!(query, "authmod=adobe&user=a%26b%3Dc%20d%2F%C3%A9");
    }
}
