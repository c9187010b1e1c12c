//! What speaks at a port, by its first bytes.

/// What a peer said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Speech {
    /// Nothing.
    Silence,
    /// RTMP, of the version that everybody speaks.
    Rtmp,
    /// RTMP of another version (RTMP 1.0, section 5.2.2).
    OtherRtmp(u8),
    /// A TLS record (RFC 8446, section 5.1).
    Tls,
    Http(Http),
    Ssh,
    /// A line of text, as servers for mail and files greet.
    Text(String),
    Garbage,
}

/// An answer of HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Http {
    pub(crate) status: u16,
    /// Where it sends us.
    pub(crate) location: Option<String>,
    /// It says that it passes on what others say.
    pub(crate) is_proxy: bool,
    /// A page follows.
    pub(crate) is_page: bool,
    /// It says that the port has TLS.
    pub(crate) wants_tls: bool,
    /// The time it has, as it writes it.
    pub(crate) date: Option<String>,
}

impl Speech {
    pub(crate) fn of(said: &[u8]) -> Self {
        match said {
            [] => Self::Silence,
            [3, ..] => Self::Rtmp,
            [20..=23, 3, 0..=4, ..] => Self::Tls,
            [version @ 0..=31, ..] if !b"\t\r\n".contains(version) => Self::OtherRtmp(*version),
            _ => Self::of_text(said),
        }
    }

    fn of_text(said: &[u8]) -> Self {
        let text = String::from_utf8_lossy(&said[..said.len().min(LONGEST)]);
        if let Some(http) = Http::parse(&text) {
            return Self::Http(http);
        }
        let line = text.lines().next().unwrap_or_default().trim();
        let is_plain = |c: char| c.is_ascii_graphic() || c == ' ';
        if line.starts_with("SSH-") {
            Self::Ssh
        } else if line.len() >= 3 && line.chars().all(is_plain) {
            Self::Text(line.chars().take(80).collect())
        } else {
            Self::Garbage
        }
    }
}

impl Http {
    fn parse(text: &str) -> Option<Self> {
        let start = text.trim_start();
        let lower = start.to_ascii_lowercase();
        let has_page = lower.contains("<html") || lower.contains("<!doctype html");
        if !lower.starts_with("http/") {
            return has_page.then(|| Self {
                is_page: true,
                ..Self::default()
            });
        }
        let head = start.split("\r\n\r\n").next().unwrap_or_default();
        let field = |name: &str| {
            head.lines().skip(1).find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.trim()
                    .eq_ignore_ascii_case(name)
                    .then(|| value.trim().to_owned())
            })
        };
        let status = head.split_whitespace().nth(1)?.parse().ok()?;
        let passes_on = |name: &&str| field(name).is_some();
        let is_html = field("content-type").is_some_and(|kind| kind.starts_with("text/html"));
        Some(Self {
            status,
            location: field("location"),
            is_proxy: status == 407 || PROXIES.iter().any(passes_on),
            is_page: has_page || is_html,
            wants_tls: lower.contains("https port") || lower.contains("http request to an https"),
            date: field("date"),
        })
    }

    /// Whether it sends us to another host, as a network does with whoever has not logged in.
    pub(crate) fn leads_away_from(&self, host: &str) -> bool {
        let elsewhere = |location: &String| {
            let (_, rest) = location.split_once("://").unwrap_or_default();
            let to = rest.split(['/', ':', '?']).next().unwrap_or_default();
            !to.is_empty() && !to.eq_ignore_ascii_case(host)
        };
        (300..400).contains(&self.status) && self.location.as_ref().is_some_and(elsewhere)
    }
}

/// What only a proxy writes.
const PROXIES: [&str; 5] = [
    "via",
    "proxy-authenticate",
    "proxy-connection",
    "x-squid-error",
    "x-cache",
];

/// More is not looked at.
const LONGEST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_is_known_by_its_first_bytes() {
        for (said, expected) in [
            (&b""[..], Speech::Silence),
            (b"\x03abc", Speech::Rtmp),
            (b"\x06abc", Speech::OtherRtmp(6)),
            (b"\x15\x03\x03\x00\x02\x02\x0a", Speech::Tls),
            (b"SSH-2.0-OpenSSH_9.2\r\n", Speech::Ssh),
            (
                b"220 mail.example ESMTP\r\n",
                Speech::Text("220 mail.example ESMTP".to_owned()),
            ),
            (b"\xff\xfe\x00\x01", Speech::Garbage),
        ] {
            assert_eq!(Speech::of(said), expected, "{said:?}");
        }
    }

    #[test]
    fn a_log_in_page_a_proxy_and_a_web_server_differ() {
        let http = |text: &str| match Speech::of(text.as_bytes()) {
            Speech::Http(http) => http,
            other => panic!("{other:?}"),
        };
        let portal = http("HTTP/1.1 302 Found\r\nLocation: http://login.hotel/?x\r\n\r\n");
        assert!(portal.leads_away_from("live.example"));
        let own = http("HTTP/1.1 301 Moved\r\nLocation: https://Live.example/\r\n\r\n");
        assert!(!own.leads_away_from("live.example"));
        let proxy = http("HTTP/1.1 400 Bad Request\r\nVia: 1.1 squid\r\n\r\n");
        assert!(proxy.is_proxy && !own.is_proxy);
        let plain = http(
            "HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n<html>The plain HTTP \
                          request was sent to HTTPS port</html>",
        );
        assert!(plain.wants_tls && plain.is_page);
        assert!(http("<!DOCTYPE html><title>Log in</title>").is_page);
    }

    #[test]
    fn no_bytes_upset_it() {
        let golden = b"HTTP/1.1 302 Found\r\nLocation: http://a/\r\nDate: x\r\n\r\n<html>";
        for end in 0..golden.len() {
            Speech::of(&golden[..end]);
            for bit in 0..=255 {
                let mut odd = golden.to_vec();
                odd[end] = bit;
                Speech::of(&odd);
            }
        }
    }
}
