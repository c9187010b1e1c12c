//! Where a broadcast goes: to servers, by protocol, and into files, by format.
//!
//! An [`Output`] connects, takes packets from its queue until the stream or its connection ends,
//! and gives a typed reason. The layers above it (the queue, attempts and their delays, numbers,
//! events, the report) are the same for all outputs and know no protocol.

mod address;
mod context;
mod handle;
mod names;
pub(crate) mod recording;
pub(crate) mod rtmp;
mod stream;
pub(crate) mod tls;
mod transport;

use std::any::Any;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

pub use onair_rtmp::{Credentials, Secret};

pub use self::address::{Address, AddressError, Destination};
pub(crate) use self::context::{SessionContext, took_too_long};
pub(crate) use self::handle::OutputHandle;
use crate::{Error, Failure};

/// A way to send a stream to one place.
pub(crate) trait Output: fmt::Debug + Send + Sync {
    /// One attempt: connects, sends what the queue gives, and resolves when the stream has ended,
    /// with everything sent, or the attempt has failed.
    fn run(&self, context: SessionContext) -> Attempt<'_>;

    /// Whether the user has switched off checking the peer's identity.
    fn is_insecure(&self) -> bool;
}

/// An attempt in progress.
pub(crate) type Attempt<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;

/// A protocol for sending streams.
pub(crate) struct Protocol {
    /// The schemes of its addresses.
    pub(crate) schemes: &'static [&'static str],
    /// Schemes of its family that it refuses, in better words than an unknown one gets.
    pub(crate) refused: &'static [&'static str],
    /// Reads an address that ends in its stream key.
    pub(crate) parse: fn(&str) -> Parsed,
    /// Reads a server and a key that were given apart, though the server may end in a key too.
    pub(crate) parse_apart: fn(&str, Secret) -> Parsed,
    /// Joins a server and a key that are certainly apart.
    pub(crate) join: fn(&str, Secret) -> Parsed,
}

/// The result of reading an address.
pub(crate) type Parsed = Result<Box<dyn Endpoint>, AddressError>;

/// The protocols there are.
static PROTOCOLS: &[Protocol] = &[rtmp::PROTOCOL];

/// An address in the terms of its protocol. `Display` shows nothing secret.
pub(crate) trait Endpoint: Any + fmt::Display + Send + Sync {
    /// The server's name or address.
    fn host(&self) -> &str;
    /// The stream key; empty where there is none.
    fn key(&self) -> &Secret;
    /// Whether the connection is encrypted and the server has to prove its identity.
    fn is_secure(&self) -> bool;
    /// What the server does with pictures of another size in the middle of a stream.
    fn size_change(&self) -> SizeChange;
    /// A canonical form: endpoints are equal if this is.
    fn canonical(&self) -> Secret;
    /// Prepares to send there.
    fn open(&self, destination: &Destination) -> Result<Arc<dyn Output>, Error>;
}

/// What a server does with pictures of another size in the middle of a stream; the worse, the
/// greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SizeChange {
    /// It passes them on.
    Taken,
    /// Nobody has said.
    Unknown,
    /// It ends the stream.
    Refused,
}

/// Choices, for a person: "a, b or c".
pub(crate) fn one_of(choices: &[String]) -> String {
    match choices {
        [others @ .., last] if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        choices => choices.concat(),
    }
}

/// A number that no other connection has: for nonces and jitter, not for secrets.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(Instant::now())
}
