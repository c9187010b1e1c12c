//! The pages and what they load, embedded, and the headers of every answer.

use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName,
};
use axum::http::header::{REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::Web;

/// The watch page, which mentions this server's own authority if it has one.
pub(super) async fn watch_page(State(web): State<Web>) -> Response {
    page(&web, include_str!("../../assets/watch.html"))
}

pub(super) fn live_page(web: &Web) -> Response {
    page(web, include_str!("../../assets/live.html"))
}

/// The dashboard of a broadcast.
pub(super) async fn dashboard_page() -> Response {
    text(HTML, include_str!("../../assets/dashboard.html"))
}

/// How to make a device trust this server's authority.
pub(super) async fn trust_page(State(web): State<Web>, headers: HeaderMap) -> Response {
    match web.authority {
        Some(_) => text(HTML, include_str!("../../assets/trust.html")),
        None => missing(headers).await,
    }
}

/// The answer for what does not exist: a page for a person, a word for a program.
pub(super) async fn missing(headers: HeaderMap) -> Response {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let answer = match accept {
        Some(accept) if accept.contains("text/html") => {
            text(HTML, include_str!("../../assets/missing.html"))
        }
        _ => "there is no such page\n".into_response(),
    };
    (StatusCode::NOT_FOUND, answer).into_response()
}

fn page(web: &Web, html: &'static str) -> Response {
    match web.authority {
        Some(_) => {
            let html = html.replacen("<html ", "<html data-authority ", 1);
            ([(CONTENT_TYPE, HTML), (CACHE_CONTROL, "no-cache")], html).into_response()
        }
        None => text(HTML, html),
    }
}

pub(super) async fn asset(Path(name): Path<String>) -> Response {
    match ASSETS.iter().find(|(known, ..)| *known == name) {
        Some((_, kind, body)) => text(kind, body),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn text(kind: &'static str, body: &'static str) -> Response {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")], body).into_response()
}

/// Adds the headers of every answer: nothing foreign is loaded, framed, sniffed or told.
pub(super) async fn secure(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in SECURITY {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

type Asset = (&'static str, &'static str, &'static str);

const ASSETS: &[Asset] = &[
    ("style.css", CSS, include_str!("../../assets/style.css")),
    ("watch.css", CSS, include_str!("../../assets/watch.css")),
    ("watch.js", SCRIPT, include_str!("../../assets/watch.js")),
    (
        "watch-base.js",
        SCRIPT,
        include_str!("../../assets/watch-base.js"),
    ),
    (
        "watch-line.js",
        SCRIPT,
        include_str!("../../assets/watch-line.js"),
    ),
    (
        "watch-page.js",
        SCRIPT,
        include_str!("../../assets/watch-page.js"),
    ),
    (
        "watch-player.js",
        SCRIPT,
        include_str!("../../assets/watch-player.js"),
    ),
    (
        "watch-plot.js",
        SCRIPT,
        include_str!("../../assets/watch-plot.js"),
    ),
    (
        "dashboard.css",
        CSS,
        include_str!("../../assets/dashboard.css"),
    ),
    (
        "dashboard.js",
        SCRIPT,
        include_str!("../../assets/dashboard.js"),
    ),
    (
        "dashboard-plot.js",
        SCRIPT,
        include_str!("../../assets/dashboard-plot.js"),
    ),
    ("live.css", CSS, include_str!("../../assets/live.css")),
    (
        "live-sheet.css",
        CSS,
        include_str!("../../assets/live-sheet.css"),
    ),
    ("live.js", SCRIPT, include_str!("../../assets/live.js")),
    (
        "live-audio.js",
        SCRIPT,
        include_str!("../../assets/live-audio.js"),
    ),
    (
        "live-camera.js",
        SCRIPT,
        include_str!("../../assets/live-camera.js"),
    ),
    (
        "live-encoder.js",
        SCRIPT,
        include_str!("../../assets/live-encoder.js"),
    ),
    (
        "live-frames.js",
        SCRIPT,
        include_str!("../../assets/live-frames.js"),
    ),
    (
        "live-link.js",
        SCRIPT,
        include_str!("../../assets/live-link.js"),
    ),
    (
        "live-plot.js",
        SCRIPT,
        include_str!("../../assets/live-plot.js"),
    ),
    (
        "live-outbox.js",
        SCRIPT,
        include_str!("../../assets/live-outbox.js"),
    ),
    (
        "live-reader.js",
        SCRIPT,
        include_str!("../../assets/live-reader.js"),
    ),
    (
        "live-settings.js",
        SCRIPT,
        include_str!("../../assets/live-settings.js"),
    ),
    (
        "live-sound.js",
        SCRIPT,
        include_str!("../../assets/live-sound.js"),
    ),
    (
        "live-studio.js",
        SCRIPT,
        include_str!("../../assets/live-studio.js"),
    ),
    (
        "live-timeline.js",
        SCRIPT,
        include_str!("../../assets/live-timeline.js"),
    ),
    (
        "live-wire.js",
        SCRIPT,
        include_str!("../../assets/live-wire.js"),
    ),
    (
        "live-words.js",
        SCRIPT,
        include_str!("../../assets/live-words.js"),
    ),
    (
        "icon.svg",
        "image/svg+xml",
        include_str!("../../assets/icon.svg"),
    ),
];

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// `blob:` is how a script hands a MediaSource to a video element.
const SECURITY: [(HeaderName, &str); 6] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(self), microphone=(self), screen-wake-lock=(self), autoplay=(self), fullscreen=(self)",
    ),
];
