use onair_receiver::{
    Keys, Origin, PublisherKind, RegistryConfig, StreamName, StreamRegistry, WebLimits,
};
use serde_json::Value;

use crate::client::{Server, TOKEN};
use crate::media;

const PAGES: [&str; 9] = [
    "/",
    "/live",
    "/assets/style.css",
    "/assets/watch.css",
    "/assets/watch.js",
    "/assets/live.js",
    "/assets/icon.svg",
    "/api/streams",
    "/metrics",
];

#[tokio::test]
async fn every_page_is_there_and_says_what_a_browser_must_not_do_with_it() {
    let server = Server::start().await;
    for path in PAGES {
        let answer = server.get(path).await.to_lowercase();
        assert!(answer.starts_with("http/1.1 200"), "{path}: {answer:.80}");
        for header in [
            "content-security-policy: default-src 'none'",
            "x-content-type-options: nosniff",
            "x-frame-options: deny",
            "referrer-policy: no-referrer",
        ] {
            assert!(answer.contains(header), "{path} lacks {header}");
        }
    }
}

#[tokio::test]
async fn pages_need_no_inline_script_and_no_foreign_host() {
    let server = Server::start().await;
    for path in ["/", "/live"] {
        let page = server.get(path).await;
        let (_, page) = page.split_once("\r\n\r\n").unwrap();
        assert!(
            !page.contains("<script>") && !page.contains(" style=") && !page.contains(" onclick=")
        );
        assert!(
            !page.contains("http://") && !page.contains("https://"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let server = Server::start().await;
    for path in [
        "/nothing",
        "/assets/../Cargo.toml",
        "/assets/%2e%2e/main.rs",
        "/ca.crt",
        "/assets/x",
    ] {
        let answer = server.get(path).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer:.60}");
    }
}

#[tokio::test]
async fn streams_are_listed_as_json_and_as_metrics() {
    let server = Server::start().await;
    let name = StreamName::new("live", "a \u{e4}\t".trim_end()).unwrap();
    let origin = Origin::new("127.0.0.1", PublisherKind::Rtmp, "a test");
    let ingest = server.registry.publish(name.clone(), origin).unwrap();
    for packet in media::clip() {
        ingest.push(packet).unwrap();
    }
    let _viewer = server.registry.subscribe(&name);

    let answer = server.get("/api/streams").await;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let listing: Value = serde_json::from_str(body).unwrap();
    let stream = &listing["streams"][0];
    assert_eq!(
        (&stream["name"], &stream["viewers"]),
        (&name.as_str().into(), &1.into())
    );
    assert_eq!(
        (&stream["video"]["width"], &stream["publisher"]["kind"]),
        (&160.into(), &"rtmp".into())
    );

    let metrics = server.get("/metrics").await;
    assert!(metrics.contains("application/openmetrics-text"));
    for line in [
        "onair_streams 1\n".to_owned(),
        format!("onair_viewers{{stream=\"{name}\"}} 1.0\n"),
        format!(
            "onair_received_packets_total{{stream=\"{name}\"}} {}\n",
            media::clip().len()
        ),
        "# EOF\n".to_owned(),
    ] {
        assert!(metrics.contains(&line), "{line} in {metrics}");
    }
}

#[tokio::test]
async fn where_a_publisher_is_is_told_to_the_owner_alone() {
    let server = Server::start().await;
    let name = StreamName::new("live", "cam").unwrap();
    let origin = Origin::new("192.0.2.77:4000", PublisherKind::Rtmp, "a test");
    let _ingest = server.registry.publish(name, origin).unwrap();
    for path in ["/api/streams", "/metrics"] {
        let answer = server.get(path).await;
        assert!(
            answer.contains("live/cam") && !answer.contains("192.0.2.77"),
            "{answer}"
        );
    }
    let owner = server.get_as(TOKEN, "/api/streams").await;
    assert!(owner.contains("\"peer\":\"192.0.2.77:4000\""), "{owner}");
    let stranger = server.get_as("no-such-token-here", "/api/streams").await;
    assert!(stranger.starts_with("HTTP/1.1 401"), "{stranger}");
}

#[tokio::test]
async fn where_watching_needs_a_key_nothing_is_told_without_it() {
    let mut keys = Keys::none();
    keys.require_to_play(&"pop corn&more".into()).unwrap();
    let registry = StreamRegistry::new(RegistryConfig::default());
    let server = Server::over(registry, WebLimits::default(), |web| web.keys(keys)).await;
    let name = StreamName::new("live", "secret-show").unwrap();
    let origin = Origin::new("192.0.2.77:4000", PublisherKind::Rtmp, "a test");
    let ingest = server.registry.publish(name, origin).unwrap();
    media::clip()
        .into_iter()
        .for_each(|packet| ingest.push(packet).unwrap());
    for path in ["/api/streams", "/metrics", "/api/streams?key=popcorn"] {
        let answer = server.get(path).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{path}: {answer}");
        assert!(!answer.contains("secret-show"), "{answer}");
    }
    let why = server
        .page("/watch/live/secret-show")
        .await
        .close()
        .await
        .unwrap();
    assert!(why.0 == 1008 && why.1.contains("needs a key"), "{why:?}");
    let key = "?key=pop%20corn%26more";
    for path in ["/api/streams", "/metrics"] {
        let answer = server.get(&format!("{path}{key}")).await;
        assert!(
            answer.contains("secret-show") && !answer.contains("192.0.2.77"),
            "{answer}"
        );
    }
    assert!(
        server
            .get_as("pop corn&more", "/metrics")
            .await
            .contains("secret-show")
    );
    assert!(
        server
            .get_as(TOKEN, "/api/streams")
            .await
            .contains("192.0.2.77")
    );
    server
        .page(&format!("/watch/live/secret-show{key}"))
        .await
        .news("stream")
        .await;
    assert!(server.get("/").await.starts_with("HTTP/1.1 200"));
}
