use onair_receiver::{Ingest, Origin, PublisherKind, StreamName};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::client::Server;
use crate::media;

fn publish(server: &Server) -> Ingest {
    let name = StreamName::new("live", "cam").unwrap();
    let origin = Origin::new("127.0.0.1", PublisherKind::Rtmp, "a test");
    server.registry.publish(name, origin).unwrap()
}

#[tokio::test]
async fn a_viewer_gets_the_tracks_then_frames() {
    let server = Server::start().await;
    let ingest = publish(&server);
    for packet in media::clip() {
        ingest.push(packet).unwrap();
    }
    let mut page = server.page("/watch/live/cam").await;
    let stream = page.news("stream").await;
    let mime = stream["mime"].as_str().unwrap();
    assert!(
        mime.starts_with("video/mp4; codecs=\"avc1.") && mime.ends_with(",mp4a.40.2\""),
        "{mime}"
    );
    assert_eq!(
        (&stream["width"], &stream["height"]),
        (&160.into(), &96.into())
    );
    assert_eq!(&page.media().await[4..8], b"ftyp");
    assert_eq!(&page.media().await[4..8], b"moof");
    let stats = page.news("stats").await;
    assert_eq!(stats["viewers"], 1);
}

#[tokio::test]
async fn a_viewer_waits_for_the_stream_and_for_the_next_one() {
    let server = Server::start().await;
    let mut page = server.page("/watch/live/cam").await;
    page.news("offline").await;
    for _ in 0..2 {
        let ingest = publish(&server);
        for packet in media::clip() {
            ingest.push(packet).unwrap();
        }
        page.news("stream").await;
        assert_eq!(&page.media().await[4..8], b"ftyp");
        drop(ingest);
        page.news("ended").await;
    }
}

#[tokio::test]
async fn each_viewer_gets_all_of_it_on_its_own() {
    let server = Server::start().await;
    let ingest = publish(&server);
    let (mut first, mut second) = (
        server.page("/watch/live/cam").await,
        server.page("/watch/live/cam").await,
    );
    let clip = media::clip();
    for packet in &clip {
        ingest.push(packet.clone()).unwrap();
    }
    drop(ingest);
    let payload: usize = clip.iter().map(|packet| packet.payload.len()).sum();
    for page in [&mut first, &mut second] {
        let mut bytes = 0;
        loop {
            match page.next().await {
                Some(Message::Binary(media)) => bytes += media.len(),
                Some(Message::Text(text)) if text.contains("\"ended\"") => break,
                Some(Message::Text(_)) => {}
                other => panic!("{other:?}"),
            }
        }
        assert!(
            (payload..payload * 3).contains(&bytes),
            "{bytes} of {payload}"
        );
    }
}

#[tokio::test]
async fn another_sites_page_may_not_watch_but_a_program_may() {
    let server = Server::start().await;
    let refused = server
        .socket("/watch/live/cam", Some("https://elsewhere.example"))
        .await;
    assert!(matches!(refused, Err(Error::Http(answer)) if answer.status() == 403));
    assert!(server.socket("/watch/live/cam", None).await.is_ok());
}

#[tokio::test]
async fn the_servers_end_is_the_viewers() {
    let server = Server::start().await;
    let _ingest = publish(&server);
    let mut page = server.page("/watch/live/cam").await;
    server.stop().await;
    assert_eq!(page.closed().await, None);
}
