use std::fmt;
use std::str::FromStr;

use crate::{Credentials, Error, Secret};

/// Where to publish: `rtmp://[user:password@]host[:port]/app/key`.
///
/// The key is what follows the last `/` before the key's own query, the app everything between;
/// give them apart with [`Self::from_tc_url`] where that guess is wrong. App and key go to the
/// server byte for byte, queries included. `Display` and `Debug` show neither key, nor query,
/// nor credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    scheme: Scheme,
    credentials: Option<Credentials>,
    host: String,
    port: u16,
    app: String,
    key: Secret,
}

/// What carries RTMP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// TCP.
    Rtmp,
    /// TLS over TCP.
    Rtmps,
}

/// What is wrong with a URL, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// No `scheme://` in front.
    #[error("the URL has no scheme: begin it with rtmp:// or rtmps://")]
    MissingScheme,
    /// A scheme of the RTMP family that is not spoken here.
    #[error("{0}:// is not supported: use rtmp:// or rtmps://")]
    UnsupportedScheme(String),
    /// A scheme from elsewhere.
    #[error("unknown scheme {0}://: use rtmp:// or rtmps://")]
    UnknownScheme(String),
    /// Nothing between `//` and `/`.
    #[error("the URL has no host: rtmp://HOST/app/key")]
    MissingHost,
    /// A host that cannot be one.
    #[error("the URL's host is not valid; an IPv6 address goes in brackets: rtmp://[::1]/app/key")]
    InvalidHost,
    /// A port that is no number from 1 to 65535.
    #[error("the URL's port is not a number from 1 to 65535")]
    InvalidPort,
    /// A user name or password that does not decode.
    #[error("the URL's user name or password is not valid: write % as %25, @ as %40, / as %2F")]
    InvalidCredentials,
    /// No application.
    #[error(
        "the URL has no application: add the one your service names, as in rtmp://host/app/key"
    )]
    MissingApp,
    /// No stream key.
    #[error("the URL has no stream key: add it after the application, as in rtmp://host/app/KEY")]
    MissingKey,
    /// White space or control characters inside.
    #[error("the URL has a space or a control character inside: was something pasted with it?")]
    InvalidCharacter,
}

/// A key as long as this is no application's common name.
const LONG_KEY: usize = 8;

/// The longest tcUrl nginx-rtmp keeps.
const TC_URL_MAX: usize = 256;

impl Scheme {
    /// The scheme's name in a URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rtmp => "rtmp",
            Self::Rtmps => "rtmps",
        }
    }

    /// The port used when the URL names none.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Rtmp => 1935,
            Self::Rtmps => 443,
        }
    }
}

impl Url {
    /// A URL whose app is everything after the host, the key given apart.
    pub fn from_tc_url(tc_url: &str, key: impl Into<Secret>) -> Result<Self, Error> {
        let (url, path) = parse_authority(tc_url)?;
        url.with_app(path)?.with_key(key)
    }

    /// The same place with another app.
    pub fn with_app(mut self, app: impl Into<String>) -> Result<Self, Error> {
        self.app = app.into();
        // Services print their server as `rtmp://host/app/`; that slash is a separator.
        if !self.app.contains('?') {
            self.app.truncate(self.app.trim_end_matches('/').len());
        }
        check_part(&self.app, UrlError::MissingApp)?;
        Ok(self)
    }

    /// The same place with another key.
    pub fn with_key(mut self, key: impl Into<Secret>) -> Result<Self, Error> {
        self.key = key.into();
        check_part(self.key.expose(), UrlError::MissingKey)?;
        Ok(self)
    }

    /// The same place with other credentials.
    pub fn with_credentials(mut self, credentials: Option<Credentials>) -> Self {
        self.credentials = credentials;
        self
    }

    /// What carries it.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host's name or address, an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, given or default.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The application, query included.
    pub fn app(&self) -> &str {
        &self.app
    }

    /// The stream key, query included.
    pub const fn key(&self) -> &Secret {
        &self.key
    }

    /// The user name and password in front of the host, percent-decoded.
    pub const fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// The `tcUrl` of connect: no credentials, no default port, no key.
    pub fn tc_url(&self) -> String {
        format!("{}/{}", self.origin(), self.app)
    }

    /// Whether the tcUrl is longer than the 256 bytes some servers keep.
    pub fn has_long_tc_url(&self) -> bool {
        self.tc_url().len() > TC_URL_MAX
    }

    /// The URL that `reference`, a tcUrl, means to a client of this one: absolute, `//host/app`,
    /// `/app` or `app`. The key stays; the credentials stay with their host.
    pub fn resolve(&self, reference: &str) -> Result<Self, Error> {
        let reference = reference.trim();
        if reference.is_empty() {
            return Ok(self.clone());
        }
        let absolute = self.absolute(reference);
        let url = Self::from_tc_url(&absolute, self.key.clone())?;
        let same = url.host == self.host && url.credentials.is_none();
        Ok(if same {
            url.with_credentials(self.credentials.clone())
        } else {
            url
        })
    }

    /// `scheme://host[:port]`, as a tcUrl begins.
    fn origin(&self) -> String {
        let scheme = self.scheme.as_str();
        let host = Host(&self.host);
        if self.port == self.scheme.default_port() {
            format!("{scheme}://{host}")
        } else {
            format!("{scheme}://{host}:{}", self.port)
        }
    }

