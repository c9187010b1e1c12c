//! What all tests of the machines share: media, URLs, and a virtual line.

use std::time::{Duration, Instant};

use bytes::Bytes;
use onair_flv::amf0::Value;
use onair_flv::{Tag, TagKind};
use onair_netsim::{Duplex, Peer, Profile, epoch};
use onair_rtmp::publisher::{Config, Flight};
use onair_rtmp::{Slices, Url};

pub(crate) const KEY: &str = "live_1234?x=%20y";

pub(crate) fn url() -> Url {
    format!("rtmp://live.example/app/{KEY}").parse().unwrap()
}

pub(crate) fn config() -> Config {
    Config::new(url())
}

/// The configuration of the classical order.
pub(crate) fn classic() -> Config {
    let mut config = config();
    config.flight = Flight::Classic;
    config
}

pub(crate) fn bytes_of(slices: &Slices) -> Vec<u8> {
    slices.pieces().flatten().copied().collect()
}

pub(crate) fn metadata() -> Tag {
    let mut body = Vec::new();
    Value::from("onMetaData").write(&mut body);
    Value::ecma_array([("width", Value::from(640.0))]).write(&mut body);
    Tag::from_body(TagKind::Script, 0, body.into())
}

/// A picture of `size` bytes; one each fiftieth of a second, every tenth a keyframe.
pub(crate) fn picture(index: u32, size: usize) -> Tag {
    let first = if index.is_multiple_of(10) { 0x17 } else { 0x27 };
    let mut body = vec![first, 1, 0, 0, 0];
    body.resize(size.max(5), index.to_le_bytes()[0]);
    Tag::from_body(TagKind::Video, index * 20, body.into())
}

pub(crate) fn audio(index: u32) -> Tag {
    let body = Bytes::from(vec![0xAF, 1, index.to_le_bytes()[0]]);
    Tag::from_body(TagKind::Audio, index * 20, body)
}

/// Metadata, then video and audio.
pub(crate) fn show(pictures: u32) -> Vec<Tag> {
    let media = (0..pictures).flat_map(|index| [picture(index, 3000), audio(index)]);
    std::iter::once(metadata()).chain(media).collect()
}

/// A connection that opens now, over a line of `profile`; runs until nothing more is said or
/// `until`.
pub(crate) fn run(
    profile: Profile,
    client: &mut dyn Peer,
    server: &mut dyn Peer,
    span: Duration,
) -> Instant {
    let mut line = Duplex::new(7, profile);
    let start = start();
    line.run(start, start + span, client, server).time()
}

thread_local! {
    static START: Instant = epoch();
}

/// When the virtual clock of this test starts.
pub(crate) fn start() -> Instant {
    START.with(|start| *start)
}
