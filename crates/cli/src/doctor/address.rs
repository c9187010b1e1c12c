//! The address: what is wrong with it before anybody is asked.

use std::net::IpAddr;

use onair::rtmp::{Error, Scheme, Url, UrlError};

use super::cause::Cause;
use super::report::Finding;
use super::service::{self, Service};

/// An address that can be tried.
pub(crate) struct Address {
    pub(crate) url: Url,
    pub(crate) service: Option<&'static Service>,
    pub(crate) notes: Vec<Finding>,
}

/// Reads an address, and a key that was given apart. Nothing that is said repeats the key.
pub(crate) fn read(text: &str, key: Option<&str>) -> Result<Address, Finding> {
    let (text, key) = (text.trim(), key.map(str::trim));
    refuse_marks(text, key)?;
    let service = host(text).and_then(service::of_host);
    let parsed = match key {
        Some(key) => Url::from_server(text, key),
        None => text.parse(),
    };
    let url = parsed.map_err(|error| unusable(&error, path(text), service))?;
    refuse_misplaced(&url, service)?;
    if service.is_some_and(|service| service.needs_tls) && url.scheme() == Scheme::Rtmp {
        let name = service.map_or("the service", |service| service.name);
        let words = format!("{name} takes rtmps:// alone");
        return Err(Finding::new(Cause::TlsNeeded, words));
    }
    let mut notes = Vec::new();
    if is_placeholder(url.key().expose()) {
        let words = "the stream key looks like the placeholder of an example";
        let finding = Finding::new(Cause::KeyPlaceholder, words);
        match is_near(url.host()) {
            true => notes.push(finding),
            false => return Err(finding),
        }
    }
    notes.extend(odd_port(&url));
    Ok(Address {
        url,
        service,
        notes,
    })
}

impl Address {
    pub(crate) fn is_secure(&self) -> bool {
        self.url.scheme() == Scheme::Rtmps
    }

    /// The address in words.
    pub(crate) fn says(&self) -> String {
        let (scheme, port) = (self.url.scheme().as_str(), self.url.port());
        let key = match self.url.key().expose().chars().count() {
            0 => "no key".to_owned(),
            count => format!("a key of {count} characters"),
        };
        let app = self.url.app().split('?').next().unwrap_or_default();
        let of = self
            .service
            .map_or_else(String::new, |service| format!(" of {}", service.name));
        let backup = self.service.and_then(|one| one.backup(self.url.host()));
        let backup = backup.map_or_else(String::new, |url| {
            format!("; --backup {url} would stand in for it")
        });
        format!("{scheme} on port {port}{of}, application {app}, {key}{backup}")
    }
}

/// Quotation marks and brackets that came with the address when it was copied.
fn refuse_marks(text: &str, key: Option<&str>) -> Result<(), Finding> {
    let is_mark = |c: char| "\"'`<>{}“”‘’«»".contains(c);
    let what = match key {
        Some(key) if key.contains(is_mark) => "the stream key",
        _ if text.contains(is_mark) => "the address",
        _ => return Ok(()),
    };
    let words = format!("there are quotation marks or brackets in {what}");
    Err(Finding::new(Cause::QuotesInside, words))
}

fn unusable(error: &Error, path: &str, service: Option<&'static Service>) -> Finding {
    let segments = path.split('/').filter(|part| !part.is_empty()).count();
    let cause = match error {
        Error::Url(UrlError::InvalidCharacter) => Cause::SpaceInside,
        Error::Url(UrlError::MissingKey) if segments == 1 => return lone_part(path, service),
        Error::Url(UrlError::MissingKey) => Cause::KeyMissing,
        Error::Url(UrlError::MissingApp) => Cause::AppMissing,
        Error::Url(UrlError::HiddenKey) => Cause::KeyPlaceholder,
        _ => Cause::Known(onair::Fault::AddressUnusable),
    };
    let words = match error {
        // It may be a pasted secret.
        Error::Url(UrlError::UnknownScheme(_)) => "the address is of another kind".to_owned(),
        _ => error.to_string(),
    };
    Finding::new(cause, words)
}

/// One part stands where application and key should be: which of the two it is, a service's own
/// application tells.
fn lone_part(path: &str, service: Option<&'static Service>) -> Finding {
    let part = path.trim_matches('/');
    match service {
        Some(service) if service.app != part => Finding::new(
            Cause::AppMissing,
            format!(
                "the application is missing: {} has /{}",
                service.name, service.app
            ),
        )
        .cured_by(format!(
            "Write /{} between host and key: some pages show the address without it.",
            service.app
        )),
        _ => Finding::new(Cause::KeyMissing, "the address ends without a stream key"),
    }
}

fn refuse_misplaced(url: &Url, service: Option<&'static Service>) -> Result<(), Finding> {
    let key = url.key().expose();
    let (app, query) = url.app().split_once('?').unwrap_or_else(|| (url.app(), ""));
    let names_key = |pair: &str| {
        let name = pair.split('=').next().unwrap_or_default();
        KEY_NAMES.contains(&name.to_ascii_lowercase().as_str())
    };
    if query.split('&').any(names_key) || key.starts_with('?') && key[1..].split('&').any(names_key)
    {
        let words = "the stream key stands in the query, where the server does not look for it";
        return Err(Finding::new(Cause::KeyInQuery, words));
    }
    let Some(service) = service else {
        return Ok(());
    };
    if app == service.app {
        return Ok(());
    }
    let (name, own) = (service.name, service.app);
    if key == own {
        let words = format!("application and key have changed places: {name} has /{own}/KEY");
        return Err(Finding::new(Cause::KeyMisplaced, words));
    }
    Err(Finding::new(
        Cause::AppOdd,
        format!("the application is not the one of {name}, which is /{own}"),
    ))
}

