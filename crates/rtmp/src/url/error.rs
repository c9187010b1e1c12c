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
    #[error(
        "the URL has no stream key: add it after the application, as in rtmp://host/app/KEY; \
         if the server wants none, end the URL with ?"
    )]
    MissingKey,
    /// A key given apart, and a URL that may end in one.
    #[error(
        "a stream key is given apart, and the URL seems to end in another: leave one of them out; \
         if all of the URL's path is the application, end it with /"
    )]
    TwoKeys,
    /// A second URL behind the first, which would make one's key the other's application.
    #[error("there are two addresses in one: give each by itself")]
    TwoUrls,
    /// A URL as it was printed, its key replaced by stars.
    #[error("the URL was printed with its secrets hidden: put the real ones where *** is")]
    HiddenKey,
    /// White space or control characters inside.
    #[error("the URL has a space or a control character inside: was something pasted with it?")]
    InvalidCharacter,
}
