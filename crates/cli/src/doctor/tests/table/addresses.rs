//! What is wrong with an address, or with what a service is asked for.

use std::time::Duration;

use onair::media::{Bitrate, Size};

use super::{live_at, row, rtmp, with};
use crate::doctor::tests::Row;
use crate::doctor::tests::peer::Manner;
use crate::doctor::tests::virtual_world::VirtualWorld;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = mistakes();
    rows.extend(rules());
    rows
}

fn mistakes() -> Vec<Row> {
    let kick = "rtmps://fa72.global-contribute.live-video.net/sk_us-west-2_x";
    let facebook = "rtmp://live-api-s.facebook.com/rtmp/abc";
    let at = "rtmp://live.example";
    [
        ("no key", format!("{at}/app"), "address: key-missing"),
        ("no application", at.to_owned(), "address: app-missing"),
        (
            "Kick's server as its page shows it",
            kick.to_owned(),
            "address: app-missing",
        ),
        (
            "a key as a parameter",
            format!("{at}/app?key=abc"),
            "address: key-in-query",
        ),
        (
            "a placeholder",
            format!("{at}/app/xxxx-xxxx"),
            "address: key-placeholder",
        ),
        ("a space", format!("{at}/app/a b"), "address: space-inside"),
        (
            "quotes",
            format!("{at}/app/\"ab\""),
            "address: quotes-inside",
        ),
        (
            "Facebook without TLS",
            facebook.to_owned(),
            "address: tls-needed",
        ),
    ]
    .into_iter()
    .map(|(name, url, expected)| row(name, url, VirtualWorld::new(), expected))
    .collect()
}

fn rules() -> Vec<Row> {
    let at = |name, host, expected| row(name, live_at(host), with(rtmp(Manner::Accept)), expected);
    let (twitch, youtube) = ("live.twitch.tv/app", "a.rtmp.youtube.com/live2");
    let mut rows = vec![
        at("more than Twitch takes", twitch, "rules: rule-broken"),
        at(
            "a larger picture than Twitch takes",
            twitch,
            "rules: rule-broken",
        ),
        at(
            "too few keyframes for YouTube",
            youtube,
            "rules: rule-broken",
        ),
        at("what YouTube takes", youtube, "ok"),
        at(
            "a service without known rules",
            "global-live.mux.com/app",
            "ok",
        ),
    ];
    rows[0].wanted.bitrate = Bitrate::kbps(8000);
    rows[1].wanted.size = Size::new(1280, 1280);
    rows[1].wanted.keyframe = Duration::from_millis(100);
    rows[2].wanted.keyframe = Duration::from_secs(5);
    rows
}
