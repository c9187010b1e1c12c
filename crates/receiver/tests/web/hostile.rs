use std::time::Duration;

use futures_util::SinkExt;
use onair_receiver::{
    Ingest, Origin, PublisherKind, RegistryConfig, StreamName, StreamRegistry, WebLimits,
};
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

/// `connections` in all, 64 viewers of each kind, and this many from one address.
fn limits(connections: usize, viewers_per_address: usize) -> WebLimits {
    let mut limits = WebLimits::default();
    limits.connections = connections;
    limits.viewers_per_address = viewers_per_address;
    limits
}

#[tokio::test]
async fn viewers_who_wait_for_nothing_keep_nobody_out_neither_pages_nor_viewers_nor_a_phone() {
    let server = Server::with(limits(16, 100)).await;
    let mut waiting = Vec::new();
    for _ in 0..40 {
        let mut page = server.page("/watch/live/nothing").await;
        page.news("offline").await;
        waiting.push(page);
    }
    assert!(server.get("/").await.starts_with("HTTP/1.1 200"));
    let ingest = publish(&server);
    let mut page = server.page("/watch/live/cam").await;
    media::clip()
        .into_iter()
        .for_each(|packet| ingest.push(packet).unwrap());
    page.news("stream").await;
    let mut phone = server.page("/live").await;
    phone.say(&live::hello()).await;
    phone.news("accepted").await;
    let made_way = Some((1013, "made way for another viewer".to_owned()));
    assert_eq!(waiting[0].close().await, made_way);
}

#[tokio::test]
async fn a_viewer_too_many_is_told_so() {
    for (limits, words) in [
        (limits(8, 100), "this server takes no more viewers"),
        (
            limits(100, 5),
            "this server takes no more viewers from one address",
        ),
    ] {
        let server = Server::with(limits).await;
        let ingest = publish(&server);
        media::clip()
            .into_iter()
            .for_each(|packet| ingest.push(packet).unwrap());
        let mut watching = Vec::new();
        for _ in 0..5 {
            let mut page = server.page("/watch/live/cam").await;
            page.news("stream").await;
            watching.push(page);
        }
        let refused = server.page("/watch/live/cam").await.close().await;
        assert_eq!(refused, Some((1013, words.to_owned())));
        // One that leaves makes room, when the server has noticed.
        drop(watching.pop());
        while server
            .page("/watch/live/cam")
            .await
            .next()
            .await
            .is_none_or(|first| first.is_close())
        {}
    }
}

#[tokio::test]
async fn connections_that_ask_for_nothing_keep_no_page_out() {
    let server = Server::with(limits(16, 100)).await;
    let mut silent = Vec::new();
    for _ in 0..64 {
        silent.push(TcpStream::connect(server.address).await.unwrap());
        assert!(server.get("/").await.starts_with("HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn viewers_that_never_read_pin_no_more_than_their_share() {
    let mut config = RegistryConfig::default();
    config.memory = 8 << 20;
    let server = Server::over(StreamRegistry::new(config), WebLimits::default(), |web| web).await;
    let ingest = publish(&server);
    let name = StreamName::new("live", "cam").unwrap();
    let mut deaf = Vec::new();
    for _ in 0..12 {
        let mut page = server.page("/watch/live/cam").await;
        page.news("stats").await;
        deaf.push(page);
    }
    assert_eq!(viewers(&server), 12);
    let mut reader = server.registry.subscribe(&name).unwrap();
    // Four megabytes hold three viewers, with thrice 400 kB each; kernels buffer the first.
    let picture = media::pictures(1).remove(0);
    for i in 0..2000 {
        let mut packet = picture.clone();
        packet.pts = packet.pts + Duration::from_millis(i);
        packet.dts = packet.pts;
        packet.payload = [&packet.payload[..], &[0; 400_000]].concat().into();
        ingest.push(packet).unwrap();
        within(reader.next()).await;
        tokio::task::yield_now().await;
        if viewers(&server) <= 1 + 4 {
            return;
        }
    }
    panic!("{} still watch", viewers(&server));
}

#[tokio::test]
async fn who_guesses_the_token_has_to_wait_and_a_stale_link_is_no_guess() {
    let server = Server::start().await;
    let refused = async |token: &str| {
        let mut hello = live::hello();
        hello["token"] = token.into();
        let mut page = server.page("/live").await;
        page.say(&hello).await;
        page.news("refused").await["message"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    for _ in 0..20 {
        assert!(
            refused("yesterday's link")
                .await
                .contains("not this server's")
        );
    }
    let mut guesses = 0..100;
    let words = loop {
        let guess = guesses.next().expect("a wait before so many guesses");
        let words = refused(&guess.to_string()).await;
        if !words.contains("not this server's") {
            break words;
        }
    };
    assert!(
        words.starts_with("Too many wrong keys from this address"),
        "{words}"
    );
}

fn publish(server: &Server) -> Ingest {
    let name = StreamName::new("live", "cam").unwrap();
    let origin = Origin::new("192.0.2.1:5000", PublisherKind::Rtmp, "a test");
    server.registry.publish(name, origin).unwrap()
}

fn viewers(server: &Server) -> usize {
    server.registry.streams()[0].viewers
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
    let ingest = server.registry.publish(name, origin).unwrap();
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
            ingest.push(packet).unwrap();
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
    assert!(server.registry.streams().is_empty());
}
