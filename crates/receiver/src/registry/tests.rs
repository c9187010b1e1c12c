use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};

use onair_media::{Config, Packet, Tracks, VideoConfig};

use super::*;
use onair_samples::{stream, video_packet};

fn registry(takeover: bool) -> StreamRegistry {
    StreamRegistry::new(RegistryConfig {
        takeover,
        ..RegistryConfig::default()
    })
}

fn name() -> StreamName {
    StreamName::new("live", "cam").unwrap()
}

fn origin(peer: &str) -> Origin {
    Origin::new(peer, PublisherKind::Rtmp, "test")
}

/// All that a viewer can have now.
fn take(viewer: &mut Viewer) -> Vec<Item> {
    let mut items = Vec::new();
    let cx = Context::from_waker(Waker::noop());
    while viewer.poll_take(&cx, usize::MAX, &mut items).is_ready() {
        if items.last() == Some(&Item::Ended) {
            break;
        }
    }
    items
}

fn packets(items: Vec<Item>) -> Vec<Packet> {
    let packet = |item| match item {
        Item::Packet(packet) => Some(packet),
        _ => None,
    };
    items.into_iter().filter_map(packet).collect()
}

fn push_all(ingest: &Ingest, packets: Vec<Packet>) {
    assert!(
        packets
            .into_iter()
            .all(|packet| ingest.push(packet).is_ok())
    );
}

#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn all_viewers_share_one_copy_of_a_payload() {
    let registry = registry(false);
    let ingest = registry.publish(name(), origin("a")).unwrap();
    let mut viewers: Vec<_> = (0..50)
        .filter_map(|_| registry.subscribe(&name()))
        .collect();
    let packet = video_packet(0, true, 5000);
    let place = packet.payload.as_ptr();
    ingest.push(packet).unwrap();
    for viewer in &mut viewers {
        assert_eq!(packets(take(viewer))[0].payload.as_ptr(), place);
    }
    assert_eq!(registry.streams()[0].viewers, 50);
    drop(viewers);
    assert_eq!(registry.streams()[0].viewers, 0);
}

#[test]
fn a_waiting_viewer_is_woken_once_and_one_that_never_reads_costs_nothing() {
    let registry = registry(false);
    let ingest = registry.publish(name(), origin("a")).unwrap();
    let mut waiting = registry.subscribe(&name()).unwrap();
    let _idle = registry.subscribe(&name()).unwrap();
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let cx = Context::from_waker(&waker);
    assert!(waiting.poll_take(&cx, 1, &mut Vec::new()).is_pending());
    assert!(waiting.poll_take(&cx, 1, &mut Vec::new()).is_pending());
    push_all(&ingest, stream(100, 10));
    assert_eq!(bell.0.load(Ordering::Relaxed), 1);
}

#[test]
fn a_second_publisher_is_refused_and_the_first_goes_on() {
    let registry = registry(false);
    let ingest = registry.publish(name(), origin("a")).unwrap();
    let error = registry.publish(name(), origin("b")).unwrap_err();
    assert_eq!(error, PublishError::Busy(name()));
    ingest.push(video_packet(0, true, 10)).unwrap();
    assert_eq!(registry.streams()[0].publisher.peer, "a");
}

#[test]
fn with_takeover_the_second_goes_on_where_the_first_ended_and_viewers_stay() {
    let registry = registry(true);
    let first = registry.publish(name(), origin("a")).unwrap();
    let mut viewer = registry.subscribe(&name()).unwrap();
    push_all(&first, stream(50, 25));
    let mut got = packets(take(&mut viewer));
    let second = registry.publish(name(), origin("b")).unwrap();
    assert_eq!(
        first.push(video_packet(9_999_999, true, 10)),
        Err(PushError::Replaced)
    );
    drop(first);
    push_all(&second, stream(50, 25));
    got.extend(packets(take(&mut viewer)));
    assert_eq!(got.len(), 200);
    assert!(got.is_sorted_by_key(|packet| packet.dts));
    let seam = got[100].dts.since(got[99].dts);
    assert!(seam < Duration::from_millis(50), "{seam:?}");
    assert_eq!(registry.streams()[0].publisher.peer, "b");
    drop(second);
    assert_eq!(take(&mut viewer), [Item::Ended]);
    assert_eq!(registry.streams(), []);
}

