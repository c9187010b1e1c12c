use std::fmt;

use super::Config;
use crate::{Error, Url};

/// What a [`Publisher`](super::Publisher) reports.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The server accepted `connect`.
    Connected {
        /// How the server calls itself (`fmsVer`), if it does.
        server: Option<String>,
    },
    /// The server agreed to the publish (`NetStream.Publish.Start`): the stream is live.
    Publishing,
    /// The server says how many of our bytes it has received. Not to be trusted: servers wrap and reset it.
    Acknowledged {
        /// The bytes received so far, as far as the wrapping 32-bit counter can be unwrapped.
        bytes: u64,
    },
    /// The server said something that changes nothing.
    Status {
        /// `status`, `warning` or `error`.
        level: String,
        /// For instance `NetStream.Publish.Start`.
        code: String,
        /// The server's own words.
        description: String,
    },
    /// The server asks us to reconnect (E-RTMP v2), at `url` if it names one: go on until the next
    /// keyframe, connect there, then close this connection.
    ReconnectRequested {
        /// Where to, resolved against the present URL; `None`: to the same URL.
        url: Option<Url>,
        /// The server's own words.
        description: String,
    },
    /// The connection is over without an error: close it.
    Closed(End),
}

/// How a connection ended when it did not fail.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// As asked: everything was sent, the stream was taken down.
    Finished,
    /// Open a new connection and a new [`Publisher`](super::Publisher) at once, with this configuration.
    ///
    /// Close this connection first: some services count them. Media sent before [`Event::Publishing`] did not arrive: send it again.
    Retry(Box<Retry>),
}

/// What to do next after a connection that led to another.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Retry {
    /// The configuration of the next publisher; connect to its `url`.
    pub config: Config,
    /// Why.
    pub why: Why,
    /// What went wrong on this connection, where something did.
    pub cause: Option<Error>,
}

/// Why to try again at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The server may not have understood the first flight: speak in the classical order (and
    /// remember that for the host).
    ClassicOrder,
    /// The server challenged us; the next connection carries the answer.
    Authentication,
    /// The server sends us elsewhere.
    Redirect,
    /// The server may not have liked the Enhanced RTMP keys of `connect`: leave them out.
    PlainConnect,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClassicOrder => "the server may not understand the first flight",
            Self::Authentication => "the server asks for authentication",
            Self::Redirect => "the server redirects",
            Self::PlainConnect => "the server may not understand Enhanced RTMP",
        })
    }
}
