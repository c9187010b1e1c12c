use std::time::Duration;

use futures_util::SinkExt;
use onair_receiver::{Origin, PublisherKind, StreamName, WebLimits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Server, within};
use crate::{live, media};

#[tokio::test]
async fn a_page_whose_name_was_made_to_lead_here_reads_nothing() {
    let server = Server::start().await;
    let asked = |path: &str, host: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
    };
    for path in [
        "/",
        "/live",
        "/api/streams",
        "/metrics",
        "/watch/live/cam",
        "/nothing",
    ] {
        let answer = server.raw(&asked(path, "evil.example:8080")).await;
        assert!(answer.starts_with("HTTP/1.1 421"), "{path}: {answer:.60}");
        assert!(
            answer.contains("--host") && !answer.contains("streams"),
            "{answer}"
        );
        assert!(answer.contains("nosniff"), "{answer}");
    }
    for host in ["localhost:8080", "127.0.0.1"] {
        let answer = server.raw(&asked("/api/streams", host)).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{host}: {answer:.60}");
    }
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let server = Server::start().await;
    let long = "x".repeat(64 * 1024);
    let answer = server
        .raw(&format!("GET / HTTP/1.1\r\nHost: a\r\nX: {long}\r\n\r\n"))
        .await;
    assert!(
        answer.starts_with("HTTP/1.1 431") || answer.is_empty(),
        "{answer:.60}"
    );
    let many = "X: y\r\n".repeat(500);
    let answer = server
        .raw(&format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n"))
        .await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer:.60}");
    assert!(server.get("/").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn garbage_is_answered_and_forgotten() {
    let server = Server::start().await;
    for garbage in [
        "\0\0\0\0\r\n\r\n",
        "\u{3}\u{1}GET",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
    ] {
        let answer = server.raw(&format!("{garbage}\r\n\r\n")).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{garbage:?}: {answer:.60}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_that_never_ends_is_given_up_on() {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost:").await.unwrap();
    let mut answer = Vec::new();
    let _ = within(stream.read_to_end(&mut answer)).await;
}

#[tokio::test]
async fn there_are_no_more_connections_than_allowed_and_places_come_free() {
    let mut limits = WebLimits::default();
    limits.connections = 2;
    let server = Server::with(limits).await;
    let first = server.page("/watch/live/cam").await;
    let _second = server.page("/watch/live/cam").await;
    let mut third = TcpStream::connect(server.address).await.unwrap();
    third
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut byte = [0];
    let waits = tokio::time::timeout(Duration::from_millis(200), third.read(&mut byte)).await;
    assert!(waits.is_err(), "the third waits");
    drop(first);
    assert_eq!(
        within(third.read(&mut byte)).await.unwrap(),
        1,
        "until the first is gone"
    );
}

#[tokio::test]
async fn a_viewer_that_talks_too_much_is_cut_off() {
    let server = Server::start().await;
    let mut page = server.page("/watch/live/cam").await;
    page.news("offline").await;
    let _ = page.socket.send(Message::text("x".repeat(100_000))).await;
    assert_ne!(page.closed().await, Some(1000));
}

#[tokio::test]
async fn a_viewer_that_never_reads_costs_the_others_nothing() {
    let server = Server::start().await;
    let name = StreamName::new("live", "cam").unwrap();
    let origin = Origin::new("127.0.0.1", PublisherKind::Rtmp, "");
    let ingest = server.hub.publish(name, origin).unwrap();
    let mut deaf = Vec::new();
    for _ in 0..10 {
        deaf.push(server.page("/watch/live/cam").await);
    }
    let (received, mut progress) = watch::channel(0);
    let mut page = server.page("/watch/live/cam").await;
    tokio::spawn(async move {
        loop {
            let bytes = page.media().await.len();
            received.send_modify(|sum| *sum += bytes);
        }
    });
    let clip = media::pictures(15);
    let length = Duration::from_millis(500);
    let mut sent = 0;
    for round in 0..100 {
        let before = sent;
        for packet in &clip {
            let mut packet = packet.clone();
            packet.pts = packet.pts + length * round;
            packet.dts = packet.dts + length * round;
            packet.payload = [&packet.payload[..], &[0; 8000]].concat().into();
            sent += packet.payload.len();
            assert!(ingest.push(packet));
        }
        within(progress.wait_for(|sum| *sum >= before))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_hello_in_pieces_noise_or_binary_is_no_hello() {
    let server = Server::start().await;
    for message in [
        Message::text("{"),
        Message::text("null"),
        Message::text("{\"type\":\"bye\"}"),
        Message::text("[".repeat(60_000)),
        Message::Binary(vec![1; 100].into()),
        Message::text(
            live::hello()
                .to_string()
                .replace("\"version\":1", "\"version\":-1"),
        ),
    ] {
        let mut page = server.page("/live").await;
        page.socket.send(message).await.unwrap();
        assert_eq!(page.news("refused").await["code"], "hello");
    }
    assert!(server.hub.streams().is_empty());
}
