//! Finds a destination in a pasted, scanned or opened text.
//!
//! It understands
//! - `onair://add?server=…&key=…&name=…`, percent-encoded as a URI is (RFC 3986), where only
//!   `server` is required, and unknown parameters are ignored;
//! - `rtmp://host/app/key` and `rtmps://…`, with the key or without;
//! - a server and a key, in one line or two, labelled (`Stream key: …`) or not, as services print
//!   them and people copy them;
//! - a key alone.
//!
//! A QR code may hold any of these.

use onair::{AddressError, Secret};
use percent_encoding::percent_decode_str;

use crate::Address;
use crate::destination::tidy;

/// What was found in a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The destination's name.
    pub name: Option<String>,
    /// The server, for [`Address::new`].
    pub server: Option<Secret>,
    /// The stream key; `None` also if the server's query replaces it.
    pub key: Option<Secret>,
}

/// Why a text is of no use. The error repeats no word of the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// Nothing but white space.
    #[error("there is nothing in it")]
    Empty,
    /// Longer than any server and key together.
    #[error("it is too long for a server and a stream key")]
    TooLong,
    /// A link with another action than `add`.
    #[error("this version of the app does not know what the link asks for")]
    UnknownAction,
    /// A link without a server.
    #[error("the link names no server")]
    MissingServer,
    /// A parameter that occurs twice.
    #[error("the link has two of “{0}”: ask for another one")]
    Twice(&'static str),
    /// Percent-encoded bytes that are no text.
    #[error("the link is damaged: ask for another one")]
    NotText,
    /// Several words whose meaning is unclear.
    #[error("it is not clear which part is the server and which the key")]
    Unclear,
    /// An invalid server or key.
    #[error("{0}")]
    Address(String),
}

/// Longer than any service's server and key.
const LONGEST: usize = 4096;

/// The scheme of our own links.
const SCHEME: &str = "onair:";

/// Finds the destination in `text`.
///
/// # Errors
///
/// When there is none, or it is unclear.
pub fn parse(text: &str) -> Result<Found, LinkError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(LinkError::Empty);
    }
    if text.len() > LONGEST {
        return Err(LinkError::TooLong);
    }
    match text.split_at_checked(SCHEME.len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => parse_link(rest),
        _ => parse_words(text),
    }
}

/// `//add?server=…&key=…&name=…`
fn parse_link(link: &str) -> Result<Found, LinkError> {
    let link = link.split('#').next().unwrap_or_default();
    let (action, query) = link.split_once('?').unwrap_or((link, ""));
    if !action.trim_matches('/').eq_ignore_ascii_case("add") {
        return Err(LinkError::UnknownAction);
    }
    let (mut server, mut key, mut name) = (None, None, None);
    for part in query.split('&') {
        let (label, value) = part.split_once('=').unwrap_or((part, ""));
        match label {
            "server" => put(&mut server, "server", value)?,
            "key" => put(&mut key, "key", value)?,
            // Forms write a space as a plus sign; in a key it is a plus sign.
            "name" => put(&mut name, "name", &value.replace('+', " "))?,
            _ => {}
        }
    }
    let server = server.ok_or(LinkError::MissingServer)?;
    let found = parse_address(&server, key.as_deref())?;
    let name = name.map(|name| tidy(&name));
    Ok(Found {
        name: name.filter(|name| !name.is_empty()),
        ..found
    })
}

fn put(field: &mut Option<String>, label: &'static str, value: &str) -> Result<(), LinkError> {
    if field.is_some() {
        return Err(LinkError::Twice(label));
    }
    let value = percent_decode_str(value).decode_utf8();
    let value = value.map_err(|_| LinkError::NotText)?;
    if !value.trim().is_empty() {
        *field = Some(value.trim().to_owned());
    }
    Ok(())
}

/// A server, a key or both, among labels ending in a colon.
fn parse_words(text: &str) -> Result<Found, LinkError> {
    let values: Vec<&str> = text.lines().flat_map(values_of).collect();
    let (servers, keys): (Vec<_>, Vec<_>) = values.into_iter().partition(|word| is_url(word));
    match (servers.as_slice(), keys.as_slice()) {
        ([server], []) => parse_address(server, None),
        ([server], [key]) => parse_address(server, Some(key)),
        ([], [key]) => Ok(Found {
            key: Some(Secret::from(*key)),
            ..Found::default()
        }),
        _ => Err(LinkError::Unclear),
    }
}

