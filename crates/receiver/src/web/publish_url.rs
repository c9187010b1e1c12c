//! Where a visitor of the pages can publish: only addresses that are listened on are offered. Pure.

use std::net::{IpAddr, SocketAddr};

/// An address that listens for RTMP, and whether inside TLS.
pub(super) type RtmpAddress = (SocketAddr, bool);

/// Where a request came from, and for which host.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visit<'a> {
    /// The visitor's address.
    pub(super) peer: IpAddr,
    /// The address of this machine that it reached.
    pub(super) local: IpAddr,
    /// The name or address it asked for, without a port.
    pub(super) host: &'a str,
}

/// The URL up to the stream's name, for the first listener that this visitor can reach.
pub(super) fn url(addresses: &[RtmpAddress], visit: Visit<'_>) -> Option<String> {
    let host_of = |listener: &RtmpAddress| visit.host_to_reach(listener.0.ip().to_canonical());
    addresses.iter().find_map(|listener| {
        let host = host_of(listener)?;
        let (address, is_tls) = *listener;
        let (scheme, usual) = if is_tls {
            ("rtmps", 443)
        } else {
            ("rtmp", 1935)
        };
        let port = match address.port() {
            port if port == usual => String::new(),
            port => format!(":{port}"),
        };
        Some(format!("{scheme}://{host}{port}/live/"))
    })
}

impl Visit<'_> {
    /// How this visitor names the listener at `ip`, if it can reach that.
    fn host_to_reach(&self, ip: IpAddr) -> Option<String> {
        let (peer, local) = (self.peer.to_canonical(), self.local.to_canonical());
        let is_here = peer.is_loopback() || peer == local;
        let is_proxied = local.is_loopback() && !is_loopback_name(self.host);
        if ip.is_unspecified() && (ip.is_ipv6() || local.is_ipv4()) {
            return Some(self.host.to_owned());
        }
        if ip == local && !is_proxied {
            return Some(self.host.to_owned());
        }
        // Another address of this machine: its own can be reached from here, a public one from
        // anywhere.
        let is_reached = if ip.is_loopback() {
            is_here && !is_proxied
        } else {
            !ip.is_unspecified()
        };
        is_reached.then(|| bracketed(ip))
    }
}

fn is_loopback_name(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

fn bracketed(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(listener: &str, peer: &str, local: &str, host: &str) -> Option<String> {
        let visit = Visit {
            peer: peer.parse().unwrap(),
            local: local.parse().unwrap(),
            host,
        };
        url(&[(listener.parse().unwrap(), false)], visit)
    }

    #[test]
    fn a_visitor_is_offered_what_it_can_reach() {
        let (me, lan, phone) = ("127.0.0.1", "192.0.2.7", "192.0.2.9");
        let cases = [
            (
                ("127.0.0.1:1935", me, me, "localhost"),
                Some("rtmp://localhost/live/"),
            ),
            (
                ("127.0.0.1:1936", me, me, me),
                Some("rtmp://127.0.0.1:1936/live/"),
            ),
            (
                ("0.0.0.0:1935", phone, lan, lan),
                Some("rtmp://192.0.2.7/live/"),
            ),
            (
                ("[::]:1935", phone, lan, "studio.local"),
                Some("rtmp://studio.local/live/"),
            ),
            (
                ("[::1]:1935", "::1", "::1", "[::1]"),
                Some("rtmp://[::1]/live/"),
            ),
            (
                ("192.0.2.7:1935", phone, lan, "studio.local"),
                Some("rtmp://studio.local/live/"),
            ),
            // On this machine, by another of its addresses.
            (
                ("127.0.0.1:1935", lan, lan, lan),
                Some("rtmp://127.0.0.1/live/"),
            ),
            (
                ("192.0.2.7:1935", me, me, me),
                Some("rtmp://192.0.2.7/live/"),
            ),
            // From elsewhere, addresses that only this machine reaches are not offered.
            (("127.0.0.1:1935", phone, lan, lan), None),
            (("[::1]:1935", phone, lan, lan), None),
            (
                (
                    "0.0.0.0:1935",
                    "2001:db8::9",
                    "2001:db8::7",
                    "[2001:db8::7]",
                ),
                None,
            ),
            // A proxy stands between: its name leads here only for the web.
            (("127.0.0.1:1935", me, me, "cam.example"), None),
        ];
        for ((listener, peer, local, host), expected) in cases {
            let found = offered(listener, peer, local, host);
            assert_eq!(
                found.as_deref(),
                expected,
                "{listener} for {peer} at {local} ({host})"
            );
        }
    }

    #[test]
    fn the_first_that_is_reached_is_offered_and_rtmps_where_that_is_all() {
        let addresses = [
            ("127.0.0.1:1935".parse().unwrap(), false),
            ("0.0.0.0:443".parse().unwrap(), true),
        ];
        let visit = |peer: &str, local: &'static str| Visit {
            peer: peer.parse().unwrap(),
            local: local.parse().unwrap(),
            host: local,
        };
        let from = |peer, local| url(&addresses, visit(peer, local));
        assert_eq!(
            from("192.0.2.9", "192.0.2.7").as_deref(),
            Some("rtmps://192.0.2.7/live/")
        );
        assert_eq!(
            from("127.0.0.1", "127.0.0.1").as_deref(),
            Some("rtmp://127.0.0.1/live/")
        );
    }
}
