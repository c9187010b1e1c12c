//! What goes wrong, row by row.

mod addresses;
mod conversations;
mod identity;
mod routes;
mod servers;

use onair::Tls;

use super::peer::{Make, Manner, Raw, Rtmp};
use super::virtual_world::{Answer, VirtualWorld};
use super::{KEY, Row, small};
use crate::doctor::world::Network;

pub(super) fn rows() -> Vec<Row> {
    let parts = [
        addresses::rows(),
        routes::rows(),
        identity::rows(),
        servers::rows(),
        conversations::rows(),
    ];
    parts.into_iter().flatten().collect()
}

fn row(name: &'static str, url: String, world: VirtualWorld, expected: &'static str) -> Row {
    Row {
        name,
        url,
        world: Box::new(world),
        wanted: small(),
        credentials: None,
        file: None,
        expected,
    }
}

/// A row over loopback.
fn real(name: &'static str, url: String, tls: Tls, expected: &'static str) -> Row {
    Row {
        world: Box::new(Network::new(tls, 1_500_000)),
        ..row(name, url, VirtualWorld::new(), expected)
    }
}

fn raw(says: impl Into<Vec<u8>>, is_first: bool, closes: bool) -> Make {
    let says = says.into();
    Box::new(move || {
        Box::new(Raw {
            says: says.clone(),
            is_first,
            closes,
        })
    })
}

fn rtmp(manner: Manner) -> Make {
    Box::new(move || Box::new(Rtmp::new(manner.clone())))
}

const V4: &str = "192.0.2.1:1935";

fn live() -> String {
    live_at("live.example/app")
}

/// An address with a host and an application.
fn live_at(place: &str) -> String {
    format!("rtmp://{place}/{KEY}")
}

/// A world with one peer at the usual port.
fn with(make: Make) -> VirtualWorld {
    VirtualWorld::new().with(V4, Answer::Peer(make))
}
