/// What commonly lies behind a failure, for whoever wants to name a cure beside the cause. The
/// cure itself is each application's: where a setting is found differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// The server knows no such user name and password.
    LoginRejected,
    /// The server wants a user name and a password.
    LoginNeeded,
    /// The server does not let this key publish.
    KeyRejected,
    /// The server has no such application.
    AppUnknown,
    /// The line takes no more data.
    Stalled,
    /// Nobody answered in time.
    TimedOut,
}

impl Fault {
    /// What lies behind a failure that was put in these words, by this crate or a server.
    ///
    /// `None` where nothing is known, or where the words already say what is common.
    pub fn of(words: &str) -> Option<Self> {
        let words = words.to_lowercase();
        let says = |signs: &[&str]| signs.iter().any(|sign| words.contains(sign));
        SIGNS
            .iter()
            .find_map(|(fault, signs)| says(signs).then_some(*fault))
    }
}

/// The first match wins: the particular stands before the general.
const SIGNS: &[(Fault, &[&str])] = &[
    (
        Fault::KeyInUse,
        &["already publishing", "badname", "stream busy"],
    ),
    (Fault::NobodyListens, &["connection refused"]),
    (Fault::UnknownHost, &["cannot find", "nobody answered who"]),
    (Fault::CertificateExpired, &["has expired"]),
    (
        Fault::CertificateName,
        &["certificate presented is not for"],
    ),
    (Fault::CertificateUntrusted, &["anybody this system trusts"]),
    (Fault::LoginRejected, &["does not accept this user name"]),
    (Fault::LoginNeeded, &["user name and"]),
    (Fault::KeyRejected, &["unauthorized", "denied"]),
    (Fault::AppUnknown, &["connect.rejected", "invalidapp"]),
    (Fault::Stalled, &["took nothing"]),
    (Fault::TimedOut, &["timed out"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_failure_has_its_fault_and_an_unknown_one_has_none() {
        let busy = "NetStream.Publish.BadName: Already publishing";
        assert_eq!(Fault::of(busy), Some(Fault::KeyInUse));
        assert_eq!(Fault::of("the moon fell down"), None);
    }

    #[test]
    fn a_rejected_login_is_not_taken_for_a_missing_one() {
        let words = "the server does not accept this user name and password: no";
        assert_eq!(Fault::of(words), Some(Fault::LoginRejected));
        let words = "the server wants a user name and a password: please";
        assert_eq!(Fault::of(words), Some(Fault::LoginNeeded));
    }
}
