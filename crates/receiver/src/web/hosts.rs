//! Whether a request names this server: otherwise a stranger's page whose name was made to lead
//! here (DNS rebinding) could read the answer as its own.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::tls;

/// The names of this server. Any address is one: it cannot be made to lead elsewhere.
#[derive(Clone, Debug)]
pub(super) struct Hosts(Option<Arc<HashSet<String>>>);

impl Hosts {
    /// The names of this machine.
    pub(super) fn of_this_machine() -> Self {
        Self(Some(Arc::new(tls::machine_names().into_iter().collect())))
    }

    /// Any name: the certificate tells this server from others.
    pub(super) const fn any() -> Self {
        Self(None)
    }

    pub(super) fn add(&mut self, name: &str) {
        if let Some(names) = &mut self.0 {
            Arc::make_mut(names).insert(normal(name));
        }
    }

    /// The foreign name that a request was sent to, if it was. Without a name it is no browser's.
    fn stranger(&self, headers: &HeaderMap) -> Option<String> {
        let names = self.0.as_ref()?;
        let mut hosts = headers.get_all(HOST).iter().map(|host| {
            let host = host.to_str().unwrap_or_default();
            let host = host.parse::<Authority>();
            host.map_or_else(|_| String::new(), |host| normal(host.host()))
        });
        hosts.find(|host| !is_address(host) && !names.contains(host))
    }
}

/// Lets requests for this server through.
pub(super) async fn guard(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    match hosts.stranger(request.headers()) {
        None => next.run(request).await,
        Some(name) => {
            tracing::debug!(name, "a request for another server");
            let words = format!(
                "This server is not known as \"{name}\". If it should be, start it with \
                 --host NAME (Builder::host), or have the proxy before it pass another Host.\n"
            );
            (StatusCode::MISDIRECTED_REQUEST, words).into_response()
        }
    }
}

/// In lower case, without the root's dot.
fn normal(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    name.strip_suffix('.').unwrap_or(&name).to_owned()
}

fn is_address(host: &str) -> bool {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    bare.unwrap_or(host).parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn stranger(hosts: &Hosts, named: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for name in named {
            headers.append(HOST, HeaderValue::from_static(name));
        }
        hosts.stranger(&headers)
    }

    #[test]
    fn addresses_and_names_of_this_machine_are_its_own() {
        let hosts = Hosts::of_this_machine();
        for own in [
            "127.0.0.1:8080",
            "192.0.2.7",
            "[::1]:8080",
            "[::1]",
            "localhost:1",
            "LocalHost.",
        ] {
            assert_eq!(stranger(&hosts, &[own]), None, "{own}");
        }
        for name in tls::machine_names()
            .iter()
            .filter(|name| !name.contains(':'))
        {
            let headers = HeaderMap::from_iter([(HOST, name.parse().unwrap())]);
            assert_eq!(hosts.stranger(&headers), None, "{name}");
        }
        assert_eq!(stranger(&hosts, &[]), None);
    }

    #[test]
    fn other_names_are_not() {
        let hosts = Hosts::of_this_machine();
        for foreign in [
            "evil.example:8080",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "evil.example.",
            "1",
            "",
            "a b",
            "[::1",
            "127.0.0.1 evil.example",
        ] {
            assert!(stranger(&hosts, &[foreign]).is_some(), "{foreign}");
        }
        assert!(stranger(&hosts, &["localhost", "evil.example"]).is_some());
    }

    #[test]
    fn a_name_that_was_given_is_its_own_and_so_is_any_with_a_certificate() {
        let mut hosts = Hosts::of_this_machine();
        hosts.add("Stream.Example");
        assert_eq!(stranger(&hosts, &["stream.example:8080"]), None);
        assert!(stranger(&hosts, &["other.example"]).is_some());
        assert_eq!(stranger(&Hosts::any(), &["other.example"]), None);
    }
}
