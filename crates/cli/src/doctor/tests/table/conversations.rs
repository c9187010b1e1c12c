//! What an RTMP server says, or does not.

use std::time::Duration;

use onair::Tls;
use onair::rtmp::Credentials;

use super::{live, real, row, rtmp, with};
use crate::doctor::tests::loopback::serve;
use crate::doctor::tests::peer::{Manner, Stage};
use crate::doctor::tests::virtual_world::Answer;
use crate::doctor::tests::{KEY, Row};

pub(super) fn rows() -> Vec<Row> {
    let mut rows = connects();
    rows.extend(logins());
    rows.extend(publishes());
    rows.extend(silences());
    rows.extend(lines());
    rows
}

/// Over loopback.
fn at(name: &'static str, manner: Manner, expected: &'static str) -> Row {
    let url = format!("rtmp://127.0.0.1:{}/live/{KEY}", serve(rtmp(manner)));
    real(name, url, Tls::default(), expected)
}

const REJECTED: &str = "NetConnection.Connect.Rejected";
const INVALID: &str = "NetConnection.Connect.InvalidApp";
const FAILED: &str = "NetConnection.Connect.Failed";

fn connects() -> Vec<Row> {
    let refuses = Manner::RefusesConnect;
    let onward = Manner::Redirects("rtmp://live.example:1936/other");
    let other = Answer::Peer(rtmp(Manner::Accept));
    let elsewhere = with(rtmp(onward)).with("192.0.2.2:1936", other);
    let nowhere = Manner::Redirects("rtmp://127.0.0.1:1/other");
    let closes = Manner::Closes(Stage::Connect);
    vec![
        at(
            "no such application",
            refuses(REJECTED, "no such app"),
            "connect: app-unknown",
        ),
        at(
            "an invalid application",
            refuses(INVALID, ""),
            "connect: app-unknown",
        ),
        at(
            "some other reason",
            refuses(FAILED, "no backend"),
            "connect: refused",
        ),
        row("sent on to another server", live(), elsewhere, "ok"),
        at("sent on to nowhere", nowhere, "connect: nobody-listens"),
        at("closed at connect", closes, "connect: closed-at-connect"),
    ]
}

const ADOBE: &str = "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ";
const LIMELIGHT: &str = "[ AccessManager.Reject ] : [ code=403 need auth; authmod=llnw ] : ";
const UNKNOWN: &str = "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=nosuchuser&opaque=x";
const WRONG: &str = "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=authfailed&opaque=x";

fn logins() -> Vec<Row> {
    let stranger = |name, words| {
        at(
            name,
            Manner::RefusesConnect(REJECTED, words),
            "login: login-needed",
        )
    };
    let known = |name, words, expected| Row {
        credentials: Some(Credentials::new("alice", "sesame")),
        ..at(name, Manner::RefusesConnect(REJECTED, words), expected)
    };
    vec![
        stranger("Adobe's login", ADOBE),
        stranger("Limelight's login", LIMELIGHT),
        known("an unknown user", UNKNOWN, "login: user-unknown"),
        known("a wrong password", WRONG, "login: password-wrong"),
        Row {
            credentials: Some(Credentials::new("alice", "sesame")),
            ..row(
                "a login that is taken",
                live(),
                with(rtmp(Manner::Asks)),
                "ok",
            )
        },
        known(
            "a challenge again and again",
            ADOBE,
            "login: login-rejected",
        ),
    ]
}

const BAD_NAME: &str = "NetStream.Publish.BadName";
const DENIED: &str = "NetStream.Publish.Denied";
const NOT_PUBLISHED: &str = "NetStream.Publish.Failed";

fn publishes() -> Vec<Row> {
    let denies = Manner::RefusesPublish;
    let closes = Manner::Closes(Stage::Publish);
    vec![
        row("all is well", live(), with(rtmp(Manner::Accept)), "ok"),
        at("closed at publish", closes, "publish: closed-at-publish"),
        at(
            "on air already",
            denies(BAD_NAME, "Already publishing"),
            "publish: key-in-use",
        ),
        at(
            "a bad key",
            denies(BAD_NAME, "no such stream key"),
            "publish: key-rejected",
        ),
        at("denied", denies(DENIED, "not you"), "publish: key-rejected"),
        at(
            "a codec",
            denies(NOT_PUBLISHED, "codec not supported"),
            "publish: codec-refused",
        ),
    ]
}

fn silences() -> Vec<Row> {
    [
        (
            "silence at the handshake",
            Stage::Handshake,
            "handshake: timed-out",
        ),
        ("silence at connect", Stage::Connect, "connect: timed-out"),
        (
            "silence at createStream",
            Stage::CreateStream,
            "publish: timed-out",
        ),
        ("silence at publish", Stage::Publish, "publish: timed-out"),
    ]
    .into_iter()
    .map(|(name, stage, expected)| row(name, live(), with(rtmp(Manner::Silent(stage))), expected))
    .collect()
}

/// 1.1 Mbit/s are wanted, and sent for 0.9 s.
fn lines() -> Vec<Row> {
    let soon = Duration::from_millis(400);
    let busy = Manner::EndsAfter(soon, BAD_NAME, "Already publishing");
    [
        (
            "taken and dropped",
            Manner::DropsAfter(soon),
            "media: accepted-then-dropped",
        ),
        ("taken over", busy, "media: key-in-use"),
        ("nothing is read", Manner::Takes(0), "media: nothing-read"),
        (
            "too slow a line",
            Manner::Takes(60_000),
            "uplink: line-too-slow",
        ),
        (
            "a line without room",
            Manner::Takes(150_000),
            "ok uplink: line-tight",
        ),
        ("a line with room", Manner::Takes(175_000), "ok"),
    ]
    .into_iter()
    .map(|(name, manner, expected)| row(name, live(), with(rtmp(manner)), expected))
    .collect()
}