/// The words of a line without labels, which are the words up to one that ends in a colon.
fn values_of(line: &str) -> Vec<&str> {
    let mut values = Vec::new();
    for word in line.split_whitespace() {
        if word.ends_with(':') {
            values.retain(|word: &&str| is_url(word));
        } else {
            values.push(word);
        }
    }
    values
}

fn is_url(word: &str) -> bool {
    word.contains("://")
}

/// A server whose key is given apart, stands at its end, or is still to come.
fn parse_address(server: &str, key: Option<&str>) -> Result<Found, LinkError> {
    let address = match key {
        Some(key) => Address::new(server, key),
        None => Address::parse(server),
    };
    match address {
        Ok(address) => Ok(Found {
            name: None,
            server: Some(address.server().clone()),
            key: Some(address.key().clone()).filter(|key| !key.expose().is_empty()),
        }),
        Err(AddressError::MissingKey(_)) => Ok(Found {
            server: Some(Secret::from(server)),
            ..Found::default()
        }),
        Err(error) => Err(LinkError::Address(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> (String, String, String) {
        let found = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let text = |secret: Option<Secret>| secret.map_or_else(String::new, |s| s.expose().into());
        let name = found.name.unwrap_or_default();
        (text(found.server), text(found.key), name)
    }

    fn is(text: &str, server: &str, key: &str, name: &str) {
        let wanted = (server.to_owned(), key.to_owned(), name.to_owned());
        assert_eq!(found(text), wanted, "{text:?}");
    }

    #[test]
    fn a_server_and_a_key_are_found_however_they_are_written() {
        let server = "rtmp://live.example/app";
        for text in [
            "rtmp://live.example/app/k-1",
            "  rtmp://live.example/app/k-1\n",
            "rtmp://live.example/app k-1",
            "rtmp://live.example/app\nk-1",
            "k-1\nrtmp://live.example/app",
            "Server: rtmp://live.example/app\nStream key: k-1\n",
            "Stream key: k-1\r\nServer URL: rtmp://live.example/app",
            "Server: rtmp://live.example/app Stream key: k-1",
            "onair://add?server=rtmp%3A%2F%2Flive.example%2Fapp&key=k-1",
            "ONAIR://add/?key=k-1&server=rtmp://live.example/app#top",
            "onair:add?v=2&server=rtmp://live.example/app/k-1",
        ] {
            is(text, server, "k-1", "");
        }
    }

    #[test]
    fn what_is_missing_stays_empty() {
        is(
            "rtmps://live.example/app",
            "rtmps://live.example/app",
            "",
            "",
        );
        is(
            "rtmp://live.example/app/",
            "rtmp://live.example/app/",
            "",
            "",
        );
        is("Stream key: live_1+2", "", "live_1+2", "");
        let keyless = parse("rtmp://live.example/stream?user=a&pass=b").unwrap();
        assert_eq!(keyless.key, None);
    }

    #[test]
    fn a_link_keeps_a_plus_in_the_key_and_makes_it_a_space_in_the_name() {
        let link =
            "onair://add?server=rtmp://live.example/app&key=a+b%2Fc&name=My+%F0%9F%93%BA+show";
        is(link, "rtmp://live.example/app", "a+b/c", "My 📺 show");
    }

    #[test]
    fn what_is_unclear_is_refused_with_the_reason() {
        let long = "x".repeat(LONGEST + 1);
        for (text, error) in [
            (" \n", LinkError::Empty),
            (&long, LinkError::TooLong),
            ("onair://start", LinkError::UnknownAction),
            ("onair://add?key=k", LinkError::MissingServer),
            ("onair://add?server=&key=k", LinkError::MissingServer),
            ("onair://add?key=a&key=b", LinkError::Twice("key")),
            ("onair://add?server=%FF", LinkError::NotText),
            ("rtmp://a/b k now", LinkError::Unclear),
            ("rtmp://a/b rtmp://c/d", LinkError::Unclear),
        ] {
            assert_eq!(parse(text), Err(error), "{text:?}");
        }
        let web = parse("https://example.com/watch").unwrap_err();
        assert!(web.to_string().contains("use rtmp://"), "{web}");
    }

    #[test]
    fn no_error_repeats_the_key() {
        for text in [
            "http://live.example/app hush-hush",
            "onair://add?server=ftp://a/b&key=hush-hush",
            "rtmp:///app/hush-hush",
            "rtmp://ho st/hush-hush",
        ] {
            let error = parse(text).unwrap_err();
            let words = format!("{error} {error:?}");
            assert!(!words.contains("hush"), "{words}");
        }
    }
}
