//! What has a port, where it is not what it should be.

use std::net::SocketAddr;
use std::time::Duration;

use onair::{Failure, Fault};

use super::cause::Cause;
use super::diagnosis;
use super::report::Finding;
use super::route::Route;
use super::session::is_nothing;
use super::speech::Speech;
use super::world::World;

/// What speaks at a port that has no TLS where it should: it gets a greeting of RTMP's.
pub(super) fn identify(world: &dyn World, route: &Route) -> Option<Finding> {
    let mut greeting = vec![0; 1537];
    greeting[0] = 3;
    let found = ask(world, route, &greeting);
    by_web(world, route, found)
}

/// Where a port is silent or speaks HTTP, what it says to a browser tells more.
pub(super) fn by_web(world: &dyn World, route: &Route, found: Option<Finding>) -> Option<Finding> {
    let is_plain = found
        .as_ref()
        .is_none_or(|finding| finding.cause == Cause::WebServer);
    match is_plain {
        true => ask(world, route, &request("GET", &route.host)).or(found),
        false => found,
    }
}

fn ask(world: &dyn World, route: &Route, bytes: &[u8]) -> Option<Finding> {
    let speech = say(world, route.to, bytes)?;
    let finding = diagnosis::of_speech(&speech, route.port());
    // That a port of TLS complains in TLS is no news.
    finding.filter(|finding| finding.cause != Cause::TlsPort || !route.is_secure)
}

pub(super) fn request(method: &str, host: &str) -> Vec<u8> {
    format!("{method} / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").into_bytes()
}

/// The first that a port says to some bytes.
pub(super) fn say(world: &dyn World, to: SocketAddr, bytes: &[u8]) -> Option<Speech> {
    let mut line = world.connect(to, BRIEFLY).ok()?;
    let until = world.now() + BRIEFLY;
    line.write(bytes, until).ok()?;
    let mut said = Vec::new();
    let mut buffer = [0; 1024];
    // A page may come in pieces.
    while said.len() < 4096 && may_go_on(&said) {
        match line.read(&mut buffer, until) {
            Ok(0) => break,
            Ok(count) => said.extend_from_slice(&buffer[..count]),
            Err(error) if is_nothing(&error) && world.now() < until => {}
            Err(_) => break,
        }
    }
    Some(Speech::of(&said))
}

/// Whether more bytes could say more.
fn may_go_on(said: &[u8]) -> bool {
    matches!(
        Speech::of(said),
        Speech::Silence | Speech::Http(_) | Speech::Text(_)
    )
}

/// Whether a port that is silent or hangs up speaks TLS.
pub(super) fn tls_port(world: &dyn World, route: &Route) -> Option<Finding> {
    let shaken = world.secure(route.to, &route.host, BRIEFLY).ok()?;
    let is_certified = matches!(
        shaken.line,
        Err(Failure {
            fault: Fault::CertificateExpired
                | Fault::CertificateName
                | Fault::CertificateUntrusted
                | Fault::CertificateUnusable,
            ..
        })
    );
    let is_tls = shaken.line.is_ok() || is_certified;
    let finding = diagnosis::of_speech(&Speech::Tls, route.port());
    finding.filter(|_| is_tls)
}

/// How long a question may take whose answer only says more.
pub(super) const BRIEFLY: Duration = Duration::from_secs(2);