    /// RFC 3986, section 5.2.2, without dot segments, which no app has.
    fn absolute(&self, reference: &str) -> String {
        if reference.contains("://") {
            return reference.to_owned();
        }
        if reference.starts_with("//") {
            return format!("{}:{reference}", self.scheme.as_str());
        }
        if reference.starts_with('/') {
            return format!("{}{reference}", self.origin());
        }
        let path = self.app.split('?').next().unwrap_or_default();
        let folder = path.rfind('/').map_or("", |slash| &path[..=slash]);
        format!("{}/{folder}{reference}", self.origin())
    }
}

impl FromStr for Url {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (url, path) = parse_authority(text)?;
        let (app, key) = split_path(path)?;
        url.with_app(app)?.with_key(key)
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (app, query) = match self.app.split_once('?') {
            Some((app, _)) => (app, "?***"),
            None => (self.app.as_str(), ""),
        };
        write!(f, "{}", self.origin())?;
        // Some servers name the key in the tcUrl they redirect to.
        for part in app.split('/') {
            let is_key = part.len() >= LONG_KEY && part == self.key.expose();
            write!(f, "/{}", if is_key { "***" } else { part })?;
        }
        write!(f, "{query}/***")
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({self})")
    }
}

/// A host as a URL writes it.
struct Host<'a>(&'a str);

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains(':') {
            write!(f, "[{}]", self.0)
        } else {
            f.write_str(self.0)
        }
    }
}

/// Everything up to the path, and the path without its first `/`.
fn parse_authority(text: &str) -> Result<(Url, &str), UrlError> {
    let text = text.trim();
    let (scheme, rest) = text.split_once("://").ok_or(UrlError::MissingScheme)?;
    let scheme = parse_scheme(scheme)?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (userinfo, place) = match authority.rsplit_once('@') {
        Some((userinfo, place)) => (Some(userinfo), place),
        None => (None, authority),
    };
    let (host, port) = parse_place(place)?;
    let url = Url {
        scheme,
        credentials: userinfo.map(parse_userinfo).transpose()?,
        host: host.to_owned(),
        port: port.unwrap_or_else(|| scheme.default_port()),
        app: String::new(),
        key: Secret::default(),
    };
    Ok((url, path.strip_prefix('/').unwrap_or_default()))
}

fn parse_scheme(scheme: &str) -> Result<Scheme, UrlError> {
    let scheme = scheme.to_ascii_lowercase();
    match scheme.as_str() {
        "rtmp" => Ok(Scheme::Rtmp),
        "rtmps" => Ok(Scheme::Rtmps),
        "rtmpt" | "rtmpts" | "rtmpe" | "rtmpte" | "rtmfp" => {
            Err(UrlError::UnsupportedScheme(scheme))
        }
        "" => Err(UrlError::MissingScheme),
        // Anything else in front of :// may be a pasted secret.
        _ if scheme.len() > 16 => Err(UrlError::MissingScheme),
        _ => Err(UrlError::UnknownScheme(scheme)),
    }
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`.
fn parse_place(place: &str) -> Result<(&str, Option<u16>), UrlError> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or(UrlError::InvalidHost)?;
            let address = host.split('%').next().unwrap_or_default();
            address
                .parse::<std::net::Ipv6Addr>()
                .map_err(|_| UrlError::InvalidHost)?;
            (host, port)
        }
        None => place.split_at(place.find(':').unwrap_or(place.len())),
    };
    let port = match port.strip_prefix(':') {
        Some(port) if port.contains(':') => return Err(UrlError::InvalidHost),
        Some(port) => port,
        None if port.is_empty() => "",
        None => return Err(UrlError::InvalidHost),
    };
    check_host(host)?;
    Ok((host, parse_port(port)?))
}

fn check_host(host: &str) -> Result<(), UrlError> {
    if host.is_empty() {
        return Err(UrlError::MissingHost);
    }
    let bad = |c: char| c.is_whitespace() || c.is_control() || "[]@#\\\"<>^`{|}".contains(c);
    if host.contains(bad) {
        return Err(UrlError::InvalidHost);
    }
    Ok(())
}

fn parse_port(port: &str) -> Result<Option<u16>, UrlError> {
    if port.is_empty() {
        return Ok(None);
    }
    if !port.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(UrlError::InvalidPort);
    }
    match port.parse() {
        Ok(0) | Err(_) => Err(UrlError::InvalidPort),
        Ok(port) => Ok(Some(port)),
    }
}

fn parse_userinfo(userinfo: &str) -> Result<Credentials, UrlError> {
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    let user = percent_decode(user).ok_or(UrlError::InvalidCredentials)?;
    let password = percent_decode(password).ok_or(UrlError::InvalidCredentials)?;
    Ok(Credentials::new(user, password))
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (&[high, low], tail) = rest.split_first_chunk::<2>()?;
        bytes.push(hex(high)? << 4 | hex(low)?);
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

/// Where the app ends and the key begins.
///
/// A `/` inside the key's query is no separator, so the last `?` is looked at first; but a `?`
/// with no `/` before it, or only an instance, is the app's.
fn split_path(path: &str) -> Result<(&str, &str), UrlError> {
    let before_query = path.rfind('?').map_or(path, |query| &path[..query]);
    let slash = match before_query.rfind('/') {
        Some(slash) if &before_query[slash + 1..] != "_definst_" => Some(slash),
        _ => path.rfind('/'),
    };
    match slash {
        Some(slash) => Ok((&path[..slash], &path[slash + 1..])),
        None if path.is_empty() => Err(UrlError::MissingApp),
        None => Err(UrlError::MissingKey),
    }
}

fn check_part(part: &str, missing: UrlError) -> Result<(), UrlError> {
    if part.is_empty() {
        return Err(missing);
    }
    if part.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err(UrlError::InvalidCharacter);
    }
    Ok(())
}
