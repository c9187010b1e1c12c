//! Whole broadcasts over loopback.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{
    Behaviour, Heard, Peer, Script, audio, finish, gop, publish_live_script, publish_script,
    send_until, send_until_live, stop_within, video, wait_for,
};
use onair::av::capture::{TestCard, Tone};
use onair::flv::{Tag, TagKind, metadata};
use onair::media::{Bitrate, Config, FrameRate, Size, Timestamp};
use onair::{Broadcast, Destination, Event, HandoverReason, Outcome, Pace, RetryPolicy, State};

#[test]
fn a_file_is_published_whole() {
    let peer = Peer::start([Behaviour::Accept]);
    let broadcast = Broadcast::builder()
        .media(Script::of(gop(0, 50).chain(gop(50, 50))))
        .pace(Pace::Max)
        .to(peer.url())
        .start()
        .unwrap();
    let published = peer.published();
    let (_, report) = finish(&broadcast);
    assert_eq!(published.key, "secret-key");
    assert_eq!(published.tags[0].kind, TagKind::Script, "metadata first");
    let metadata = published.metadata().unwrap();
    assert_eq!(metadata.video[0].size, Some(Size::new(640, 360)));
    assert!(metadata.encoder.starts_with("onair "));
    let expected: Vec<_> = (0..100)
        .map(|index: u32| {
            (
                index * 40,
                index.is_multiple_of(50),
                Timestamp::from_millis(i64::from(index) * 40),
            )
        })
        .collect();
    assert_eq!(published.media(TagKind::Video), expected);
    assert_eq!(published.media(TagKind::Audio).len(), 100);
    assert!(published.ended, "FCUnpublish and deleteStream");
    assert_eq!(report.outcome, Outcome::Finished);
    assert_eq!(report.reason, "end of input");
    let destination = &report.destinations[0];
    assert_eq!(destination.state, State::Ended);
    assert_eq!(
        (destination.video.frames, destination.video.keyframes),
        (100, Some(2))
    );
    assert_eq!(
        (destination.audio.frames, destination.audio.dropped),
        (100, 0)
    );
    assert_eq!(destination.gaps, []);
    assert!(
        !destination.url.contains("secret-key"),
        "{}",
        destination.url
    );
}

#[test]
fn what_a_file_says_of_itself_is_passed_on_or_warned_of() {
    let peer = Peer::start([Behaviour::Accept]);
    let mut script = Script::of(gop(0, 3));
    script.tracks[0].rotation = Some(90);
    script.tracks[0].notes = vec!["the edit list is odd".to_owned()];
    script.tracks[0].bitrate = Some(Bitrate::kbps(400));
    script.tracks[1].bitrate = Some(Bitrate::kbps(128));
    let builder = Broadcast::builder().media(script).to(peer.url());
    let broadcast = builder.start().unwrap();
    let metadata = peer.published().metadata().unwrap();
    assert_eq!(metadata.video[0].bitrate, Some(Bitrate::kbps(400)));
    assert_eq!(metadata.audio[0].bitrate, Some(Bitrate::kbps(128)));
    let (events, _) = finish(&broadcast);
    for words in ["90 degrees", "the edit list is odd"] {
        let is_warning = |event: &Event| matches!(event, Event::Warning { message, .. } if message.contains(words));
        assert!(events.iter().any(is_warning), "{words}: {events:?}");
    }
}

#[test]
fn the_metadata_is_sent_again_when_the_picture_changes_its_size() {
    let peer = Peer::start([Behaviour::Accept]);
    let turned = gop(3, 3).map(|mut packet| {
        if let Config::Video(video) = &mut packet.config {
            Arc::make_mut(video).size = Size::new(360, 640);
        }
        packet
    });
    let broadcast = Broadcast::builder()
        .media(Script::of(gop(0, 3).chain(turned)))
        .to(peer.url())
        .start()
        .unwrap();
    let published = peer.published();
    finish(&broadcast);
    let sizes: Vec<_> = published
        .tags
        .iter()
        .filter_map(|tag| metadata::from_tag(tag).unwrap()?.video[0].size)
        .collect();
    assert_eq!(sizes, [Size::new(640, 360), Size::new(360, 640)]);
}

#[test]
fn the_report_tells_what_happened() {
    let peer = Peer::start([Behaviour::Accept]);
    let broadcast = Broadcast::builder()
        .media(Script::of(gop(0, 3)))
        .to(peer.url())
        .start()
        .unwrap();
    peer.published();
    let (_, report) = finish(&broadcast);
    assert!(report.duration > Duration::ZERO);
    assert_eq!(report.encoder, onair::EncoderReport::default());
    let destination = &report.destinations[0];
    assert_eq!((destination.state, destination.connects), (State::Ended, 1));
    assert_eq!(destination.video.keyframes, Some(1));
    assert!(destination.queue_delay.p95 <= destination.queue_delay.max);
}

