//! What services do with a second sequence header.

use crate::output::SizeChange;

/// The domains of services, and what becomes of a picture of another size in the middle of a stream.
///
/// Facebook ends the stream ("Live Video API", broadcast guidelines: no changes of resolution
/// mid-stream). The others do not say, nor has anybody told what becomes of their transcoders, players
/// and recordings.
const SERVICES: [(&str, SizeChange); 11] = [
    ("facebook.com", SizeChange::Refused),
    ("instagram.com", SizeChange::Unknown),
    ("youtube.com", SizeChange::Unknown),
    ("twitch.tv", SizeChange::Unknown),
    ("live-video.net", SizeChange::Unknown), // Amazon IVS, and with it Kick and Twitch
    ("tiktokcdn.com", SizeChange::Unknown),
    ("pscp.tv", SizeChange::Unknown), // X
    ("vimeo.com", SizeChange::Unknown),
    ("cloudflare.com", SizeChange::Unknown),
    ("mux.com", SizeChange::Unknown),
    ("restream.io", SizeChange::Unknown),
];

/// What the service at a host does. A server of one's own passes the header on.
pub(super) fn size_change(host: &str) -> SizeChange {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let is_of = |domain: &str| {
        let name = host.strip_suffix(domain);
        name.is_some_and(|name| name.is_empty() || name.ends_with('.'))
    };
    let mut services = SERVICES.into_iter();
    let known = services.find(|(domain, _)| is_of(domain));
    known.map_or(SizeChange::Taken, |(_, change)| change)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_known_by_their_domains_and_a_server_of_one_s_own_takes_any_size() {
        for (host, change) in [
            ("rtmp-api.facebook.com", SizeChange::Refused),
            ("a.rtmps.youtube.com", SizeChange::Unknown),
            ("LIVE.twitch.tv.", SizeChange::Unknown),
            (
                "fa723fc1b171.global-contribute.live-video.net",
                SizeChange::Unknown,
            ),
            ("youtube.com", SizeChange::Unknown),
            ("127.0.0.1", SizeChange::Taken),
            ("::1", SizeChange::Taken),
            ("notyoutube.com", SizeChange::Taken),
            ("youtube.com.example", SizeChange::Taken),
        ] {
            assert_eq!(size_change(host), change, "{host}");
        }
    }
}
