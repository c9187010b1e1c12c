//! Video in a codec that RTMP did not know from the start.

use crate::support::{Behaviour, Peer, Script, as_hevc, finish, gop, hevc_config};
use onair::demux::Track;
use onair::flv::TagKind;
use onair::media::{Config, Timestamp, VideoCodec};
use onair::{Broadcast, Destination, Event, Outcome, RetryPolicy};

/// A GOP as in a file with HEVC.
fn script(frames: i64) -> Box<Script> {
    let mut script = Script::of(gop(0, frames).map(as_hevc));
    script.tracks[0] = Track::new(hevc_config());
    script
}

#[test]
fn hevc_goes_out_by_its_four_characters() {
    let peer = Peer::start([Behaviour::Accept]);
    let builder = Broadcast::builder().media(script(10)).to(peer.url());
    let broadcast = builder.start().unwrap();
    let published = peer.published();
    let (events, report) = finish(&broadcast);
    assert_eq!(report.outcome, Outcome::Finished);
    let is_told =
        |event: &Event| matches!(event, Event::Warning { message, .. } if message.contains("HEVC"));
    assert!(events.iter().any(is_told), "{events:?}");
    let metadata = published.metadata().unwrap();
    assert_eq!(metadata.video_codec(), Some(VideoCodec::Hevc));
    let mut pictures = published
        .tags
        .iter()
        .filter(|tag| tag.kind == TagKind::Video);
    let header = pictures.next().unwrap();
    let Config::Video(config) = hevc_config() else {
        panic!("it is video");
    };
    assert_eq!(
        (&header.head[..], &header.payload),
        (&b"\x90hvc1"[..], &config.decoder_config)
    );
    let heads: Vec<_> = pictures.map(|tag| tag.head.to_vec()).collect();
    assert_eq!(heads[0], b"\x93hvc1");
    assert!(heads[1..10].iter().all(|head| head == b"\xa3hvc1"));
    assert_eq!(heads[10], b"\x92hvc1", "the end of the sequence");
    let times: Vec<_> = published.media(TagKind::Video);
    assert_eq!(times.len(), 10);
    assert_eq!(times[9].2, Timestamp::from_millis(360));
}

#[test]
fn a_server_that_closes_on_hevc_may_not_take_it() {
    let peer = Peer::start([Behaviour::CloseAfter(1)]);
    let mut destination = Destination::new(peer.url());
    destination.retry = RetryPolicy::NEVER;
    let (mut script, source) = Script::new();
    script.tracks[0] = Track::new(hevc_config());
    let broadcast = Broadcast::builder().media(script).to(destination);
    let broadcast = broadcast.start().unwrap();
    // It is not over when the server closes: a loss at the very end would be another matter.
    gop(0, 10).for_each(|packet| source.send(as_hevc(packet)).unwrap());
    let (_, report) = finish(&broadcast);
    assert_eq!(report.outcome, Outcome::Failed);
    let words = &report.reason;
    assert!(words.contains("does not take HEVC"), "{words}");
}
