mod authority;
mod error;
mod path;

use std::fmt;
use std::str::FromStr;

use self::authority::parse_authority;
pub(crate) use self::authority::percent_decode;
pub use self::error::UrlError;
use self::path::{
    HIDDEN, application, check_characters, check_part, check_shown, check_single, split_path,
};

use crate::{Credentials, Error, Secret};

/// Where to publish: `rtmp://[user:password@]host[:port]/app/key`.
///
/// The key is what follows the last `/` before the key's own query, the app everything between;
/// give them apart with [`Self::from_server`] where that guess is wrong. A single name with a query
/// (`rtmp://host/stream?user=a&pass=b`) has an empty key. App and key go to the server byte for
/// byte, queries included; [`Target`](crate::Target) is what servers make of them. `Display` and
/// `Debug` show neither key, nor query, nor credentials; what they show does not parse again.
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

/// No application's common name is as long as this.
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
    /// A URL from a server and a key that somebody gave apart.
    ///
    /// # Errors
    ///
    /// [`UrlError::TwoKeys`] when the server may end in a key itself, as in `rtmp://host/app/key`:
    /// it would become part of the application, which is shown. Where all of the path is the
    /// application, a `/` at its end says so.
    pub fn from_server(server: &str, key: impl Into<Secret>) -> Result<Self, Error> {
        let key = key.into();
        check_single(server)?;
        let (url, path) = parse_authority(server)?;
        let app = application(path, key.expose())?;
        check_shown(app)?;
        check_shown(key.expose())?;
        url.with_app(app)?.with_key(key)
    }

    /// A URL whose app is everything after the host, as in the `tcUrl` of connect, and a key.
    pub fn from_tc_url(tc_url: &str, key: impl Into<Secret>) -> Result<Self, Error> {
        let (url, path) = parse_authority(tc_url)?;
        url.with_app(path)?.with_key(key)
    }

    /// The same URL with another app.
    pub fn with_app(mut self, app: impl Into<String>) -> Result<Self, Error> {
        self.app = app.into();
        // Services print their server as `rtmp://host/app/`; that slash is a separator, and a `?`
        // with nothing behind it only says that there is no key.
        let bare = self.app.trim_end_matches('?');
        if !bare.contains('?') {
            self.app.truncate(bare.trim_end_matches('/').len());
        }
        check_part(&self.app, UrlError::MissingApp)?;
        Ok(self)
    }

    /// The same URL with another key.
    pub fn with_key(self, key: impl Into<Secret>) -> Result<Self, Error> {
        let key = key.into();
        check_part(key.expose(), UrlError::MissingKey)?;
        self.keyed(key)
    }

    /// The same URL with other credentials.
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

    /// The stream key, query included; empty where the app says it all.
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
        let (url, path) = parse_authority(&absolute)?;
        let url = url.with_app(path)?.keyed(self.key.clone())?;
        let same = url.host == self.host && url.credentials.is_none();
        Ok(if same {
            url.with_credentials(self.credentials.clone())
        } else {
            url
        })
    }

    /// With a key that may be empty.
    fn keyed(mut self, key: impl Into<Secret>) -> Result<Self, Error> {
        self.key = key.into();
        check_characters(self.key.expose())?;
        Ok(self)
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
        check_single(text)?;
        let (url, path) = parse_authority(text)?;
        let (app, key) = split_path(path)?;
        check_shown(path)?;
        url.with_app(app)?.keyed(key)
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
            write!(f, "/{}", if is_key { HIDDEN } else { part })?;
        }
        f.write_str(query)?;
        if self.key.expose().is_empty() {
            return Ok(());
        }
        write!(f, "/{HIDDEN}")
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
