use onair_rtmp::Error;
use serde::Serialize;

/// What commonly lies behind a failure, for whoever wants to name a cure beside the cause. The
/// cure itself is each application's: where a setting is found differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Fault {
    /// Another publisher uses the key, or the server thinks so.
    KeyInUse,
    /// Nothing listens at the address.
    NobodyListens,
    /// The name cannot be resolved.
    UnknownHost,
    /// A certificate is too old, or a clock is wrong.
    CertificateExpired,
    /// A certificate is for another name.
    CertificateName,
    /// A certificate is signed by nobody this system trusts.
    CertificateUntrusted,
    /// The server speaks something else than TLS on this port.
    NotTls,
    /// The server knows no such user name and password.
    LoginRejected,
    /// The server wants a user name and a password.
    LoginNeeded,
    /// The server does not let this key publish.
    KeyRejected,
    /// The server has no such application.
    AppUnknown,
    /// The server agreed to the publish and dropped the stream soon after, again and again: as
    /// many do with a key they do not know, or with what their rules forbid.
    AcceptedThenDropped,
    /// The line takes no more data.
    Stalled,
    /// Nobody answered in time.
    TimedOut,
}

impl Fault {
    /// What lies behind the end of a conversation; `None` where nothing is known, or where the
    /// words already say what is common.
    pub(crate) fn of(error: &Error) -> Option<Self> {
        Some(match error {
            Error::Refused { code, description } => return Self::of_refusal(code, description),
            Error::TimedOut { .. } => Self::TimedOut,
            Error::CredentialsNeeded { .. } => Self::LoginNeeded,
            Error::CredentialsRejected { .. } => Self::LoginRejected,
            _ => return None,
        })
    }

    fn of_refusal(code: &str, description: &str) -> Option<Self> {
        let description = description.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|words| description.contains(words));
        let is_about_login = says(&["unauthorized", "denied", "authentication", "key"]);
        match code {
            _ if says(&["already", "busy", "in use"]) => Some(Self::KeyInUse),
            "NetStream.Publish.BadName" if description.is_empty() => Some(Self::KeyInUse),
            "NetStream.Publish.BadName"
            | "NetStream.Publish.Denied"
            | "NetStream.Publish.Rejected"
            | "NetStream.Publish.Unauthorized" => Some(Self::KeyRejected),
            _ if is_about_login => Some(Self::KeyRejected),
            "NetConnection.Connect.Rejected" | "NetConnection.Connect.InvalidApp" => {
                Some(Self::AppUnknown)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str, description: &str) -> Option<Fault> {
        Fault::of(&Error::Refused {
            code: code.to_owned(),
            description: description.to_owned(),
        })
    }

    #[test]
    fn a_known_failure_has_its_fault_and_an_unknown_one_has_none() {
        let busy = refused("NetStream.Publish.BadName", "Already publishing");
        assert_eq!(busy, Some(Fault::KeyInUse));
        let unknown = refused("NetStream.Publish.BadName", "no such key");
        assert_eq!(unknown, Some(Fault::KeyRejected));
        assert_eq!(refused("NetStream.Failed", "the moon fell down"), None);
    }

    #[test]
    fn a_rejected_login_is_not_taken_for_a_missing_one() {
        let description = "code=403 need auth".to_owned();
        let rejected = Error::CredentialsRejected { description };
        assert_eq!(Fault::of(&rejected), Some(Fault::LoginRejected));
        let description = "please".to_owned();
        let missing = Error::CredentialsNeeded { description };
        assert_eq!(Fault::of(&missing), Some(Fault::LoginNeeded));
    }

    #[test]
    fn our_own_words_are_no_servers_and_blame_nobody() {
        let takes = "avc1".to_owned();
        let codec = "hvc1".to_owned();
        assert_eq!(Fault::of(&Error::CodecRefused { codec, takes }), None);
    }
}
