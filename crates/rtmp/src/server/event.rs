use std::fmt;
use std::sync::Arc;

use onair_flv::Tag;

use crate::Secret;

/// A message stream within one connection (RTMP 1.0 section 5.3.1.2, message stream id).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(pub(crate) u32);

impl StreamId {
    /// The number on the wire.
    pub const fn value(self) -> u32 {
        self.0
    }

    /// The stream a command names in an AMF0 number.
    pub(crate) fn from_number(number: f64) -> Option<Self> {
        crate::command::stream_id(number).map(Self)
    }
}

/// What a [`Server`](super::Server) reports.
#[derive(Clone, PartialEq)]
pub enum Event {
    /// A client connected; it was answered.
    Connected {
        /// The application asked for; its query may hold a secret.
        app: Arc<str>,
        /// The URL the client believes it connects to.
        tc_url: Arc<str>,
        /// How the client calls itself.
        flash_version: String,
    },
    /// A client asks to publish: answer with [`accept`](super::Server::accept) or [`refuse`](super::Server::refuse).
    Publish {
        /// The stream to answer for.
        stream: StreamId,
        /// The application, as in `connect`.
        app: Arc<str>,
        /// The stream key, with its query string if it has one.
        key: Secret,
        /// The URL the client believes it connected to.
        tc_url: Arc<str>,
    },
    /// A client asks to play: answer with [`accept`](super::Server::accept) or [`refuse`](super::Server::refuse).
    Play {
        /// The stream to answer for.
        stream: StreamId,
        /// The application, as in `connect`.
        app: Arc<str>,
        /// The stream key, with its query string if it has one.
        key: Secret,
        /// The URL the client believes it connected to.
        tc_url: Arc<str>,
    },
    /// Audio or video of an accepted publish.
    Media {
        /// Which stream it belongs to.
        stream: StreamId,
        /// The audio or video tag.
        tag: Tag,
    },
    /// Metadata of an accepted publish, `@setDataFrame` taken off: the body of an FLV script tag.
    Metadata {
        /// Which stream it belongs to.
        stream: StreamId,
        /// The script tag.
        tag: Tag,
    },
    /// A publish or play ended properly; the connection may go on.
    Ended {
        /// Which stream ended.
        stream: StreamId,
    },
    /// The connection is over: close it.
    Closed,
}

impl fmt::Debug for Event {
    /// Shows only how apps begin: their queries, and their last names, may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut asked = |name, stream: &StreamId, app: &str| {
            let mut fields = f.debug_struct(name);
            fields.field("stream", stream).field("app", &shown(app));
            fields.finish_non_exhaustive()
        };
        match self {
            Self::Publish { stream, app, .. } => asked("Publish", stream, app),
            Self::Play { stream, app, .. } => asked("Play", stream, app),
            Self::Connected {
                app,
                tc_url,
                flash_version,
            } => f
                .debug_struct("Connected")
                .field("app", &shown(app))
                .field("tc_url", &shown(tc_url))
                .field("flash_version", flash_version)
                .finish(),
            Self::Media { stream, tag } => write!(f, "Media({stream:?}, {tag:?})"),
            Self::Metadata { stream, tag } => write!(f, "Metadata({stream:?}, {tag:?})"),
            Self::Ended { stream } => write!(f, "Ended({stream:?})"),
            Self::Closed => f.write_str("Closed"),
        }
    }
}

/// All but the last name of a path, and no query.
fn shown(app: &str) -> String {
    let path = app.split('?').next().unwrap_or_default();
    match path.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/***"),
        None => "***".to_owned(),
    }
}
