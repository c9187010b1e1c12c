//! Whether a `WebSocket` comes from a page of ours (RFC 6455 §10.2). Pure.

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::{Authority, Uri};

/// What the `Origin` of an upgrade request tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A page this server served.
    Own,
    /// Not a browser: browsers always send it.
    Absent,
    /// Somebody else's page.
    Foreign,
}

/// Judges an upgrade's headers. Behind a proxy the scheme may differ, the host may not.
pub(crate) fn judge(headers: &HeaderMap) -> Verdict {
    let mut origins = headers.get_all(ORIGIN).iter();
    let (origin, further) = (origins.next(), origins.next());
    let Some(origin) = origin else {
        return Verdict::Absent;
    };
    let origin = origin
        .to_str()
        .ok()
        .and_then(|text| text.parse::<Uri>().ok());
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = host.and_then(|text| text.parse::<Authority>().ok());
    match (origin, host) {
        (Some(origin), Some(host)) if further.is_none() && is_same(&origin, &host) => Verdict::Own,
        _ => Verdict::Foreign,
    }
}

fn is_same(origin: &Uri, host: &Authority) -> bool {
    let default = match origin.scheme_str() {
        Some("http") => 80,
        Some("https") => 443,
        _ => return false,
    };
    let port = |port: Option<u16>| port.unwrap_or(default);
    let same_host = origin
        .host()
        .is_some_and(|name| name.eq_ignore_ascii_case(host.host()));
    same_host && port(origin.port_u16()) == port(host.port_u16())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(origin: &[&'static str], host: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static(host));
        for origin in origin {
            headers.append(ORIGIN, HeaderValue::from_static(origin));
        }
        headers
    }

    #[test]
    fn own_pages_are_told_from_others() {
        let cases = [
            ("http://127.0.0.1:8080", "127.0.0.1:8080", Verdict::Own),
            ("https://cam.example", "cam.example", Verdict::Own),
            ("https://CAM.example", "cam.example:443", Verdict::Own),
            ("http://[::1]:8080", "[::1]:8080", Verdict::Own),
            ("http://127.0.0.1:8081", "127.0.0.1:8080", Verdict::Foreign),
            ("https://evil.example", "cam.example", Verdict::Foreign),
            ("https://cam.example.evil", "cam.example", Verdict::Foreign),
            ("null", "cam.example", Verdict::Foreign),
            ("file://", "cam.example", Verdict::Foreign),
            ("", "cam.example", Verdict::Foreign),
        ];
        for (origin, host, verdict) in cases {
            assert_eq!(
                judge(&headers(&[origin], host)),
                verdict,
                "{origin} at {host}"
            );
        }
    }

    #[test]
    fn no_origin_is_no_browser_and_two_are_a_trick() {
        assert_eq!(judge(&headers(&[], "a:1")), Verdict::Absent);
        assert_eq!(
            judge(&headers(&["http://a:1", "http://a:1"], "a:1")),
            Verdict::Foreign
        );
    }
}