#[test]
fn a_refusal_arrives_in_the_servers_words_and_is_not_repeated() {
    let peer = Peer::start([Behaviour::Refuse(
        "NetStream.Publish.BadName",
        "no such key",
    )]);
    let broadcast = Broadcast::builder()
        .media(Script::of(gop(0, 10)))
        .to(peer.url())
        .start()
        .unwrap();
    let (events, report) = finish(&broadcast);
    let refusals: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Refused { failure, .. } => failure.refusal.as_ref(),
            _ => None,
        })
        .map(|refusal| (refusal.code.as_str(), refusal.description.as_str()))
        .collect();
    assert_eq!(refusals, [("NetStream.Publish.BadName", "no such key")]);
    assert_eq!(report.outcome, Outcome::Failed);
    assert!(report.reason.contains("no such key"), "{}", report.reason);
    assert_eq!(report.destinations[0].state, State::Failed);
    assert!(!format!("{events:?}{report:?}").contains("secret-key"));
}

#[test]
fn one_destination_fails_and_the_other_gets_everything() {
    let bad = Peer::start([Behaviour::Refuse("NetStream.Publish.Denied", "go away")]);
    let good = Peer::start([Behaviour::Accept]);
    let (script, source) = Script::new();
    let broadcast = Broadcast::builder()
        .media(script)
        .pace(Pace::Max)
        .to(bad.url())
        .to(good.url())
        .start()
        .unwrap();
    gop(0, 20).for_each(|packet| source.send(packet).unwrap());
    drop(source);
    let published = good.published();
    let (_, report) = finish(&broadcast);
    assert_eq!(published.media(TagKind::Video).len(), 20);
    assert_eq!(report.outcome, Outcome::Finished);
    let states: Vec<_> = report.destinations.iter().map(|d| d.state).collect();
    assert_eq!(states, [State::Failed, State::Ended]);
    let words = report.destinations[0].failure.as_ref().unwrap().to_string();
    assert!(words.contains("go away"), "{words}");
}

#[test]
fn a_dropped_connection_is_replaced_and_the_timeline_goes_on() {
    let peer = Peer::start([Behaviour::CloseAfter(10), Behaviour::Accept]);
    let (script, source) = Script::new();
    let broadcast = Broadcast::builder()
        .media(script)
        .pace(Pace::Max)
        .to(peer.url())
        .start()
        .unwrap();
    // The kernel may take whatever there is before it knows of the end, and nobody connects again to
    // publish nothing: the source goes on until the loss is noticed.
    let is_noticed = |event: &Event| matches!(event, Event::Reconnecting { .. });
    let (sent, noticed) = send_until(&broadcast, &source, 0, is_noticed);
    let Event::Reconnecting { at, attempt, .. } = noticed else {
        unreachable!("it was asked for");
    };
    assert_eq!(attempt, 2);
    // At full speed the reader passes packets on in batches: fill some.
    gop(sent, 100).for_each(|packet| source.send(packet).unwrap());
    drop(source);
    assert!(peer.published().media(TagKind::Video).len() >= 10);
    let second = peer.published();
    let (_, report) = finish(&broadcast);
    let pictures = second.media(TagKind::Video);
    let (wire, keyframe, first) = pictures[0];
    assert!(keyframe && wire == 0, "{:?}", pictures[0]);
    assert!(first >= at && second.tags[0].kind == TagKind::Script);
    assert_eq!(
        pictures.last().unwrap().2,
        Timestamp::from_millis((sent + 99) * 40)
    );
    let destination = &report.destinations[0];
    assert_eq!(destination.connects, 2);
    assert_eq!(destination.gaps.len(), 1, "{:?}", destination.gaps);
    assert_eq!(destination.gaps[0].to.as_millis(), first.as_millis());
}

