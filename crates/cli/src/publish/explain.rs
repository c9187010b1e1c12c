//! What to do about a failure, in a sentence after the cause.

/// The cause, and below it a cure where one is known.
pub(crate) fn with_cure(cause: &str) -> String {
    let lower = cause.to_lowercase();
    match CURES
        .iter()
        .find(|(signs, _)| signs.iter().any(|sign| lower.contains(sign)))
    {
        Some((_, cure)) => format!("{cause}\n  {cure}"),
        None => cause.to_owned(),
    }
}

/// First match wins: (any of these in the cause, the cure).
const CURES: &[(&[&str], &str)] = &[
    (
        &["already publishing", "badname", "stream busy"],
        "Another publisher is using this key. Stop it, or wait: after a lost connection \
         some servers hold a key for up to 90 s.",
    ),
    (
        &["connection refused"],
        "Nothing listens there: is the server running, and are host and port right?",
    ),
    (
        &[
            "no address",
            "failed to lookup",
            "name or service",
            "resolve",
        ],
        "The host name is unknown: look for a typing mistake, or try the network.",
    ),
    (
        &["expired"],
        "The server's certificate is out of date (or this machine's clock is wrong).",
    ),
    (
        &["not valid for name", "notvalidforname", "hostname mismatch"],
        "The certificate belongs to another host: use the host name the service gives.",
    ),
    (
        &[
            "unknownissuer",
            "unknown issuer",
            "not trusted",
            "self-signed",
        ],
        "Nobody trusted vouches for this certificate: for a server of your own, --ca FILE.",
    ),
    (
        &[
            "unauthorized",
            "denied",
            "authentication",
            "needauth",
            "authfailed",
            "nosuchuser",
        ],
        "Check the key; if the server wants a user and password: --user and --password-file.",
    ),
    (
        &["invalidapp", "invalid app", "connect.rejected", "rejected"],
        "Check the application: what stands between the host and the key in the URL.",
    ),
    (
        &["closed the connection", "without a word", "reset"],
        "The server gave no reason. Usual ones: an application it does not have, a wrong or \
         expired key, or rtmp:// where it wants rtmps://.",
    ),
    (
        &["timed out"],
        "No answer: is the port right (1935 for rtmp, 443 for rtmps), or does a firewall drop it?",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_cause_gets_its_cure_and_an_unknown_one_stays_alone() {
        let refused = with_cure("NetStream.Publish.BadName: Already publishing");
        assert!(refused.contains("Another publisher"), "{refused}");
        assert_eq!(with_cure("the moon fell down"), "the moon fell down");
    }
}
