//! A peer's words, made fit for people: what it says ends up on terminals and in logs.

use std::borrow::Cow;

use onair_media::text::clean;

use crate::{Credentials, Error, Secret, Url};

/// What must not be shown even when the server says it.
#[derive(Debug)]
pub(crate) struct Secrets(Vec<Secret>);

impl Secrets {
    /// The key, the part of it before its query, the values in the queries, the password.
    pub(crate) fn new(url: &Url, credentials: Option<&Credentials>) -> Self {
        let (key, app) = (url.key().expose(), url.app());
        let name = key.split('?').next().unwrap_or_default();
        let values = query_values(key).chain(query_values(app));
        let password = credentials.map(|own| own.password.expose());
        let mut secrets: Vec<_> = [key, name]
            .into_iter()
            .chain(password)
            .chain(values)
            .filter(|secret| !secret.is_empty())
            .collect();
        secrets.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.dedup();
        Self(secrets.into_iter().map(Secret::from).collect())
    }

    /// `words` on one line, in bounds, without control characters and without secrets.
    pub(crate) fn hide(&self, words: &str) -> String {
        let hidden = self.0.iter().fold(Cow::Borrowed(words), |words, secret| {
            hide(words, secret.expose())
        });
        clean(&hidden, MAX_CHARS)
    }

    /// The error, its words made fit.
    pub(crate) fn hide_in(&self, error: Error) -> Error {
        match error {
            Error::Refused { code, description } => Error::Refused {
                code: self.hide(&code),
                description: self.hide(&description),
            },
            Error::CredentialsNeeded { description } => Error::CredentialsNeeded {
                description: self.hide(&description),
            },
            Error::CredentialsRejected { description } => Error::CredentialsRejected {
                description: self.hide(&description),
            },
            Error::Redirected { target, why } => Error::Redirected {
                target: self.hide(&target),
                why,
            },
            other => other,
        }
    }
}

/// The values that are long, or whose name says that they are secret.
fn query_values(text: &str) -> impl Iterator<Item = &str> {
    let query = text.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split(['&', '?']);
    pairs.filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (value.len() >= LONG || SECRET_NAMES.contains(&name)).then_some(value)
    })
}

/// A long secret is starred wherever it stands. A short one may be a common word (`live`,
/// `test`): it is starred where a path, a parameter or a quotation could have brought it.
fn hide<'a>(words: Cow<'a, str>, secret: &str) -> Cow<'a, str> {
    if !words.contains(secret) {
        return words;
    }
    if secret.len() >= LONG {
        return words.replace(secret, STARS).into();
    }
    let mut shown = String::new();
    let mut rest = &*words;
    while let Some(at) = rest.find(secret) {
        let (before, after) = (&rest[..at], &rest[at + secret.len()..]);
        shown += before;
        shown += if is_quoted(before, after) {
            STARS
        } else {
            secret
        };
        rest = after;
    }
    shown += rest;
    shown.into()
}

fn is_quoted(before: &str, after: &str) -> bool {
    let is_whole = !after.starts_with(char::is_alphanumeric);
    let leads = before.is_empty() && (after.is_empty() || after.starts_with(':'));
    is_whole && (leads || before.ends_with(BEFORE) || after.starts_with(QUOTES))
}

const STARS: &str = "***";

const SECRET_NAMES: [&str; 5] = ["key", "pass", "password", "token", "auth"];

/// As long as this, a secret is no common word.
const LONG: usize = 8;

const QUOTES: [char; 3] = ['\'', '"', '`'];
const BEFORE: [char; 9] = ['/', '=', ':', '\'', '"', '`', '[', '(', '<'];

/// No refusal needs more characters.
const MAX_CHARS: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(url: &str) -> Secrets {
        let url: Url = url.parse().unwrap();
        Secrets::new(&url, url.credentials())
    }

    #[test]
    fn a_quoted_key_is_starred() {
        let secrets = secrets("rtmp://alice:sesame-open@host/live/abcd-1234?token=0123456789");
        for (said, shown) in [
            (
                "live/abcd-1234?token=0123456789 is busy",
                "live/*** is busy",
            ),
            ("abcd-1234: already publishing", "***: already publishing"),
            ("bad token 0123456789", "bad token ***"),
            ("wrong password sesame-open", "wrong password ***"),
            ("no such application", "no such application"),
        ] {
            assert_eq!(secrets.hide(said), shown);
        }
    }

    #[test]
    fn a_short_secret_in_a_query_is_starred_where_it_is_quoted() {
        let secrets = secrets("rtmp://host/cam?user=a&pass=b");
        let said = "no user a with pass=b at rtmp://host/cam?user=a&pass=b";
        let shown = "no user a with pass=*** at rtmp://host/cam?user=a&pass=***";
        assert_eq!(secrets.hide(said), shown);
    }

    #[test]
    fn a_key_that_is_a_common_word_is_starred_only_where_it_is_quoted() {
        let secrets = secrets("rtmp://host/app/stream");
        for (said, shown) in [
            ("the stream is busy", "the stream is busy"),
            ("app/stream is busy", "app/*** is busy"),
            ("'stream' is busy", "'***' is busy"),
            ("stream busy", "stream busy"),
            ("stream: busy", "***: busy"),
            ("stream", "***"),
            ("/streamer", "/streamer"),
        ] {
            assert_eq!(secrets.hide(said), shown);
        }
    }

    #[test]
    fn nothing_reaches_a_terminal_that_would_move_its_cursor() {
        let secrets = secrets("rtmp://host/app/key-1234");
        let said = "\x1b[2Jno\r\n\x07\u{9b}31m\u{202e}yes\u{200b}\n";
        let shown = secrets.hide(said);
        assert_eq!(
            shown,
            "\u{fffd}[2Jno  \u{fffd}\u{fffd}31m\u{fffd}yes\u{fffd}"
        );
        let long = secrets.hide(&"é".repeat(5000));
        assert_eq!(long.chars().count(), MAX_CHARS + 1);
    }
}
