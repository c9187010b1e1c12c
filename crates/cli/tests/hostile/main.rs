//! Every kind of hostile peer, against the program itself, on loopback.
//!
//! `cargo test` runs the quick kinds side by side and holds each to the [limits](row::Limits);
//! `just hostile` runs all of them one after the other and prints one table.
//! `ONAIR_HOSTILE_PROGRAM` names another program to attack, for instance an earlier version.
#![cfg(target_os = "linux")]

mod attacks;
mod flood;
mod http;
mod peer;
mod row;
mod victim;
mod wire;

use row::Row;

/// A kind of peer: attacks a program that it starts, and reports the cost.
type Kind = fn() -> Row;

/// Lists the kinds once: a test for each quick one, and a table of all.
macro_rules! kinds {
    (quick [$($quick:ident in $quick_at:ident,)*] slow [$($slow:ident in $slow_at:ident,)*]) => {
        $(
            #[test]
            fn $quick() {
                attacks::$quick_at::$quick().hold();
            }
        )*

        const KINDS: &[Kind] = &[
            $(attacks::$quick_at::$quick,)*
            $(attacks::$slow_at::$slow,)*
        ];
    };
}

kinds! {
    quick [
        half_open_peers_release_streams in answers,
        a_publisher_floods_fcpublish in answers,
        a_publisher_floods_checkbw in answers,
        a_publisher_floods_create_stream in answers,
        a_publisher_floods_pings in answers,
        a_server_pings_the_publisher in answers,
        silent_peers_by_the_thousand in connections,
        half_a_tls_handshake in connections,
        a_relay_target_that_is_silent in relays,
        nobody_reads_the_log in log,
        recordings_of_a_moment in recordings,
        metadata_of_a_megabyte in items,
        configurations_of_a_megabyte in items,
        players_that_stop_reading in viewers,
        web_viewers_that_stop_reading in viewers,
        web_viewers_take_every_connection in connections,
        slow_requests_take_every_connection in connections,
        players_take_every_connection in connections,
        no_descriptors_left in connections,
        keys_are_guessed in guessing,
    ]
    slow [
        a_peer_reads_a_byte_at_a_time in answers,
        publishers_that_flood in fairness,
    ]
}

#[test]
#[ignore = "every kind, one after the other, and a table: just hostile"]
fn table() {
    println!("{}", Row::header());
    let rows: Vec<Row> = KINDS
        .iter()
        .map(|attack| {
            let row = attack();
            println!("{row}");
            row
        })
        .collect();
    let faults: Vec<String> = rows.iter().flat_map(Row::faults).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
