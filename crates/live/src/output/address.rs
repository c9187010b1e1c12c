use std::any::Any;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::Credentials;
use super::{Endpoint, Output, PROTOCOLS, Protocol, Secret, SizeChange, one_of};
use crate::{Error, RetryPolicy, Tls};

/// Where a stream goes: a URL whose scheme names a protocol.
///
/// `Display` and `Debug` show neither key, nor query, nor credentials; what they show does not
/// parse again.
#[derive(Clone)]
pub struct Address(Arc<dyn Endpoint>);

/// One server to publish to, and how.
#[derive(Clone, Debug)]
pub struct Destination {
    /// Where: key included.
    pub address: Address,
    /// What to answer when the server asks who we are; by default what the address says.
    pub credentials: Option<Credentials>,
    /// Which servers to trust inside TLS.
    pub tls: Tls,
    /// Send commands before those ahead of them are answered, if the protocol allows it: the stream
    /// is on air sooner. Some servers do not support it.
    pub pipelining: bool,
    /// What to do when the connection fails.
    pub retry: RetryPolicy,
    /// A second address, for when the first fails: see [`backup`](Self::backup).
    pub backup: Option<Address>,
}

/// What is wrong with an address, and what to do about it. Repeats nothing of the address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// No `scheme://` in front.
    #[error("the URL has no scheme: begin it with {}", schemes())]
    MissingScheme,
    /// A scheme of no known protocol.
    #[error("unknown scheme {0}://: use {known}", known = schemes())]
    UnknownScheme(String),
    /// A second address behind the first, which would make one's key a part of the other.
    #[error("there are two addresses in one: give each by itself")]
    TwoAddresses,
    /// No stream key; how to give one.
    #[error("{0}")]
    MissingKey(String),
    /// Anything else that its protocol refuses.
    #[error("{0}")]
    Unusable(String),
}

/// Anything longer in front of `://` may be a pasted secret.
const MAX_SCHEME: usize = 16;

impl Address {
    /// Reads a server and a stream key that were given apart.
    ///
    /// # Errors
    ///
    /// When they do not fit together, or the server seems to end in a key itself.
    pub fn from_server(server: &str, key: impl Into<Secret>) -> Result<Self, AddressError> {
        let protocol = protocol(server)?;
        Ok(Self((protocol.parse_apart)(server, key.into())?.into()))
    }

    /// Joins a server and a stream key that are certainly apart.
    ///
    /// # Errors
    ///
    /// When they do not fit together.
    pub fn join(server: &str, key: impl Into<Secret>) -> Result<Self, AddressError> {
        let protocol = protocol(server)?;
        Ok(Self((protocol.join)(server, key.into())?.into()))
    }

    pub(super) fn new(endpoint: impl Endpoint + 'static) -> Self {
        Self(Arc::new(endpoint))
    }

    /// The server's name or address.
    pub fn host(&self) -> &str {
        self.0.host()
    }

    /// The stream key; empty where there is none.
    pub fn key(&self) -> &Secret {
        self.0.key()
    }

    /// Whether the connection is encrypted and the server has to prove its identity.
    pub fn is_secure(&self) -> bool {
        self.0.is_secure()
    }

    /// In the terms of one protocol, if it is of that.
    pub(super) fn of<T: Endpoint>(&self) -> Option<&T> {
        let endpoint: &dyn Any = &*self.0;
        endpoint.downcast_ref()
    }
}

impl Destination {
    /// `address` with the defaults: the system's trust, pipelining, reconnecting.
    pub fn new(address: impl Into<Address>) -> Self {
        Self {
            address: address.into(),
            credentials: None,
            tls: Tls::default(),
            pipelining: true,
            retry: RetryPolicy::default(),
            backup: None,
        }
    }

