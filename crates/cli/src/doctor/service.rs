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
    /// Where it takes the same stream while that fails.
    backup: Option<&'static str>,
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
        backup: None,
    }
}

impl Service {
    const fn with_backup(mut self, url: &'static str) -> Self {
        self.backup = Some(url);
        self
    }

    /// The service's second address for a stream that goes to `host`.
    pub(crate) fn backup(&self, host: &str) -> Option<&'static str> {
        self.backup
            .filter(|url| !url.contains(&host.to_ascii_lowercase()))
    }
}

/// The first that fits is meant.
const SERVICES: &[Service] = &[
    service("YouTube", ("", ".rtmps.youtube.com"), "live2", true)
        .with_backup("rtmps://b.rtmps.youtube.com/live2?backup=1"),
    service("YouTube", ("", ".rtmp.youtube.com"), "live2", false)
        .with_backup("rtmp://b.rtmp.youtube.com/live2?backup=1"),
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
    fn a_backup_is_named_where_it_is_not_what_was_asked_about() {
        let backup = |host| of_host(host).and_then(|service| service.backup(host));
        let expected = "rtmps://b.rtmps.youtube.com/live2?backup=1";
        assert_eq!(backup("a.rtmps.youtube.com"), Some(expected));
        assert_eq!(backup("B.rtmps.youtube.com"), None);
        assert_eq!(backup("live.twitch.tv"), None);
        let address = onair::Address::from_server(expected, "key").expect("it can be used");
        assert_eq!(address.host(), "b.rtmps.youtube.com");
    }

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
