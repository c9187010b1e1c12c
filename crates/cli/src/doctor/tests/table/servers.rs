//! Other servers than RTMP's.

use onair::Tls;

use super::{live, raw, real, row, with};
use crate::doctor::tests::loopback::serve;
use crate::doctor::tests::peer::Make;
use crate::doctor::tests::{KEY, Row};

pub(super) fn rows() -> Vec<Row> {
    let mut rows = webs();
    rows.extend(others());
    rows
}

fn at(name: &'static str, scheme: &str, make: Make, expected: &'static str) -> Row {
    let url = format!("{scheme}://127.0.0.1:{}/live/{KEY}", serve(make));
    real(name, url, Tls::default(), expected)
}

const PORTAL: &str = "HTTP/1.1 302 Found\r\nLocation: http://login.hotel.example/?next\r\n\r\n";
const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>Welcome</html>";
const PROXY: &str =
    "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n";
const SQUID: &str = "HTTP/1.1 400 Bad Request\r\nServer: squid\r\nVia: 1.1 cache (squid)\r\n\r\n";
const WEB: &str = "HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n<html>400 Bad Request</html>";
const HTTPS: &str = "HTTP/1.1 400 Bad Request\r\n\r\nThe plain HTTP request was sent to HTTPS port";

/// All that speak HTTP, asked with and without TLS.
fn webs() -> Vec<Row> {
    let plain = |name, text: &str, expected| at(name, "rtmp", raw(text, false, true), expected);
    let secure = |name, text: &str, expected| at(name, "rtmps", raw(text, false, true), expected);
    let page = with(raw(PAGE, false, true));
    vec![
        plain(
            "a log-in page elsewhere",
            PORTAL,
            "handshake: captive-portal",
        ),
        secure(
            "a log-in page elsewhere, for TLS",
            PORTAL,
            "tls: captive-portal",
        ),
        row("a log-in page", live(), page, "handshake: captive-portal"),
        plain("a proxy", PROXY, "handshake: proxy"),
        plain("a proxy that passes nothing on", SQUID, "handshake: proxy"),
        secure("a proxy, for TLS", SQUID, "tls: proxy"),
        plain("a web server", WEB, "handshake: web-server"),
        secure("a web server, for TLS", WEB, "tls: web-server"),
        plain("a web server with TLS", HTTPS, "handshake: tls-port"),
    ]
}

fn others() -> Vec<Row> {
    let plain = |name, make, expected| at(name, "rtmp", make, expected);
    let truncated = [&[3][..], &[7; 700]].concat();
    let greeting = |line| raw(line, true, false);
    vec![
        plain(
            "closed at once",
            raw("", true, true),
            "handshake: closed-at-once",
        ),
        plain(
            "SSH",
            greeting("SSH-2.0-OpenSSH_9.2p1\r\n"),
            "handshake: ssh-server",
        ),
        plain(
            "mail",
            greeting("220 mail.example ESMTP\r\n"),
            "handshake: other-protocol",
        ),
        plain(
            "RTMPE",
            raw([6; 1537], false, false),
            "handshake: other-version",
        ),
        plain(
            "garbage",
            raw([0xFE; 100], false, true),
            "handshake: garbage",
        ),
        plain(
            "a truncated handshake",
            raw(truncated.clone(), false, true),
            "handshake: cut-short",
        ),
        row(
            "half a handshake, and silence",
            live(),
            with(raw(truncated, false, false)),
            "handshake: cut-short",
        ),
    ]
}