fn is_placeholder(key: &str) -> bool {
    let bare: String = key
        .to_ascii_lowercase()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .collect();
    let is_filler = |filler: char| !key.is_empty() && key.chars().all(|c| c == filler || c == '-');
    PLACEHOLDERS.contains(&bare.as_str()) || ['x', 'X', '*', '.', '_'].into_iter().any(is_filler)
}

fn odd_port(url: &Url) -> Option<Finding> {
    let (scheme, port) = (url.scheme(), url.port());
    let words = match (scheme, port) {
        (Scheme::Rtmp, 443) => "443 is the port of rtmps://, where this is rtmp://",
        (Scheme::Rtmps, 1935) => "1935 is the port of rtmp://, where this is rtmps://",
        (_, 80 | 8080 | 22 | 25 | 21) => "this port mostly has another kind of server",
        _ => return None,
    };
    Some(Finding::new(Cause::PortOdd, words))
}

/// Whether a host is this machine or of its own network: its keys may be anything.
pub(crate) fn is_near(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => {
            ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()
        }
        Err(_) => {
            let host = bare.to_ascii_lowercase();
            host == "localhost" || host.ends_with(".local") || !host.contains('.')
        }
    }
}

/// What is between `//` and the path, without user and port.
fn host(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let host = authority.rsplit('@').next()?;
    Some(host.split(':').next().unwrap_or(host))
}

/// What follows the host.
fn path(text: &str) -> &str {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    rest.split_once('/').map_or("", |(_, path)| path)
}

/// What people call a key in a query.
const KEY_NAMES: [&str; 5] = ["key", "streamkey", "stream_key", "stream-key", "streamname"];

const PLACEHOLDERS: [&str; 10] = [
    "key",
    "streamkey",
    "yourkey",
    "yourstreamkey",
    "mykey",
    "thekey",
    "livestreamkey",
    "insertkeyhere",
    "pasteyourkeyhere",
    "changeme",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(text: &str, key: Option<&str>) -> String {
        match read(text, key) {
            Err(finding) => {
                assert!(!finding.words.contains("sesame"), "{finding:?}");
                assert_eq!(finding.step, None);
                finding.cause.name()
            }
            Ok(address) => match address.notes.first() {
                Some(note) => format!("({})", note.cause.name()),
                None => "ok".to_owned(),
            },
        }
    }

    #[test]
    fn every_mistake_in_an_address_has_its_name() {
        let kick = "rtmps://fa72.global-contribute.live-video.net";
        for (text, key, expected) in [
            ("rtmp://host/app/sesame", None, "ok"),
            ("rtmp://host/app", None, "key-missing"),
            ("rtmp://host/app/", None, "key-missing"),
            ("rtmp://host", None, "app-missing"),
            ("rtmp://host/", Some("sesame"), "app-missing"),
            ("rtmps://a.rtmps.youtube.com/live2", None, "key-missing"),
            (&format!("{kick}/sk_sesame"), None, "app-missing"),
            (&format!("{kick}/sesame/app"), None, "key-misplaced"),
            (&format!("{kick}/live/sesame"), None, "app-odd"),
            ("rtmp://host/app?key=sesame", None, "key-in-query"),
            ("rtmp://host/app/?streamkey=sesame", None, "key-in-query"),
            ("rtmp://host/app/ses ame", None, "space-inside"),
            ("rtmp://host/app", Some("ses\tame"), "space-inside"),
            ("rtmp://host/app/\"sesame\"", None, "quotes-inside"),
            ("rtmp://host/app", Some("“sesame”"), "quotes-inside"),
            ("rtmp://live.example/app/<sesame>", None, "quotes-inside"),
            ("rtmp://live.example/app/KEY", None, "key-placeholder"),
            (
                "rtmp://live.example/app/xxxx-xxxx-xxxx",
                None,
                "key-placeholder",
            ),
            (
                "rtmp://live.example/app",
                Some("YOUR_STREAM_KEY"),
                "key-placeholder",
            ),
            ("rtmp://live.example/app/***", None, "key-placeholder"),
            ("rtmp://localhost/live/KEY", None, "(key-placeholder)"),
            (
                "rtmp://live-api-s.facebook.com/rtmp/sesame",
                None,
                "tls-needed",
            ),
            (
                "rtmp://a.rtmps.youtube.com/live2/sesame",
                None,
                "tls-needed",
            ),
            (
                "rtmp://fa72.global-contribute.live-video.net/app/sesame",
                None,
                "tls-needed",
            ),
            (
                "rtmp://live-upload.instagram.com/rtmp/sesame",
                None,
                "tls-needed",
            ),
            ("rtmp://live.twitch.tv/app/sesame", None, "ok"),
            ("rtmp://live.example:443/app/sesame", None, "(port-odd)"),
            ("rtmps://live.example:1935/app/sesame", None, "(port-odd)"),
            ("rtmps://live.example:1936/app/sesame", None, "ok"),
            ("https://live.example/app/sesame", None, "address-unusable"),
            ("live.example/app/sesame", None, "address-unusable"),
        ] {
            assert_eq!(cause(text, key), expected, "{text} {key:?}");
        }
    }
}