#[test]
fn a_server_that_asks_for_a_new_connection_gets_it_at_the_next_keyframe_and_nothing_is_lost() {
    let peer = Peer::start([Behaviour::Move, Behaviour::Accept]);
    let (broadcast, source) = publish_live_script(&peer);
    gop(0, 10).for_each(|packet| source.send(packet).unwrap());
    wait_for(
        &broadcast,
        |e| matches!(e, Event::ReconnectRequested { description, .. } if description == "maintenance"),
    );
    let sent = send_until_live(&broadcast, &source, 10);
    let first = peer.published();
    drop(source);
    let second = peer.published();
    let (_, report) = finish(&broadcast);
    assert!(first.ended, "the old connection is closed properly");
    let pictures = second.media(TagKind::Video);
    assert!(pictures[0].1 && pictures[0].0 == 0);
    let shown = first.media(TagKind::Video);
    let shown = shown.iter().chain(&pictures).map(|picture| picture.2);
    assert!(shown.eq((0..sent).map(|index| Timestamp::from_millis(index * 40))));
    let destination = &report.destinations[0];
    assert_eq!(destination.connects, 2);
    assert_eq!(destination.last_handover, Some(HandoverReason::ServerAsked));
    assert_eq!(i64::try_from(destination.video.frames), Ok(sent));
    assert_eq!(
        (destination.video.dropped, destination.audio.dropped),
        (0, 0)
    );
    assert_eq!(destination.gaps, []);
}

#[test]
fn without_reconnecting_a_dropped_connection_is_the_end() {
    let peer = Peer::start([Behaviour::CloseAfter(1)]);
    let (script, source) = Script::new();
    let mut destination = Destination::new(peer.url());
    destination.retry = RetryPolicy::NEVER;
    let broadcast = Broadcast::builder()
        .media(script)
        .to(destination)
        .start()
        .unwrap();
    gop(0, 2).for_each(|packet| source.send(packet).unwrap());
    let (_, report) = finish(&broadcast);
    assert_eq!(report.outcome, Outcome::Failed);
    // A peer that closes before it has read everything resets the connection.
    let is_told = report.reason.contains("accepted, then dropped");
    assert!(is_told, "{}", report.reason);
}

#[test]
fn a_server_that_dislikes_the_first_flight_gets_everything_in_the_classical_order() {
    let peer = Peer::start([Behaviour::WantClassic]);
    let broadcast = Broadcast::builder()
        .media(Script::of(gop(0, 20)))
        .pace(Pace::Max)
        .to(peer.url())
        .start()
        .unwrap();
    assert!(
        peer.published().tags.is_empty(),
        "the first flight is refused"
    );
    let published = peer.published();
    let (events, report) = finish(&broadcast);
    assert_eq!(published.media(TagKind::Video).len(), 20);
    assert_eq!(published.media(TagKind::Audio).len(), 20);
    assert_eq!(report.destinations[0].video.frames, 20);
    assert!(
        !events
            .iter()
            .any(|e| matches!(e, Event::Reconnecting { .. }))
    );
}

#[test]
fn a_stalled_server_costs_video_and_never_audio_and_every_gap_is_listed() {
    let peer = Peer::start([Behaviour::Stall]);
    let (broadcast, source) = publish_script(&peer);
    // 40 MB within 60 ms of media: more than the queue's limit and the kernel's buffers.
    let frames = 600;
    for index in 0..frames {
        let at = Timestamp::from_nanos(index * 100_000);
        source.send(video(at, index % 20 == 0, 65_536)).unwrap();
        source.send(audio(at)).unwrap();
        // What would overflow the queue before there is a connection is no matter of this one.
        if index == 20 {
            wait_for(&broadcast, |event| matches!(event, Event::Live { .. }));
        }
    }
    drop(source);
    wait_for(&broadcast, |event| matches!(event, Event::Dropped { .. }));
    peer.resume();
    let published = peer.published();
    let (_, report) = finish(&broadcast);
    let audio = published.media(TagKind::Audio);
    assert_eq!(audio.len(), usize::try_from(frames).unwrap());
    let pictures = published.media(TagKind::Video);
    for pair in pictures.windows(2) {
        let is_next = pair[1].2.nanos_from(pair[0].2) == 100_000;
        assert!(is_next || pair[1].1, "a gap ends with a keyframe: {pair:?}");
    }
    let destination = &report.destinations[0];
    assert_eq!(destination.audio.dropped, 0);
    assert!(destination.video.dropped > 0 && !destination.gaps.is_empty());
    let shown = pictures.len() as u64;
    assert_eq!(destination.video.frames, shown);
    assert_eq!(shown + destination.video.dropped, 600);
}

#[test]
fn a_stop_takes_the_stream_down_within_a_second() {
    let peer = Peer::start([Behaviour::Accept]);
    let (broadcast, source) = publish_script(&peer);
    gop(0, 1).for_each(|packet| source.send(packet).unwrap());
    wait_for(&broadcast, |event| matches!(event, Event::Live { .. }));
    let report = stop_within(&broadcast, Duration::from_secs(1));
    assert_eq!(report.outcome, Outcome::Stopped);
    assert!(peer.published().ended);
}

