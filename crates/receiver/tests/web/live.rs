use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::SinkExt;
use onair::media::{Config, Kind, Packet, Timestamp};
use onair_receiver::{
    Event, EventStream, Item, Origin, PublisherKind, Receiver, StreamName, Token, Viewer,
};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Error;

use crate::client::{Client, Server, TOKEN, within};
use crate::media;

const SESSION: &str = "0123456789abcdef";
const OUTAGE: Duration = Duration::from_secs(9);

pub(crate) fn hello() -> Value {
    json!({"type": "hello", "version": 1, "token": TOKEN, "name": "phone", "session": SESSION, "software": "a test"})
}

fn config(packets: &[Packet]) -> Value {
    let mut config = json!({"type": "config"});
    for packet in packets {
        match &packet.config {
            Config::Video(video) => {
                config["video"] = json!({"codec": video.codec_string(), "width": 160, "height": 96,
                    "description": STANDARD.encode(&video.decoder_config)});
            }
            Config::Audio(audio) => {
                config["audio"] = json!({"codec": audio.codec_string(), "sampleRate": audio.sample_rate,
                    "channels": audio.channels, "description": STANDARD.encode(&audio.decoder_config)});
            }
        }
    }
    config
}

pub(crate) fn message(packet: &Packet) -> Bytes {
    let mut message = BytesMut::new();
    let video = packet.kind() == Kind::Video;
    message.put_u8(if video { 1 } else { 2 });
    message.put_u8(u8::from(packet.is_video_keyframe()));
    message.put_u16(0);
    message.put_i64(packet.pts.as_nanos() / 1000);
    message.put_u64(0);
    message.put_slice(&packet.payload);
    message.freeze()
}

/// The same packet by the capture clock after an outage.
fn later(packet: &Packet, outage: Duration) -> Packet {
    Packet {
        pts: packet.pts + outage,
        ..packet.clone()
    }
}

async fn accepted(server: &Server) -> Client {
    let mut page = server.page("/live").await;
    page.say(&hello()).await;
    let accepted = page.news("accepted").await;
    assert_eq!(
        (&accepted["name"], &accepted["watch"]),
        (&"live/phone".into(), &"/?stream=live%2Fphone".into())
    );
    page
}

fn viewer(server: &Server) -> Viewer {
    server
        .registry
        .subscribe(&StreamName::new("live", "phone").unwrap())
        .unwrap()
}

async fn packet(viewer: &mut Viewer) -> Option<Packet> {
    loop {
        match within(viewer.next()).await {
            Some(Item::Packet(packet)) => return Some(packet),
            Some(Item::Metadata(_)) => {}
            Some(Item::Ended) | None => return None,
        }
    }
}

#[tokio::test]
async fn a_browser_goes_live_and_ends() {
    let server = Server::start().await;
    let mut page = accepted(&server).await;
    let mut viewer = viewer(&server);
    let clip = media::clip();
    page.say(&config(&clip)).await;
    let mut bytes = 0;
    for sent in &clip {
        let message = message(sent);
        bytes += message.len();
        page.send(message).await.unwrap();
        let came = packet(&mut viewer).await.unwrap();
        assert_eq!(
            (came.payload, came.keyframe),
            (sent.payload.clone(), sent.keyframe)
        );
    }
    let ack = loop {
        let ack = page.news("ack").await;
        if ack["messages"] == clip.len() {
            break ack;
        }
    };
    assert_eq!((&ack["bytes"], &ack["viewers"]), (&bytes.into(), &1.into()));
    let info = &server.registry.streams()[0];
    assert_eq!(
        (info.publisher.kind, info.publisher.software.as_str()),
        (PublisherKind::Browser, "a test")
    );

    page.say(&json!({"type": "bye"})).await;
    page.news("ended").await;
    assert_eq!(page.closed().await, Some(1000));
    assert!(packet(&mut viewer).await.is_none());
    assert!(server.registry.streams().is_empty());
}

#[tokio::test]
async fn nobody_goes_live_without_the_token_in_the_link() {
    let server = Server::start().await;
    for token in ["", "wrong", &TOKEN[1..], &format!("{TOKEN}x")] {
        let mut page = server.page("/live").await;
        let mut hello = hello();
        hello["token"] = token.into();
        page.say(&hello).await;
        let refused = page.news("refused").await;
        assert_eq!(refused["code"], "token");
        assert_eq!(page.closed().await, Some(1008));
    }
    assert!(server.registry.streams().is_empty());
}

#[tokio::test]
async fn only_a_page_of_ours_goes_live() {
    let server = Server::start().await;
    for origin in [Some("https://elsewhere.example"), Some("null"), None] {
        let refused = server.socket("/live", origin).await;
        assert!(
            matches!(refused, Err(Error::Http(answer)) if answer.status() == 403),
            "{origin:?}"
        );
    }
}