    /// With a second address of the same stream, such as a service's backup ingest.
    ///
    /// It is taken when the first cannot be reached, refuses, takes nothing any more, or drops the
    /// stream and is not back at once; and left when the first has answered for a while, without a
    /// break. [`Event::HandedOver`](crate::Event::HandedOver) tells of both.
    #[must_use]
    pub fn backup(mut self, address: impl Into<Address>) -> Self {
        self.backup = Some(address.into());
        self
    }

    /// Whether it is known to take pictures of another size in the middle of a stream.
    pub fn takes_sizes(&self) -> bool {
        self.size_change() == SizeChange::Taken
    }

    /// What the server does with pictures of another size in the middle of a stream.
    pub(crate) fn size_change(&self) -> SizeChange {
        let backup = self.backup.as_ref();
        let backup = backup.map_or(SizeChange::Taken, |backup| backup.0.size_change());
        self.address.0.size_change().max(backup)
    }

    /// Prepares to send there.
    pub(crate) fn open(&self) -> Result<Arc<dyn Output>, Error> {
        self.address.0.open(self)
    }
}

impl From<Address> for Destination {
    fn from(address: Address) -> Self {
        Self::new(address)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let protocol = protocol(text)?;
        Ok(Self((protocol.parse)(text)?.into()))
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.0.canonical() == other.0.canonical()
    }
}

impl Eq for Address {}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

/// The protocol that understands an address.
fn protocol(text: &str) -> Result<&'static Protocol, AddressError> {
    let scheme = text.trim().split_once("://").map(|(scheme, _)| scheme);
    let scheme = scheme.filter(|scheme| (1..=MAX_SCHEME).contains(&scheme.len()));
    let scheme = scheme.ok_or(AddressError::MissingScheme)?;
    let scheme = scheme.to_ascii_lowercase();
    let knows = |protocol: &&Protocol| {
        let mut known = protocol.schemes.iter().chain(protocol.refused);
        known.any(|known| *known == scheme)
    };
    let found = PROTOCOLS.iter().find(knows);
    found.ok_or(AddressError::UnknownScheme(scheme))
}

/// The known schemes, for a person.
fn schemes() -> String {
    let schemes = PROTOCOLS.iter().flat_map(|protocol| protocol.schemes);
    let schemes: Vec<_> = schemes.map(|scheme| format!("{scheme}://")).collect();
    one_of(&schemes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        let parsed: Result<Address, AddressError> = text.parse();
        parsed.unwrap_err().to_string()
    }

    #[test]
    fn a_scheme_that_nobody_knows_is_told_which_there_are() {
        let schemes = schemes();
        assert!(schemes.starts_with("rtmp:// or ") || schemes.starts_with("rtmp://, "));
        assert_eq!(
            error("live.example/app"),
            format!("the URL has no scheme: begin it with {schemes}")
        );
        assert_eq!(
            error("http://live.example/app/key"),
            format!("unknown scheme http://: use {schemes}")
        );
        let pasted = error("sk_live_0123456789abcdef://x");
        assert!(!pasted.contains("0123"), "{pasted}");
    }

    #[test]
    fn a_protocol_refuses_its_own_family_in_its_own_words() {
        let words = "rtmpe:// is not supported: use rtmp:// or rtmps://";
        assert_eq!(error("rtmpe://live.example/app/key"), words);
    }

    #[test]
    fn an_address_is_itself_however_it_is_written() {
        let parse = |text: &str| text.parse::<Address>().unwrap();
        let one = parse("RTMP://me:pw@live.example:1935/app/key");
        assert_eq!(one, parse("rtmp://me:pw@live.example/app/key"));
        for other in [
            "rtmps://me:pw@live.example/app/key",
            "rtmp://live.example/app/key",
            "rtmp://me:pw@live.example/app/other",
        ] {
            assert_ne!(one, parse(other), "{other}");
        }
        let joined = Address::join("rtmp://me:pw@live.example/app", "key");
        assert_eq!(joined.as_ref(), Ok(&one));
        let printed = format!("{one} {one:?}");
        assert!(
            !printed.contains("pw") && !printed.contains("key"),
            "{printed}"
        );
    }
}
