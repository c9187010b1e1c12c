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

/// First match wins: (any of these in the cause, the cure). Where the cause
/// itself says what is common, as for a close without a word, nothing is added.
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
        &["cannot find", "nobody answered who"],
        "Look for a typing mistake in the host name, and whether this machine is online.",
    ),
    (
        &["has expired"],
        "Its owner has to renew it (or this machine's clock is wrong).",
    ),
    (
        &["certificate presented is not for"],
        "Use the host name the service gives, not an address or another name of it.",
    ),
    (
        &["anybody this system trusts"],
        "For a server of your own, name the certificate that signed it: --ca FILE.",
    ),
    (
        &["does not accept this user name"],
        "Check both: a mistyped password looks like this too.",
    ),
    (
        &["user name and"],
        "Give --user NAME and --password-file FILE (or set ONAIR_PASSWORD).",
    ),
    (
        &["unauthorized", "denied"],
        "Check the stream key: it may be mistyped, expired, or meant for another server.",
    ),
    (
        &["connect.rejected", "invalidapp"],
        "Check the application: what stands between the host and the key in the URL.",
    ),
    (
        &["took nothing"],
        "Is this machine still online, and does the line carry the bitrate?",
    ),
    (
        &["timed out"],
        "Is the port right (1935 for rtmp, 443 for rtmps), and does no firewall swallow it?",
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