#[tokio::test]
async fn a_taken_name_is_refused_in_words() {
    let server = Server::start().await;
    let name = StreamName::new("live", "phone").unwrap();
    let origin = Origin::new("127.0.0.1", PublisherKind::Rtmp, "");
    let _ingest = server.registry.publish(name, origin).unwrap();
    let mut page = server.page("/live").await;
    page.say(&hello()).await;
    let refused = page.news("refused").await;
    assert_eq!(refused["code"], "busy");
    assert!(
        refused["message"].as_str().unwrap().ends_with("already."),
        "{refused}"
    );
}

#[tokio::test]
async fn a_lost_line_is_taken_up_again_and_viewers_stay() {
    let server = Server::start().await;
    let mut page = accepted(&server).await;
    let clip = media::clip();
    page.say(&config(&clip)).await;
    let (before, after) = clip.split_at(clip.len() / 3);
    for sent in before {
        page.send(message(sent)).await.unwrap();
    }
    let mut viewer = viewer(&server);
    let mut last = Timestamp::ZERO;
    for _ in before {
        last = last.max(packet(&mut viewer).await.unwrap().dts);
    }
    drop(page);

    let mut page = server.page("/live").await;
    page.say(&hello()).await;
    assert_eq!(page.news("accepted").await["resumed"], true);
    page.say(&config(&clip)).await;
    let next = after.iter().position(Packet::is_video_keyframe).unwrap();
    for sent in &after[next..] {
        page.send(message(&later(sent, OUTAGE))).await.unwrap();
    }
    let came = packet(&mut viewer).await.unwrap();
    assert!(came.is_video_keyframe());
    assert_eq!(came.payload, after[next].payload);
    let seam = came.dts.since(last);
    assert!(seam > Duration::ZERO && seam < OUTAGE, "{seam:?}");
}

#[tokio::test]
async fn a_page_that_comes_back_before_its_old_line_is_missed_replaces_it() {
    let server = Server::start().await;
    let mut old = accepted(&server).await;
    let mut new = accepted(&server).await;
    assert_eq!(old.news("error").await["code"], "busy");
    let clip = media::clip();
    new.say(&config(&clip)).await;
    new.send(message(&clip[0])).await.unwrap();
    new.news("ack").await;
    assert_eq!(server.registry.streams().len(), 1);
}

#[tokio::test]
async fn another_session_does_not_replace_a_living_one() {
    let server = Server::start().await;
    let _first = accepted(&server).await;
    let mut second = server.page("/live").await;
    let mut hello = hello();
    hello["session"] = "another-session-entirely".into();
    second.say(&hello).await;
    assert_eq!(second.news("refused").await["code"], "busy");
}

#[tokio::test]
async fn a_keyframe_is_asked_for_when_there_is_none() {
    let server = Server::start().await;
    let mut page = accepted(&server).await;
    let clip = media::pictures(3);
    page.say(&config(&clip)).await;
    page.send(message(&clip[1])).await.unwrap();
    page.news("keyframe").await;
}

