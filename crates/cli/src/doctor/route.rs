//! The way to a server: a name, a connection, TLS.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime};

use onair::rtmp::{Scheme, Url};
use onair::{Failure, Fault};

use super::cause::Cause;
use super::certificate::{self, Clocks};
use super::diagnosis::{self, Attempt, Port, family};
use super::identify::{BRIEFLY, identify, request, say};
use super::report::{Finding, Good, good};
use super::speech::Speech;
use super::world::{Line, World};

/// A server, as far as it was found.
#[derive(Clone)]
pub(super) struct Route {
    pub(super) to: SocketAddr,
    pub(super) host: String,
    pub(super) is_secure: bool,
}

impl Route {
    pub(super) fn open(&self, world: &dyn World) -> io::Result<Result<Box<dyn Line>, Failure>> {
        match self.is_secure {
            true => Ok(world.secure(self.to, &self.host, CONNECT)?.line),
            false => Ok(Ok(world.connect(self.to, CONNECT)?)),
        }
    }

    pub(super) fn port(&self) -> Port<'_> {
        Port {
            host: &self.host,
            number: self.to.port(),
            is_secure: self.is_secure,
        }
    }
}

pub(super) fn resolve(
    world: &dyn World,
    host: &str,
    port: u16,
) -> Result<Good<Vec<SocketAddr>>, Finding> {
    let found = world
        .resolve(host, port)
        .map_err(|error| diagnosis::of_name(host, &error))?;
    if found.is_empty() {
        return Err(Finding::new(
            Fault::UnknownHost,
            format!("{host} has no address"),
        ));
    }
    let older = found.iter().filter(|address| address.is_ipv4()).count();
    let newer = found.len() - older;
    let says = format!("{older} IPv4, {newer} IPv6");
    Ok(good(found, says))
}

/// Tries addresses of both families.
pub(super) fn connect(
    world: &dyn World,
    found: &[SocketAddr],
    host: &str,
) -> Result<Good<SocketAddr>, Finding> {
    let attempts: Vec<_> = [false, true]
        .into_iter()
        .flat_map(|is_v6| {
            let of_family = found.iter().filter(move |to| to.is_ipv6() == is_v6);
            of_family.take(EACH)
        })
        .map(|&to| {
            let began = world.now();
            let result = world.connect(to, CONNECT);
            let took = world.now().saturating_duration_since(began);
            Attempt {
                to,
                result: result.map(|_| took),
            }
        })
        .collect();
    let (to, notes) = match diagnosis::of_attempts(&attempts, host, world.system()) {
        Ok(reached) => reached,
        Err(finding) => return Err(elsewhere(world, found, finding)),
    };
    let says: Vec<_> = attempts
        .iter()
        .filter_map(|attempt| {
            let took = attempt.result.as_ref().ok()?;
            let (family, ip) = (family(attempt.to), attempt.to.ip());
            Some(format!(
                "{family} {ip} in {:.1} ms",
                took.as_secs_f64() * 1e3
            ))
        })
        .collect();
    Ok(good(to, says.join(", ")).noting(notes))
}

/// Whether another of the usual ports is open.
fn elsewhere(world: &dyn World, found: &[SocketAddr], finding: Finding) -> Finding {
    let is_refused = finding.cause == Cause::Known(Fault::NobodyListens);
    let Some(first) = found.first().filter(|_| is_refused) else {
        return finding;
    };
    let usual = [
        Scheme::Rtmp.default_port(),
        Scheme::Rtmps.default_port(),
        1936,
    ];
    let others = usual.into_iter().filter(|port| *port != first.port());
    let open: Vec<_> = others
        .filter(|port| {
            world
                .connect(SocketAddr::new(first.ip(), *port), BRIEFLY)
                .is_ok()
        })
        .map(|port| port.to_string())
        .collect();
    if open.is_empty() {
        return finding;
    }
    let words = format!(
        "{}; port {} is open there",
        finding.words,
        open.join(" and ")
    );
    Finding::new(Cause::OtherPort, words)
}

pub(super) fn secure(world: &dyn World, route: &Route) -> Result<Good<()>, Finding> {
    let shaken = world
        .secure(route.to, &route.host, CONNECT)
        .map_err(|error| Finding::new(Fault::TlsFailed, format!("{}: {error}", route.host)))?;
    let shown = shaken.shown;
    if let Err(failure) = shaken.line {
        let clocks = || Clocks {
            own: world.wall(),
            theirs: their_time(world, route.to.ip()),
        };
        return Err(match failure.fault {
            Fault::CertificateExpired => {
                certificate::refused(&failure, &shown, clocks(), &route.host)
            }
            Fault::NotTls | Fault::TlsFailed | Fault::TimedOut => identify(world, route)
                .unwrap_or_else(|| Finding::new(failure.fault, failure.to_string())),
            _ => {
                let own = Clocks {
                    own: world.wall(),
                    theirs: None,
                };
                certificate::refused(&failure, &shown, own, &route.host)
            }
        });
    }
    if world.tls().insecure {
        let words = "the certificate was not looked at: anybody in between can read the key";
        return Ok(good((), "encrypted").noting([Finding::new(Cause::NotChecked, words)]));
    }
    let is_named = world.tls().ca.is_some();
    let says = format!("{} signed by {}", shown.subject, shown.issuer);
    Ok(good((), says).noting(certificate::note(&shown, is_named)))
}

/// The time that the server's machine has, if a web server there says so.
fn their_time(world: &dyn World, ip: IpAddr) -> Option<SystemTime> {
    match say(
        world,
        SocketAddr::new(ip, 80),
        &request("HEAD", &ip.to_string()),
    )? {
        Speech::Http(http) => httpdate::parse_http_date(&http.date?).ok(),
        _ => None,
    }
}

/// The host, an IPv6 address without its brackets.
pub(super) fn bare(url: &Url) -> &str {
    url.host().trim_start_matches('[').trim_end_matches(']')
}

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How many addresses of a family are tried.
const EACH: usize = 2;
