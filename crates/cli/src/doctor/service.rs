//! Services that are known by their hosts.

/// A service's addresses.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Service {
    /// As `onair inspect` calls it, if it has rules of its own there.
    pub(crate) name: &'static str,
    /// How its hosts end, and what they begin with, where that tells it from another.
    suffix: &'static str,
    prefix: &'static str,
    /// Its application.
    pub(crate) app: &'static str,
    /// It takes TLS alone.
    pub(crate) needs_tls: bool,
}

const fn service(
    name: &'static str,
    (prefix, suffix): (&'static str, &'static str),
    app: &'static str,
    needs_tls: bool,
) -> Service {
    Service {
        name,
        suffix,
        prefix,
        app,
        needs_tls,
    }
}

/// The first that fits is meant.
const SERVICES: &[Service] = &[
    service("YouTube", ("", ".rtmps.youtube.com"), "live2", true),
    service("YouTube", ("", ".rtmp.youtube.com"), "live2", false),
    service("Twitch", ("", ".twitch.tv"), "app", false),
    service(
        "Twitch",
        ("ingest.", ".global-contribute.live-video.net"),
        "app",
        false,
    ),
    service("Kick (Amazon IVS)", ("", ".live-video.net"), "app", true),
    service("Instagram", ("", ".instagram.com"), "rtmp", true),
    service("Instagram", ("", ".upload.instagram.com"), "rtmp", true),
    service("Facebook", ("", ".facebook.com"), "rtmp", true),
    service("Cloudflare", ("", "live.cloudflare.com"), "live", false),
    service("Mux", ("", "global-live.mux.com"), "app", false),
];

/// The service whose host this is.
pub(crate) fn of_host(host: &str) -> Option<&'static Service> {
    let host = host.to_ascii_lowercase();
    let fits =
        |service: &&Service| host.ends_with(service.suffix) && host.starts_with(service.prefix);
    SERVICES.iter().find(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_tells_its_service() {
        for (host, expected) in [
            ("a.rtmps.youtube.com", Some("YouTube")),
            ("ingest.global-contribute.live-video.net", Some("Twitch")),
            (
                "fa723fc1b171.global-contribute.live-video.net",
                Some("Kick (Amazon IVS)"),
            ),
            ("LIVE-API-S.facebook.com", Some("Facebook")),
            ("edgetee-upload-fra3-1.xx.fbcdn.net", None),
            ("live-upload.instagram.com", Some("Instagram")),
            ("notyoutube.com", None),
        ] {
            assert_eq!(
                of_host(host).map(|service| service.name),
                expected,
                "{host}"
            );
        }
    }
}
