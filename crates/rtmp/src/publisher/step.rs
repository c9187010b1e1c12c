use std::fmt;

/// How far a publisher has come; errors name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Waiting for S0, S1 and S2.
    Handshake,
    /// Waiting for the answer to `connect`.
    Connect,
    /// Waiting for the answer to `createStream`.
    CreateStream,
    /// Waiting for `NetStream.Publish.Start`.
    Publish,
    /// Of a player: waiting for `NetStream.Play.Start` or media.
    Play,
    /// Media flows.
    Live,
    /// Our farewell is sent.
    Farewell,
    /// Over.
    Closed,
}

impl Step {
    /// What the server owes us at this step.
    pub const fn awaited(self) -> &'static str {
        match self {
            Self::Handshake => "the server's handshake",
            Self::Connect => "the answer to connect",
            Self::CreateStream => "the answer to createStream",
            Self::Publish => "NetStream.Publish.Start",
            Self::Play => "NetStream.Play.Start",
            Self::Live => "more media from us",
            Self::Farewell => "the end of the stream",
            Self::Closed => "nothing",
        }
    }

    /// What commonly makes a server close at this step without a word.
    pub const fn common_cause(self) -> &'static str {
        match self {
            Self::Handshake => "the port speaks another protocol, or RTMP inside TLS (rtmps)",
            Self::Connect => "an unknown application name in the URL, or a limit on connections",
            Self::CreateStream => "the server does not want this client to publish",
            Self::Publish => "a wrong or expired stream key, or one that is in use already",
            Self::Play => "no such stream is live, or it may not be watched with this key",
            Self::Live => "the server stopped, kicked this stream, or did not like its media",
            Self::Farewell | Self::Closed => "the stream had ended",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Handshake => "the handshake",
            Self::Connect => "connect",
            Self::CreateStream => "createStream",
            Self::Publish => "publish",
            Self::Play => "play",
            Self::Live => "the live stream",
            Self::Farewell => "the farewell",
            Self::Closed => "nothing: the connection is closed",
        })
    }
}
