//! Application and key.

use super::UrlError;

/// Where the app ends and the key begins; the key is empty where a query stands for it.
///
/// A `/` inside the key's query is no separator, so the last `?` is looked at first; but a `?`
/// with no `/` before it, or only an instance, is the app's. A URL that is a query's value
/// separates nothing.
pub(super) fn split_path(path: &str) -> Result<(&str, &str), UrlError> {
    let plain = blot_urls(path);
    let end = plain.rfind('?').unwrap_or(plain.len());
    let slash = match plain[..end].rfind('/') {
        Some(slash) if &plain[slash + 1..end] != INSTANCE => Some(slash),
        _ => plain.rfind('/'),
    };
    match slash {
        Some(slash) => match &path[slash + 1..] {
            "" => Err(UrlError::MissingKey),
            key => Ok((&path[..slash], key)),
        },
        None if path.is_empty() || path.starts_with('?') => Err(UrlError::MissingApp),
        None if path.contains('?') => Ok((path, "")),
        None => Err(UrlError::MissingKey),
    }
}

/// The application, where the key is given apart.
///
/// Nobody can tell an application's instance from a key, so a path that may end in a key is
/// refused; a `/` at its end says that all before it is the application.
pub(super) fn application<'a>(path: &'a str, key: &str) -> Result<&'a str, UrlError> {
    if let Some(app) = path.strip_suffix('/') {
        return Ok(app);
    }
    match split_path(path) {
        Ok((_, name)) if name.is_empty() || name.split('?').next() == Some(INSTANCE) => Ok(path),
        Ok((app, name)) if name == key || name == HIDDEN => Ok(app),
        Ok(_) => Err(UrlError::TwoKeys),
        Err(UrlError::MissingKey) => Ok(path),
        Err(error) => Err(error),
    }
}

/// Refuses a list of URLs: every key but the last would be application, which is shown.
///
/// A URL in a query is a value, unless a list's separator precedes it.
pub(super) fn check_single(text: &str) -> Result<(), UrlError> {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let follows = |scheme: &str| {
        [",", ";", "|"]
            .iter()
            .any(|by| query.contains(&format!("{by}{scheme}://")))
    };
    match path.contains("://") || follows("rtmp") || follows("rtmps") {
        true => Err(UrlError::TwoUrls),
        false => Ok(()),
    }
}

/// Refuses what [`Display`](std::fmt::Display) left of a URL.
pub(super) fn check_shown(path: &str) -> Result<(), UrlError> {
    if path.split(['/', '?']).any(|part| part == HIDDEN) {
        return Err(UrlError::HiddenKey);
    }
    Ok(())
}

pub(super) fn check_part(part: &str, missing: UrlError) -> Result<(), UrlError> {
    if part.is_empty() {
        return Err(missing);
    }
    check_characters(part)
}

pub(super) fn check_characters(part: &str) -> Result<(), UrlError> {
    if part.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err(UrlError::InvalidCharacter);
    }
    Ok(())
}

/// The path, each URL in a query's value blotted out, byte for byte.
fn blot_urls(path: &str) -> String {
    let mut plain = String::with_capacity(path.len());
    for pair in path.split_inclusive('&') {
        let value = pair.find("://").and_then(|at| pair[..at].rfind('='));
        let (name, url) = pair.split_at(value.map_or(pair.len(), |equals| equals + 1));
        plain += name;
        plain.extend(url.bytes().map(|_| '_'));
    }
    plain
}

/// What stands for a secret where a URL is printed.
pub(super) const HIDDEN: &str = "***";

/// Wowza's and Flash Media Server's name for the default instance of an application.
const INSTANCE: &str = "_definst_";