#[test]
fn an_orphaned_stream_is_taken_over_even_where_none_else_is() {
    let registry = registry(false);
    let gone = registry.publish(name(), origin("a")).unwrap();
    let mut viewer = registry.subscribe(&name()).unwrap();
    gone.orphan();
    assert!(registry.streams()[0].interrupted);
    let back = registry.publish(name(), origin("a")).unwrap();
    drop(gone);
    assert!(!registry.streams()[0].interrupted);
    back.push(video_packet(0, true, 10)).unwrap();
    assert_eq!(take(&mut viewer).len(), 1);
}

#[test]
fn a_stream_ends_with_its_publisher_and_can_begin_anew() {
    let registry = registry(false);
    let ingest = registry.publish(name(), origin("a")).unwrap();
    let mut viewer = registry.subscribe(&name()).unwrap();
    ingest.push(video_packet(0, true, 10)).unwrap();
    drop(ingest);
    let items = take(&mut viewer);
    assert_eq!((items.len(), items.last()), (2, Some(&Item::Ended)));
    assert_eq!(viewer.blocking_next(), None);
    assert!(registry.subscribe(&name()).is_none());
    assert!(registry.publish(name(), origin("b")).is_ok());
}

#[test]
fn a_full_hub_says_so() {
    let registry = StreamRegistry::new(RegistryConfig {
        streams: 1,
        ..RegistryConfig::default()
    });
    let _one = registry.publish(name(), origin("a")).unwrap();
    let other = StreamName::new("live", "other").unwrap();
    let error = registry.publish(other, origin("b")).unwrap_err();
    assert_eq!(error, PublishError::Full(1));
}

#[tokio::test]
async fn in_a_full_hub_the_stream_that_waited_longest_for_its_publisher_makes_way() {
    let registry = StreamRegistry::new(RegistryConfig {
        streams: 3,
        ..RegistryConfig::default()
    });
    let named = |name: &str| StreamName::new("live", name).unwrap();
    let begin = |name: &str| registry.publish(named(name), origin("a"));
    let [first, second, third] = ["z", "a", "m"].map(|name| begin(name).unwrap());
    first.orphan();
    second.orphan();
    let mut viewer = registry.subscribe(&named("z")).unwrap();
    let _fourth = begin("new").unwrap();
    first.replaced().await;
    assert!(first.is_over() && !second.is_over());
    assert_eq!(take(&mut viewer), [Item::Ended]);
    // Its name is free, and it takes nothing with it that is another's by now.
    let _again = begin("z").unwrap();
    assert!(second.is_over());
    drop(first);
    assert!(registry.subscribe(&named("z")).is_some());
    assert_eq!(begin("more").unwrap_err(), PublishError::Full(3));
    drop(third);
}

#[test]
fn whoever_comes_and_goes_all_the_time_ends_no_stream_of_another_address() {
    let registry = StreamRegistry::new(RegistryConfig {
        streams: 4,
        ..RegistryConfig::default()
    });
    let publish = |number: u8, peer: &str| {
        let name = StreamName::new("live", &number.to_string()).unwrap();
        let ingest = registry.publish(name, origin(peer)).unwrap();
        ingest.orphan();
        ingest
    };
    let victim = publish(0, "192.0.2.1:1");
    let flood: Vec<_> = (1..100)
        .map(|number| publish(number, &format!("192.0.2.2:{number}")))
        .collect();
    assert!(!victim.is_over());
    assert_eq!(flood.iter().filter(|one| !one.is_over()).count(), 3);
}

#[test]
fn what_is_known_about_a_stream_comes_from_its_packets() {
    let registry = registry(false);
    let ingest = registry.publish(name(), origin("a")).unwrap();
    push_all(&ingest, stream(100, 25));
    let info = &registry.streams()[0];
    let video = info.video.as_ref().unwrap();
    assert_eq!((video.width, video.height), (1280, 720));
    assert_eq!(video.codec, "avc1.42C01F");
    assert_eq!(video.frame_rate, Some(25.0));
    assert_eq!(video.bitrate_bps, Some(20_000));
    assert_eq!(video.keyframe_interval_s, Some(1.0));
    assert_eq!(info.audio.as_ref().unwrap().sample_rate, 48_000);
    assert_eq!((info.packets, info.bytes), (200, 12_000));
}

