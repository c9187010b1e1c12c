use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use onair::Broadcast;
use onair::av::capture::{TestCard, Tone};
use onair::media::{FrameRate, Size};
use onair_receiver::{Builder, Dashboard, Order, Orders, Receiver, Token};
use serde_json::json;
use tokio_tungstenite::tungstenite::Error;

use crate::client::{Server, TOKEN, within};

/// A dashboard on loopback, and what it orders.
struct Served {
    server: Server,
    dashboard: Dashboard,
    orders: Orders,
    receiver: Receiver,
}

fn serve(configure: impl FnOnce(Builder) -> Builder) -> Served {
    let (dashboard, orders) = Dashboard::new(r#"{"type":"about"}"#.to_owned());
    let builder = Receiver::builder().web("127.0.0.1:0".parse().unwrap());
    let receiver = configure(builder.dashboard(dashboard.clone()))
        .start()
        .unwrap();
    Served {
        server: Server::of(receiver.registry().clone(), receiver.web_addresses()[0]),
        dashboard,
        orders,
        receiver,
    }
}

fn second(number: u32) -> String {
    json!({"type": "stats", "second": number}).to_string()
}

/// Waits on a thread of its own, as a broadcast does.
async fn ordered(orders: Orders) -> (Orders, Result<Order, RecvTimeoutError>) {
    let next = move || {
        let order = orders.next_within(Duration::from_secs(30));
        (orders, order)
    };
    within(tokio::task::spawn_blocking(next)).await.unwrap()
}

#[tokio::test]
async fn a_page_that_opens_late_has_what_it_missed_and_then_what_is_told() {
    let served = serve(|builder| builder);
    (0..3).for_each(|number| served.dashboard.tell(second(number)));
    served.dashboard.tell_now(second(99));
    let mut page = served.server.page("/dashboard").await;
    page.news("about").await;
    let history = page.news("history").await;
    let seconds: Vec<_> = history["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|news| news["second"].clone())
        .collect();
    assert_eq!(seconds, [0, 1, 2]);
    served.dashboard.tell(second(3));
    assert_eq!(page.news("stats").await["second"], 3);
}

#[tokio::test]
async fn orders_reach_the_broadcast_and_nonsense_is_refused() {
    let Served {
        server,
        orders,
        receiver: _serving,
        ..
    } = serve(|builder| builder);
    let mut page = server.page("/dashboard").await;
    page.say(&json!({"type": "reboot"})).await;
    assert!(page.news("refused").await["message"].is_string());
    page.say(&json!({"type": "mute", "muted": true})).await;
    let (orders, order) = ordered(orders).await;
    assert_eq!(order, Ok(Order::Mute(true)));
    page.say(&json!({"type": "end"})).await;
    assert_eq!(ordered(orders).await.1, Ok(Order::End));
}

#[tokio::test]
async fn nobody_elses_page_gives_orders_and_no_program_that_is_not_one() {
    let Served { server, .. } = &serve(|builder| builder);
    for origin in [Some("https://elsewhere.example"), Some("null"), None] {
        let refused = server.socket("/dashboard", origin).await;
        assert!(
            matches!(refused, Err(Error::Http(answer)) if answer.status() == 403),
            "{origin:?}"
        );
    }
    let rebound = server
        .raw("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        .await;
    assert!(rebound.starts_with("HTTP/1.1 421"), "{rebound:.60}");
}

#[tokio::test]
async fn with_a_token_the_page_and_the_picture_want_it() {
    let Served { server, .. } = &serve(|builder| builder.token(Token::new(TOKEN).unwrap()));
    for path in ["/dashboard", "/watch/live/picture"] {
        for wrong in [path.to_owned(), format!("{path}?key=wrong")] {
            let mut page = server.page(&wrong).await;
            let (code, why) = page.close().await.unwrap();
            assert!(code == 1008 && !why.is_empty(), "{wrong}: {code} {why}");
        }
    }
    let mut page = server.page(&format!("/dashboard?key={TOKEN}")).await;
    page.news("history").await;
    let mut picture = server
        .page(&format!("/watch/live/picture?key={TOKEN}"))
        .await;
    picture.news("offline").await;
}

#[tokio::test]
async fn only_the_dashboards_own_pages_are_there() {
    let Served { server, .. } = &serve(|builder| builder);
    assert!(server.get("/").await.contains("dashboard.js"));
    for asset in ["dashboard.css", "dashboard.js", "dashboard-plot.js"] {
        let answer = server.get(&format!("/assets/{asset}")).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{asset}");
    }
    for path in ["/live", "/api/streams", "/metrics", "/trust"] {
        let answer = server.get(path).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer:.60}");
    }
}

#[tokio::test]
async fn the_last_message_reaches_every_page_before_the_end() {
    let Served {
        server,
        dashboard,
        orders,
        receiver: _serving,
    } = serve(|builder| builder);
    let mut page = server.page("/dashboard").await;
    page.news("history").await;
    dashboard.end(json!({"type": "report"}).to_string());
    page.news("report").await;
    assert_eq!(page.closed().await, Some(1000));
    drop(page);
    assert_eq!(ordered(orders).await.1, Err(RecvTimeoutError::Disconnected));
}

#[tokio::test]
async fn a_page_that_says_too_much_is_closed() {
    let Served { server, .. } = &serve(|builder| builder);
    let mut page = server.page("/dashboard").await;
    for _ in 0..200 {
        let sent = tokio_tungstenite::tungstenite::Message::text("{}");
        if futures_util::SinkExt::send(&mut page.socket, sent)
            .await
            .is_err()
        {
            break;
        }
    }
    assert!(matches!(page.closed().await, Some(1008) | None));
}

/// To nowhere: the picture needs no server.
fn broadcast() -> Broadcast {
    let card = TestCard::new(Size::new(160, 96), FrameRate::new(25, 1).unwrap());
    let nowhere: onair::Address = "rtmp://127.0.0.1:9/live/key".parse().unwrap();
    let builder = Broadcast::builder().video(card).audio(Tone::new(48_000, 2));
    builder.to(nowhere).start().unwrap()
}

#[tokio::test]
async fn the_picture_is_there_while_a_page_is_open_and_costs_nothing_without() {
    let served = serve(|builder| builder);
    let broadcast = broadcast();
    served.dashboard.show(broadcast.subscriber());
    let server = &served.server;
    let mut picture = server.page("/watch/live/picture").await;
    picture.news("offline").await;
    assert!(server.registry.streams().is_empty(), "nobody looks");
    let mut page = server.page("/dashboard").await;
    page.news("history").await;
    let stream = picture.news("stream").await;
    assert_eq!(
        (&stream["width"], &stream["publisher"]),
        (&160.into(), &"broadcast".into())
    );
    assert_eq!(&picture.media().await[4..8], b"ftyp");
    assert_eq!(&picture.media().await[4..8], b"moof");
    drop(page);
    picture.news("ended").await;
    assert!(server.registry.streams().is_empty());
    broadcast.stop();
}
