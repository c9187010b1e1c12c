//! Names and connections.

use std::io::ErrorKind;

use onair::Tls;

use super::{V4, live, live_at, real, row, rtmp, with};
use crate::doctor::tests::Row;
use crate::doctor::tests::loopback::nobody;
use crate::doctor::tests::peer::Manner;
use crate::doctor::tests::virtual_world::{Answer, VirtualWorld};
use crate::doctor::world::System;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = names();
    rows.extend(connections());
    rows.extend(local_addresses());
    rows
}

const V6: &str = "[2001:db8::1]:1935";

fn fails(address: &str, kind: ErrorKind) -> VirtualWorld {
    VirtualWorld::new().with(address, Answer::Fails(kind))
}

fn names() -> Vec<Row> {
    let unknown = |kind| VirtualWorld {
        name: Err(kind),
        ..VirtualWorld::new()
    };
    let other_family = fails(V6, ErrorKind::NetworkUnreachable);
    [
        (
            "an unknown name",
            unknown(ErrorKind::NotFound),
            "name: unknown-host",
        ),
        (
            "a silent resolver",
            unknown(ErrorKind::TimedOut),
            "name: unknown-host",
        ),
        (
            "a name without addresses",
            VirtualWorld::new(),
            "name: unknown-host",
        ),
        (
            "a name of another family than ours",
            other_family,
            "tcp: family-missing",
        ),
    ]
    .into_iter()
    .map(|(name, world, expected)| row(name, live(), world, expected))
    .collect()
}

fn connections() -> Vec<Row> {
    let one = Answer::Peer(rtmp(Manner::Accept));
    let half = VirtualWorld::new().with(V6, Answer::Nothing).with(V4, one);
    let hole = VirtualWorld::new().with(V4, Answer::Nothing);
    let mut elsewhere = with(rtmp(Manner::Accept));
    elsewhere.name = Ok(vec!["192.0.2.1:1936".parse().expect("an address")]);
    let other_port = live_at("live.example:1936/app");
    let refused = live_at(&format!("127.0.0.1:{}/app", nobody()));
    vec![
        row(
            "a family that is broken",
            live(),
            half,
            "ok tcp: family-broken",
        ),
        row("a black hole", live(), hole, "tcp: timed-out"),
        row("another port", other_port, elsewhere, "tcp: other-port"),
        real(
            "nobody listens",
            refused,
            Tls::default(),
            "tcp: nobody-listens",
        ),
    ]
}

fn local_addresses() -> Vec<Row> {
    let local = |system| VirtualWorld {
        system,
        ..fails("192.168.1.20:1935", ErrorKind::HostUnreachable)
    };
    let row =
        |name, system, expected| row(name, live_at("192.168.1.20/app"), local(system), expected);
    vec![
        row(
            "a local address without permission",
            System::Apple,
            "tcp: local-network-permission",
        ),
        row(
            "a local address that is not there",
            System::Other,
            "tcp: unreachable",
        ),
    ]
}