#[tokio::test]
async fn a_watch_tells_what_begins_and_ends() {
    let registry = registry(false);
    let before = registry.publish(name(), origin("a")).unwrap();
    let mut watch = registry.watch_streams();
    let Change::Started(mut viewer) = watch.next().await else {
        panic!("not started");
    };
    drop(before);
    assert_eq!(viewer.next().await, Some(Item::Ended));
    assert_eq!(viewer.next().await, None);
    assert!(matches!(watch.next().await, Change::Ended(ended) if ended == name()));
    let other = StreamName::new("live", "other").unwrap();
    let _other = registry.publish(other.clone(), origin("b")).unwrap();
    let change = watch.next().await;
    assert!(matches!(change, Change::Started(viewer) if viewer.name() == &other));
}

#[test]
fn a_hub_that_closes_tells_everybody() {
    let registry = registry(false);
    let ingest = registry.publish(name(), origin("a")).unwrap();
    let mut viewer = registry.subscribe(&name()).unwrap();
    registry.close();
    assert_eq!(take(&mut viewer), [Item::Ended]);
    assert_eq!(
        ingest.push(video_packet(0, true, 10)),
        Err(PushError::Replaced)
    );
}

#[test]
fn a_long_name_of_an_encoder_is_cut_and_made_fit_to_print() {
    let registry = registry(false);
    let ingest = registry.publish(name(), origin("a")).unwrap();
    for encoder in ["\u{202e}é".repeat(500_000), "x".repeat(1 << 20)] {
        let metadata = Tracks {
            encoder,
            ..Tracks::default()
        };
        ingest.metadata(metadata).unwrap();
        let shown = registry.streams()[0].encoder.clone();
        assert!(shown.len() <= 256 && !shown.contains('\u{202e}'), "{shown}");
    }
}

#[test]
fn a_configuration_no_decoder_needs_is_refused() {
    let registry = registry(false);
    let ingest = registry.publish(name(), origin("a")).unwrap();
    let mut packet = video_packet(0, true, 10);
    let mut config = VideoConfig::clone(&onair_samples::video_config());
    config.decoder_config = vec![0; 1 << 20].into();
    packet.config = Config::Video(config.into());
    let refused = ingest.push(packet).unwrap_err();
    assert_eq!(refused, PushError::Configuration(1 << 20));
    assert!(registry.subscribe(&name()).unwrap().info().video.is_none());
}

#[test]
fn all_streams_together_stay_within_the_memory_and_small_ones_lose_nothing() {
    let registry = StreamRegistry::new(RegistryConfig {
        memory: 2_000_000,
        ..RegistryConfig::default()
    });
    let named = |i: usize| StreamName::new("live", &i.to_string()).unwrap();
    let publish = |i| registry.publish(named(i), origin("a")).unwrap();
    let small = publish(99);
    push_all(&small, stream(10, 10));
    // A stream that is over and still read counts as well.
    let mut readers = Vec::new();
    for i in 0..10 {
        let ingest = publish(i);
        readers.push(registry.subscribe(&named(i)).unwrap());
        push_all(
            &ingest,
            (0..100).map(|i| video_packet(i, i == 0, 10_000)).collect(),
        );
        assert_eq!(registry.shared.memory.rings_excess(), 0);
    }
    let held: usize = registry
        .held()
        .iter()
        .filter_map(Weak::upgrade)
        .map(|s| s.bytes())
        .sum();
    assert!((500_000..=1_000_000).contains(&held), "{held}");
    assert_eq!(
        packets(take(&mut registry.subscribe(&named(99)).unwrap())).len(),
        20
    );
    drop((small, readers));
    assert_eq!(registry.held().iter().filter_map(Weak::upgrade).count(), 0);
}

#[test]
fn live_is_where_the_publisher_is_however_late_a_viewer_reads() {
    let registry = registry(false);
    let ingest = registry.publish(name(), origin("one")).unwrap();
    let mut viewer = registry.subscribe(&name()).unwrap();
    assert_eq!(viewer.live(), None);
    push_all(&ingest, stream(250, 25));
    let live = viewer.live().unwrap().as_millis();
    assert!(live >= 249 * 40, "{live}");
    let mut items = Vec::new();
    let cx = Context::from_waker(Waker::noop());
    assert!(viewer.poll_take(&cx, 1, &mut items).is_ready());
    let again = viewer.live().unwrap().as_millis();
    assert!(again >= live, "it is not where the viewer is");
}