#[tokio::test]
async fn what_breaks_the_protocol_ends_the_stream_in_words() {
    let garbage: [(Bytes, &str); 4] = [
        (Bytes::from_static(b"short"), "message"),
        (Bytes::from_static(&[9; 40]), "message"),
        (message(&media::pictures(1)[0]), "video"),
        (
            Bytes::from(
                vec![2; 0]
                    .into_iter()
                    .chain([2, 0, 0, 0])
                    .chain([0; 30])
                    .collect::<Vec<u8>>(),
            ),
            "audio",
        ),
    ];
    let server = Server::start().await;
    for (bytes, code) in garbage {
        let mut page = accepted(&server).await;
        page.send(bytes).await.unwrap();
        let error = page.news("error").await;
        assert_eq!(error["code"], code, "{error}");
        assert_eq!(page.closed().await, Some(1008));
        assert!(server.registry.streams().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_sent_away() {
    let server = Server::start().await;
    let mut page = server.page("/live").await;
    let refused = page.news("refused").await;
    assert_eq!(refused["code"], "hello");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_does_not_come_back_ends_its_stream() {
    let server = Server::start().await;
    let mut page = accepted(&server).await;
    let mut viewer = viewer(&server);
    page.socket.close(None).await.unwrap();
    drop(page);
    assert!(packet(&mut viewer).await.is_none());
    tokio::time::advance(Duration::from_millis(1)).await;
    assert!(server.registry.streams().is_empty());
}

#[tokio::test]
async fn a_message_that_is_too_long_is_not_read_to_its_end() {
    let server = Server::start().await;
    let mut page = accepted(&server).await;
    let _ = page.send(vec![0_u8; 3 * 1024 * 1024]).await;
    let _ = page.socket.flush().await;
    assert_ne!(page.closed().await, Some(1000));
}

/// Events up to the last one that matters.
async fn told(events: &mut EventStream, until: impl Fn(&Event) -> bool) -> Vec<Event> {
    let mut all = Vec::new();
    while all.last().is_none_or(|last| !until(last)) {
        all.push(within(events.next()).await.expect("more"));
    }
    all
}

#[tokio::test]
async fn browsers_that_go_live_and_that_watch_raise_events_as_others_do() {
    let free = ([127, 0, 0, 1], 0).into();
    let receiver = Receiver::builder()
        .web(free)
        .token(Token::new(TOKEN).unwrap());
    let receiver = receiver.start().unwrap();
    let mut events = receiver.events();
    let server = Server::of(receiver.registry().clone(), receiver.web_addresses()[0]);
    let mut page = accepted(&server).await;
    let clip = media::clip();
    page.say(&config(&clip)).await;
    for packet in &clip {
        page.send(message(packet)).await.unwrap();
    }
    let mut viewer = server.page("/watch/live/phone").await;
    viewer.news("stream").await;
    drop(viewer);
    let is_stopped = |event: &Event| matches!(event, Event::Stopped { .. });
    let all = told(&mut events, is_stopped).await;
    let phone = StreamName::new("live", "phone").unwrap();
    assert!(
        matches!(&all[..], [
            Event::Published { name, origin },
            Event::Playing { name: played, peer },
            Event::Stopped { .. },
        ] if *name == phone && *played == phone && origin.kind == PublisherKind::Browser
            && origin.software == "a test" && peer.starts_with("127.0.0.1:")),
        "{all:?}"
    );
    drop(page);
    told(&mut events, |event| {
        matches!(event, Event::Interrupted { .. })
    })
    .await;
    let mut page = accepted_again(&server).await;
    page.say(&json!({"type": "bye"})).await;
    page.news("ended").await;
    let is_over = |event: &Event| matches!(event, Event::Unpublished { .. });
    assert_eq!(
        told(&mut events, is_over).await.len(),
        2,
        "published anew, and over"
    );
    let mut stranger = server.page("/live").await;
    let mut wrong = hello();
    wrong["token"] = "no-such-token-here".into();
    stranger.say(&wrong).await;
    stranger.news("refused").await;
    let is_refused = |event: &Event| matches!(event, Event::Refused { .. });
    told(&mut events, is_refused).await;
    tokio::task::spawn_blocking(move || receiver.stop())
        .await
        .unwrap();
}

async fn accepted_again(server: &Server) -> Client {
    let mut page = server.page("/live").await;
    page.say(&hello()).await;
    assert_eq!(page.news("accepted").await["resumed"], true);
    page
}

/// How a page is that has sent so much.
fn word(micros: i64, sent: u64) -> Bytes {
    let mut word = BytesMut::new();
    word.put_slice(&[4, 0, 0, 20]);
    word.put_i64(micros);
    word.put_u64(sent);
    word.put_u64(sent);
    word.put_u64(0);
    word.freeze()
}

#[tokio::test]
async fn a_page_with_a_wish_is_advised_and_one_without_is_not() {
    let server = Server::start().await;
    let mut page = accepted(&server).await;
    page.send(word(1000, 36)).await.unwrap();
    let ack = page.news("ack").await;
    assert_eq!((&ack["bytes"], ack.get("inFlight")), (&36.into(), None));
    let wish = json!({"type": "wish", "width": 1280, "height": 720, "frameRate": 30,
        "bitrate": 2_500_000, "audio": 96_000});
    page.say(&wish).await;
    page.send(word(2000, 72)).await.unwrap();
    let ack = loop {
        let ack = page.news("ack").await;
        if ack.get("bitrate").is_some() {
            break ack;
        }
    };
    let bitrate = ack["bitrate"].as_u64().unwrap();
    assert!((1_000_000..=2_500_000).contains(&bitrate), "{ack}");
    assert!(ack["inFlight"].as_u64().unwrap() >= 6000, "{ack}");
    assert!(ack["skipAbove"].as_u64().unwrap() > 6000, "{ack}");
    assert_eq!((&ack["side"], &ack["every"]), (&720.into(), &1.into()));
}

#[tokio::test]
async fn a_word_that_makes_no_sense_ends_the_stream() {
    for wrong in [&word(-1, 36)[..], &word(1000, 36)[..20], &[3, 0, 0, 0, 1]] {
        let server = Server::start().await;
        let mut page = accepted(&server).await;
        page.send(Bytes::copy_from_slice(wrong)).await.unwrap();
        assert_eq!(page.news("error").await["code"], "message");
    }
}
