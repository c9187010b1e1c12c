//! What servers say in `onStatus` and `_error` (RTMP 1.0 section 7.2.2), and what it means for us.

use onair_flv::amf0::Value;

/// The information object of `onStatus`, `_result` and `_error`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) level: String,
    pub(crate) code: String,
    pub(crate) description: String,
    /// Where a redirecting server sends us: `ex.redirect2` (whole URL), else `ex.redirect` (tcUrl).
    pub(crate) redirect: Option<Redirect>,
    /// Where a server that asks to reconnect (E-RTMP v2) wants us, absolute or relative.
    pub(crate) tc_url: Option<String>,
}

/// A 302 in `NetConnection.Connect.Rejected`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Redirect {
    /// The new tcUrl, or the whole URL with the stream's name.
    pub(crate) target: String,
    /// Whether `target` ends in the stream's name.
    pub(crate) is_whole: bool,
}

/// What a code means to someone who wants to publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The publish is accepted.
    Started,
    /// It will not work, and the order in which we spoke has nothing to do with it.
    Refused,
    /// It did not work; a server confused by our order might say the same.
    Failed,
    /// The server wishes that we reconnect.
    Reconnect,
    /// Something is wrong, in words we do not know.
    Complaint,
    /// Nothing changes.
    Neutral,
}

impl Status {
    /// Reads an information object; what is missing or of another type stays empty.
    pub(crate) fn parse(info: &Value) -> Self {
        let text = |name| text(info.get(name));
        Self {
            level: text("level"),
            code: text("code"),
            description: describe(info),
            redirect: info.get("ex").and_then(Redirect::parse),
            tc_url: info.get("tcUrl").and_then(Value::as_str).map(str::to_owned),
        }
    }

    pub(crate) fn meaning(&self) -> Meaning {
        match Meaning::of(&self.code) {
            Meaning::Neutral if self.is_error() => Meaning::Complaint,
            meaning => meaning,
        }
    }

    fn is_error(&self) -> bool {
        self.level.eq_ignore_ascii_case("error")
    }
}

impl Meaning {
    /// What a code means by itself; what is not known is neutral.
    pub(crate) fn of(code: &str) -> Self {
        match code {
            "NetStream.Publish.Start" => Self::Started,
            "NetStream.Publish.BadName"
            | "NetStream.Publish.Denied"
            | "NetStream.Publish.Rejected"
            | "NetStream.Publish.Unauthorized"
            | "NetStream.Authenticate.UsherTokenFailed"
            | "NetConnection.Connect.Rejected"
            | "NetConnection.Connect.InvalidApp" => Self::Refused,
            "NetStream.Publish.Failed"
            | "NetStream.Failed"
            | "NetConnection.Connect.Failed"
            | "NetConnection.Connect.Closed"
            | "NetConnection.Connect.AppShutdown" => Self::Failed,
            "NetConnection.Connect.ReconnectRequest" => Self::Reconnect,
            _ => Self::Neutral,
        }
    }
}

impl Redirect {
    /// Reads `ex: { code: 302, redirect, redirect2 }`.
    fn parse(ex: &Value) -> Option<Self> {
        let code = ex.get("code")?;
        if code.as_f64() != Some(302.0) && code.as_str() != Some("302") {
            return None;
        }
        let found = |name| {
            ex.get(name)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let whole = found("redirect2").map(|target| (target, true));
        let (target, is_whole) = whole.or_else(|| Some((found("redirect")?, false)))?;
        Some(Self {
            target: target.to_owned(),
            is_whole,
        })
    }
}

/// The description, or its substitute: some servers send a bare string.
fn describe(info: &Value) -> String {
    match info.as_str() {
        Some(bare) => bare.to_owned(),
        None => text(info.get("description")),
    }
}

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}