#[test]
fn a_stop_does_not_wait_for_a_stalled_server() {
    let peer = Peer::start([Behaviour::Stall]);
    let (broadcast, source) = publish_script(&peer);
    for index in 0..400 {
        let at = Timestamp::from_nanos(index * 100_000);
        source.send(video(at, index % 20 == 0, 65_536)).unwrap();
    }
    wait_for(&broadcast, |event| matches!(event, Event::Dropped { .. }));
    let report = stop_within(&broadcast, Duration::from_secs(1));
    assert_eq!(report.outcome, Outcome::Stopped);
}

#[test]
fn nobody_there_is_told_and_given_up() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url: onair::rtmp::Url = format!("rtmp://127.0.0.1:{port}/live/key").parse().unwrap();
    let mut destination = Destination::new(url);
    destination.retry.max_attempts = 1;
    let broadcast = Broadcast::builder()
        .media(Script::of(gop(0, 5)))
        .to(destination)
        .start()
        .unwrap();
    let (events, report) = finish(&broadcast);
    assert_eq!(report.outcome, Outcome::Failed);
    assert!(
        report.reason.contains("cannot connect"),
        "{}",
        report.reason
    );
    let tries = events
        .iter()
        .filter(|e| matches!(e, Event::Connecting { .. }));
    assert_eq!(tries.count(), 2);
}

#[test]
fn a_test_card_is_encoded_and_published() {
    let peer = Peer::start([Behaviour::Accept]);
    let rate = FrameRate::new(30, 1).unwrap();
    let broadcast = Broadcast::builder()
        .video(TestCard::new(Size::new(320, 180), rate))
        .audio(Tone::new(48_000, 2))
        .pace(Pace::Max)
        .duration(Duration::from_secs(1))
        .to(peer.url())
        .start()
        .unwrap();
    let published = peer.published();
    let (_, report) = finish(&broadcast);
    assert_eq!(report.reason, "duration reached");
    let metadata = published.metadata().unwrap();
    assert_eq!(metadata.video[0].frame_rate, FrameRate::new(30, 1));
    assert_eq!(metadata.audio[0].sample_rate, Some(48_000));
    let pictures = published.media(TagKind::Video);
    assert_eq!(pictures.len(), 30);
    assert!(pictures[0].1, "begins with a keyframe");
    let audio = published.media(TagKind::Audio);
    assert!((46..=49).contains(&audio.len()), "{}", audio.len());
    let is_media = |tag: &&Tag| !tag.payload.is_empty();
    let media = published.tags.iter().filter(is_media);
    let times: Vec<_> = media.map(|tag| tag.timestamp).collect();
    assert!(times.is_sorted(), "in the order of time: {times:?}");
    let encoder = report.encoder.video.unwrap();
    assert_eq!((encoder.frames, encoder.dropped), (30, 0));
}

#[test]
fn nothing_to_send_or_nowhere_to_send_it_is_misuse() {
    let nowhere = Broadcast::builder().media(Script::of([])).start();
    assert!(nowhere.is_err());
    let url: onair::rtmp::Url = "rtmp://127.0.0.1/live/key".parse().unwrap();
    assert!(Broadcast::builder().to(url.clone()).start().is_err());
    let both = Broadcast::builder()
        .media(Script::of([]))
        .audio(Tone::new(48_000, 2))
        .to(url);
    assert!(both.start().is_err());
}

#[test]
fn the_events_of_a_good_broadcast_come_in_order() {
    let peer = Peer::start([Behaviour::Accept]);
    let broadcast = Broadcast::builder()
        .media(Script::of(gop(0, 2)))
        .to(peer.url())
        .start()
        .unwrap();
    let (events, _) = finish(&broadcast);
    assert!(
        matches!(
            &events[..],
            [
                Event::Connecting {
                    destination: 0,
                    attempt: 1
                },
                Event::Live { destination: 0, .. },
                Event::DestinationEnded {
                    destination: 0,
                    failure: None,
                },
            ]
        ),
        "{events:?}"
    );
    assert!(matches!(peer.next(), (0, Heard::Publish { .. })));
}

#[test]
fn what_a_source_could_not_give_is_in_the_report_and_is_no_connections_loss() {
    let peer = Peer::start([Behaviour::Accept]);
    let mut script = Script::of(gop(0, 52));
    script.damage.video.missing = 248;
    let broadcast = Broadcast::builder()
        .media(script)
        .pace(Pace::Max)
        .to(peer.url())
        .start()
        .unwrap();
    let (_, report) = finish(&broadcast);
    let damage = report.damage.expect("it was read from a file");
    assert_eq!(damage.video.lost(), 248);
    assert!(damage.audio.lost() == 0 && !damage.is_none());
    let video = report.destinations[0].video;
    assert_eq!((video.frames, video.dropped, video.lost), (52, 0, 0));
}
